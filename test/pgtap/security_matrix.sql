-- Every cell of the table role × action in doc/security.md is visited: the table is read from there, and each attempt
-- is made as that role and rolled back. Run from the top of the tree, as test/run-pgtap does.
BEGIN;
\set page `cat doc/security.md`

-- A table of the page, between <!-- name --> and <!-- end -->: one row for each cell of its body.
CREATE FUNCTION cells(page text, name text) RETURNS TABLE (line bigint, row_name text, column_name text, value text)
LANGUAGE sql IMMUTABLE AS $$
    WITH lines AS (
        SELECT n, regexp_split_to_array(trim(both '| ' FROM text), '\s*\|\s*') AS items
        FROM string_to_table(substring(page FROM '<!-- ' || name || ' -->\n(.*?)\n<!-- end -->'), E'\n')
             WITH ORDINALITY AS l (text, n))
    SELECT l.n, l.items[1], h.items[i], l.items[i]
    FROM lines l, lines h, generate_series(2, array_length(h.items, 1)) AS i
    WHERE h.n = 1 AND l.n > 2
$$;
CREATE TABLE matrix AS SELECT line, row_name AS action, column_name AS role, value FROM cells(:'page', 'matrix');

-- The roles. Each is what its column says and nothing else.
CREATE ROLE matrix_owner_group;
CREATE ROLE matrix_owner;      GRANT playbook_author, matrix_owner_group TO matrix_owner;
CREATE ROLE matrix_starter;    GRANT playbook_user TO matrix_starter;
CREATE ROLE matrix_csm;        GRANT playbook_user TO matrix_csm;
CREATE ROLE matrix_manager;    GRANT playbook_user TO matrix_manager;
CREATE ROLE matrix_decider;    GRANT playbook_user TO matrix_decider;
CREATE ROLE matrix_viewing;    GRANT playbook_user TO matrix_viewing;
CREATE ROLE matrix_copying;    GRANT playbook_author TO matrix_copying;
CREATE ROLE matrix_user;       GRANT playbook_user TO matrix_user;
CREATE ROLE matrix_viewer;     GRANT playbook_viewer TO matrix_viewer;
CREATE ROLE matrix_operator;   GRANT playbook_operator TO matrix_operator;
CREATE ROLE matrix_author;     GRANT playbook_author TO matrix_author;
CREATE ROLE matrix_admin;      GRANT playbook_admin TO matrix_admin;
CREATE ROLE matrix_analyst;    GRANT playbook_analyst TO matrix_analyst;
CREATE ROLE matrix_app;        GRANT playbook_trusted_app TO matrix_app;
CREATE ROLE matrix_outsider;

-- The scene: a customer with a CSM who has a manager's manager; a playbook that waits for an approval and a task.
CREATE TABLE customers (id text PRIMARY KEY, name text, csm text);
GRANT SELECT ON customers TO matrix_owner, matrix_owner_group;
INSERT INTO customers VALUES ('c1', 'Acme', 'matrix.csm@example.com'), ('c2', 'Other', NULL);
SELECT playbook_set_customer_source('customers', 'id', 'csm') \g /dev/null
SELECT playbook_set_person('matrix_chief', 'Chief', role => 'matrix_manager') \g /dev/null
SELECT playbook_set_person('matrix_lead', 'Lead', manager => 'matrix_chief') \g /dev/null
SELECT playbook_set_person('matrix_csm', 'Csm', 'matrix.csm@example.com', 'matrix_csm', manager => 'matrix_lead') \g /dev/null
SELECT playbook_set_person('matrix_decider', 'Decider', role => 'matrix_decider') \g /dev/null

SET LOCAL ROLE matrix_owner;
SELECT playbook_create($definition$
playbook:
  id: matrix
  name: Matrix
  steps:
    - {id: numbers, type: query, config: {template: "SELECT 1 AS one"}}
    - {id: note, type: notify, depends_on: [numbers], config: {to: matrix_decider, message: "It begins", via: slack}}
    - {id: mail, type: email, depends_on: [note], require_approval: {approvers: [matrix_decider]},
       config: {to: "a@example.com", subject: S, body: B}}
    - {id: todo, type: task, depends_on: [note], config: {title: Do it, assignee: matrix_decider}}
$definition$, publish => true) \g /dev/null
SELECT playbook_set_owner('matrix', 'matrix_owner_group') \g /dev/null
SELECT playbook_share('matrix', 'matrix_starter', 'start') \g /dev/null
SELECT playbook_share('matrix', 'matrix_viewing', 'view') \g /dev/null
SELECT playbook_share('matrix', 'matrix_copying', 'copy') \g /dev/null
SET LOCAL ROLE matrix_starter;
SELECT playbook_run('matrix', 'c1') AS document \gset
RESET ROLE;
SELECT id AS execution FROM playbook_executions ORDER BY id DESC LIMIT 1 \gset
SELECT playbook_signal(:execution, 'unheard', '{}') \g /dev/null
CREATE TABLE scene AS
SELECT :execution::bigint AS execution,
       (SELECT id FROM approvals WHERE execution_id = :execution) AS approval,
       (SELECT id FROM playbook_tasks WHERE execution_id = :execution) AS task,
       (SELECT count(*) FROM playbook_outbox WHERE execution_id = :execution) AS messages,
       (SELECT count(*) FROM playbook_notifications WHERE execution_id = :execution) AS notifications,
       (SELECT status FROM playbook_executions WHERE id = :execution) AS status;

-- What each action is. {execution}, {approval} and {task} are the scene's.
CREATE TABLE attempts (action text PRIMARY KEY, statement text NOT NULL);
INSERT INTO attempts VALUES
    ('see the playbook', $$SELECT FROM playbooks WHERE id = 'matrix'$$),
    ('see its history', $$SELECT FROM playbook_history WHERE playbook_id = 'matrix'$$),
    ('see who shares it', $$SELECT FROM playbook_sharing WHERE playbook_id = 'matrix' AND privilege <> 'edit'$$),
    ('export it', $$SELECT playbook_export('matrix', 'yaml')$$),
    ('start it', $$SELECT playbook_start('matrix', 'c2')$$),
    ('copy it', $$SELECT playbook_duplicate('matrix', 'matrix_copy')$$),
    ('edit it', $$SELECT playbook_update('matrix', '{"id": "matrix", "name": "Mine", "steps": [{"id": "a", "type": "wait", "config": {"for": "1 day"}}]}')$$),
    ('publish it', $$SELECT playbook_publish('matrix')$$),
    ('share it', $$SELECT playbook_share('matrix', 'matrix_outsider', 'view')$$),
    ('create another', $$SELECT playbook_create('{"id": "matrix_other", "name": "Other", "steps": [{"id": "a", "type": "wait", "config": {"for": "1 day"}}]}')$$),
    ('see the execution', $$SELECT FROM playbook_executions WHERE id = {execution}$$),
    ('see its steps', $$SELECT FROM playbook_step_executions WHERE execution_id = {execution}$$),
    ('see its signals', $$SELECT FROM playbook_signals WHERE execution_id = {execution}$$),
    ('see its outbox', $$SELECT FROM playbook_outbox WHERE execution_id = {execution}$$),
    ('see whom it told what', $$SELECT FROM playbook_notifications WHERE execution_id = {execution}$$),
    ('ask its progress', $$SELECT playbook_progress({execution})$$),
    ('ask its result', $$SELECT playbook_result({execution})$$),
    ('read a row set', $$SELECT playbook_rows({execution}, 'numbers')$$),
    ('pause it', $$SELECT playbook_pause({execution})$$),
    ('cancel it', $$SELECT playbook_cancel({execution}, 'no longer wanted')$$),
    ('signal it', $$SELECT playbook_signal({execution}, 'unheard', '{}')$$),
    ('see the approval', $$SELECT FROM approvals WHERE id = {approval}$$),
    ('decide it', $$SELECT playbook_approve({approval})$$),
    ('see the task', $$SELECT FROM playbook_tasks WHERE id = {task}$$),
    ('complete it', $$SELECT playbook_complete_task({task})$$),
    ('read what one was told', $$SELECT playbook_my_notifications()$$),
    ('see the people', $$SELECT FROM playbook_people$$),
    ('write the people', $$SELECT playbook_set_person('matrix_new', 'New')$$),
    ('set the customer source', $$SELECT playbook_set_customer_source('customers', 'id')$$),
    ('forget a customer', $$SELECT playbook_forget_customer('c2')$$),
    ('enable a copy', $$SELECT playbook_enable()$$),
    ('hold a customer', $$SELECT playbook_hold('customer', 'c1', 'complaint')$$),
    ('claim the outbox', $$SELECT playbook_outbox_claim(ARRAY['slack'])$$),
    ('read a partition', $$SELECT FROM playbook_executions_live$$),
    ('read stored chunks', $$SELECT FROM playbook_step_rows$$),
    ('read the snapshots', $$SELECT FROM playbook_snapshots$$),
    ('write an execution', $$UPDATE playbook_executions SET reason = 'mine' WHERE id = {execution}$$),
    ('write a playbook', $$UPDATE playbooks SET owner = 'matrix_user' WHERE id = 'matrix'$$);

CREATE FUNCTION attempt(role text, statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    touched bigint;
BEGIN
    BEGIN
        EXECUTE format('SET LOCAL ROLE %I', role);
        EXECUTE statement;
        GET DIAGNOSTICS touched = ROW_COUNT;
        RAISE SQLSTATE 'XXUND'; -- undo it
    EXCEPTION
        WHEN SQLSTATE 'XXUND' THEN RETURN CASE WHEN touched > 0 THEN 'yes' ELSE 'hidden' END;
        WHEN insufficient_privilege THEN RETURN 'refused';
        WHEN undefined_object THEN RETURN 'hidden';
        WHEN OTHERS THEN RETURN format('%s %s', SQLSTATE, SQLERRM);
    END;
END
$$;

SELECT plan(8 + (SELECT count(*)::integer FROM matrix));
SELECT is(status, 'waiting', 'the scene: the execution waits') FROM scene;
SELECT ok(approval IS NOT NULL AND task IS NOT NULL AND messages > 0 AND notifications > 0,
    'the scene: an approval, a task, a message, somebody who was told') FROM scene;
SELECT set_eq('SELECT DISTINCT action FROM matrix', 'SELECT action FROM attempts', 'page and test have the same actions');
SELECT is_empty($$SELECT role FROM matrix WHERE to_regrole('matrix_' || role) IS NULL$$, 'each column is a role of the test');
SELECT is_empty($$SELECT * FROM matrix WHERE value NOT IN ('yes', 'hidden', 'refused')$$, 'each cell is a verdict');

SELECT is(attempt('matrix_' || m.role,
                  replace(replace(replace(a.statement, '{execution}', s.execution::text),
                                  '{approval}', coalesce(s.approval::text, 'NULL')), '{task}', coalesce(s.task::text, 'NULL'))),
          m.value, format('%s: %s', m.role, m.action))
FROM matrix m JOIN attempts a USING (action), scene s
ORDER BY m.line, m.role;

-- The page's list of functions is what is granted, and its list of SECURITY DEFINER functions is complete.
CREATE VIEW members AS
SELECT p.oid, p.proname::text AS function, p.prosecdef, p.proconfig, p.proacl, p.proowner
FROM pg_proc p
JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
JOIN pg_extension x ON x.oid = d.refobjid AND d.refclassid = 'pg_extension'::regclass AND x.extname = 'playbook';
CREATE TABLE documented AS
SELECT c.row_name AS role, trim(f, ' `') AS function FROM cells(:'page', 'functions') c, regexp_split_to_table(c.value, '\s*,\s*') f;
SELECT set_eq('SELECT DISTINCT a.grantee::regrole::text, m.function FROM members m, aclexplode(m.proacl) a WHERE a.grantee <> m.proowner',
              'SELECT role, function FROM documented', 'page and catalog agree on who may call what');
SELECT is_empty($$SELECT m.function FROM members m WHERE m.proacl IS NULL
                  OR NOT EXISTS (SELECT FROM aclexplode(m.proacl) a WHERE a.grantee NOT IN (0, m.proowner))
                  OR EXISTS (SELECT FROM aclexplode(m.proacl) a WHERE a.grantee = 0)$$,
                'every function is open to somebody, and none to PUBLIC');
SELECT set_eq('SELECT function FROM members WHERE prosecdef',
              format('SELECT DISTINCT row_name FROM cells(%L, %L)', :'page', 'definer'),
              'page and catalog agree on SECURITY DEFINER functions');

SELECT * FROM finish();
ROLLBACK;
