-- playbook_retry_failed, playbook_skip_failed: what failed is done again or left out, many at once and not all at once.
BEGIN;
SELECT plan(29);
\ir refusal.psql

SET LOCAL client_min_messages = error; -- owners of playbooks here do not log in
CREATE ROLE bulk_author;   GRANT playbook_author TO bulk_author;
CREATE ROLE bulk_operator; GRANT playbook_operator TO bulk_operator;
CREATE ROLE bulk_other;    GRANT playbook_user TO bulk_other;
CREATE TABLE bulk_divisor (value integer);
INSERT INTO bulk_divisor VALUES (0);
GRANT SELECT ON bulk_divisor TO bulk_author;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO bulk_author, bulk_operator, bulk_other;
SET LOCAL ROLE bulk_author;
SELECT playbook_create($yaml$
id: divides
steps:
  - {id: divide, type: query, config: {template: "SELECT 1 / value AS one FROM bulk_divisor"}}
  - {id: rest, type: wait, depends_on: [divide], config: {for: 0}}
$yaml$, true) \g /dev/null
SELECT playbook_create($yaml$
id: looks
steps: [{id: look, type: query, config: {template: "SELECT * FROM bulk_nothing"}}]
$yaml$, true) \g /dev/null
SELECT playbook_run('divides', 'c' || n) FROM generate_series(1, 4) AS n \g /dev/null
SELECT playbook_run('looks') \g /dev/null
SELECT id AS first FROM playbook_executions WHERE customer_id = 'c1' \gset

-- Which.
SELECT is(refusal($$SELECT playbook_retry_failed()$$) ~ '^22023 which failed executions', true, 'all there are is refused');
SELECT is(refusal($$SELECT playbook_skip_failed()$$) ~ '^22023 which failed executions', true, 'for skipping, too');
SELECT is(refusal($$SELECT playbook_retry_failed('divides', "limit" => 0)$$),
    '22023 limit must be between 1 and 10000, not 0', 'none at most');
SELECT is(refusal($$SELECT playbook_retry_failed('divides', per_minute => 0)$$),
    '22023 per_minute must be at least 1, not 0', 'none a minute');
SELECT is((SELECT count(*) FROM playbook_retry_failed('divides', dry_run => true)), 4::bigint, 'by playbook');
SELECT is((SELECT count(*) FROM playbook_retry_failed(error => '22012', dry_run => true)), 4::bigint, 'by SQLSTATE');
SELECT is((SELECT count(*) FROM playbook_retry_failed(error => 'Does not EXIST', dry_run => true)), 1::bigint,
    'by a part of the message');
SELECT is((SELECT count(*) FROM playbook_retry_failed(since => now() - interval '1 hour', dry_run => true)), 5::bigint,
    'by period');
SELECT is((SELECT count(*) FROM playbook_retry_failed('divides', until => now() - interval '1 hour', dry_run => true)),
    0::bigint, 'and none of another');
SELECT results_eq($$SELECT customer, step, reason, result FROM playbook_retry_failed('divides', "limit" => 2, dry_run => true)$$,
    $$VALUES ('c1', 'divide', '22012 division by zero', 'found'), ('c2', 'divide', '22012 division by zero', 'found')$$,
    'the oldest first, with what they failed at');
SELECT is((SELECT count(*) FROM playbook_executions WHERE status <> 'failed'), 0::bigint, 'looking changes nothing');
RESET ROLE;
SELECT is(as_role('bulk_other', $$SELECT count(*) FROM playbook_retry_failed('divides')$$), '0',
    'what one may not control is passed over');
SELECT is(as_role('bulk_operator', $$SELECT count(*) FROM playbook_retry_failed('divides', dry_run => true)$$), '4',
    'operators control all');

-- Retrying, so many a minute.
SET LOCAL ROLE bulk_author;
CREATE TEMPORARY TABLE retried AS SELECT * FROM playbook_retry_failed('divides', "limit" => 3, per_minute => 2);
SELECT is((SELECT array_agg(DISTINCT result) FROM retried), '{retried}', 'three are retried');
SELECT is((SELECT max(due_at) - min(due_at) FROM retried), interval '1 minute', 'half a minute apart');
SELECT results_eq($$SELECT e.status, e.waiting_for FROM playbook_executions e JOIN retried r ON r.execution = e.id
                    WHERE e.due_at = r.due_at ORDER BY r.due_at$$,
    $$VALUES ('running', 'step'), ('waiting', 'retry'), ('waiting', 'retry')$$, 'the first now, the others when it is their time');
SELECT is((SELECT count(*) FROM playbook_retry_failed('divides')), 1::bigint, 'what is under way is not found again');
RESET ROLE;
UPDATE bulk_divisor SET value = 1;
SET LOCAL ROLE bulk_author;
SELECT is(playbook_advance(:first), 'completed', 'it completes when the reason is gone');
SELECT playbook_run('looks') \g /dev/null

-- Skipping.
SELECT is((SELECT array_agg(result || ' ' || detail) FROM playbook_skip_failed('looks', outcome => 'approved')),
    ARRAY['refused the outcome of step "look" is never "approved"', 'refused the outcome of step "look" is never "approved"'],
    'what is refused says why and stops nobody');
SELECT is((SELECT count(*) FROM playbook_executions WHERE playbook_id = 'looks' AND status = 'failed'), 2::bigint,
    'and changes nothing');
SELECT is((SELECT array_agg(result) FROM playbook_skip_failed('looks', '42P01', skip_reason => 'no such source')),
    '{skipped,skipped}', 'failed steps are skipped');
SELECT is((SELECT array_agg(playbook_advance(id)) FROM playbook_executions WHERE playbook_id = 'looks'),
    '{completed,completed}', 'and their executions go on');
SELECT is((SELECT array_agg(DISTINCT concat_ws(' ', status, outcome, reason)) FROM playbook_step_executions
           WHERE step_id = 'look'), '{skipped skipped no such source}', 'with the reason');
-- A loop beside it, which fell with it: it begins anew, with items of its own.
SELECT playbook_create('{id: loops, steps: [
    {id: asks, type: wait, for_each: [1, 2, 3], depends_on: [], config: {event: go, timeout: 1 day}},
    {id: look, type: query, depends_on: [], config: {template: "SELECT * FROM not_there"}}]}', true) \g /dev/null
SELECT playbook_start('loops') AS loops \gset
SELECT is(playbook_advance(:loops), 'waiting', 'a loop is under way when another step has failed');
RESET ROLE;
UPDATE playbook_executions SET deadline_at = now() - interval '1 second', due_at = now() WHERE id = :loops;
SET LOCAL ROLE bulk_author;
SELECT is(playbook_advance(:loops), 'failed', 'until the time of both is over');
SELECT is((SELECT array_agg(result) FROM playbook_skip_failed('loops')), '{skipped}', 'the failed step is skipped');
RESET ROLE;
UPDATE playbook_executions SET deadline_at = NULL WHERE id = :loops;
SET LOCAL ROLE bulk_author;
SELECT is(playbook_advance(:loops), 'waiting', 'the loop begins anew');
SELECT playbook_signal(:loops, 'go') FROM generate_series(1, 3) \g /dev/null
SELECT is(playbook_advance(:loops), 'completed', 'and ends');
SELECT is((SELECT array_agg(DISTINCT concat_ws(' ', item, status)) FROM playbook_step_executions
           WHERE execution_id = :loops AND step_id = 'asks'),
    '{"0 completed","1 completed","2 completed","3 completed"}', 'with all of its items');
RESET ROLE;

SELECT * FROM finish();
ROLLBACK;
