-- Who sees an execution, by each reason alone, and that a change of shares, people or customers counts at once. Rows
-- are written directly, as superuser: what is tested is the rule, on live rows and on history alike.
BEGIN;
SELECT plan(22);

CREATE ROLE sight_owner;     GRANT playbook_author TO sight_owner;
CREATE ROLE sight_a;         GRANT playbook_user TO sight_a;
CREATE ROLE sight_b;         GRANT playbook_user TO sight_b;
CREATE ROLE sight_app;       GRANT playbook_trusted_app TO sight_app;
CREATE ROLE source_owner;
CREATE TABLE accounts (id bigint PRIMARY KEY, csm text);
INSERT INTO accounts SELECT i, CASE i % 2 WHEN 0 THEN 'A@Example.com' ELSE 'b' END FROM generate_series(1, 100) AS i;
ALTER TABLE accounts OWNER TO source_owner;
SELECT playbook_set_customer_source('accounts', 'id', 'csm') \g /dev/null
INSERT INTO playbooks (id, name, owner, draft) VALUES ('sight', 'Sight', 'sight_owner', '{}');
INSERT INTO playbook_executions (id, slot, home, playbook_id, snapshot, owner, starter, actor, customer_id, created_at)
SELECT i, CASE WHEN i % 3 = 0 THEN i % 17 ELSE 0 END, 0, 'sight', 0, 'sight_owner', 'sight_owner', 'sight_owner', i::text, now()
FROM generate_series(1, 100) AS i;
INSERT INTO playbook_step_executions (execution_id, slot, position, home, step_id, type, status)
SELECT id, slot, 0, 0, 'a', 'wait', 'completed' FROM playbook_executions;
INSERT INTO playbook_tasks (execution_id, position, home, playbook_id, step_id, title, assignee, created_at)
VALUES (1, 0, 0, 'sight', 'a', 'Do it', 'a', now());
INSERT INTO playbook_holds (kind, name, reason, held_by) VALUES ('customer', '2', 'complaint', 'x'), ('playbook', 'p', 'y', 'x');

-- What a role sees: executions, steps, tasks, holds.
CREATE FUNCTION sees(role text, actor text DEFAULT '') RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    answer text;
BEGIN
    EXECUTE format('SET LOCAL ROLE %I', role);
    PERFORM set_config('playbook.actor', actor, true);
    SELECT concat_ws(' ', (SELECT count(*) FROM playbook_executions), (SELECT count(*) FROM playbook_step_executions),
                     (SELECT count(*) FROM playbook_tasks), (SELECT count(*) FROM playbook_holds)) INTO answer;
    PERFORM set_config('playbook.actor', '', true);
    EXECUTE 'RESET ROLE';
    RETURN answer;
END
$$;

SELECT is(sees('sight_owner'), '100 100 1 1', 'the owner sees all of them, but no hold on a customer');
SELECT is(sees('sight_a'), '0 0 0 1', 'a role that nothing concerns sees nothing');
SELECT playbook_set_person('a', 'A', 'a@example.com', 'sight_a') \g /dev/null
SELECT is(sees('sight_a'), '50 50 1 2', 'a CSM sees its customers, named by e-mail in whatever case');
SELECT playbook_set_person('b', 'B', NULL, 'sight_b') \g /dev/null
SELECT is(sees('sight_b'), '50 50 1 1', 'another sees the others');
SELECT playbook_set_person('middle', 'Middle', manager => 'b') \g /dev/null
SELECT playbook_set_person('a', 'A', 'a@example.com', 'sight_a', manager => 'middle') \g /dev/null
SELECT is(sees('sight_b'), '100 100 1 2', 'a manager''s manager sees them too');
SELECT playbook_set_person('middle', 'Middle') \g /dev/null
SELECT is(sees('sight_b'), '50 50 1 1', 'and no longer, when it is not the manager any more');
UPDATE accounts SET csm = 'nobody' WHERE id > 10;
SELECT is(sees('sight_a'), '5 5 1 2', 'customers that got another CSM are gone from sight');
UPDATE accounts SET csm = NULL;
SELECT is(sees('sight_a'), '0 0 1 1', 'an assignee sees the task and nothing else');
SELECT is(sees('sight_app', 'a'), '0 0 1 1', 'so does the application that names this person');
SELECT is(sees('sight_app'), '0 0 0 1', 'and not when it names nobody');

SET LOCAL ROLE sight_owner;
SELECT lives_ok($$SELECT playbook_share('sight', 'sight_b', 'copy')$$);
RESET ROLE;
SELECT is(sees('sight_b'), '0 0 0 1', 'a share to copy shows no execution');
SET LOCAL ROLE sight_owner;
SELECT lives_ok($$SELECT playbook_share('sight', 'sight_b', 'view')$$);
RESET ROLE;
SELECT is(sees('sight_b'), '100 100 1 1', 'a share to view shows all of them');
SET LOCAL ROLE sight_owner;
SELECT is(playbook_unshare('sight', 'sight_b'), 2, 'unshare takes back both');
RESET ROLE;
SELECT is(sees('sight_b'), '0 0 0 1', 'and they are gone from sight');

UPDATE playbook_executions SET starter = 'sight_app', actor = 'b' WHERE id <= 7;
SELECT is(sees('sight_app'), '7 7 1 1', 'an application sees what it started');
SELECT is(sees('sight_app', 'b'), '7 7 1 1', 'the person it started it for sees it');
SELECT is(sees('sight_app', 'a'), '0 0 1 1', 'another of its people does not');
SELECT is(sees('sight_b'), '7 7 1 1', 'the person sees it under a role of its own, too');

DROP TABLE accounts;
SELECT throws_ok($$SELECT sees('sight_a')$$, '42P01', NULL, 'a source that is gone is said, not passed over');
SELECT playbook_set_customer_source(NULL) \g /dev/null
SELECT is(sees('sight_a'), '0 0 1 1', 'without a source there is no CSM');

SELECT * FROM finish();
ROLLBACK;
