-- Who may call and read what. First everything is taken from everybody (PUBLIC, and whoever the installer's default
-- privileges name), then each group role gets what is listed here; what is not listed is the engine's alone. The same
-- lists are in doc/security.md, and a test compares the two.
--
-- A function that is open to playbook_user checks for itself what the caller may do; one that is open to a narrower
-- group is closed to others by this grant.

SET LOCAL search_path = pg_catalog, pg_temp;
DO $privileges$
DECLARE
    change text;
BEGIN
    FOR change IN
        WITH members AS (
            SELECT d.classid, d.objid
            FROM pg_catalog.pg_depend d
            JOIN pg_catalog.pg_extension x ON x.oid = d.refobjid AND x.extname = 'playbook'
            WHERE d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass AND d.deptype = 'e'),
        objects (kind, name, owner, acl) AS (
            SELECT CASE c.relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END, c.oid::pg_catalog.regclass::text,
                   c.relowner,
                   coalesce(c.relacl, pg_catalog.acldefault(CASE c.relkind WHEN 'S' THEN 's' ELSE 'r' END::"char",
                                                            c.relowner))
            FROM members m
            JOIN pg_catalog.pg_class c ON c.oid = m.objid AND m.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
            WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S')
            UNION ALL
            SELECT 'ROUTINE', p.oid::pg_catalog.regprocedure::text, p.proowner,
                   coalesce(p.proacl, pg_catalog.acldefault('f', p.proowner))
            FROM members m
            JOIN pg_catalog.pg_proc p ON p.oid = m.objid AND m.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass
            UNION ALL
            SELECT 'TYPE', t.oid::pg_catalog.regtype::text, t.typowner,
                   coalesce(t.typacl, pg_catalog.acldefault('T', t.typowner))
            FROM members m
            JOIN pg_catalog.pg_type t ON t.oid = m.objid AND m.classid = 'pg_catalog.pg_type'::pg_catalog.regclass
            LEFT JOIN pg_catalog.pg_class c ON c.oid = t.typrelid
            WHERE t.typtype IN ('e', 'd', 'r') OR t.typtype = 'c' AND c.relkind = 'c')
        SELECT DISTINCT pg_catalog.format('REVOKE ALL ON %s %s FROM %s', o.kind, o.name,
                                          CASE a.grantee WHEN 0 THEN 'PUBLIC'
                                                         ELSE a.grantee::pg_catalog.regrole::text END)
        FROM objects o, pg_catalog.aclexplode(o.acl) a
        WHERE a.grantee <> o.owner
    LOOP
        EXECUTE change;
    END LOOP;
END
$privileges$;

DO $relations$
DECLARE
    granted record;
BEGIN
    FOR granted IN
        SELECT * FROM (VALUES
            ('playbook_user', 'SELECT', ARRAY[
                'playbooks', 'playbook_history', 'playbook_shares', 'playbook_sharing', 'playbook_library',
                'playbook_executions', 'playbook_step_executions', 'playbook_active', 'playbook_signals',
                'playbook_artifacts',
                'approvals', 'playbook_approval_decisions', 'playbook_tasks', 'playbook_outbox', 'playbook_my_work',
                'playbook_snoozes', 'playbook_notifications',
                'playbook_people', 'playbook_customer_source', 'playbook_holds']),
            ('playbook_viewer', 'SELECT', ARRAY['playbook_installation', 'playbook_health', 'playbook_workers',
                'playbook_stat', 'playbook_history_slots']),
            ('playbook_admin', 'INSERT, UPDATE, DELETE', ARRAY['playbook_people'])
        ) AS grants (role, privileges, relations)
    LOOP
        EXECUTE (
            SELECT pg_catalog.format('GRANT %s ON %s TO %I', granted.privileges,
                                     pg_catalog.string_agg(c.oid::pg_catalog.regclass::text, ', '), granted.role)
            FROM pg_catalog.pg_class c
            JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid
            JOIN pg_catalog.pg_extension x ON x.oid = d.refobjid AND x.extname = 'playbook'
            WHERE d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass AND d.deptype = 'e'
              AND c.relname = ANY (granted.relations));
    END LOOP;
END
$relations$;

DO $functions$
DECLARE
    granted record;
    change text;
BEGIN
    FOR granted IN
        SELECT * FROM (VALUES
            ('playbook_user', ARRAY[
                -- what is visible
                'playbook_actor', 'playbook_can_see', 'playbook_can_see_execution', 'playbook_can_see_playbook',
                'playbook_is_named', 'playbook_my_names', 'playbook_customer',
                -- playbooks
                'playbook_validate', 'playbook_schema', 'playbook_export', 'playbook_digest', 'playbook_diff',
                'playbook_condition', 'playbook_check_condition', 'playbook_render', 'playbook_update',
                'playbook_publish', 'playbook_archive', 'playbook_restore',
                'playbook_library_list', 'playbook_share', 'playbook_unshare', 'playbook_set_owner',
                -- running
                'playbook_start', 'playbook_start_many', 'playbook_run', 'playbook_execute', 'playbook_advance',
                'playbook_preview', 'playbook_rerun', 'playbook_work',
                -- control
                'playbook_pause', 'playbook_resume', 'playbook_cancel', 'playbook_skip', 'playbook_retry',
                'playbook_signal', 'playbook_retry_failed', 'playbook_skip_failed',
                -- people's work
                'playbook_approve', 'playbook_reject', 'playbook_decisions', 'playbook_complete_task',
                'playbook_delegate', 'playbook_snooze', 'playbook_meeting_outcome', 'playbook_email_outcome',
                'playbook_my_work', 'playbook_my_notifications', 'playbook_notifications_read',
                -- watching
                'playbook_progress', 'playbook_result', 'playbook_rows', 'playbook_records', 'playbook_wait',
                'playbook_changes', 'playbook_estimate', 'playbook_run_id', 'playbook_artifact',
                'playbook_verify_artifact', 'playbook_export_artifact', 'playbook_output_rows',
                'playbook_create_output_views']),
            ('playbook_viewer', ARRAY['playbook_worker_list', 'playbook_health_checks', 'playbook_health_cron',
                'playbook_stat_counters']),
            ('playbook_author', ARRAY['playbook_create', 'playbook_apply', 'playbook_duplicate']),
            ('playbook_operator', ARRAY[
                'playbook_hold', 'playbook_release',
                'playbook_outbox_claim', 'playbook_outbox_complete', 'playbook_outbox_fail']),
            ('playbook_admin', ARRAY[
                'playbook_set_person', 'playbook_set_customer_source', 'playbook_forget_customer', 'playbook_enable',
                'playbook_purge',
                -- what forgetting takes for speaking of somebody, to be tried beforehand
                'playbook_mentions', 'playbook_without', 'playbook_rows_without'])
        ) AS grants (role, functions)
    LOOP
        FOR change IN
            SELECT pg_catalog.format('GRANT EXECUTE ON ROUTINE %s TO %I', p.oid::pg_catalog.regprocedure, granted.role)
            FROM pg_catalog.pg_proc p
            JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND d.objid = p.oid
            JOIN pg_catalog.pg_extension x ON x.oid = d.refobjid AND x.extname = 'playbook'
            WHERE d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass AND d.deptype = 'e'
              AND p.proname = ANY (granted.functions)
        LOOP
            EXECUTE change;
        END LOOP;
    END LOOP;
END
$functions$;
SET LOCAL search_path = @extschema@, pg_temp;
