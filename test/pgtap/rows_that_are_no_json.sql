-- Rows that cannot be written as JSON, because a cast of their owner's fails or because JSON cannot hold them: what was done
-- stays done and recorded, and the result document says what it cannot show.
BEGIN;
SELECT plan(13);
\ir data_steps.psql
SET LOCAL client_min_messages = error;

CREATE TYPE no_json AS ENUM ('x');
CREATE FUNCTION no_json_to_json(no_json) RETURNS json LANGUAGE plpgsql AS $$ BEGIN RAISE 'a cast that fails'; END $$;
CREATE CAST (no_json AS json) WITH FUNCTION no_json_to_json(no_json);
CREATE TABLE no_json_ledger (n integer);
SELECT playbook_create($yaml$
id: no_json
name: No JSON
steps:
  - {id: wrote, type: sql, config: {template: "INSERT INTO no_json_ledger VALUES (1)"}}
  - {id: rows, type: query, depends_on: [wrote], config: {template: "SELECT 'x'::no_json AS x"}}
  - {id: zero, type: query, depends_on: [rows], config: {template: "SELECT '\"\\u0000\"'::json AS x"}}
outputs:
  - {name: shown, type: data, source: "${steps.rows}"}
  - {name: figures, type: aggregate, source: "${steps.zero}"}
insights: ["{{outputs.shown.length}} rows"]
$yaml$, publish => true) \g /dev/null

SELECT playbook_run('no_json') AS document \gset
SELECT is((:'document')::jsonb ->> 'status', 'completed', 'the execution ends');
SELECT is((SELECT count(*) FROM no_json_ledger), 1::bigint, 'and what it did stays done');
SELECT is((SELECT status FROM playbook_executions WHERE playbook_id = 'no_json'), 'completed', 'as its record does');
SELECT is((:'document')::jsonb #>> '{steps,1,status}', 'success', 'the step succeeded');
SELECT is((:'document')::jsonb #>> '{steps,1,data_error,message}', 'a cast that fails', 'its rows cannot be shown, and the document says why');
SELECT is((:'document')::jsonb #>> '{steps,1,data_error,sqlstate}', 'P0001', 'with the error of the cast');
SELECT ok(NOT ((:'document')::jsonb #> '{steps,1}') ? 'data', 'instead of the rows');
SELECT is((:'document')::jsonb #>> '{steps,2,data_error,sqlstate}', '22P05', 'JSON that cannot be held is no other case');
SELECT is((:'document')::jsonb #> '{outputs,0}' ->> 'status', 'error', 'an output of such rows cannot be made');
SELECT is((:'document')::jsonb #>> '{outputs,1,error,sqlstate}', '22P05', 'nor figures');
SELECT is((playbook_result(execution) - 'estimate') #>> '{steps,1,data_error,message}', 'a cast that fails', 'playbook_result says the same')
FROM (SELECT id AS execution FROM playbook_executions WHERE playbook_id = 'no_json') AS e;
SELECT is(playbook_result(id, include_data => false) #> '{steps,1}' ? 'data_error', false, 'and nothing where nothing is to be shown')
FROM playbook_executions WHERE playbook_id = 'no_json';
SELECT lives_ok($$SELECT * FROM playbook_progress((SELECT id FROM playbook_executions WHERE playbook_id = 'no_json'))$$, 'progress is told');

SELECT * FROM finish();
ROLLBACK;
