-- playbook_execute and playbook_work commit, so they are called on their own: what they do there, and what they say
-- inside a transaction block. The owner may not connect, so no background worker takes the work away.
SELECT plan(24);
SET client_min_messages = error; -- says so
REVOKE CONNECT ON DATABASE :"DBNAME" FROM PUBLIC;
\ir refusal.psql
CREATE ROLE run_procedures_owner; GRANT playbook_author TO run_procedures_owner;
CREATE TABLE procedures_ledger (step text, transaction xid8 DEFAULT pg_current_xact_id());
GRANT SELECT, INSERT ON procedures_ledger TO run_procedures_owner;
SET ROLE run_procedures_owner;
SELECT playbook_create($yaml$
id: three
name: Three
steps:
  - {id: a, type: sql, config: {template: "INSERT INTO procedures_ledger VALUES ('a')"}}
  - {id: b, type: sql, config: {template: "INSERT INTO procedures_ledger VALUES ('b')"}}
  - {id: c, type: query, depends_on: [b], config: {template: "SELECT count(*) AS steps FROM procedures_ledger"}}
$yaml$, true) \g /dev/null
SELECT playbook_create('{id: bad, name: B, steps: [{id: a, type: sql, config: {template: "INSERT INTO '
    'procedures_ledger VALUES (''bad'')"}},
    {id: b, type: sql, config: {template: "SELECT 1 / 0"}}]}', true) \g /dev/null
SELECT playbook_create('{id: waits, name: W, steps: [{id: w, type: wait, config: {event: go}}]}', true) \g /dev/null
SELECT playbook_create('{id: naps, name: N, steps: [{id: w, type: wait, config: {for: 0.2s}}]}', true) \g /dev/null
SELECT playbook_create('{id: slow, name: S, steps: [{id: s, type: sql, alone: true, config: {template: "INSERT '
    'INTO procedures_ledger VALUES (''alone'')"}}]}',
                       true) \g /dev/null

-- execute
CALL playbook_execute('three') \gset
SELECT is(:'result'::jsonb ->> 'status', 'completed', 'execute gives the finished document');
SELECT is(:'result'::jsonb #> '{steps,2,data}', '[{"steps": 2}]', 'with the rows');
SELECT is((SELECT count(DISTINCT transaction) FROM procedures_ledger), 2::bigint,
    'each step has a transaction of its own');
CALL playbook_execute('bad') \gset
SELECT is(:'result'::jsonb ->> 'status', 'failed', 'a failed step is a status');
SELECT is((SELECT count(*) FROM procedures_ledger WHERE step = 'bad'), 1::bigint,
    'what was committed before it stays');
CALL playbook_execute('naps') \gset
SELECT is(:'result'::jsonb ->> 'status', 'completed', 'it waits for a time to come');
CALL playbook_execute('waits', wait_at_most => '0.2 s') \gset
SELECT is(:'result'::jsonb ->> 'status', 'waiting', 'but no longer than wait_at_most');
SELECT :'result'::jsonb ->> 'execution' AS waiting \gset
CALL playbook_execute('slow') \gset
SELECT is(:'result'::jsonb ->> 'status', 'completed', 'a step that runs alone runs here, too');

-- work
SELECT playbook_signal(:waiting, 'go') \g /dev/null
SELECT playbook_start('three') AS one \gset
SELECT playbook_start('slow') AS two \gset
SELECT playbook_start('naps', start_at => now() + interval '1 hour') AS later \gset
CALL playbook_work('10 s') \gset
SELECT is((SELECT array_agg(status ORDER BY id) FROM playbook_executions WHERE id IN (:waiting, :one, :two)),
    '{completed,completed,completed}',
          'work does what is due');
SELECT is((SELECT status FROM playbook_executions WHERE id = :later), 'pending', 'and nothing that is not');
SELECT cmp_ok(:executions::bigint, '>=', 3::bigint, 'it says how many executions it advanced');
SELECT is(:steps_alone::bigint, 1::bigint, 'and how many steps ran alone');
CALL playbook_work('10 s') \gset
SELECT is(:executions::bigint + :steps_alone::bigint, 0::bigint, 'with nothing due it returns at once');
RESET ROLE;
SELECT results_eq('SELECT role::text FROM playbook_work_log', $$VALUES ('run_procedures_owner')$$,
    'it leaves word that it worked');
CREATE ROLE run_procedures_other; GRANT playbook_author TO run_procedures_other;
SET ROLE run_procedures_owner;
SELECT playbook_start('three') AS mine \gset
SET ROLE run_procedures_other;
CALL playbook_work('10 s') \gset
RESET ROLE;
SELECT is((SELECT status FROM playbook_executions WHERE id = :mine), 'pending',
    'it does the calling role''s work only');

-- Inside a transaction block, a function, a DO block in a transaction.
BEGIN;
SELECT is(refusal('CALL playbook_work()') ~ '^(2D000|0A000|XX000|42601)', true, 'in a function work is refused');
ROLLBACK;
\set VERBOSITY sqlstate
\set ON_ERROR_STOP 0
BEGIN;
CALL playbook_work();
\set said :LAST_ERROR_SQLSTATE ' ' :LAST_ERROR_MESSAGE
ROLLBACK;
SELECT is(:'said'::text, '2D000 playbook_work() commits, so it must be called on its own',
    'so it is in a transaction block');
SELECT count(*) AS before FROM playbook_executions \gset
BEGIN;
CALL playbook_execute('three');
\set said :LAST_ERROR_SQLSTATE ' ' :LAST_ERROR_MESSAGE
ROLLBACK;
SELECT is(:'said'::text, '2D000 playbook_execute() commits, so it must be called on its own', 'and execute');
CALL playbook_execute('nothing');
\set said :LAST_ERROR_SQLSTATE ' ' :LAST_ERROR_MESSAGE
SELECT is(:'said'::text, '42704 playbook "nothing" does not exist', 'execute: an unknown playbook');
CALL playbook_execute('three', parameters => '{"x": 1}');
\set said :LAST_ERROR_SQLSTATE ' ' :LAST_ERROR_MESSAGE
SELECT is(:'said'::text, '22023 unknown parameter "x"', 'execute: a wrong parameter');
CALL playbook_execute('three', '{"x": 1}');
\set said :LAST_ERROR_SQLSTATE ' ' :LAST_ERROR_MESSAGE
SELECT is(:'said'::text, '22023 the customer must be an id, not a JSON object',
    'execute: parameters given as the customer');
\set ON_ERROR_STOP 1
SELECT is((SELECT count(*) FROM playbook_executions), :before::bigint, 'a refusal stores nothing');
-- The session is as good as before.
SET ROLE run_procedures_owner;
CALL playbook_execute('three') \gset
SELECT is(:'result'::jsonb ->> 'status', 'completed', 'after refusals it works as before');
RESET ROLE;
SET ROLE run_procedures_owner;
DO $$
DECLARE
    executions bigint;
    steps_alone bigint;
BEGIN
    CALL playbook_work('10 s', executions, steps_alone);
    ASSERT executions >= 1, format('%s executions', executions);
END
$$;
RESET ROLE;
SELECT is((SELECT status FROM playbook_executions WHERE id = :mine), 'completed',
    'a DO block outside of a transaction may call it');

SELECT * FROM finish();
DROP OWNED BY run_procedures_owner, run_procedures_other;
DROP EXTENSION playbook CASCADE;
DROP ROLE run_procedures_owner, run_procedures_other;
