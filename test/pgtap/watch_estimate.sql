-- playbook_estimate, and the same in playbook_progress and the result document: from the definition, from history, and
-- null where nobody can tell. The owner does not log in, so nothing moves but what this test moves.
BEGIN;
SELECT plan(40);
\ir refusal.psql
SET LOCAL client_min_messages = error; -- says so
CREATE ROLE estimate_owner; GRANT playbook_author TO estimate_owner;
CREATE ROLE estimate_other; GRANT playbook_author TO estimate_other;
SET LOCAL ROLE estimate_owner;
-- "basis remaining" in whole minutes, of an execution of these steps that has begun.
CREATE FUNCTION pg_temp.minutes(span interval) RETURNS integer LANGUAGE sql AS $$SELECT round(extract(epoch FROM span) / 60)$$;
CREATE FUNCTION pg_temp.said(execution bigint) RETURNS text LANGUAGE sql AS
    $$SELECT concat_ws(' ', basis, pg_temp.minutes(remaining), n) FROM playbook_estimate(execution)$$;
CREATE FUNCTION pg_temp.begun(steps text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    id text := 'p_' || left(md5(steps), 10);
    execution bigint;
BEGIN
    PERFORM playbook_create(format(E'id: %s\nname: Test\nsteps: %s', id, steps), publish => true);
    execution := playbook_start(id);
    PERFORM playbook_advance(execution);
    RETURN execution;
END
$$;

-- From the definition.
SELECT is(pg_temp.said(pg_temp.begun(steps)), wanted, what) FROM (VALUES
    ('[{id: a, type: wait, config: {for: 2 hours}}, {id: b, type: wait, config: {for: 1 hour}}]', 'definition 180',
        'waits, one after the other'),
    ('[{id: a, type: wait, depends_on: [], config: {for: 2 hours}}, {id: b, type: wait, depends_on: [], config: {for: 1 hour}}]',
        'definition 120', 'waits side by side'),
    ('[{id: a, type: wait, config: {for: 1 hour}}, {id: q, type: query, depends_on: [a], config: {template: SELECT 1}}]',
        'definition 60', 'everything else takes no time'),
    ('[{id: a, type: wait, config: {event: go, timeout: 90 min}}]', 'definition 90', 'an event: its timeout at most'),
    ('[{id: a, type: wait, config: {event: go}}, {id: b, type: wait, config: {for: 1 hour}}]', 'definition', 'an event that may never come'),
    ('[{id: a, type: wait, config: {for: 1 hour}}, {id: t, type: task, config: {title: T, assignee: ana, due_in: 1 day}}]',
        'definition', 'a person''s task'),
    ('[{id: a, type: wait, config: {for: 1 hour}}, {id: t, type: task, config: {title: T, assignee: ana, wait: false}}]',
        'definition 60', 'a task that nobody waits for'),
    ('[{id: a, type: approval, config: {approvers: [estimate_owner]}}]', 'definition', 'an approval'),
    ('[{id: a, type: wait, config: {for: 1 hour}}, {id: m, type: notify, require_approval: true, config: {to: a, message: b}}]',
        'definition', 'a step that needs one'),
    ('[{id: c, type: condition, config: {if: "true", then: [{id: x, type: wait, config: {for: 1 hour}}],
        else: [{id: y, type: wait, config: {for: 9 hours}}]}}]', 'definition 60', 'a branch that is taken'),
    ('[{id: a, type: wait, config: {for: 1 hour}}, {id: c, type: condition, config: {if: "true", then: [{id: x, type: wait,
        config: {for: 1 hour}}], else: [{id: y, type: wait, config: {for: 9 hours}}]}}]', 'definition 600', 'branches still open: the longest'),
    ('[{id: a, type: wait, config: {for: 1 hour}, on_cancel: [{id: z, type: wait, config: {for: 9 hours}}]}]', 'definition 60',
        'steps for cancelling are not counted on'),
    ('[{id: a, type: wait, config: {until: "2031-01-01T00:00Z"}}]',
        'definition ' || pg_temp.minutes(timestamptz '2031-01-01T00:00Z' - now()), 'a date'),
    ('[{id: a, type: wait, config: {for: 1 hour}}, {id: r, type: query, depends_on: [a], config: {template: "SELECT 1"},
        repeat: {every: 1 hour, times: 4}}]', 'definition 240', 'repetitions')
) AS t (steps, wanted, what);
SELECT matches(pg_temp.said(pg_temp.begun('[{id: s, type: sql, retry: {attempts: 3, delay: 1 hour}, config: {template: "SELECT 1 / 0"}}]')),
    '^definition (5|6)\d$', 'another attempt');
SELECT playbook_create(tiny('hour', wait => '1 hour'), true) \g /dev/null
SELECT is(pg_temp.said(playbook_start('hour')), 'definition 60', 'one that has not begun');
SELECT is(pg_temp.said(playbook_start('hour', start_at => now() + interval '1 day')), 'definition 1500', 'nor may begin yet');
SELECT is(pg_temp.said(pg_temp.begun('[{id: p, type: playbook, config: {playbook: hour}}]')), 'definition', 'a playbook within');
SELECT is(pg_temp.said(pg_temp.begun('[{id: p, type: playbook, config: {playbook: hour, wait: false}}]')), '', 'what has ended');

-- From history: a dozen that took 1 to 12 hours from their first step's end to their own, and half of that to the second.
SELECT playbook_create($yaml$
id: path
name: Path
steps:
  - {id: first, type: wait, config: {event: go}}
  - {id: second, type: task, config: {title: T, assignee: ana}}
  - {id: third, type: wait, config: {for: 1 hour}}
$yaml$, true) \g /dev/null
SELECT playbook_start('path') AS execution \gset
SELECT playbook_advance(:execution) \g /dev/null
SELECT is(pg_temp.said(:execution), 'definition', 'without history nobody can tell');
RESET ROLE;
CREATE FUNCTION pg_temp.add_history(numbers integer[], first_ended text DEFAULT 'completed') RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO playbook_executions (id, slot, home, playbook_id, snapshot, owner, starter, actor, status, created_at, started_at,
                                     finished_at)
    SELECT 10000000 + n, 5, 0, 'path', snapshot, owner, starter, actor, 'completed', now() - interval '30 days',
           now() - interval '30 days', now() - interval '20 days' + n * interval '1 hour'
    FROM unnest(numbers) AS n, (SELECT * FROM playbook_executions WHERE playbook_id = 'path' AND slot = 0 LIMIT 1) e;
    INSERT INTO playbook_step_executions (execution_id, slot, position, home, step_id, type, status, started_at, finished_at)
    SELECT 10000000 + n, 5, s.position, 0, s.id, 'wait', s.status, now() - interval '30 days',
           now() - interval '20 days' + s.share * n * interval '1 hour'
    FROM unnest(numbers) AS n,
         (VALUES (0, 'first', 0.0, first_ended), (1, 'second', 0.5, 'completed'), (2, 'third', 1.0, 'completed'))
             AS s (position, id, share, status);
END
$$;
SELECT pg_temp.add_history(ARRAY[1, 2, 3, 4, 5, 6, 7, 8, 9]) \g /dev/null
SELECT is(pg_temp.said(:execution), 'definition', 'nine are not enough');
SELECT pg_temp.add_history(ARRAY[10, 11, 12]) \g /dev/null
SELECT is(pg_temp.said(:execution), format('history %s 12', 60 * 24 * 10 + 390), 'twelve are: from the beginning, ten days before');
SET LOCAL ROLE estimate_owner;
SELECT playbook_signal(:execution, 'go'), playbook_advance(:execution) \g /dev/null
SELECT is(pg_temp.said(:execution), 'history 390 12', 'from the end of the first step: the median');
SELECT results_eq(format('SELECT pg_temp.minutes(p25), pg_temp.minutes(p75), ends_at BETWEEN now() + interval ''389 minutes'' AND '
    'clock_timestamp() + interval ''391 minutes'' FROM playbook_estimate(%s)', :execution), $$VALUES (225, 555, true)$$,
    'and between what half of them took');
SELECT results_eq(format('SELECT step, pg_temp.minutes(expected_at - now()) FROM playbook_progress(%s)', :execution),
    $$VALUES ('first', NULL), ('second', 195), ('third', 390)$$, 'progress: when each step should have ended');
SELECT results_eq(format($$SELECT e ->> 'basis', (e ->> 'remaining_seconds')::integer / 60, (e ->> 'p25_seconds')::integer / 60,
    (e ->> 'p75_seconds')::integer / 60, (e ->> 'n')::integer, (e ->> 'ends_at')::timestamptz > now()
    FROM (SELECT playbook_result(%s) -> 'estimate') AS d (e)$$, :execution), $$VALUES ('history', 390, 225, 555, 12, true)$$,
    'the document says the same');
RESET ROLE;
SELECT pg_temp.add_history(ARRAY(SELECT generate_series(101, 150)), 'skipped') \g /dev/null
SELECT is(pg_temp.said(:execution), 'history 390 12', 'those that took another way do not count');
UPDATE playbook_step_executions SET finished_at = finished_at - interval '6 hours' WHERE execution_id = :execution AND step_id = 'first';
UPDATE playbook_executions SET started_at = started_at - interval '6 hours' WHERE id = :execution;
SELECT is(pg_temp.said(:execution), 'history 30 12', 'what has passed since is over');
UPDATE playbook_step_executions SET finished_at = finished_at - interval '6 hours' WHERE execution_id = :execution AND step_id = 'first';
UPDATE playbook_executions SET started_at = started_at - interval '6 hours' WHERE id = :execution;
SELECT is(pg_temp.said(:execution), 'history 0 12', 'who takes longer than most may end any moment');
SET LOCAL ROLE estimate_owner;
SELECT playbook_pause(:execution) \g /dev/null
SELECT results_eq(format('SELECT basis, ends_at FROM playbook_estimate(%s)', :execution), $$VALUES ('history', NULL::timestamptz)$$,
    'a paused one has no end');
SELECT is((SELECT count(expected_at) FROM playbook_progress(:execution)), 0::bigint, 'nor have its steps');
SELECT playbook_resume(:execution), playbook_cancel(:execution) \g /dev/null
SELECT results_eq(format('SELECT * FROM playbook_estimate(%s)', :execution), $$VALUES (NULL::interval, NULL::interval, NULL::interval,
    NULL::timestamptz, NULL::text, NULL::integer)$$, 'what has ended takes no more time');
SELECT is(playbook_result(:execution) ? 'estimate', false, 'its document has no estimate');
SELECT results_eq($$SELECT basis, p25, n FROM playbook_estimate(pg_temp.begun('[{id: a, type: wait, config: {for: 2 hours}}]'))$$,
    $$VALUES ('definition', NULL::interval, NULL::integer)$$, 'from the definition there is no n');
SELECT is(playbook_result(playbook_start('hour')) -> 'estimate' ->> 'remaining_seconds', '3600', 'in the document');

-- However many executions there were, few are read.
SELECT playbook_start('path') AS execution \gset
RESET ROLE;
SELECT pg_temp.add_history(ARRAY(SELECT generate_series(1001, 21000))) \g /dev/null
CREATE FUNCTION pg_temp.rows_read() RETURNS bigint LANGUAGE sql AS $$
    SELECT sum(seq_tup_read + coalesce(idx_tup_fetch, 0))::bigint FROM pg_stat_xact_user_tables WHERE relname LIKE 'playbook_%executions%'
$$;
SELECT pg_temp.said(:execution) \g /dev/null
SELECT pg_temp.rows_read() AS before \gset
SELECT matches(pg_temp.said(:execution), '^history \d+ 100$', 'the latest hundred');
SELECT cmp_ok(pg_temp.rows_read() - :before, '<', 2000::bigint, 'no more than these are read');

-- Refusals.
SELECT is(refusal('SELECT playbook_estimate(1)') ~ '^42704 execution 1 does not exist', true, 'unknown');
SELECT is(refusal(format($$SELECT as_role('estimate_other', 'SELECT playbook_estimate(%s)')$$, :execution)) ~ '^42704 ', true, 'invisible');
SELECT is(playbook_estimate(NULL), NULL, 'null: null');
SELECT * FROM finish();
ROLLBACK;
