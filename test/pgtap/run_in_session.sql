-- playbook_run, playbook_advance, playbook_run_id: an execution in the session and transaction of its caller.
BEGIN;
SELECT plan(38);
\ir refusal.psql

CREATE ROLE run_author; GRANT playbook_author TO run_author;
CREATE ROLE run_user;   GRANT playbook_user TO run_user;
SET LOCAL client_min_messages = error; -- owners of playbooks here do not log in
CREATE TABLE run_ledger (who text, n integer);
GRANT SELECT, INSERT ON run_ledger TO run_author;
SET LOCAL ROLE run_author;
SELECT playbook_create($yaml$
id: good
name: Good
parameters: [{name: n, type: integer, default: 1}]
steps:
  - id: write
    type: sql
    config: {template: "INSERT INTO run_ledger SELECT current_user, {{n}}", parameters: {n: "${parameters.n}"}}
  - {id: read, type: query, depends_on: [write], config: {template: "SELECT who, n FROM run_ledger ORDER BY n"}}
outputs: [{name: ledger, type: data, source: "${steps.read}"}]
$yaml$, true) \g /dev/null
SELECT playbook_create('{id: bad, name: Bad, steps: [{id: write, type: sql, config: {template: "INSERT INTO '
    'run_ledger VALUES (''bad'', 1)"}},
    {id: div, type: sql, config: {template: "SELECT 1 / 0"}}]}', true) \g /dev/null
SELECT playbook_create('{id: waits, name: W, steps: [{id: w, type: wait, config: {event: go}}]}', true) \g /dev/null
SELECT playbook_create(tiny('draft')) \g /dev/null
SELECT playbook_share('good', 'run_user', 'start') \g /dev/null

-- Success.
CREATE TEMP TABLE documents AS SELECT playbook_run('good', 'c1', '{"n": 7}', labels => '{"a": 1}') AS document;
SELECT is((SELECT document ->> 'status' FROM documents), 'completed', 'run gives the result document');
SELECT is((SELECT document #> '{steps,1,data}' FROM documents), '[{"n": 7, "who": "run_author"}]',
    'with the rows of its steps');
SELECT is((SELECT document ->> 'playbook_id' FROM documents), 'good', 'of that playbook');
SELECT results_eq('SELECT id, status, customer_id, labels, parameters FROM playbook_executions',
                  $$SELECT (document ->> 'execution')::bigint, 'completed', 'c1', '{"a": 1}'::jsonb,
                      '{"n": 7}'::jsonb FROM documents$$, 'and stores the execution');
SELECT is((SELECT playbook_result((document ->> 'execution')::bigint) FROM documents), (SELECT document
    FROM documents), 'playbook_result gives the same');
SELECT is((SELECT playbook_result(document ->> 'run_id') FROM documents), (SELECT document FROM documents),
    'by the run id too');
SELECT ok(NOT (playbook_result(document ->> 'run_id', include_data => false) -> 'steps' -> 1) ? 'data',
    'without data where it is not wanted') FROM documents;
RESET ROLE;
SELECT is(as_role('run_user', $$SELECT playbook_run('good') #>> '{steps,1,data,0,who}'$$), 'run_author',
    'it runs as its owner, whoever starts it');

-- Failure is a result, not an error; unless it is asked for.
SET LOCAL ROLE run_author;
DELETE FROM documents;
INSERT INTO documents SELECT playbook_run('bad');
SELECT is((SELECT document ->> 'status' FROM documents), 'failed', 'a failed step is a status');
SELECT is((SELECT document #>> '{error,sqlstate}' FROM documents), '22012', 'with its error');
SELECT is((SELECT document #>> '{error,step}' FROM documents), 'div', 'and its step');
SELECT is((SELECT count(*) FROM run_ledger WHERE who = 'bad'), 1::bigint, 'what was done before it stays');
SELECT is(refusal($$SELECT playbook_run('bad', raise_on_failure => true)$$),
    '22012 playbook "bad" failed at step "div": division by zero',
          'raise_on_failure raises it');
SELECT is((SELECT count(*) FROM run_ledger WHERE who = 'bad'), 1::bigint, 'which undoes what was done');
SELECT is(playbook_run('good', raise_on_failure => true) ->> 'status', 'completed',
    'and does not raise without a failure');

-- What waits.
DELETE FROM documents;
INSERT INTO documents SELECT playbook_run('waits');
SELECT results_eq('SELECT document ->> ''status'', document ->> ''waiting_for'' FROM documents', $$VALUES ('waiting',
    'event')$$,
                  'at the first wait run returns and says what for');
SELECT document ->> 'execution' AS execution FROM documents \gset
SELECT is(playbook_advance(:execution), 'waiting', 'advance gives the status');
SELECT playbook_signal(:execution, 'go') \g /dev/null
SELECT is(playbook_advance(:execution), 'completed', 'and goes as far as it can');
SELECT is(playbook_advance(:execution), 'completed', 'after the end it says so again');
SELECT is(playbook_advance(NULL), NULL, 'of null: null');

-- Refusals.
SELECT is(refusal($$SELECT playbook_run('nothing')$$),
          E'42704 playbook "nothing" does not exist\nDETAIL: Valid playbooks are: bad, draft, good, waits.\n'
          'HINT: Create it with playbook_create(), or ask its owner to share it with you.',
              'unknown playbook: the valid ids');
SELECT is(refusal($$SELECT playbook_run('good', parameters => '{"m": 1}')$$),
          E'22023 unknown parameter "m"\nHINT: Expected parameters: n (integer, default 1).',
              'wrong parameter: the expected form');
SELECT is(refusal($$SELECT playbook_run('draft')$$) ~ '^55000 playbook "draft" is not published', true, 'a draft');
SELECT is(playbook_run('draft', draft => true) ->> 'status', 'completed', 'unless it is asked for');
SELECT is(refusal($$SELECT playbook_run('good', labels => '7')$$) ~ '^22023 labels must be a JSON object', true,
    'labels that are no object');
SELECT is(refusal($$SELECT playbook_run('good', '')$$) ~ '^22023 customer must not be empty', true,
    'an empty customer');
RESET ROLE;
SELECT is(refusal($$SELECT as_role('run_user',
    $q$SELECT playbook_run('bad')$q$)$$) ~ '^42704 playbook "bad" does not exist', true, 'an invisible one');

-- Inside a transaction: what the caller rolls back has not happened.
SAVEPOINT undone;
SELECT is(as_role('run_author', $$SELECT playbook_run('good', parameters => '{"n": 99}') ->> 'status'$$),
    'completed', 'in a subtransaction');
ROLLBACK TO undone;
SELECT is((SELECT count(*) FROM run_ledger WHERE n = 99), 0::bigint, 'its effects go with it');
SELECT is((SELECT count(*) FROM playbook_executions WHERE parameters ->> 'n' = '99'), 0::bigint,
    'so does the execution');

-- Run ids.
SELECT matches(playbook_run_id(:execution), '^run_\d{8}_\d{6}_[0-9a-z]{6,}$', 'a run id');
SELECT is(substr(playbook_run_id(:execution), 5, 15), to_char(created_at AT TIME ZONE 'UTC', 'YYYYMMDD_HH24MISS'),
    'says when')
FROM playbook_executions WHERE id = :execution;
SELECT is((SELECT count(DISTINCT playbook_run_id(id)) FROM playbook_executions), (SELECT count(*)
    FROM playbook_executions), 'and which');
SELECT is((playbook_result(playbook_run_id(:execution)) ->> 'execution')::bigint, :execution::bigint,
    'it is taken where an execution is');
SELECT is(refusal($$SELECT playbook_run_id(1)$$) ~ '^42704 execution 1 does not exist', true,
    'of nothing there is none');
SELECT is(refusal($$SELECT playbook_result('run_of_luck')$$),
          E'22023 "run_of_luck" is neither an execution''s id nor a run id\n'
          'HINT: An id is a number such as 42; a run id reads run_20260128_143000_abc123.', 'a text that is none');
SELECT is(refusal($$SELECT playbook_result(1)$$) ~ '^42704 execution 1 does not exist', true, 'result: unknown');
SELECT is(refusal(format($$SELECT as_role('run_user', 'SELECT playbook_result(%s)')$$, :execution)) ~ '^42704 ',
    true, 'result: invisible');

SELECT * FROM finish();
ROLLBACK;
