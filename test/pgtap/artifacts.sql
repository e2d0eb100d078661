-- What an execution of data leaves: its artifact, the checksum of its canonical form, files of it, and who notices a change.
\pset fieldsep '\n'
BEGIN;
SELECT plan(38);
\ir data_steps.psql

CREATE TABLE af_account (id integer, name text, arr numeric, seen timestamptz);
INSERT INTO af_account VALUES (2, 'Bolt, "the" fast', 20.50, '2026-01-28 14:30:00+02'), (1, '', NULL, NULL), (3, NULL, 'NaN', '-infinity');
CREATE FUNCTION af_definition(id text, more jsonb DEFAULT '{}') RETURNS text LANGUAGE sql AS $$
    SELECT (jsonb_build_object('id', id, 'parameters', '[{"name": "least", "type": "number", "default": 1}, {"name": "a", "default": "x"}]'::jsonb,
        'steps', jsonb_build_array(step('accounts', 'query', '{"template": "SELECT * FROM af_account WHERE id >= {{parameters.least}}"}'),
                                   step('few', 'filter', '{"input": "${steps.accounts}", "columns": ["id", "name"], "sort": "-id"}')),
        'outputs', '[{"name": "short", "source": "${steps.accounts}", "columns": ["name", "id"]},
                     {"name": "figures", "metrics": [{"name": "n", "expression": "COUNT(*)"}]}]'::jsonb) || more)::text
$$;
SELECT playbook_create(af_definition('af'), publish => true);
SELECT playbook_run('af') AS document \gset
SELECT :'document'::jsonb ->> 'run_id' AS run, :'document'::jsonb -> 'execution' AS id \gset

-- The artifact, and its content.
SELECT is(:'document'::jsonb ->> 'artifact_path', 'artifacts/' || :'run' || '.json', 'the document names it');
SELECT is((SELECT path FROM playbook_artifacts WHERE execution_id = :id), 'artifacts/' || :'run' || '.json', 'that is its key');
SELECT is(convert_from(playbook_artifact(:id), 'UTF8'), $json${"playbook_id":"af","customer":null,"parameters":{"a":"x","least":1},"steps":[
{"step_id":"accounts","item":0,"columns":[{"name":"id","type":"integer"},{"name":"name","type":"text"},{"name":"arr","type":"numeric"},{"name":"seen","type":"timestamp with time zone"}],"row_count":3,"rows":[
[1,"",null,null],
[2,"Bolt, \"the\" fast",20.50,"2026-01-28T12:30:00+00:00"],
[3,null,"NaN","-infinity"]]},
{"step_id":"few","item":0,"columns":[{"name":"id","type":"integer"},{"name":"name","type":"text"}],"row_count":3,"rows":[
[3,null],
[2,"Bolt, \"the\" fast"],
[1,""]]}]}
$json$, 'the canonical form: rows sorted unless the step sorts, no time, no run id');
SELECT lives_ok(format('SELECT convert_from(playbook_artifact(%L), ''UTF8'')::json', :'run'), 'it is JSON; a run id is accepted');
SELECT is((SELECT sha256 FROM playbook_artifacts WHERE execution_id = :id), encode(sha256(playbook_artifact(:id)), 'hex'),
          'its checksum is that of the file');
SET LOCAL timezone = 'America/New_York';
SET LOCAL datestyle = 'German';
SET LOCAL extra_float_digits = 0;
SELECT is((SELECT sha256 FROM playbook_artifacts WHERE execution_id = :id), encode(sha256(playbook_artifact(:id)), 'hex'),
          'whatever the session''s settings are');
RESET timezone; RESET datestyle; RESET extra_float_digits;

-- The same data, the same checksum; other data, another.
CREATE FUNCTION af_sum(document jsonb) RETURNS text LANGUAGE sql AS
    $$SELECT sha256 FROM playbook_artifacts WHERE execution_id = (document ->> 'execution')::bigint$$;
CREATE TABLE af_other AS SELECT * FROM af_account ORDER BY id DESC;
TRUNCATE af_account;
INSERT INTO af_account SELECT * FROM af_other;
SELECT is(af_sum(playbook_run('af')), af_sum(:'document'), 'the same rows, stored in another order');
SELECT isnt(af_sum(playbook_run('af', parameters => '{"a": "y"}')), af_sum(:'document'), 'another parameter');
UPDATE af_account SET arr = 20.5 WHERE id = 2;
SELECT isnt(af_sum(playbook_run('af')), af_sum(:'document'), 'another digit');

-- Verifying.
SELECT row_eq(format('SELECT valid, reason, sha256 = computed FROM playbook_verify_artifact(%s)', :id),
              ROW(true, NULL::text, true), 'what is stored is what was saved');
SELECT is((SELECT valid FROM playbook_verify_artifact(:'run')), true, 'by its run id');
UPDATE playbook_step_executions SET rows = (SELECT rows FROM playbook_step_executions s WHERE s.execution_id = :id AND s.step_id = 'accounts')
WHERE execution_id = :id AND step_id = 'few';
SELECT row_eq(format('SELECT valid, reason, sha256 = computed FROM playbook_verify_artifact(%s)', :id),
              ROW(false, 'the stored rows give another checksum'::text, false), 'a change is noticed');

-- Many rows are sealed, and digested when somebody asks.
SELECT playbook_run('af_many', data_warehouse => NULL) FROM playbook_create($$
id: af_many
steps:
  - {id: q, type: query, config: {template: "SELECT n, md5(n::text) AS m FROM generate_series(1, 30000) AS n"}}
$$, publish => true) \gset many_
SELECT :'many_playbook_run'::jsonb -> 'execution' AS many \gset
SELECT row_eq(format('SELECT sha256 IS NULL, seal IS NOT NULL, row_count FROM playbook_artifacts WHERE execution_id = %s', :many),
              ROW(true, true, 30000::bigint), 'many rows are only sealed at first');
SELECT is((SELECT valid FROM playbook_verify_artifact(:many)), true, 'the seal is whole');
SELECT is((SELECT sha256 FROM playbook_artifacts WHERE execution_id = :many), encode(sha256(playbook_artifact(:many)), 'hex'),
          'and now the checksum is kept');
UPDATE playbook_artifacts SET sha256 = NULL WHERE execution_id = :many;
UPDATE playbook_step_rows SET data = set_byte(data, length(data) - 1, 0) WHERE execution_id = :many AND chunk = 1;
SELECT row_eq(format('SELECT valid, reason, sha256 FROM playbook_verify_artifact(%s)', :many),
              ROW(false, 'the stored rows are not those that were sealed'::text, NULL::text), 'a broken seal gets no checksum');

-- CSV.
SELECT is(convert_from(playbook_artifact(:id, 'csv', 'accounts'), 'UTF8'),
    E'id,name,arr,seen\n2,"Bolt, ""the"" fast",20.50,2026-01-28 12:30:00+00\n1,"",,\n3,,NaN,-infinity\n', 'a step as csv');
SELECT is(convert_from(playbook_artifact(:id, 'csv'), 'UTF8'),
    E'name,id\n"Bolt, ""the"" fast",2\n"",1\n,3\n', 'the first output, with its columns');
SELECT is(convert_from(playbook_artifact(:id, 'csv', 'figures'), 'UTF8'), E'n\n3\n', 'an output of figures');
SELECT throws_ok(format('SELECT playbook_artifact(%s, ''csv'', ''accunts'')', :id), '42704', 'there is no output or step "accunts"', 'an unknown part');
SELECT throws_ok(format('SELECT playbook_artifact(%s, ''json'', ''accounts'')', :id), '22023', NULL, 'json is whole');
SELECT throws_ok(format('SELECT playbook_artifact(%s, ''xlsx'')', :id), '22023', 'unknown format "xlsx"', 'an unknown format');
SELECT throws_ok('SELECT playbook_artifact(1)', '42704', NULL, 'an unknown execution');
SELECT throws_ok('SELECT * FROM playbook_verify_artifact(1)', '42704', NULL, 'likewise');

-- What leaves none.
CREATE FUNCTION af_detail(execution bigint) RETURNS text LANGUAGE plpgsql AS $$
DECLARE detail text;
BEGIN
    PERFORM playbook_verify_artifact(execution);
    RETURN 'it has one';
EXCEPTION WHEN object_not_in_prerequisite_state THEN
    GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
    RETURN detail;
END
$$;
SELECT playbook_run('af', save_artifacts => false) AS unsaved \gset
SELECT is(:'unsaved'::jsonb -> 'artifact_path', 'null'::jsonb, 'unsaved: no path');
SELECT is(af_detail((:'unsaved'::jsonb ->> 'execution')::bigint), 'It was started with save_artifacts => false.', 'and says so');
SELECT throws_ok(format('SELECT playbook_artifact(%s)', (:'unsaved'::jsonb ->> 'execution')), '55000', NULL, 'nor is there a file');
SELECT playbook_create('{"id": "af_acts", "steps": [{"id": "t", "type": "task", "config": {"title": "T", "wait": false}}]}', publish => true);
SELECT is(playbook_run('af_acts') -> 'artifact_path', 'null'::jsonb, 'a playbook that only acts leaves none');
SELECT playbook_create('{"id": "af_waits", "steps": [{"id": "q", "type": "query", "config": {"template": "SELECT 1"}},
    {"id": "w", "type": "wait", "config": {"for": "1 day"}}]}', publish => true);
SELECT playbook_run('af_waits') AS waits \gset
SELECT is(af_detail((:'waits'::jsonb ->> 'execution')::bigint), 'It is waiting.', 'one that is under way has none yet');
SELECT playbook_cancel((:'waits'::jsonb ->> 'execution')::bigint, 'test');
SELECT is(af_detail((:'waits'::jsonb ->> 'execution')::bigint), 'It was cancelled.', 'nor a cancelled one');

-- One that failed keeps what there is; going on from its failure takes that away until it ends again.
SELECT playbook_create('{"id": "af_fails", "steps": [{"id": "q", "type": "query", "config": {"template": "SELECT 1 AS one"}},
    {"id": "bad", "type": "query", "depends_on": ["q"], "config": {"template": "SELECT 1 / (SELECT count(*) FROM af_switch)"}}]}', publish => true);
CREATE TABLE af_switch (n integer);
SELECT (playbook_run('af_fails') ->> 'execution')::bigint AS failed \gset
SELECT is((SELECT status FROM playbook_artifacts WHERE execution_id = :failed), 'failed', 'a failed one keeps what there is');
INSERT INTO af_switch VALUES (1);
SELECT playbook_retry(:failed);
SELECT is((SELECT count(*) FROM playbook_artifacts WHERE execution_id = :failed), 0::bigint, 'a retry takes it away');
SELECT playbook_advance(:failed);
SELECT is((SELECT status || ' ' || row_count FROM playbook_artifacts WHERE execution_id = :failed), 'completed 2', 'and leaves another');

-- A type that somebody created; rows of each element.
CREATE TYPE af_mood AS ENUM ('glad');
SELECT (run_steps(jsonb_build_array(step('q', 'query', '{"template": "SELECT ''glad''::af_mood AS mood"}'))) ->> 'execution')::bigint AS moody \gset
SELECT row_eq(format('SELECT sha256 IS NULL, seal IS NOT NULL FROM playbook_artifacts WHERE execution_id = %s', :moody), ROW(true, true),
              'values of somebody''s type are not written while it finishes');
SELECT alike(convert_from(playbook_artifact(:moody), 'UTF8'), E'%"type":"public.af_mood"}],"row_count":1,"rows":[\n["glad"]]}]}\n', 'but when asked for');
SELECT playbook_create('{"id": "af_each", "steps": [{"id": "q", "type": "query", "for_each": [7, 8], "config": {"template": "SELECT {{item}}::int AS n"}}]}', publish => true);
SELECT alike(convert_from(playbook_artifact(playbook_run('af_each') ->> 'run_id'), 'UTF8'), E'%"item":1,%\n[7]]},\n%"item":2,%\n[8]]}]}\n',
             'rows of each element, not the list of elements');

-- Who may not see the execution, sees no artifact; what is not released is not exported.
CREATE ROLE af_outsider;
GRANT playbook_user TO af_outsider;
SET LOCAL ROLE af_outsider;
SELECT is_empty('SELECT * FROM playbook_artifacts', 'no artifacts of others');
RESET ROLE;
SELECT playbook_create(af_definition('af_review', '{"requires_human_review": true}'), publish => true);
SELECT (playbook_run('af_review') ->> 'execution')::bigint AS reviewed \gset
SELECT playbook_reject(id, 'no') FROM approvals WHERE execution_id = :reviewed;
SELECT playbook_advance(:reviewed);
SELECT throws_ok(format('SELECT playbook_artifact(%s)', :reviewed), '55000', NULL, 'what a person did not release stays inside');

SELECT * FROM finish();
ROLLBACK;
