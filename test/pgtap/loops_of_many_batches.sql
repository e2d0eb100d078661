-- A loop that takes many batches, of which each loads only the items that it may have something to do with, goes on and
-- ends as one that is done at once. What writes needs two of the 60 subtransactions of a batch for each item, so that
-- 400 of them take a dozen batches and more. The owner may not connect: no background worker takes the work away.
SELECT plan(14);
SET client_min_messages = error;
REVOKE CONNECT ON DATABASE :"DBNAME" FROM PUBLIC;
CREATE ROLE loops_owner;
GRANT playbook_author TO loops_owner;
CREATE TABLE taken (execution bigint, n integer, place integer);
GRANT ALL ON taken TO loops_owner;

SET ROLE loops_owner;
SELECT playbook_create($$
id: writes
parameters: [{name: flaw, type: integer, default: 0}]
steps:
  - {id: found, type: query, config: {template: "SELECT n FROM generate_series(1, 400) AS n"}}
  - {id: each, type: sql, for_each: "${steps.found}", config: {template: "INSERT INTO taken
      SELECT {{execution.id}}, {{item.n}}, {{index}} WHERE 1 / ({{item.n}}::integer - {{parameters.flaw}}::integer) IS NOT NULL RETURNING n"}}
  - {id: again, type: sql, for_each: "${steps.found}", on_item_error: fail, config: {template: "INSERT INTO taken
      SELECT {{execution.id}}, -{{item.n}}::integer, {{index}} WHERE 1 / ({{item.n}}::integer - {{parameters.flaw}}::integer) IS NOT NULL"}}
$$, publish => true) \g /dev/null
SELECT playbook_create($$
id: waits
steps:
  - {id: found, type: query, config: {template: "SELECT n FROM generate_series(1, 400) AS n"}}
  - {id: each, type: wait, for_each: "${steps.found}", concurrency: 5, config: {event: go}}
$$, publish => true) \g /dev/null
SELECT playbook_start('writes') AS whole \gset
CALL playbook_work('1 min') \g /dev/null
RESET ROLE;
SELECT count(*) AS batches FROM playbook_change_batches \gset
SET ROLE loops_owner;
SELECT playbook_start('writes', parameters => '{"flaw": 250}') AS flawed \gset
CALL playbook_work('1 min') \g /dev/null
RESET ROLE;
CREATE FUNCTION items(execution bigint, step text) RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(format('%s %s', number, story), ', ' ORDER BY number) FROM (
        SELECT count(*) AS number, concat_ws(' ', status, waiting_for) AS story FROM playbook_step_executions
        WHERE execution_id = execution AND step_id = step AND item > 0 GROUP BY 2) AS each
$$;

SELECT is((SELECT status FROM playbook_executions WHERE id = :whole), 'completed', 'two loops in many batches complete');
SELECT cmp_ok(:batches::bigint, '>', 24::bigint,
    'which they take indeed');
SELECT results_eq(
    format('SELECT count(*), count(DISTINCT n), bool_and(abs(n) = place + 1) FROM taken WHERE execution = %s', :whole),
    'VALUES (800::bigint, 800::bigint, true)', 'each element is done once, by its own item');
SELECT is(items(:whole, 'each'), '400 completed', 'all items have completed');
SELECT is((SELECT count(*) FROM playbook_rows(:whole, 'each') AS r WHERE r ->> 'status' = 'completed'), 400::bigint,
    'all are in the rows of the step');
SELECT is((SELECT valid FROM playbook_verify_artifact(:whole)), true, 'the artifact is made of all');
SELECT is(items(:flawed, 'each'), '1 failed, 399 completed', 'a failure is collected');
SELECT is(items(:flawed, 'again'), '1 failed, 150 skipped, 249 completed', 'or ends the loop, for all that are left');
SELECT is((SELECT status FROM playbook_executions WHERE id = :flawed), 'failed', 'and the execution');

SET ROLE loops_owner;
SELECT playbook_start('waits') AS waiting \gset
CALL playbook_work('1 min') \g /dev/null
RESET ROLE;
SELECT is(items(:waiting, 'each'), '5 waiting event, 395 pending', 'as many wait as may be under way');
SET ROLE loops_owner;
SELECT playbook_signal(:waiting, 'go') \g /dev/null
CALL playbook_work('1 min') \g /dev/null
RESET ROLE;
SELECT is(items(:waiting, 'each'), '1 completed, 5 waiting event, 394 pending', 'when one has ended, the next');
UPDATE playbook_executions SET deadline_at = now(), due_at = now() WHERE id = :waiting;
SET ROLE loops_owner;
CALL playbook_work('1 min') \g /dev/null
RESET ROLE;
SELECT is((SELECT status FROM playbook_executions WHERE id = :waiting), 'failed', 'past its deadline it fails');
SELECT is(items(:waiting, 'each'), '1 completed, 399 skipped', 'with every item that has not ended');
SELECT is((SELECT count(*) FROM playbook_step_executions_live), 0::bigint, 'and nothing is left of any');

SELECT * FROM finish();
