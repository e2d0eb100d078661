-- playbook_forget_customer erases what was stored about a customer, keeps the skeleton, and touches nobody else's.
BEGIN;
SELECT plan(13);
-- A row set with one column and one row.
\set row_set '''\\x5042523106000100016e000f70675f636174616c6f672e74657874ffffffff0000000001000100000006736563726574'''

CREATE ROLE forget_admin;   GRANT playbook_admin TO forget_admin;
CREATE ROLE forget_viewer;  GRANT playbook_operator TO forget_viewer;
INSERT INTO playbook_executions (id, slot, home, playbook_id, snapshot, owner, starter, actor, customer_id, created_at,
    status, parameters, labels, options, at_start, error, reason, idempotency_key, parent_execution, parent_position, parent_item)
SELECT i, CASE WHEN i = 9 THEN 0 ELSE i END, 0, 'p', 0, 'postgres', 'postgres', 'ana', CASE WHEN i = 4 THEN NULL WHEN i = 2 THEN 'other' ELSE 'c7' END,
    now(), 'completed', '{"note": "secret"}', '{"ref": "secret"}', '{"a": "secret"}', '{"name": "secret"}', '{"message": "secret"}', 'secret', 'secret',
    CASE WHEN i = 1 THEN 4 END, CASE WHEN i = 1 THEN 0 END, CASE WHEN i = 1 THEN 1 END
FROM unnest(ARRAY[1, 2, 3, 4]) AS i;
INSERT INTO playbook_step_executions (execution_id, slot, position, item, home, step_id, type, status, input, output, error, reason, rows)
SELECT e.id, e.slot, 0, i, 0, 's', 'query', 'completed', '{"x": "secret"}', '{"x": "secret"}', '{"x": "secret"}', 'secret', :row_set
FROM playbook_executions e, unnest(ARRAY[0, 1, 2]) AS i;
INSERT INTO playbook_step_rows (execution_id, slot, position, chunk, home, row_count, data) SELECT id, slot, 0, 0, 0, 1, :row_set FROM playbook_executions;
INSERT INTO playbook_artifacts (execution_id, slot, home, playbook_id, status, path, row_count, sha256, created_at)
SELECT id, slot, 0, 'p', 'completed', 'secret', 1, 'secret', now() FROM playbook_executions WHERE slot > 0;
INSERT INTO playbook_signals (execution_id, home, name, payload, sent_by) SELECT id, 0, 'n', '{"x": "secret"}', 'ana' FROM playbook_executions;
INSERT INTO playbook_outbox (execution_id, position, home, kind, idempotency_key, recipient, payload, status, created_at, result, error)
SELECT id, 0, 0, 'email', id, 'secret', '{"body": "secret"}', 'queued', now(), '{"x": "secret"}', '{"x": "secret"}' FROM playbook_executions;
INSERT INTO playbook_notifications (person, created_at, execution_id, position, home, title, message, link)
SELECT person, now(), id, 0, 0, 'secret', 'secret', 'secret' FROM playbook_executions, unnest(ARRAY['ana', 'ben']) AS person;
INSERT INTO playbook_tasks (execution_id, position, home, playbook_id, step_id, title, description, created_at, result)
SELECT id, 0, 0, 'p', 's', 'secret', 'secret', now(), '{"x": "secret"}' FROM playbook_executions;
INSERT INTO approvals (execution_id, position, home, playbook_id, step_id, action, message, approvers, requester, requested_at, comment, changes)
SELECT id, 0, 0, 'p', 's', '{"body": "secret"}', 'secret', '{}', 'ana', now(), 'secret', '{"x": "secret"}' FROM playbook_executions;
INSERT INTO playbook_approval_decisions (approval_id, person, role, decision, comment, changes)
SELECT id, 'ana', 'postgres', 'approve', 'secret', '{"x": "secret"}' FROM approvals;
INSERT INTO playbook_idempotency VALUES ('p', 'c7', 'k', 1, '\x00', now());

-- Where the word is still found, beside the customer's id itself. bytea is looked at as its escaped text.
CREATE FUNCTION found(execution bigint) RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(t, ' ' ORDER BY t) FROM (
        SELECT 'executions' AS t FROM playbook_executions e WHERE id = execution AND e::text LIKE '%secret%'
        UNION ALL SELECT 'steps ' || item FROM playbook_step_executions s WHERE execution_id = execution
                    AND (to_jsonb(s)::text LIKE '%secret%' OR s.rows IS NOT NULL)
        UNION ALL SELECT 'rows' FROM playbook_step_rows s WHERE execution_id = execution
        UNION ALL SELECT 'artifacts' FROM playbook_artifacts s WHERE execution_id = execution
        UNION ALL SELECT 'signals' FROM playbook_signals s WHERE execution_id = execution AND s::text LIKE '%secret%'
        UNION ALL SELECT 'outbox' FROM playbook_outbox s WHERE execution_id = execution AND s::text LIKE '%secret%'
        UNION ALL SELECT DISTINCT 'notifications' FROM playbook_notifications s WHERE execution_id = execution AND s::text LIKE '%secret%'
        UNION ALL SELECT 'tasks' FROM playbook_tasks s WHERE execution_id = execution AND s::text LIKE '%secret%'
        UNION ALL SELECT 'approvals' FROM approvals s WHERE execution_id = execution AND s::text LIKE '%secret%'
        UNION ALL SELECT 'decisions' FROM playbook_approval_decisions d JOIN approvals a ON a.id = d.approval_id
                   WHERE a.execution_id = execution AND d::text LIKE '%secret%') AS places
$$;

SELECT is(found(1), 'approvals artifacts decisions executions notifications outbox rows signals steps 0 steps 1 steps 2 tasks', 'before: it is everywhere');
SET LOCAL ROLE forget_viewer;
SELECT throws_ok($$SELECT * FROM playbook_forget_customer('c7')$$, '42501');
RESET ROLE;
UPDATE playbook_executions SET status = 'waiting' WHERE id = 3;
SET LOCAL ROLE forget_admin;
SELECT throws_ok($$SELECT * FROM playbook_forget_customer('c7')$$, '55000', 'customer "c7" has executions that are not finished');
RESET ROLE;
UPDATE playbook_executions SET status = 'completed' WHERE id = 3;
SET LOCAL ROLE forget_admin;
SELECT set_eq($$SELECT * FROM playbook_forget_customer('c7')$$,
              $$VALUES ('playbook_step_rows', 2::bigint), ('playbook_artifacts', 2), ('playbook_step_executions', 7), ('playbook_executions', 2),
                       ('playbook_idempotency', 1), ('playbook_approval_decisions', 2), ('approvals', 2), ('playbook_tasks', 2),
                       ('playbook_outbox', 2), ('playbook_notifications', 4), ('playbook_signals', 2), ('playbook_holds', 0), ('playbook_last_results', 0)$$, 'it says what it erased');
SELECT is((SELECT sum(rows) FROM playbook_forget_customer('c7')), 0::numeric, 'a second time there is nothing left');
RESET ROLE;
SELECT is(found(1), NULL, 'after: nothing of the first execution');
SELECT is(found(3), NULL, 'nothing of the second');
SELECT is(found(2), 'approvals artifacts decisions executions notifications outbox rows signals steps 0 steps 1 steps 2 tasks', 'all of another customer''s');
SELECT is(found(4), 'approvals artifacts decisions executions notifications outbox rows signals steps 0 steps 2 tasks',
          'of the execution that started it, only the item that did');
SELECT is((SELECT count(*) FROM playbook_executions WHERE id IN (1, 3) AND customer_id = '' AND status = 'completed'), 2::bigint, 'the skeletons remain');
SELECT is((SELECT string_agg(DISTINCT status, ',') FROM playbook_outbox WHERE execution_id IN (1, 3)), 'revoked',
          'a message without its text does not go out');

-- Who works here may be called like a customer.
SELECT playbook_set_person('42', 'Ana'), playbook_set_person('ben', 'acme') \g /dev/null
INSERT INTO playbook_notifications (person, created_at, execution_id, position, home, title, message)
SELECT person, now(), 2, 7, 0, 'a title', 'a message' FROM unnest(ARRAY['42', '43', 'acme', 'role:acme', 'zeta', 'role:zeta']) AS person;
SELECT is((SELECT sum(f.rows) FROM unnest(ARRAY['42', '43', 'acme', 'zeta']) AS customer, playbook_forget_customer(customer) AS f), 2::numeric,
    'what was told to the customers goes');
SELECT is((SELECT string_agg(person, ' ' ORDER BY person COLLATE "C") FROM playbook_notifications WHERE position = 7), '42 acme role:acme role:zeta',
    'what was told to people and roles stays');

SELECT * FROM finish();
ROLLBACK;
