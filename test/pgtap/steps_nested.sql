-- Playbooks that start playbooks: whom for, with what, who waits for whom, who ends with whom.
BEGIN;
SELECT plan(40);
\ir steps.psql
CREATE FUNCTION children(execution bigint) RETURNS SETOF playbook_executions LANGUAGE sql AS
    $$SELECT * FROM playbook_executions WHERE parent_execution = execution ORDER BY id$$;
-- Parents and children go on until nothing moves.
CREATE FUNCTION settle(execution bigint) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    child bigint;
BEGIN
    FOR round IN 1 .. 4 LOOP
        FOR child IN SELECT id FROM playbook_executions WHERE id <> execution AND status IN ('pending', 'running',
            'waiting') LOOP
            PERFORM playbook_advance(child);
        END LOOP;
        PERFORM playbook_advance(execution);
    END LOOP;
    RETURN story(execution);
END
$$;
SELECT playbook_create($$id: child
name: Child
parameters: [{name: n, type: integer, default: 7}]
steps:
  - {id: say, type: sql,
      config: {template: "INSERT INTO said (word) VALUES ({{n}}::text || ':' || {{customer.id}}::text)",
      parameters: {n: "${parameters.n}"}}}
  - {id: odd, type: condition, config: {if: parameters.n % 2 = 1, then: [{id: pause, type: wait,
      config: {event: go}}], else: [{id: on, type: wait, config: {for: 0}}]}}
  - {id: last, type: sql, when: parameters.n <> 0,
      config: {template: "INSERT INTO said (word) VALUES ('end' || {{n}})", parameters: {n: "${parameters.n}"}}}
  - {id: flaw, type: sql, when: parameters.n = 0, config: {template: "SELECT 1 / {{n}}::integer",
      parameters: {n: "${parameters.n}"}}}
on_cancel: [{id: sorry, type: sql, config: {template: "INSERT INTO said (word) VALUES ('sorry')"}}]$$,
    publish => true) \g /dev/null

-- The customer and the parameters.
SELECT run($$steps:
  - {id: p, type: playbook, config: {playbook: child}}
  - {id: after, type: wait, when: "steps.p.outcome = 'completed'", config: {for: 0}}$$, 'acme') AS e \gset
SELECT is(story(:e), 'p waiting execution', 'the step waits for the playbook it started');
SELECT is(status_of(:e), 'waiting execution', 'and the execution says so');
SELECT is((SELECT customer_id || ' ' || (parameters ->> 'n') FROM children(:e)), 'acme 7',
    'which runs for the same customer, with its defaults');
SELECT is((SELECT parent_position || ' ' || parent_item FROM children(:e)), '0 0', 'and knows its step');
SELECT is((SELECT (output ->> 'execution')::bigint FROM row_of(:e, 'p')), (SELECT id FROM children(:e)),
    'as the step knows it');
SELECT is(settle(:e), 'p waiting execution', 'while it waits, so does the step');
SELECT playbook_signal(id, 'go') FROM children(:e) \g /dev/null
SELECT is(settle(:e), 'p completed, after completed elapsed', 'when it has ended the step completes');
SELECT is(words(), '7:acme end7', 'its steps ran once');
SELECT is(status_of(:e), 'completed', 'and so does the parent');
TRUNCATE said;
SELECT run($$steps:
  - {id: p, type: playbook, config: {playbook: "{{parameters.which}}", customer: "{{parameters.whom}}",
      parameters: {n: "${parameters.n}"}, wait: false}}
  - {id: after, type: wait, when: "steps.p.outcome = 'started'", config: {for: 0}}
parameters: [{name: which, type: string, default: child}, {name: whom, type: string, default: globex}, {name: n,
    type: integer, default: 4}]$$, 'acme') AS e \gset
SELECT is(story(:e) || ' / ' || status_of(:e), 'p completed started, after completed elapsed / completed',
    'wait: false goes on at once');
SELECT is((SELECT customer_id || ' ' || (parameters ->> 'n') || ' ' || status FROM children(:e)),
    'globex 4 pending', 'customer and parameters are given');
SELECT playbook_advance(id) FROM children(:e) \g /dev/null
SELECT is(words(), '4:globex end4', 'it runs by itself');

-- What fails.
SELECT run($$steps:
  - {id: p, type: playbook, config: {playbook: child, parameters: {n: 0}}}
  - {id: after, type: wait, config: {for: 0}}$$, 'acme') AS e \gset
SELECT is(settle(:e), 'p failed, after skipped failed', 'when it fails the step fails');
SELECT is((SELECT failure_of(:e, 'p') || ' | ' || ((row_of(:e, 'p')).error ->> 'detail')),
          format('38000 execution %s of playbook "child" failed | division by zero', (SELECT id
              FROM children(:e))), 'and says which and why');
SELECT run($$steps:
  - {id: p, type: playbook, on_error: continue, config: {playbook: child, parameters: {n: 0}}}
  - {id: after, type: wait, config: {for: 0}}$$, 'acme') AS e \gset
SELECT is(settle(:e), 'p failed, after completed elapsed', 'on_error has its say');
SELECT is((row_of(:e, 'p')).output ->> 'status', 'failed', 'and the steps after it can ask how the other ended');
SELECT is(failure_of(run($$steps: [{id: p, type: playbook, config: {playbook: nothing}}]$$), 'p'),
    '42704 playbook "nothing" does not exist', 'one that is not there');
SELECT is(failure_of(run($$steps: [{id: p, type: playbook, config: {playbook: child, parameters: {n: many}}}]$$),
    'p') LIKE '22023%', true, 'wrong parameters');
SELECT is((SELECT count(*) FROM playbook_executions WHERE playbook_id = 'child' AND status = 'pending'), 0::bigint,
    'what was refused has left nothing');

-- Cancelling.
SELECT run($$steps: [{id: p, type: playbook, config: {playbook: child, parameters: {n: 1}}}, {id: after,
    type: wait, config: {for: 0}}]$$, 'acme') AS e \gset
SELECT settle(:e) \g /dev/null
TRUNCATE said;
SELECT playbook_cancel(:e, 'enough') \g /dev/null
SELECT is(story(:e) || ' / ' || status_of(:e), 'p skipped cancelled, after skipped cancelled / cancelled',
    'cancelling the parent');
SELECT settle(:e) \g /dev/null
SELECT is((SELECT status || ': ' || reason FROM children(:e)),
    format('cancelled: its parent, execution %s, does not go on', :e), 'cancels the child');
SELECT is(words(), 'sorry', 'whose on_cancel steps run');
SELECT run($$steps: [{id: p, type: playbook, config: {playbook: child, parameters: {n: 1}}},
    {id: after, type: wait, when: "steps.p.outcome = 'cancelled'", config: {for: 0}}]$$, 'acme') AS e \gset
SELECT settle(:e) \g /dev/null
SELECT playbook_cancel(id, 'not you') FROM children(:e) \g /dev/null
SELECT is(settle(:e), 'p completed cancelled, after completed elapsed',
    'cancelling the child is an outcome of the step');
SELECT run($$steps: [{id: p, type: playbook, timeout: 1 day, config: {playbook: child, parameters: {n: 1}}}]$$,
    'acme') AS e \gset
SELECT settle(:e) \g /dev/null
SELECT is(later(:e, '25 hours'), 'p failed', 'a timeout of the step');
SELECT settle(:e) \g /dev/null
SELECT is((SELECT status FROM children(:e)), 'cancelled', 'cancels the child, too');

-- One for each row; a condition inside each.
TRUNCATE said;
SELECT run($$steps:
  - {id: found, type: query, config: {template: "SELECT 'c' || n AS account, n FROM generate_series(2, 4) n"}}
  - {id: each, type: playbook, for_each: "${steps.found}", config: {playbook: child, customer: "{{item.account}}",
      parameters: {n: "${item.n}"}}}
  - {id: after, type: wait, config: {for: 0}}$$, 'acme') AS e \gset
SELECT is(settle(:e), 'found completed, each waiting step', 'one for each row');
SELECT is(items(:e, 'each'), '1 completed, 2 waiting execution, 3 completed', 'each with its own end');
SELECT is((SELECT string_agg(c.customer_id || ' ' || (SELECT s.outcome FROM playbook_step_executions s
    WHERE s.execution_id = c.id AND step_id = 'odd')
          || ' ' || c.parent_item, ', ' ORDER BY c.parent_item) FROM children(:e) c),
              'c2 else 1, c3 then 2, c4 else 3', 'and its own branch');
SELECT playbook_signal(id, 'go') FROM children(:e) WHERE status = 'waiting' \g /dev/null
SELECT is(settle(:e), 'found completed, each completed, after completed elapsed', 'until all have ended');
SELECT is((SELECT string_agg(concat_ws(' ', r ->> 'index', r ->> 'key', r ->> 'status', r ->> 'outcome',
    (r ->> 'execution')::bigint - c.id), ', ' ORDER BY c.id)
           FROM playbook_rows(:e, 'each') r JOIN children(:e) c ON c.customer_id = r ->> 'key'),
          '0 c2 completed completed 0, 1 c3 completed completed 0, 2 c4 completed completed 0',
              'the rows name index, key, execution and end');
SELECT run($$steps:
  - {id: each, type: playbook, for_each: [1, 3, 5], concurrency: 2, config: {playbook: child, customer: acme,
      parameters: {n: "${item}"}}}$$, 'acme') AS e \gset
SELECT is((SELECT count(*) FROM children(:e)), 2::bigint, 'concurrency holds the third back');
SELECT settle(:e) \g /dev/null
SELECT playbook_cancel(:e, 'enough') \g /dev/null
SELECT is(items(:e, 'each'), '1 skipped cancelled, 2 skipped cancelled, 3 skipped cancelled',
    'cancelled with all its items');
SELECT settle(:e) \g /dev/null
SELECT is((SELECT string_agg(status, ' ') FROM children(:e)), 'cancelled cancelled', 'and their executions');
SELECT run($$steps: [{id: each, type: playbook, for_each: [a, b, a], config: {playbook: child,
    customer: "{{item}}", parameters: {n: 2}, wait: false, conflict: skip}}]$$, 'acme') AS e \gset
SELECT is(items(:e, 'each'), '1 completed started, 2 completed started, 3 failed',
    'a start that would be skipped fails its item');
SELECT is((SELECT r ->> 'error' FROM playbook_rows(:e, 'each') r WHERE r ->> 'index' = '2'),
    'customer "a" already runs playbook "child"', 'with that reason');
SELECT is((SELECT r ->> 'key' FROM playbook_rows(:e, 'each') r WHERE r ->> 'index' = '2'), 'a', 'and says whose it was');
SELECT run($$steps: [{id: each, type: playbook, for_each: [many], config: {playbook: child, parameters: {n: "${item}"}}}]$$,
    'acme') AS e \gset
SELECT is((SELECT concat_ws(' ', r ->> 'key', r ->> 'status') FROM playbook_rows(:e, 'each') r), 'acme failed',
    'also where it is this execution''s customer');

-- Three deep, and no deeper than is allowed.
SELECT playbook_create($$id: middle
name: Middle
steps: [{id: down, type: playbook, config: {playbook: child, parameters: {n: 2}}}]$$, publish => true) \g /dev/null
SELECT run($$steps: [{id: down, type: playbook, config: {playbook: middle}}]$$, 'acme') AS e \gset
SELECT is(settle(:e), 'down completed', 'three deep');
SELECT is((SELECT c2.customer_id FROM children(:e) c1, children(c1.id) c2), 'acme', 'the customer goes all the way');
SELECT playbook_create($$id: endless
name: Endless
steps: [{id: again, type: playbook, config: {playbook: endless}}]$$, publish => true) \g /dev/null
SET LOCAL playbook.max_nesting = 3;
SELECT playbook_start('endless') AS e \gset
SELECT settle(:e) \g /dev/null
SELECT settle(:e) \g /dev/null
SELECT is((SELECT count(*) || ' ' || count(*) FILTER (WHERE status = 'failed') FROM playbook_executions
    WHERE playbook_id = 'endless'), '4 4',
          'a playbook that starts itself ends at playbook.max_nesting');

SELECT * FROM finish();
ROLLBACK;
