-- for_each and repeat: what is looped over, how many at once, what a failing item means, when a repetition ends.
BEGIN;
SELECT plan(51);
\ir steps.psql

-- What is looped over.
SELECT run($$steps:
  - {id: found, type: query, config: {template: "SELECT n AS id, 'name ' || n AS name FROM generate_series(1, 3) n"}}
  - {id: each, type: sql, for_each: "${steps.found}",
      config: {template: "INSERT INTO said (word) VALUES ({{item.name}} || '/' || {{index}}) RETURNING word"}}
  - {id: after, type: wait, when: steps.each.output.items = 3 AND steps.each.row_count = 3,
      config: {for: 0}}$$) AS e \gset
SELECT is(words(), 'name 1/0 name 2/1 name 3/2', 'the rows of a step, in their order, with item and index');
SELECT is(story(:e), 'found completed, each completed, after completed elapsed', 'the step completes when all have');
SELECT is(items(:e, 'each'), '1 completed, 2 completed, 3 completed', 'each item has a row of its own');
SELECT is((SELECT output FROM row_of(:e, 'each')), '{"items": 3, "failed": 0}'::jsonb, 'the step counts them');
SELECT is((SELECT array_agg(r ->> 'status' ORDER BY (r ->> 'index')::integer) FROM playbook_rows(:e, 'each') r),
          '{completed,completed,completed}', 'and has a row for each');
TRUNCATE said;
SELECT run($$steps:
  - {id: each, type: sql, for_each: [red, green, 3],
      config: {template: "INSERT INTO said (word) VALUES ({{item}}::text)"}}$$) AS e \gset
SELECT is(words(), 'red green 3', 'a list written in the definition');
TRUNCATE said;
SELECT run($$parameters: [{name: names, type: array}, {name: last, type: string, default: z}]
steps:
  - {id: each, type: sql, for_each: "${parameters.names}",
      config: {template: "INSERT INTO said (word) VALUES ({{item}}::text)"}}
  - {id: both, type: sql, for_each: ["{{parameters.last}}", "${parameters.last}!"],
      config: {template: "INSERT INTO said (word) VALUES ({{item}}::text)"}}$$,
  parameters => '{"names": ["a", "b"]}') AS e \gset
SELECT is(words(), 'a b z z!', 'a parameter; references and templates inside a list');
SELECT run($$parameters: [{name: names, type: array, default: []}]
steps:
  - {id: each, type: wait, for_each: "${parameters.names}", config: {for: 0}}
  - {id: after, type: wait, config: {for: 0}}$$) AS e \gset
SELECT is(story(:e), 'each completed, after completed elapsed', 'over nothing it completes at once');
SELECT is((SELECT output FROM row_of(:e, 'each')), '{"items": 0, "failed": 0}'::jsonb, 'having done nothing');
SELECT run($$steps:
  - {id: found, type: query, config: {template: SELECT 1 AS id WHERE false}}
  - {id: each, type: wait, for_each: "${steps.found}", config: {for: 0}}$$) AS e \gset
SELECT is(story(:e), 'found completed, each completed', 'likewise over no rows');
SELECT run($$parameters: [{name: who, type: string, default: x}]
steps: [{id: each, type: wait, for_each: "${parameters.who}", config: {for: 0}}]$$) AS e \gset
SELECT is(failure_of(:e, 'each'), '22023 for_each needs a list, but "${parameters.who}" is of type string',
    'over what is no list it fails');
SET LOCAL playbook.max_items = 2;
SELECT run($$steps: [{id: each, type: wait, for_each: [1, 2, 3], config: {for: 0}}]$$) AS e \gset
SELECT is(failure_of(:e, 'each'), '54000 for_each has 3 items, more than 2', 'nor over too much');
RESET playbook.max_items;
-- Read once, however many items there are.
CREATE SEQUENCE reads;
CREATE VIEW counted AS SELECT 'acme'::text AS id, nextval('reads')::text AS read;
SELECT playbook_set_customer_source('counted', key => 'id') \g /dev/null
SELECT playbook_create($$
id: read
steps: [{id: each, type: sql, for_each: ["{{customer.read}}", 2, 3, 4, 5, 6, 7, 8],
    config: {template: "INSERT INTO said (word) VALUES ({{item}}::text)"}}]$$, publish => true) \g /dev/null
TRUNCATE said;
SELECT nextval('reads') AS before, playbook_start('read', 'acme') AS e, nextval('reads') AS started \gset
SELECT playbook_advance(:e) \g /dev/null
SELECT is(words(), (:started + 1) || ' 2 3 4 5 6 7 8', 'the list is as it was when the step began');
SELECT is(nextval('reads'), (:started + 2)::bigint, 'and is not read again for each of its items');
-- A guard.
SELECT run($$steps: [{id: each, type: wait, for_each: [1, 2, 3], when: item <> 2 AND index < 5, config: {for: 0}},
    {id: none, type: wait, for_each: [1, 2], when: 1 = 2, config: {for: 0}}]$$) AS e \gset
SELECT is(items(:e, 'each'), '1 completed elapsed, 2 skipped when, 3 completed elapsed',
    'a guard that asks for item is each item''s');
SELECT is(story(:e), 'each completed, none skipped when', 'another is the step''s');

-- How many at once.
SELECT run($$steps:
  - {id: each, type: task, for_each: [1, 2, 3, 4], concurrency: 2, config: {title: "Task {{item}}"}}$$) AS e \gset
SELECT is(items(:e, 'each'), '1 waiting task, 2 waiting task, 3 pending, 4 pending',
    'concurrency: no more than that are under way');
SELECT playbook_complete_task(id) FROM playbook_tasks WHERE execution_id = :e AND title = 'Task 2' \g /dev/null
SELECT playbook_advance(:e) \g /dev/null
SELECT is(items(:e, 'each'), '1 waiting task, 2 completed done, 3 waiting task, 4 pending',
    'one that ends makes room for the next');
SELECT is(story(:e) || ' / ' || status_of(:e), 'each waiting step / waiting task',
    'the execution says that it waits for a person');
SELECT playbook_complete_task(id, '{"n": 1}') FROM playbook_tasks WHERE execution_id = :e
    AND status = 'open' \g /dev/null
SELECT playbook_advance(:e) \g /dev/null
SELECT playbook_complete_task(id, outcome => 'declined') FROM playbook_tasks WHERE execution_id = :e
    AND status = 'open' \g /dev/null
SELECT playbook_advance(:e) \g /dev/null
SELECT is(items(:e, 'each'), '1 completed done, 2 completed done, 3 completed done, 4 completed declined',
    'until all are done');
SELECT is(story(:e), 'each completed', 'and the step with them');
SELECT is((SELECT string_agg(r ->> 'outcome', ' ' ORDER BY (r ->> 'index')::integer) FROM playbook_rows(:e,
    'each') r),
          'done done done declined', 'whose rows say how each ended');
SELECT run($$steps: [{id: each, type: email, for_each: [a, b], config: {to: "{{item}}@example.com",
    subject: "To {{item}}", body: "{{index}}"}}]$$) AS e \gset
SELECT is((SELECT string_agg((payload ->> 'subject') || ' ' || (payload ->> 'body') || ' ' || recipient, ', '
    ORDER BY item) FROM playbook_outbox WHERE execution_id = :e),
          'To a 0 a@example.com, To b 1 b@example.com', 'a message for each');
SELECT is((SELECT count(DISTINCT idempotency_key) FROM playbook_outbox WHERE execution_id = :e), 2::bigint,
    'with a key of its own');

-- A failing item.
CREATE FUNCTION failing(more text) RETURNS bigint LANGUAGE sql AS $f$ SELECT run(format($$
steps:
  - {id: each, type: sql, for_each: [1, 0, 2], concurrency: 1,
      config: {template: "INSERT INTO said (word) VALUES (1 / {{item}}::integer)"}%s}
  - {id: after, type: wait, config: {for: 0}}$$, more)) $f$;
TRUNCATE said;
SELECT failing('') AS e \gset
SELECT is(items(:e, 'each'), '1 completed, 2 failed, 3 completed', 'collect, the default: the others go on');
SELECT is(story(:e), 'each completed, after completed elapsed', 'and the step completes');
SELECT is((SELECT output FROM row_of(:e, 'each')), '{"items": 3, "failed": 1}'::jsonb, 'saying how many failed');
SELECT is((SELECT r ->> 'error' FROM playbook_rows(:e, 'each') r WHERE r ->> 'index' = '1'), 'division by zero',
    'and why');
SELECT is(words(), '1 0', 'what the others did stands');
SELECT failing(', on_item_error: fail') AS e \gset
SELECT is(items(:e, 'each'), '1 completed, 2 failed, 3 skipped failed', 'fail: the first failure ends it');
SELECT is(story(:e), 'each failed, after skipped failed', 'and the step fails');
SELECT is(failure_of(:e, 'each'), '22012 division by zero', 'for the item''s reason');
SELECT failing(', on_item_error: fail, on_error: continue') AS e \gset
SELECT is(story(:e), 'each failed, after completed elapsed', 'which on_error may forgive');
SELECT run($$steps: [{id: each, type: sql, for_each: [0, 1], retry: {attempts: 2, delay: 5s},
    config: {template: "INSERT INTO said (word) VALUES (1 / {{item}}::integer)"}}]$$) AS e \gset
SELECT is(items(:e, 'each'), '1 waiting retry, 2 completed', 'each item is tried again by itself');
SELECT later(:e, '6 s') \g /dev/null
SELECT is(items(:e, 'each'), '1 failed, 2 completed', 'as often as the step says');
-- Approvals of items.
SELECT run($$steps: [{id: each, type: sql, for_each: [a, b], require_approval: {approvers: [postgres]},
    config: {template: "INSERT INTO said (word) VALUES ({{w}})", parameters: {w: "{{item}}"}}}]$$) AS e \gset
SELECT playbook_reject(id) FROM approvals WHERE execution_id = :e AND item = 1 \g /dev/null
SELECT playbook_approve(id) FROM approvals WHERE execution_id = :e AND item = 2 \g /dev/null
SELECT playbook_advance(:e) \g /dev/null
SELECT is(items(:e, 'each'), '1 skipped rejected, 2 completed', 'each item has an approval of its own');
SELECT run($$steps: [{id: each, type: wait, for_each: [a, b], require_approval: {approvers: [postgres], expires: 1 day,
    on_expiry: [{id: nobody, type: wait, config: {for: 0}}]}, config: {for: 0}}]$$) AS e \gset
SELECT playbook_approve(id) FROM approvals WHERE execution_id = :e AND item = 2 \g /dev/null
SELECT is(later(:e, '25 hours'), 'each completed, nobody completed elapsed',
    'steps of on_expiry run once when nobody decided about one of them');
SELECT run($$steps: [{id: each, type: wait, for_each: [a], require_approval: {approvers: [postgres], expires: 1 day,
    on_expiry: [{id: nobody, type: wait, config: {for: 0}}]}, config: {for: 0}}]$$) AS e \gset
SELECT playbook_approve(id) FROM approvals WHERE execution_id = :e \g /dev/null
SELECT is(later(:e, '1 hour'), 'each completed, nobody skipped branch', 'and do not where all were decided');
-- Cancelling takes back what items left open.
SELECT run($$steps: [{id: each, type: task, for_each: [1, 2], config: {title: T}}]$$) AS e \gset
SELECT playbook_cancel(:e, 'enough') \g /dev/null
SELECT is(items(:e, 'each') || ' / ' || (SELECT string_agg(status, ' ') FROM playbook_tasks WHERE execution_id = :e),
          '1 skipped cancelled, 2 skipped cancelled / revoked revoked',
              'a cancelled execution takes back its items'' tasks');

-- repeat.
TRUNCATE said;
SELECT run($$steps: [{id: r, type: sql, repeat: {every: 1 hour, times: 3},
    config: {template: "INSERT INTO said (word) VALUES ('x') RETURNING word"}},
    {id: after, type: wait, when: steps.r.status = 'completed', config: {for: 0}}]$$) AS e \gset
SELECT is(story(:e) || ' ' || words(), 'r waiting time x', 'the first run is at once, the next at its time');
SELECT later(:e, '59 min') \g /dev/null
SELECT is(words(), 'x', 'not before');
SELECT later(:e, '2 min') \g /dev/null
SELECT is(story(:e) || ' ' || words(), 'r waiting time x x', 'the second');
SELECT later(:e, '61 min') \g /dev/null
SELECT is(story(:e) || ' ' || words(), 'r completed, after completed elapsed x x x', 'after the last it is over');
TRUNCATE said;
SELECT run($$steps: [{id: r, type: sql, repeat: {every: 0,
    until: steps.r.output.row_count > 0 AND execution.elapsed >= '0'},
    config: {template: "INSERT INTO said (word) SELECT 'y' WHERE (SELECT count(*) FROM generate_series(1,
    1)) = 1"}}]$$) AS e \gset
SELECT is(story(:e) || ' ' || words(), 'r completed y', 'until: ends when the condition holds');
CREATE SEQUENCE ticks;
SELECT run($$steps: [{id: r, type: sql, repeat: {every: 1 min, times: 50, until: steps.r.output.row_count = 0},
    config: {template: "INSERT INTO said (word) SELECT 'z' WHERE nextval('ticks') < 4"}}]$$) AS e \gset
SELECT later(:e, '2 min') FROM generate_series(1, 3) \g /dev/null
SELECT is(story(:e) || ' ' || words(), 'r completed y z z z', 'which is asked after each run');
SELECT is((SELECT count(*) FROM playbook_step_executions WHERE execution_id = :e AND item > 0), 4::bigint,
    'each of which has a row');
-- What it has given is there to be asked about: rows, their number, a column.
SELECT run($$steps: [{id: r, type: query, repeat: {every: 1 min, times: 9, until: steps.r.row_count > 2},
    config: {template: "SELECT word FROM said WHERE word = 'z' UNION ALL SELECT 'more' WHERE {{execution.elapsed}}::interval > '90 s'"}}]$$) AS e \gset
SELECT is(story(:e), 'r completed', 'the number of rows of a query');
TRUNCATE said;
SELECT run($$steps: [{id: r, type: sql, repeat: {every: 0, times: 9, until: "steps.r.output[0].n >= 3"},
    config: {template: "INSERT INTO said (word) SELECT 'w' || count(*) FROM said RETURNING (SELECT count(*) + 1 FROM said) AS n"}}]$$) AS e \gset
SELECT later(:e, '1 s') FROM generate_series(1, 4) \g /dev/null
SELECT is(story(:e) || ' ' || words(), 'r completed w0 w1 w2', 'what a statement returns');
TRUNCATE said;
SELECT run($$steps: [{id: r, type: sql, alone: true, repeat: {every: 1 min, times: 9, until: "steps.r.output[0].n >= 2"},
    config: {template: "INSERT INTO said (word) SELECT 'w' || count(*) FROM said RETURNING (SELECT count(*) + 1 FROM said) AS n"}}]$$) AS e \gset
SELECT later(:e, '2 min') FROM generate_series(1, 4) \g /dev/null
SELECT is(story(:e) || ' ' || words(), 'r completed w0 w1', 'also of one that runs alone');
SELECT is((SELECT string_agg(r::text, ' ') FROM playbook_rows(:e, 'r') AS r), '{"n": 2}', 'whose last run is its result');
SELECT run($$steps: [{id: r, type: sql, repeat: {every: 0, times: 5}, config: {template: SELECT 1 / 0}},
    {id: after, type: wait, config: {for: 0}}]$$) AS e \gset
SELECT is(story(:e), 'r failed, after skipped failed', 'a run that fails ends it');

SELECT * FROM finish();
ROLLBACK;
