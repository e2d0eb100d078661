-- playbook_skip, playbook_retry: taking one step out, doing failed ones again.
BEGIN;
SELECT plan(65);
\ir refusal.psql

SET LOCAL client_min_messages = error;
CREATE TABLE retry_ledger (step text, value integer);
CREATE TABLE retry_divisor (value integer);
INSERT INTO retry_divisor VALUES (0);
CREATE FUNCTION step_of(execution bigint, step text) RETURNS text LANGUAGE sql AS
    $$SELECT concat_ws(' ', status, outcome, reason) FROM playbook_step_executions WHERE execution_id = execution
        AND step_id = step$$;
SELECT playbook_create($yaml$
id: work
name: Work
steps:
  - {id: one, type: sql, config: {template: "INSERT INTO retry_ledger VALUES ('one', 1)"}}
  - id: two
    type: sql
    config: {template: "INSERT INTO retry_ledger SELECT 'two', {{n}} / value FROM retry_divisor", parameters: {n: 6}}
  - {id: three, type: sql, config: {template: "INSERT INTO retry_ledger VALUES ('three', 3)"}}
  - {id: told, type: wait, when: "steps.two.status = 'completed'", config: {for: 0}}
$yaml$, true) \g /dev/null
SELECT playbook_create('{id: waits, name: W, steps: [{id: w, type: wait, config: {event: go}}, {id: c, type: '
    'condition, config: {if: "steps.w.outcome = ''received''",
    then: [{id: yes_w, type: wait, config: {for: 0}}], else: [{id: no_w, type: wait,
        config: {for: 0}}]}}]}', true) \g /dev/null

-- Skipping.
SELECT playbook_start('waits') AS execution \gset
SELECT playbook_advance(:execution) \g /dev/null
SELECT is(refusal(format($$SELECT playbook_skip(%s, 'x')$$, :execution)),
          format(E'42704 execution %s has no step "x"\nDETAIL: Its steps are: w, c, yes_w, no_w.', :execution),
              'an unknown step: the valid ones');
SELECT is(refusal(format($$SELECT playbook_skip(%s, NULL)$$, :execution)), '22004 argument "step" must not be null',
    'null is no step');
SELECT lives_ok(format($$SELECT playbook_skip(%s, 'w', 'they called')$$, :execution), 'a waiting step is skipped');
SELECT is(step_of(:execution, 'w'), 'skipped skipped they called', 'with the reason');
SELECT is(refusal(format($$SELECT playbook_skip(%s, 'w')$$, :execution)),
          E'55000 step "w" is skipped\nDETAIL: Only a step that has not ended well can be skipped.', 'not twice');
SELECT is(playbook_advance(:execution), 'completed', 'the execution goes on');
SELECT is(step_of(:execution, 'no_w'), 'completed elapsed', 'by the branch that an unknown outcome takes');
SELECT playbook_start('waits') AS execution \gset
SELECT playbook_advance(:execution) \g /dev/null
SELECT is(refusal(format($$SELECT playbook_skip(%s, 'w', 'they said so', 'recieved')$$, :execution)),
          E'22023 the outcome of step "w" is never "recieved"\nHINT: Did you mean "received"? It can be received, '
              'timeout or skipped.', 'an outcome that a wait never has');
SELECT is(refusal(format($$SELECT playbook_skip(%s, 'c', NULL, 'approved')$$, :execution)),
          E'22023 the outcome of step "c" is never "approved"\nHINT: It can be then, else or skipped.',
              'the branches of a condition are its outcomes');
SELECT is(step_of(:execution, 'w'), 'waiting', 'a refusal changes nothing');
SELECT playbook_skip(:execution, 'w', 'they said so', 'received') \g /dev/null
SELECT playbook_advance(:execution) \g /dev/null
SELECT is(step_of(:execution, 'w'), 'skipped received they said so', 'with an outcome');
SELECT is(step_of(:execution, 'yes_w'), 'completed elapsed', 'that conditions see');
SELECT playbook_start('waits') AS execution \gset
SELECT lives_ok(format($$SELECT playbook_skip(%s, 'w')$$, :execution), 'a step of what has not begun is skipped');
SELECT is(playbook_advance(:execution), 'completed', 'and stays skipped when it begins');
SELECT is(step_of(:execution, 'w'), 'skipped skipped skipped by a person',
    'with a reason of ours where none was given');
SELECT playbook_start('work') AS execution \gset
SELECT playbook_skip(:execution, 'two') \g /dev/null
SELECT is(playbook_advance(:execution), 'completed', 'a step that would fail');
SELECT is((SELECT array_agg(step ORDER BY value) FROM retry_ledger), '{one,three}', 'is left out');
SELECT is(step_of(:execution, 'told'), 'skipped when its condition does not hold: steps.two.status = ''completed''',
          'conditions see that it was');
SELECT is(refusal(format($$SELECT playbook_skip(%s, 'one')$$,
    :execution)) ~ format('^55000 execution %s is completed', :execution), true, 'after the end nothing is skipped');
TRUNCATE retry_ledger;

-- Retrying what failed.
SELECT playbook_start('work') AS execution \gset
SELECT is(playbook_advance(:execution), 'failed', 'an execution fails');
SELECT is((SELECT error ->> 'sqlstate' || ' ' || (error ->> 'step') FROM playbook_executions WHERE id = :execution),
    '22012 two', 'and says where and why');
SELECT results_eq('SELECT step FROM retry_ledger', $$VALUES ('one')$$,
    'what came before is done, what failed left nothing');
SELECT is(step_of(:execution, 'three') ~ '^skipped', true, 'what came after is skipped');
SELECT is(refusal(format($$SELECT playbook_retry(%s, 'x')$$, :execution)) ~ 'has no step "x"', true,
    'from an unknown step');
SELECT is(refusal(format($$SELECT playbook_retry(%s, NULL, '{"n": 1}')$$, :execution)),
          E'22023 changes need the step whose input they change\nHINT: Name it: playbook_retry(execution, '
              '''step'', changes).', 'changes without a step');
SELECT is(refusal(format($$SELECT playbook_retry(%s, 'two', '[1]')$$,
    :execution)) ~ '^22023 changes must be a JSON object', true, 'changes that are no object');
SELECT is((SELECT status FROM playbook_executions WHERE id = :execution), 'failed', 'refusals leave it as it was');
SELECT lives_ok(format('SELECT playbook_retry(%s)', :execution), 'retry');
SELECT results_eq(format('SELECT status, slot, error, finished_at FROM playbook_executions WHERE id = %s',
    :execution),
                  $$VALUES ('running', 0::smallint, NULL::jsonb, NULL::timestamptz)$$, 'brings it back to life');
SELECT is(playbook_advance(:execution), 'failed', 'to fail again while the reason stands');
UPDATE retry_divisor SET value = 2;
SELECT playbook_retry(:execution) \g /dev/null
SELECT is(playbook_advance(:execution), 'completed', 'and to complete when it is gone');
SELECT results_eq('SELECT step, value FROM retry_ledger ORDER BY step', $$VALUES ('one', 1), ('three', 3), ('two',
    3)$$,
                  'what had been done is not done again');
SELECT is(step_of(:execution, 'told'), 'completed elapsed', 'what was skipped because of the failure is done now');
SELECT is((SELECT count(*) FROM playbook_executions WHERE id = :execution), 1::bigint,
    'it is the same execution, once');
SELECT is((SELECT count(*) FROM playbook_step_executions WHERE execution_id = :execution), 4::bigint,
    'with its steps, once');
TRUNCATE retry_ledger;

-- From a step on.
SELECT playbook_create($yaml$
id: waiting_work
name: Waiting work
steps:
  - {id: one, type: sql, config: {template: "INSERT INTO retry_ledger VALUES ('one', 1)"}}
  - {id: two, type: sql, config: {template: "INSERT INTO retry_ledger VALUES ('two', 2)"}}
  - {id: w, type: wait, config: {event: go}}
$yaml$, true) \g /dev/null
SELECT playbook_start('waiting_work') AS execution \gset
SELECT playbook_advance(:execution) \g /dev/null
SELECT is(refusal(format('SELECT playbook_retry(%s)', :execution)),
          format(E'55000 execution %s has no failed step\nHINT: Name the step to go on from: '
              'playbook_retry(execution, ''step'').', :execution),
          'without a failure a step must be named');
SELECT lives_ok(format($$SELECT playbook_retry(%s, 'two')$$, :execution), 'one that ended well');
SELECT is(playbook_advance(:execution), 'waiting', 'is done again');
SELECT results_eq('SELECT step, count(*) FROM retry_ledger GROUP BY step ORDER BY step', $$VALUES ('one', 1::bigint),
    ('two', 2::bigint)$$,
                  'with all that comes after it, and nothing before it');
TRUNCATE retry_ledger;

-- With changes of its input.
UPDATE retry_divisor SET value = 0;
SELECT playbook_create($yaml$
id: mail
name: Mail
steps: [{id: m, type: email, config: {to: "not an address", subject: Hello, body: Text}}]
$yaml$, true) \g /dev/null
SELECT playbook_start('mail') AS execution \gset
SELECT is(playbook_advance(:execution), 'failed', 'a mail to nobody fails');
SELECT is(refusal(format($$SELECT playbook_retry(%s, 'm', '{"too": ["buyer@acme.example"]}')$$, :execution)) ~
          '^22023 there is no "too" in the input of step "m"\nHINT: Did you mean "to"', true, 'a key that the step does not know');
SELECT is((SELECT status FROM playbook_executions WHERE id = :execution), 'failed', 'a refusal brings nothing back to life');
SELECT lives_ok(format($$SELECT playbook_retry(%s, 'm', '{"to": ["buyer@acme.example"]}')$$, :execution),
    'with another address');
SELECT is(playbook_advance(:execution), 'completed', 'it is queued');
SELECT is((SELECT concat_ws(' ', recipient, payload ->> 'subject') FROM playbook_outbox
    WHERE execution_id = :execution), 'buyer@acme.example Hello',
          'to that one, the rest as it was');
SELECT is((SELECT count(*) FROM playbook_outbox WHERE execution_id = :execution), 1::bigint, 'once');
SELECT playbook_start('work') AS execution \gset
SELECT playbook_advance(:execution) \g /dev/null
SELECT is(refusal(format($$SELECT playbook_retry(%s, 'two', %L)$$, :execution, changes)), '22023 ' || said, 'of a statement: ' || changes)
FROM (VALUES ('{"parameters": {"m": 1}}', E'there is no "m" in parameters of the input of step "two"\nHINT: It can be n.'),
             ('{"n": 1}', E'there is no "n" in the input of step "two"\nHINT: It can be template or parameters.')) AS t (changes, said);
SELECT lives_ok(format($$SELECT playbook_retry(%s, 'two', '{"parameters": {"n": 8}}')$$, :execution), 'one that it has');
SELECT playbook_cancel(:execution) \g /dev/null
TRUNCATE retry_ledger;

-- Row sets and items of what is done again are done again.
CREATE TABLE retry_rows AS SELECT n FROM generate_series(1, 3) AS n;
SELECT playbook_create($yaml$
id: items
name: Items
steps:
  - {id: found, type: query, config: {template: "SELECT n FROM retry_rows"}}
  - id: each
    type: sql
    for_each: "${steps.found}"
    depends_on: [found]
    config: {template: "INSERT INTO retry_ledger VALUES ('each', {{n}})", parameters: {n: "${item.n}"}}
  - {id: w, type: wait, config: {event: go}}
$yaml$, true) \g /dev/null
SELECT playbook_start('items') AS execution \gset
SELECT playbook_advance(:execution) \g /dev/null
SELECT is((SELECT count(*) FROM retry_ledger), 3::bigint, 'three rows, three items');
DELETE FROM retry_rows WHERE n > 1;
SELECT playbook_retry(:execution, 'found') \g /dev/null
SELECT is(playbook_advance(:execution), 'waiting', 'again from the query on');
SELECT is((SELECT count(*) FROM retry_ledger), 4::bigint, 'with the rows of now');
SELECT is((SELECT count(*) FROM playbook_step_executions WHERE execution_id = :execution AND item > 0), 1::bigint,
    'and their items only');
SELECT results_eq(format($$SELECT * FROM playbook_rows(%s, 'found')$$, :execution), $$VALUES ('{"n": 1}'::jsonb)$$,
    'and their row set');

-- A customer has one active execution, however it came to life.
SELECT playbook_create($yaml$
id: alone
conflict: skip
steps:
  - {id: divide, type: query, config: {template: "SELECT 1 / value AS one FROM retry_divisor"}}
  - {id: w, type: wait, depends_on: [divide], config: {event: go}}
$yaml$, true) \g /dev/null
CREATE FUNCTION retried(execution bigint) RETURNS text LANGUAGE sql AS
    $$SELECT playbook_retry(execution); SELECT playbook_advance(execution)$$;
SELECT playbook_run('alone', 'c1') ->> 'execution' AS failed \gset
SELECT playbook_run('alone', 'c1') ->> 'execution' AS failed_too \gset
UPDATE retry_divisor SET value = 1;
SELECT playbook_run('alone', 'c1') ->> 'execution' AS active \gset
SELECT is(refusal(format('SELECT playbook_retry(%s)', :failed)),
          format(E'23505 customer "c1" already runs playbook "alone"\nDETAIL: Execution %s is waiting.\n'
                 'HINT: Retry when it has ended, or cancel it with playbook_cancel().', :active),
          'no retry beside the active execution');
SELECT is(refusal(format('SELECT playbook_retry(%s, ''divide'')', :failed)) ~ '^23505 ', true, 'from a step neither');
SELECT is((SELECT array_agg(DISTINCT status) FROM playbook_executions WHERE id IN (:failed, :failed_too)), '{failed}',
    'what was refused is as it was');
SELECT lives_ok(format($$SELECT playbook_retry(%s, 'divide')$$, :active), 'the active one itself may do a step again');
SELECT is(playbook_advance(:active), 'waiting', 'in its own place');
SELECT playbook_cancel(:active) \g /dev/null
SELECT is(retried(:failed), 'waiting', 'when that has ended, the retry');
SELECT is(refusal($$SELECT playbook_start('alone', 'c1')$$) ~ format('DETAIL: Execution %s is waiting', :failed), true,
    'has the place');
SELECT results_eq($$SELECT execution, result, detail FROM playbook_retry_failed('alone')$$,
    format($$VALUES (%s::bigint, 'refused', 'customer "c1" already runs playbook "alone"')$$, :failed_too),
    'many at once are no way around it');
SELECT is((SELECT result FROM playbook_skip_failed('alone')), 'refused', 'nor is skipping what failed');
SELECT playbook_signal(:failed, 'go') \g /dev/null
SELECT playbook_advance(:failed) \g /dev/null
UPDATE retry_divisor SET value = 0;
SELECT playbook_run('alone', 'c2', conflict => 'allow') ->> 'execution' AS allowed \gset
UPDATE retry_divisor SET value = 1;
SELECT playbook_run('alone', 'c2') \g /dev/null
SELECT is(retried(:allowed), 'waiting', 'one that was started beside others goes on beside them');
SELECT playbook_cancel(:allowed) \g /dev/null
SELECT is(refusal($$SELECT playbook_start('alone', 'c2')$$) ~ '^23505 ', true, 'and leaves them their place');

SELECT * FROM finish();
ROLLBACK;
