-- What row-level security and people ask: who sees a playbook, an execution, and the engine's processes.
BEGIN;
SELECT plan(13);
\ir refusal.psql

CREATE ROLE workers_owner;  GRANT playbook_author TO workers_owner;
CREATE ROLE workers_user;   GRANT playbook_user TO workers_user;
CREATE ROLE workers_viewer; GRANT playbook_viewer TO workers_viewer;
CREATE ROLE workers_nobody;
SET LOCAL client_min_messages = error; -- owners of playbooks here do not log in
SET LOCAL ROLE workers_owner;
SELECT playbook_create(tiny('seen'), true) \g /dev/null
SELECT playbook_run('seen') ->> 'execution' AS execution \gset
RESET ROLE;

SELECT is(as_role(role, format('SELECT playbook_can_see_execution(%s)', :execution)), said,
    format('%s: the execution', role))
FROM (VALUES ('workers_owner', 'true'), ('workers_viewer', 'true'), ('workers_user', 'false')) AS t (role, said);
SELECT is(as_role('workers_viewer', 'SELECT playbook_can_see_execution(1)'), 'true',
    'who sees everything is not told what exists');
SELECT is(as_role('workers_user', 'SELECT playbook_can_see_execution(1)'), 'false', 'nor who sees nothing');
SELECT is(as_role(role, $$SELECT playbook_can_see_playbook('seen', 'workers_owner'::regrole)$$), said,
    format('%s: the playbook', role))
FROM (VALUES ('workers_owner', 'true'), ('workers_viewer', 'true'), ('workers_user', 'false')) AS t (role, said);

SELECT is(refusal($$SELECT as_role('workers_user', 'SELECT count(*) FROM playbook_worker_list()')$$) ~ '^42501 ',
    true, 'processes are for viewers');
SELECT is(refusal($$SELECT as_role('workers_user', 'SELECT count(*) FROM playbook_workers')$$) ~ '^42501 ', true,
    'their view, too');
SELECT is(refusal($$SELECT as_role('workers_nobody', format('SELECT playbook_can_see_execution(1)'))$$) ~ '^42501 ',
    true, 'in no group, no answer');
SELECT is(as_role('workers_viewer', $$SELECT count(*) FROM playbook_worker_list() WHERE kind = 'launcher'
    AND state IS NOT NULL AND pid > 0$$), '1',
          'the launcher is one of them');
SELECT is(as_role('workers_viewer', $$SELECT kind FROM playbook_workers WHERE kind = 'launcher' AND database IS NULL
    AND role IS NULL$$), 'launcher',
          'it serves all databases, as nobody');

SELECT * FROM finish();
ROLLBACK;
