-- The wait step: for a time, until a moment, for an event; what a pause moves and what a timeout means.
BEGIN;
SELECT plan(26);

SET LOCAL client_min_messages = error; -- owners of playbooks here do not log in
CREATE ROLE wait_owner; GRANT playbook_author TO wait_owner;
CREATE FUNCTION as_owner(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    answer text;
BEGIN
    SET LOCAL ROLE wait_owner;
    EXECUTE statement INTO answer;
    RESET ROLE;
    RETURN answer;
END
$$;
-- Starts a playbook with one wait step of that config.
CREATE FUNCTION waits(config text, more text DEFAULT '') RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    name text := 'wait_' || md5(config || more);
    execution bigint;
BEGIN
    PERFORM as_owner(format('SELECT playbook_create(%L, publish => true)', format(
        '{id: %s, name: Wait, steps: [{id: w, type: wait, config: %s%s}]}', name, config, more)));
    execution := as_owner(format('SELECT playbook_start(%L)', name));
    PERFORM playbook_advance(execution);
    RETURN execution;
END
$$;
CREATE FUNCTION step_of(execution bigint) RETURNS text LANGUAGE sql AS
    $$SELECT concat_ws(' ', status, outcome, waiting_for) FROM playbook_step_executions
        WHERE execution_id = execution$$;
CREATE FUNCTION due_of(execution bigint) RETURNS timestamptz LANGUAGE sql AS
    $$SELECT due_at FROM playbook_step_executions WHERE execution_id = execution$$;
-- As if that much time had passed.
CREATE FUNCTION passes(execution bigint, span interval) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    UPDATE playbook_step_executions SET due_at = due_at - span, started_at = started_at - span,
        output = CASE WHEN output ? 'until' THEN output || jsonb_build_object('until',
            (output ->> 'until')::timestamptz - span) ELSE output END
    WHERE execution_id = execution;
    UPDATE playbook_executions SET due_at = now() WHERE id = execution AND slot = 0;
    PERFORM playbook_advance(execution);
    RETURN step_of(execution);
END
$$;

SELECT is(step_of(waits('{for: 0}')), 'completed elapsed', 'for: 0 goes on at once');
SELECT is(step_of(waits('{for: 0 days}')), 'completed elapsed', 'so do no days');
SELECT waits('{for: 3 days}') AS execution \gset
SELECT is(step_of(:execution), 'waiting time', 'a length of time is waited for');
SELECT ok(due_of(:execution) BETWEEN now() + interval '3 days' - interval '2 hours'
    AND now() + interval '3 days' + interval '2 hours',
          'until it is over');
SELECT is(passes(:execution, '2 days'), 'waiting time', 'not before');
SELECT is(passes(:execution, '26 hours'), 'completed elapsed', 'but then');

-- A month in the zone of the playbook: the clock reads the same, whatever the hour is elsewhere.
SET LOCAL playbook.timezone = 'America/New_York';
SELECT waits('{for: 6 months}') AS execution \gset
SELECT is(to_char(due_of(:execution) AT TIME ZONE 'America/New_York', 'DD HH24:MI'),
          to_char((clock_timestamp() AT TIME ZONE 'America/New_York') + interval '6 months', 'DD HH24:MI'),
          'months are added in the time zone');
SELECT waits('{until: "2099-07-01 09:00"}') AS execution \gset
SELECT is(due_of(:execution), '2099-07-01 09:00 America/New_York'::timestamptz,
    'a moment without a zone is in the playbook''s');
SELECT waits('{until: "2099-07-01T09:00:00Z"}') AS execution \gset
SELECT is(due_of(:execution), '2099-07-01 09:00 UTC'::timestamptz, 'one with a zone in its own');
RESET playbook.timezone;
SELECT is(step_of(waits('{until: "2001-01-01"}')), 'completed elapsed', 'a moment that has passed goes on at once');
SELECT waits('{until: "next spring"}') AS execution \gset
SELECT is((SELECT error ->> 'message' FROM playbook_step_executions WHERE execution_id = :execution),
          '"next spring" is no time, in "until"', 'what is no time fails the step');

-- Events.
SELECT waits('{event: reply, timeout: 3 days}') AS execution \gset
SELECT is(step_of(:execution), 'waiting event', 'an event is waited for');
SELECT as_owner(format($$SELECT playbook_signal(%s, 'other', '{}')$$, :execution)) \g /dev/null
SELECT playbook_advance(:execution) \g /dev/null
SELECT is(step_of(:execution), 'waiting event', 'not any event');
SELECT as_owner(format($$SELECT playbook_signal(%s, 'reply', '{"mood": "good"}')$$, :execution)) \g /dev/null
SELECT playbook_advance(:execution) \g /dev/null
SELECT is(step_of(:execution), 'completed received', 'the event is received');
SELECT is((SELECT output FROM playbook_step_executions WHERE execution_id = :execution), '{"mood": "good"}'::jsonb,
    'with what came with it');
SELECT is((SELECT consumed_by FROM playbook_signals WHERE execution_id = :execution AND name = 'reply'), 0,
    'and is heard once');
SELECT waits('{event: reply, timeout: 3 days}', ', timeout: 4 days') AS execution \gset
SELECT is(passes(:execution, '73 hours'), 'completed timeout', 'without it the outcome is timeout');
SELECT is(passes(waits('{event: reply, for: 3 days}'), '73 hours'), 'completed elapsed',
    'or elapsed, where a length was given');
SELECT waits('{event: [won, lost], match: "event.amount > 100"}') AS execution \gset
SELECT as_owner(format($$SELECT playbook_signal(%s, 'lost', '{"amount": 50}')$$, :execution)) \g /dev/null
SELECT playbook_advance(:execution) \g /dev/null
SELECT is(step_of(:execution), 'waiting event', 'an event that does not match is passed over');
SELECT as_owner(format($$SELECT playbook_signal(%s, 'won', '{"amount": 500}')$$, :execution)) \g /dev/null
SELECT playbook_advance(:execution) \g /dev/null
SELECT is((SELECT output ->> 'amount' FROM playbook_step_executions WHERE execution_id = :execution), '500',
    'one of several that matches is received');

-- An event that comes before its waiter is kept; two waiters take one each.
SELECT as_owner($$SELECT playbook_create('{id: early, name: Early, steps: [{id: a, type: wait, config: {event: go}},
    {id: b, type: wait, config: {event: next}}, {id: c, type: wait,
        config: {event: next}}]}', publish => true)$$) \g /dev/null
SELECT as_owner($$SELECT playbook_start('early')$$) AS execution \gset
SELECT playbook_advance(:execution) \g /dev/null
SELECT as_owner(format($$SELECT playbook_signal(%s, 'next', '{}')$$, :execution)) \g /dev/null
SELECT as_owner(format($$SELECT playbook_signal(%s, 'go', '{}')$$, :execution)) \g /dev/null
SELECT playbook_advance(:execution) \g /dev/null
SELECT results_eq(format($$SELECT step_id || ' ' || status FROM playbook_step_executions WHERE execution_id = %s
    ORDER BY position$$, :execution),
                  $$VALUES ('a completed'), ('b completed'), ('c waiting')$$,
                      'an early event is kept, and heard by one step only');

-- A pause moves lengths of time and leaves dates.
SELECT waits('{for: 3 days }') AS relative \gset
SELECT waits('{until: "2099-01-01 00:00+00" }') AS fixed \gset
SELECT due_of(:relative) AS before \gset
SELECT as_owner(format('SELECT playbook_pause(%s)', e)) FROM (VALUES (:relative), (:fixed)) AS v (e) \g /dev/null
UPDATE playbook_executions SET paused_at = paused_at - interval '5 days' WHERE id IN (:relative, :fixed);
SELECT as_owner(format('SELECT playbook_resume(%s)', e)) FROM (VALUES (:relative), (:fixed)) AS v (e) \g /dev/null
SELECT playbook_advance(e) FROM (VALUES (:relative), (:fixed)) AS v (e) \g /dev/null
SELECT ok(due_of(:relative) >= :'before'::timestamptz + interval '5 days', 'a pause moves a length of time');
SELECT is(step_of(:relative), 'waiting time', 'which is waited for on');
SELECT is(due_of(:fixed), '2099-01-01 00:00+00'::timestamptz, 'and leaves a date');

-- The step's own timeout is not the end of the wait.
SELECT waits('{for: 3 days}', ', timeout: 1 hour') AS execution \gset
SELECT is(passes(:execution, '2 hours'), 'failed failed', 'a step that waits beyond its timeout fails');
SELECT is((SELECT error ->> 'sqlstate' FROM playbook_step_executions WHERE execution_id = :execution), '57014',
    'as every other does');

SELECT * FROM finish();
ROLLBACK;
