-- Who may see what. Row-level security (70_policies) asks these functions, and the engine asks the same rules in C++
-- (src/identity), so that what SELECT hides is unknown to every function too. They answer for the role that calls them;
-- what they read of shares, people and the customer source they read as playbook_engine or as the source's owner.

CREATE FUNCTION playbook_actor() RETURNS text
    STABLE PARALLEL RESTRICTED
    LANGUAGE c AS 'MODULE_PATHNAME', 'playbook_actor';
COMMENT ON FUNCTION playbook_actor() IS
    'The person this session acts for: playbook.actor where it is believed, else the person of the role, else the role.';

CREATE FUNCTION playbook_my_names() RETURNS text[]
    STABLE PARALLEL RESTRICTED
    LANGUAGE c AS 'MODULE_PATHNAME', 'playbook_my_names';
COMMENT ON FUNCTION playbook_my_names() IS
    'The names under which the present person is told something: the person''s id, e-mail address and name, and the roles it is a member of, also as role:name.';

CREATE FUNCTION playbook_can_see(owner regrole, starter regrole, actor text, customer text, playbook text)
RETURNS boolean
    STABLE PARALLEL RESTRICTED COST 10
    LANGUAGE c AS 'MODULE_PATHNAME', 'playbook_can_see';
COMMENT ON FUNCTION playbook_can_see(regrole, regrole, text, text, text) IS
    'Whether the caller may see an execution with these columns.';

CREATE FUNCTION playbook_can_see_execution(execution bigint) RETURNS boolean
    STRICT STABLE PARALLEL RESTRICTED COST 50
    LANGUAGE c AS 'MODULE_PATHNAME', 'playbook_can_see_execution';
COMMENT ON FUNCTION playbook_can_see_execution(bigint) IS
    'Whether the caller may see this execution; false when there is none.';

CREATE FUNCTION playbook_can_see_execution(run_id text) RETURNS boolean
    STRICT STABLE PARALLEL RESTRICTED COST 50
    LANGUAGE c AS 'MODULE_PATHNAME', 'playbook_can_see_execution';
COMMENT ON FUNCTION playbook_can_see_execution(text) IS 'The same for an execution named by its run id.';

CREATE FUNCTION playbook_can_see_playbook(playbook text, owner regrole) RETURNS boolean
    STRICT STABLE PARALLEL RESTRICTED COST 10
    LANGUAGE c AS 'MODULE_PATHNAME', 'playbook_can_see_playbook';
COMMENT ON FUNCTION playbook_can_see_playbook(text, regrole) IS
    'Whether the caller may see a playbook of this id and owner.';

CREATE FUNCTION playbook_is_named(named jsonb) RETURNS boolean
    STRICT STABLE PARALLEL RESTRICTED COST 10
    LANGUAGE c AS 'MODULE_PATHNAME', 'playbook_is_named';
COMMENT ON FUNCTION playbook_is_named(jsonb) IS
    'Whether {"people": [ids], "roles": [names]} names the caller, also as deputy of somebody who is away.';
