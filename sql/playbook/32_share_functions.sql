-- Sharing a playbook and giving it away. Who edits a playbook writes SQL that runs as its owner, so editing is never
-- shared: it belongs to members of the owner role. Used by src/sql_api/share_api.cpp.

CREATE FUNCTION playbook_share(playbook text, role regrole, privilege text) RETURNS void
    VOLATILE
    LANGUAGE c AS 'MODULE_PATHNAME', 'playbook_share';
COMMENT ON FUNCTION playbook_share(text, regrole, text) IS
    'Lets a role and its members view, start or copy a playbook; for members of its owner role.';

CREATE FUNCTION playbook_unshare(playbook text, role regrole, privilege text DEFAULT NULL) RETURNS integer
    VOLATILE
    LANGUAGE c AS 'MODULE_PATHNAME', 'playbook_unshare';
COMMENT ON FUNCTION playbook_unshare(text, regrole, text) IS
    'Takes back what was shared with a role (one privilege, or all) and returns how many; for members of its owner role.';

CREATE FUNCTION playbook_set_owner(playbook text, role regrole) RETURNS void
    VOLATILE
    LANGUAGE c AS 'MODULE_PATHNAME', 'playbook_set_owner';
COMMENT ON FUNCTION playbook_set_owner(text, regrole) IS
    'Gives a playbook to another owner role, as which its unfinished executions go on; the caller must be a member of both. What runs at this moment ends as the former owner, and with security: invoker executions keep whoever started them.';

CREATE VIEW playbook_sharing WITH (security_invoker = true) AS
    SELECT p.id AS playbook_id, p.owner AS role, 'edit' AS privilege, p.created_by AS granted_by,
           p.created_at AS granted_at
    FROM @extschema@.playbooks p
    UNION ALL
    SELECT s.playbook_id, s.role, s.privilege, s.granted_by, s.granted_at
    FROM @extschema@.playbook_shares s;
COMMENT ON VIEW playbook_sharing IS 'Who may edit (the owner''s members), view, start or copy which playbook.';
COMMENT ON COLUMN playbook_sharing.playbook_id IS 'The playbook.';
COMMENT ON COLUMN playbook_sharing.role IS 'The role; its members have the privilege too.';
COMMENT ON COLUMN playbook_sharing.privilege IS 'edit, view, start or copy.';
COMMENT ON COLUMN playbook_sharing.granted_by IS 'Who shared it; for edit, who created the playbook.';
COMMENT ON COLUMN playbook_sharing.granted_at IS 'Since when.';
