-- What follows a failure: on_error, retry, timeout, deadline, the status of the execution.
BEGIN;
SELECT plan(53);
\ir steps.psql
-- Fails that often; a sequence counts, since it is not rolled back. A query, which only reads, always fails.
CREATE SEQUENCE attempts;
CREATE FUNCTION fails(times integer, code text DEFAULT '22012') RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    IF times = 99 OR nextval('attempts') <= times THEN
        RAISE EXCEPTION USING ERRCODE = code, MESSAGE = 'flawed', DETAIL = 'a detail', HINT = 'a hint';
    END IF;
    RETURN 'fine';
END
$$;
CREATE FUNCTION flawed(more text DEFAULT '', times integer DEFAULT 99, type text DEFAULT 'query',
    code text DEFAULT '22012') RETURNS text
LANGUAGE sql AS $$ SELECT format(
    E'  - {id: flawed, type: %s, config: {template: "SELECT fails(%s, ''%s'')"}%s}\n', type, times, code, more) $$;

-- Defaults: a data step takes its dependents with it, an acting one everything.
SELECT run(E'steps:\n' || flawed() || $$
  - {id: needs, type: filter, config: {input: "${steps.flawed}", limit: 1}}
  - {id: free, type: query, config: {template: SELECT 1 AS one}}
  - {id: frees, type: filter, config: {input: "${steps.free}", limit: 1}}$$) AS e \gset
SELECT is(story(:e), 'flawed failed, needs skipped dependency, free completed, frees completed',
          'a data step that fails skips its dependents, the others finish');
SELECT is(status_of(:e), 'failed', 'the execution has failed then');
SELECT is(reason_of(:e, 'needs'), 'step "flawed" failed', 'a skipped step names the one that failed');
SELECT is((SELECT (row_of(:e, 'flawed')).error - 'attempts' - 'context'),
          '{"sqlstate": "22012", "message": "flawed", "detail": "a detail", "hint": "a hint"}'::jsonb,
          'the failure is kept with SQLSTATE, detail and hint');
SELECT is((SELECT (error ->> 'step') || ' ' || (error ->> 'message') FROM playbook_executions WHERE id = :e),
    'flawed flawed',
          'the execution says which step and why');
SELECT run(E'steps:\n' || flawed(type => 'sql') || $$
  - {id: after, type: wait, config: {for: 0}}
  - {id: free, type: query, config: {template: SELECT 1 AS one}}$$) AS e \gset
SELECT is(story(:e), 'flawed failed, after skipped failed, free skipped failed',
    'an acting step that fails ends everything');
SELECT is(reason_of(:e, 'free'), 'step "flawed" failed', 'and the others say which');

-- on_error.
SELECT run(E'steps:\n' || flawed(', on_error: continue', type => 'sql') || $$
  - {id: after, type: wait, when: "steps.flawed.status = 'failed' AND steps.flawed.error IS NOT NULL",
      config: {for: 0}}$$) AS e \gset
SELECT is(story(:e), 'flawed failed, after completed elapsed', 'continue: what follows runs and can ask');
SELECT is(status_of(:e), 'completed', 'the execution completes');
SELECT run(E'steps:\n' || flawed(', on_error: continue') || $$
  - {id: needs, type: filter, config: {input: "${steps.flawed}", limit: 1}}$$) AS e \gset
SELECT is(story(:e), 'flawed failed, needs skipped dependency', 'but rows that do not exist cannot be read');
SELECT run(E'steps:\n' || flawed(', on_error: continue') || $$
  - {id: tells, type: notify, config: {to: ana, message: "It has ${steps.flawed.status}: ${steps.flawed.error.message}"}}$$) AS e \gset
SELECT is(story(:e), 'flawed failed, tells completed', 'how a step ended can be told without its rows');
SELECT run(E'steps:\n' || flawed(', on_error: fail') || $$
  - {id: free, type: query, depends_on: [w], config: {template: SELECT 1 AS one}}
  - {id: w, type: wait, depends_on: [], config: {event: never}}$$) AS e \gset
SELECT is(story(:e), 'flawed failed, free skipped failed, w skipped failed',
    'fail: a data step may end everything, too');
SELECT run(E'steps:\n' || flawed(', on_error: skip_dependents', type => 'sql') || $$
  - {id: after, type: wait, config: {for: 0}}
  - {id: later, type: wait, config: {for: 0}}
  - {id: free, type: wait, depends_on: [], config: {for: 0}}$$) AS e \gset
SELECT is(story(:e), 'flawed failed, after skipped dependency, later skipped dependency, free completed elapsed',
          'skip_dependents: what comes after is skipped, what does not depend runs');
SELECT is(status_of(:e), 'failed', 'and the execution fails at its end');
-- A step that still waits when another fails.
SELECT run(E'steps:\n  - {id: w, type: wait, config: {event: go}}\n' || flawed(', depends_on: []',
    type => 'sql')) AS e \gset
SELECT is(story(:e) || ' / ' || status_of(:e), 'w waiting event, flawed failed / waiting event',
    'what had begun goes on');
SELECT playbook_signal(:e, 'go') \g /dev/null
SELECT is(playbook_advance(:e), 'failed', 'to its end, and the execution has failed then');
SELECT is(story(:e), 'w completed received, flawed failed', 'its other steps finished');

-- cached.
ALTER SEQUENCE attempts RESTART;
CREATE FUNCTION cached(fine boolean) RETURNS bigint LANGUAGE sql AS $f$ SELECT run($$
steps:
  - {id: rows, type: query, on_error: cached, config: {template: "SELECT n FROM generate_series(1,
      3) n WHERE fails_now() IS NOT NULL"}}
  - {id: told, type: wait, when: steps.rows.outcome = 'cached', config: {for: 0}}
  - {id: kept, type: filter, config: {input: "${steps.rows}", condition: n > 1}}$$) $f$;
CREATE TABLE weather (storm boolean);
INSERT INTO weather VALUES (true);
CREATE FUNCTION fails_now() RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT storm FROM weather) THEN RAISE EXCEPTION 'storm'; END IF;
    RETURN 'calm';
END
$$;
SELECT cached(true) AS e \gset
SELECT is(story(:e), 'rows failed, told skipped dependency, kept skipped dependency',
    'cached without a good result fails');
UPDATE weather SET storm = false;
SELECT cached(true) AS e \gset
SELECT is(story(:e), 'rows completed, told skipped when, kept completed', 'a good result is remembered');
CREATE FUNCTION cached_for(customer text) RETURNS bigint LANGUAGE sql AS $f$ SELECT run($$
steps:
  - {id: own, type: query, on_error: cached, config: {template: "SELECT {{customer.id}}::text AS whose WHERE fails_now() IS NOT NULL"}}$$,
    customer) $f$;
SELECT cached_for('a') \g /dev/null
UPDATE weather SET storm = true;
SELECT is((row_of(cached_for('a'), 'own')).outcome, 'cached', 'a customer''s good result serves that customer');
SELECT is(story(cached_for('b')), 'own failed', 'and nobody else');
UPDATE weather SET storm = true;
SELECT cached(true) AS e \gset
SELECT is(story(:e), 'rows completed cached, told completed elapsed, kept completed', 'and used when the step fails');
SELECT is((SELECT count(*) FROM playbook_rows(:e, 'kept')), 2::bigint, 'with its rows');
SELECT matches(reason_of(:e, 'rows'), '^the last good result, as of \d{4}-', 'and says so');
SELECT ok((SELECT output -> 'cached' ? 'age_seconds' FROM row_of(:e, 'rows')), 'with its age');
SELECT is((SELECT s -> 'cached' ? 'as_of' FROM jsonb_array_elements(playbook_result(:e) -> 'steps') s
    WHERE s ->> 'step_id' = 'rows'),
          true, 'in the document, too');
SELECT is(status_of(:e), 'completed', 'the execution completes');

-- retry.
ALTER SEQUENCE attempts RESTART;
SELECT run(E'steps:\n' || flawed(', retry: {attempts: 3, delay: 10s, backoff: 3}', 2, 'sql')) AS e \gset
SELECT is(story(:e), 'flawed waiting retry', 'a failed attempt is made again');
SELECT is(status_of(:e), 'waiting retry', 'and the execution waits for it');
SELECT ok((SELECT due_at - clock_timestamp() BETWEEN '9 s' AND '11.1 s' FROM row_of(:e, 'flawed')),
    'after the delay');
SELECT is(later(:e, '9 s'), 'flawed waiting retry', 'not before');
SELECT is(later(:e, '3 s'), 'flawed waiting retry', 'the second attempt fails too');
SELECT ok((SELECT due_at - clock_timestamp() BETWEEN '29 s' AND '33.1 s' FROM row_of(:e, 'flawed')),
    'the second delay is longer');
SELECT is((SELECT string_agg(a ->> 'attempt', ',') || ' ' || min(a ->> 'message') FROM row_of(:e, 'flawed') r,
           jsonb_array_elements(r.error -> 'attempts') a), '1,2 flawed', 'attempts are recorded');
SELECT is(later(:e, '34 s'), 'flawed completed', 'the third succeeds');
SELECT is((SELECT attempt FROM row_of(:e, 'flawed')), 3, 'and is counted');
ALTER SEQUENCE attempts RESTART;
SELECT run(E'steps:\n' || flawed(', retry_attempts: 2')) AS e \gset
SELECT later(:e, '1 h') \g /dev/null
SELECT is(later(:e, '1 h'), 'flawed failed', 'retry_attempts: 2 are three attempts');
SELECT is(jsonb_array_length((row_of(:e, 'flawed')).error -> 'attempts'), 3, 'all of them recorded');
SELECT is(story(run(E'steps:\n' || flawed(', retry: {attempts: 3, on: ["40", timeout]}'))), 'flawed failed',
    'on: other errors are not retried');
SELECT is(story(run(E'steps:\n' || flawed(', retry: {attempts: 3, on: ["40", timeout]}', code => '40001'))),
    'flawed waiting retry',
          'those of the class are');
SELECT is(story(run(E'steps:\n' || flawed(', retry: {attempts: 3, on: ["23505"]}', code => '23505'))),
    'flawed waiting retry',
          'so is one by its full code');
SELECT run($$steps: [{id: s, type: query, retry: {attempts: 2}, config: {template: SELECT 1 FROM no_such}},
    {id: g, type: wait, depends_on: [], retry: {attempts: 2}, when: 1 / (execution.id - execution.id) = 1,
        config: {for: 0}}]$$) AS e \gset
SELECT is(story(:e), 's waiting retry, g failed', 'a guard that fails is not tried again');

-- timeout.
SELECT run($$steps: [{id: s, type: sql, timeout: 100 ms, config: {template: SELECT pg_sleep(20)}}]$$) AS e \gset
SELECT is(failure_of(:e, 's'), '57014 step timeout', 'a statement ends at its timeout');
SELECT run($$timeout: 100 ms
steps: [{id: s, type: query, config: {template: SELECT pg_sleep(20)}}]$$) AS e \gset
SELECT is(failure_of(:e, 's'), '57014 step timeout', 'or at the playbook''s');
SELECT run($$steps: [{id: s, type: query, timeout: 100 ms, retry: {attempts: 2, on: [timeout]},
    config: {template: SELECT pg_sleep(20)}}]$$) AS e \gset
SELECT is(story(:e), 's waiting retry', 'the timeout is one of an attempt');
SELECT run($$steps:
  - {id: t, type: task, timeout: 1 day, config: {title: Call}}
  - {id: a, type: approval, timeout: 1 day, depends_on: [], on_error: continue, config: {title: Go}}$$) AS e \gset
SELECT is(story(:e), 't waiting task, a waiting approval', 'people are waited for');
SELECT is(later(:e, '25 hours'), 't failed, a failed', 'as long as the timeout says');
SELECT is((SELECT t.status || ' ' || a.status FROM playbook_tasks t JOIN approvals a USING (execution_id)
    WHERE execution_id = :e),
          'revoked revoked', 'then task and approval are taken back');

-- deadline.
SELECT run($$deadline: 2 days
steps: [{id: w, type: wait, config: {event: go}}, {id: after, type: wait, config: {for: 0}}]$$) AS e \gset
SELECT is(later(:e, '47 hours'), 'w waiting event', 'before the deadline nothing happens');
SELECT is(later(:e, '2 hours'), 'w skipped failed, after skipped failed', 'after it everything is skipped');
SELECT is((SELECT status || ' ' || (error ->> 'message') FROM playbook_executions WHERE id = :e),
          'failed the execution did not finish before its deadline', 'and the execution has failed for that');
SELECT playbook_retry(:e) \g /dev/null
SELECT playbook_advance(:e) \g /dev/null
SELECT is(story(:e), 'w waiting event, after pending', 'retried, it waits again');
SELECT ok((SELECT deadline_at - now() > '47 hours' FROM playbook_executions WHERE id = :e), 'as long as the deadline says');

SELECT * FROM finish();
ROLLBACK;
