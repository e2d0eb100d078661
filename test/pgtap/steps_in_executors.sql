-- The same behaviour where it happens in executors: parallel steps, loops over playbooks, retries, timeouts,
-- cancelling
-- what runs. Committed for real; each wait has a deadline.
SET client_min_messages = warning;
SELECT plan(26);
\ir steps.psql
CREATE FUNCTION make(id text, definition text) RETURNS void LANGUAGE sql AS
    $$SELECT playbook_create(format(E'id: %s\nname: %1$s\n%s', id, definition), publish => true)$$;
-- The most steps of an execution, items included, that ran at one time.
CREATE FUNCTION overlap(execution bigint) RETURNS bigint LANGUAGE sql AS $$
    SELECT max((SELECT count(*) FROM playbook_step_executions o WHERE o.execution_id = s.execution_id
                AND o.started_at <= s.started_at AND o.finished_at > s.started_at
                AND o.row_count IS NOT NULL AND o.type <> 'playbook'
                AND (o.item > 0 OR o.step_id <> 'each')))
    FROM playbook_step_executions s WHERE s.execution_id = execution AND (item > 0 OR step_id <> 'each')
$$;

SELECT make('three', $$steps:
  - {id: a, type: query, config: {template: "SELECT 1 AS n, pg_sleep(0.4)::text"}}
  - {id: b, type: query, config: {template: "SELECT 2 AS n, pg_sleep(0.4)::text"}}
  - {id: c, type: query, config: {template: "SELECT 3 AS n, pg_sleep(0.4)::text"}}
  - {id: d, type: filter, depends_on: [a, b, c], config: {input: "${steps.a}", limit: 1}}$$) \g /dev/null
SELECT make('one_by_one', $$max_parallel_steps: 1
steps:
  - {id: a, type: query, config: {template: "SELECT 1 AS n, pg_sleep(0.15)::text"}}
  - {id: b, type: query, config: {template: "SELECT 2 AS n, pg_sleep(0.15)::text"}}
  - {id: c, type: query, config: {template: "SELECT 3 AS n, pg_sleep(0.15)::text"}}$$) \g /dev/null
SELECT make('looped', $$max_parallel_steps: 2
steps: [{id: each, type: sql, for_each: [1, 2, 3, 4],
    config: {template: "INSERT INTO said (word) SELECT {{item}}::text FROM pg_sleep(0.15)"}}]$$) \g /dev/null
SELECT make('inner', $$parameters: [{name: n, type: integer}]
steps:
  - {id: s, type: sql, config: {template: "INSERT INTO said (word) VALUES ('inner' || {{n}})",
      parameters: {n: "${parameters.n}"}}}
  - {id: q, type: condition, config: {if: parameters.n % 2 = 0, then: [{id: w, type: wait,
      config: {for: 50 ms}}]}}$$) \g /dev/null
SELECT make('outer', $$steps:
  - {id: found, type: query, config: {template: "SELECT n FROM generate_series(1, 20) n"}}
  - {id: each, type: playbook, for_each: "${steps.found}", concurrency: 7, config: {playbook: inner,
      parameters: {n: "${item.n}"}}}
  - {id: after, type: wait, config: {for: 0}}$$) \g /dev/null
-- By the attempts that are recorded: one that failed within a batch is made again before it is.
CREATE FUNCTION fails(times integer, execution bigint) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    IF coalesce((SELECT attempt FROM playbook_step_executions s WHERE s.execution_id = execution AND step_id = 's'), 0)
        < times THEN RAISE EXCEPTION 'flawed'; END IF;
    RETURN 'fine';
END
$$;
SELECT make('flawed', $$steps:
  - {id: s, type: sql, retry: {attempts: 3, delay: 50 ms, backoff: 1}, config: {template: "SELECT fails(2, {{execution.id}})"}}
  - {id: slow, type: sql, timeout: 200 ms, on_error: continue, config: {template: SELECT pg_sleep(60)}}
  - {id: after, type: wait, config: {for: 0}}$$) \g /dev/null
SELECT make('long', $$steps: [{id: s, type: sql,
    config: {template: "INSERT INTO said (word) SELECT 'never' FROM pg_sleep(60)"}}]
on_cancel: [{id: c, type: sql, config: {template: "INSERT INTO said (word) VALUES ('sorry')"}}]$$) \g /dev/null
SELECT make('parent', $$steps: [{id: p, type: playbook, config: {playbook: long}}, {id: after, type: wait,
    config: {for: 0}}]$$) \g /dev/null
SELECT make('repeated', $$steps: [{id: r, type: sql, repeat: {every: 50 ms, times: 4},
    config: {template: "INSERT INTO said (word) VALUES ('again')"}}]$$) \g /dev/null
SELECT make('timed', $$steps: [{id: w, type: wait, config: {event: never, timeout: 200 ms}}, {id: f, type: wait,
    config: {for: 200 ms}}]$$) \g /dev/null
SELECT make('late', $$deadline: 300 ms
steps: [{id: w, type: wait, config: {event: never}}]$$) \g /dev/null
SELECT make('late_sql', $$deadline: 1 s
steps: [{id: s, type: sql, config: {template: "INSERT INTO said (word) SELECT 'late' FROM pg_sleep(60)"}}]$$) \g /dev/null
SELECT make('apart', $$steps:
  - {id: a, type: sql, depends_on: [], config: {template: "INSERT INTO said (word) SELECT 'a' FROM pg_sleep(60)"}}
  - {id: b, type: sql, depends_on: [], config: {template: "INSERT INTO said (word) SELECT 'b' FROM pg_sleep(2)"}}
  - {id: each, type: sql, depends_on: [], for_each: [1], config: {template: "INSERT INTO said (word) SELECT 'each' FROM pg_sleep(60)"}}$$) \g /dev/null
-- Waits until so many steps of the execution, items included, run alone.
CREATE PROCEDURE until_running(execution bigint, count integer) LANGUAGE plpgsql AS $$
DECLARE
    deadline timestamptz := clock_timestamp() + interval '20 s';
BEGIN
    WHILE (SELECT count(*) FROM playbook_step_executions s WHERE s.execution_id = execution AND worker IS NOT NULL) < count
        AND clock_timestamp() < deadline LOOP
        COMMIT;
        PERFORM pg_sleep(0.02);
    END LOOP;
END
$$;
-- How many executors are at a step of its own; what was told to stop gets a moment to do so.
CREATE FUNCTION at_work() RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
    FOR look IN 1 .. 200 LOOP
        EXIT WHEN NOT EXISTS (SELECT FROM playbook_workers WHERE state = 'alone');
        PERFORM pg_sleep(0.02);
    END LOOP;
    RETURN (SELECT count(*) FROM playbook_workers WHERE state = 'alone');
END
$$;

SELECT playbook_start('three') AS e \gset
SELECT is((SELECT status FROM playbook_wait(:e, '20 s')), 'completed', 'three queries and a filter');
SELECT cmp_ok(overlap(:e), '>=', 2::bigint, 'queries of one execution run at the same time');
SELECT cmp_ok(overlap(:e), '<=', 3::bigint, 'but no more than three by default');
SELECT playbook_start('one_by_one') AS e \gset
SELECT is((SELECT status FROM playbook_wait(:e, '20 s')), 'completed', 'as many as max_parallel_steps says');
SELECT is(overlap(:e), 1::bigint, 'one after the other, if that is one');
SELECT playbook_start('looped') AS e \gset
SELECT is((SELECT status FROM playbook_wait(:e, '20 s')), 'completed', 'a loop');
SELECT cmp_ok(overlap(:e), '<=', 2::bigint, 'keeps to it, too');
SELECT is((SELECT string_agg(word, ' ' ORDER BY word) FROM said), '1 2 3 4', 'each item once');
TRUNCATE said;

SELECT playbook_start('outer') AS e \gset
SELECT is((SELECT status FROM playbook_wait(:e, '20 s')), 'completed', 'a playbook for each of twenty rows');
SELECT is((SELECT count(*) || ' ' || count(DISTINCT word) FROM said), '20 20', 'each ran once');
SELECT is((SELECT count(*) FROM playbook_rows(:e, 'each') r WHERE r ->> 'status' = 'completed'), 20::bigint,
    'and is in the result');
TRUNCATE said;

SELECT playbook_start('flawed') AS e \gset
SELECT is((SELECT status FROM playbook_wait(:e, '20 s')), 'completed', 'retries and a timeout');
SELECT is((SELECT attempt FROM row_of(:e, 's')), 3, 'the third attempt was good');
SELECT is(failure_of(:e, 'slow'), '57014 step timeout', 'a statement that runs alone ends at its timeout');

SELECT playbook_start('parent') AS e \gset
DO $$
DECLARE
    deadline timestamptz := clock_timestamp() + interval '20 s';
BEGIN
    WHILE NOT EXISTS (SELECT FROM playbook_step_executions WHERE step_id = 's' AND status = 'running' AND type = 'sql')
        AND clock_timestamp() < deadline LOOP
        COMMIT;
        PERFORM playbook_wait((SELECT max(id) FROM playbook_executions WHERE playbook_id = 'parent'), '50 ms');
    END LOOP;
END
$$;
SELECT playbook_cancel(:e, 'enough') \g /dev/null
SELECT max(id) AS child FROM playbook_executions WHERE playbook_id = 'long' \gset
SELECT is((SELECT status FROM playbook_wait(:child, '20 s')), 'cancelled',
    'cancelling the parent ends the statement that its child runs');
SELECT is(words(), 'sorry', 'which has left nothing, and on_cancel has run');
SELECT is((SELECT status FROM playbook_wait(:e, '20 s')), 'cancelled', 'the parent is cancelled');
TRUNCATE said;

SELECT playbook_start('repeated') AS e \gset
SELECT is((SELECT status FROM playbook_wait(:e, '20 s')) || ' ' || words(), 'completed again again again again',
    'a repetition takes its time');
SELECT playbook_start('timed') AS e \gset
SELECT is((SELECT status FROM playbook_wait(:e, '20 s')) || ': ' || story(:e),
    'completed: w completed timeout, f completed elapsed', 'waits end by themselves');
SELECT playbook_start('late') AS e \gset
SELECT is((SELECT status || ' ' || (error ->> 'message') FROM playbook_wait(:e, '20 s')),
    'failed the execution did not finish before its deadline',
          'a deadline ends what waits');
TRUNCATE said;
SELECT playbook_start('apart') AS e \gset
CALL until_running(:e, 3);
SELECT playbook_skip(:e, 'a', 'enough') \g /dev/null
SELECT playbook_skip(:e, 'each', 'enough') \g /dev/null
SELECT is((SELECT status FROM playbook_wait(:e, '20 s')) || ': ' || story(:e),
    'completed: a skipped, b completed, each skipped', 'skipping a step that runs leaves the others alone');
SELECT is(words(), 'b', 'which finish');
SELECT is(at_work(), 0::bigint, 'and nobody is at what was skipped, an item neither');

-- Three executors are idle now, and one of them is told.
SELECT playbook_start('late_sql') AS e \gset
SELECT is((SELECT status || ' ' || (error ->> 'message') FROM playbook_wait(:e, '10 s')),
    'failed the execution did not finish before its deadline', 'and what runs');
SELECT is(at_work(), 0::bigint, 'whose statement is ended, too');

SELECT is((SELECT count(*) FROM playbook_executions WHERE status NOT IN ('completed', 'failed', 'cancelled')),
    0::bigint, 'nothing is left over');

SELECT * FROM finish();
