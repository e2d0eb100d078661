-- playbook_pause, playbook_resume, playbook_cancel: what each does, and what it says in the wrong state.
BEGIN;
SELECT plan(58);
\ir refusal.psql

CREATE ROLE control_author; GRANT playbook_author TO control_author;
CREATE ROLE control_viewer; GRANT playbook_viewer TO control_viewer;
CREATE ROLE control_user;   GRANT playbook_user TO control_user;
SET LOCAL client_min_messages = error; -- owners of playbooks here do not log in
CREATE FUNCTION state(execution bigint) RETURNS text LANGUAGE sql SECURITY DEFINER AS
    $$SELECT concat_ws(' ', status, waiting_for, reason) FROM playbook_executions WHERE id = execution$$;
CREATE FUNCTION step_of(execution bigint, step text) RETURNS text LANGUAGE sql SECURITY DEFINER AS
    $$SELECT concat_ws(' ', status, outcome, waiting_for, reason) FROM playbook_step_executions
      WHERE execution_id = execution AND step_id = step$$;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO control_author;

SET LOCAL ROLE control_author;
SELECT playbook_create('{id: waits, name: W, steps: [{id: w, type: wait, config: {event: go, timeout: 3 days}}, '
    '{id: after, type: wait, config: {for: 0}}]}',
                       true) \g /dev/null
SELECT playbook_create('{id: later, name: L, steps: [{id: w, type: wait, config: {for: 3 days}}]}', true) \g /dev/null
SELECT playbook_create('{id: fails, name: F, steps: [{id: w, type: sql, config: {template: "SELECT 1/0"}}]}',
    true) \g /dev/null
SELECT playbook_start('waits') AS done \gset
SELECT playbook_signal(:done, 'go') \g /dev/null
SELECT playbook_advance(:done) \g /dev/null
SELECT playbook_run('fails') ->> 'execution' AS failed \gset
SELECT playbook_start('waits') AS cancelled \gset
SELECT playbook_cancel(:cancelled) \g /dev/null

-- The wrong state names the present one; unknown executions are unknown to each.
SELECT is(refusal(format('SELECT %s', replace(call, '{}', execution::text))),
          format(E'55000 execution %s is %s\nDETAIL: It must be %s.\nHINT: %s', execution, status, wanted, hint),
              format('%s of one that is %s', call, status))
FROM (VALUES (:done::bigint, 'completed'), (:failed, 'failed'), (:cancelled, 'cancelled')) AS e (execution, status),
     (VALUES ('playbook_pause({})', 'pending, running or waiting'), ('playbook_resume({})', 'paused'),
         ('playbook_cancel({})', 'under way'),
             ('playbook_skip({}, ''w'')', 'under way'), ('playbook_signal({}, ''go'')', 'under way')) AS c (call,
                 wanted),
     (VALUES ('It has ended; see playbook_retry() for one that failed.')) AS h (hint);
SELECT is(refusal(format('SELECT playbook_retry(%s)', execution)),
          format(E'55000 execution %s is %s\nDETAIL: It must be failed or under way.\nHINT: Start it anew with '
              'playbook_start().', execution, status),
          format('retry of one that is %s', status))
FROM (VALUES (:done::bigint, 'completed'), (:cancelled, 'cancelled')) AS e (execution, status);
SELECT is(refusal(format('SELECT %s', call)),
          E'42704 execution 1 does not exist\nHINT: It is unknown here, past its retention time, or not visible '
              'to you.', format('%s: unknown', call))
FROM (VALUES ('playbook_pause(1)'), ('playbook_resume(1)'), ('playbook_cancel(1)'), ('playbook_skip(1, ''w'')'),
    ('playbook_retry(1)'),
             ('playbook_signal(1, ''go'')'), ('playbook_advance(1)')) AS c (call);
SELECT is(refusal($$SELECT playbook_pause(NULL::bigint)$$), '22004 argument "execution" must not be null',
    'null is no execution');
SELECT is(refusal($$SELECT playbook_pause(NULL)$$), '22004 argument "run_id" must not be null',
    'nor as a text');
RESET ROLE;
SELECT is(refusal(format($$SELECT as_role('control_viewer', 'SELECT playbook_pause(%s)')$$,
    :done)) ~ format('^42501 permission denied for execution %s', :done),
          true, 'who may only look controls nothing');
SELECT is(refusal(format($$SELECT as_role('control_user', 'SELECT playbook_cancel(%s)')$$,
    :done)) ~ format('^42704 execution %s does not exist', :done),
          true, 'to whom it is invisible it does not exist');
SET LOCAL ROLE control_author;

-- Pause and resume.
SELECT playbook_start('waits') AS execution \gset
SELECT playbook_advance(:execution) \g /dev/null
SELECT is(refusal(format('SELECT playbook_resume(%s)', :execution)),
          format(E'55000 execution %s is waiting\nDETAIL: It must be paused.\nHINT: Only a paused execution can '
              'be resumed; see playbook_pause().', :execution),
          'what waits is not resumed');
SELECT playbook_pause(:execution, 'on holiday') \g /dev/null
SELECT is(state(:execution), 'paused event on holiday', 'pause says why');
SELECT is(refusal(format('SELECT playbook_pause(%s)', :execution)),
          format(E'55000 execution %s is paused\nDETAIL: It must be pending, running or waiting.\nHINT: Resume it '
              'with playbook_resume().', :execution),
          'what is paused is not paused again');
SELECT is(refusal(format('SELECT playbook_advance(%s)', :execution)),
          format(E'55000 execution %s is paused\nHINT: Resume it with playbook_resume().', :execution),
              'nor advanced');
SELECT playbook_signal(:execution, 'go', '{"n": 1}') \g /dev/null
SELECT is(state(:execution), 'paused event on holiday', 'a signal does not wake it');
SELECT is((SELECT due_at FROM playbook_executions WHERE id = :execution), NULL, 'it is never due');
SELECT is(refusal(format($$SELECT playbook_resume(%s, 'move')$$, :execution)),
          E'22023 timers cannot be "move"\nHINT: Use shift (they go on where they stood) or keep (they end when '
              'they would have).', 'timers are shift or keep');
SELECT playbook_resume(:execution) \g /dev/null
SELECT is(state(:execution), 'running event', 'resume goes on');
SELECT is(playbook_advance(:execution), 'completed', 'with the signal that came meanwhile');

-- What had not begun keeps its date and its turn.
SELECT playbook_start('waits', start_at => '2100-01-01 00:00+00') AS dated \gset
SELECT playbook_signal(:dated, 'go') \g /dev/null
SELECT is((SELECT due_at FROM playbook_executions WHERE id = :dated), '2100-01-01 00:00+00',
    'a signal does not hurry it');
SELECT playbook_pause(:dated) \g /dev/null
SELECT playbook_resume(:dated) \g /dev/null
SELECT results_eq(format('SELECT status, due_at FROM playbook_executions WHERE id = %s', :dated),
    $$VALUES ('pending', '2100-01-01 00:00+00'::timestamptz)$$,
                  'a pause does not, either');
SELECT playbook_start('waits', 'c1', conflict => 'queue') AS head \gset
SELECT playbook_start('waits', 'c1', conflict => 'queue') AS tail \gset
SELECT playbook_pause(:tail) \g /dev/null
SELECT playbook_resume(:tail) \g /dev/null
SELECT is(state(:tail), 'pending customer', 'who queued still queues');
SELECT playbook_pause(:tail) \g /dev/null
SELECT playbook_cancel(:head) \g /dev/null
SELECT is(state(:tail), 'paused customer', 'a place that comes free does not wake it');
SELECT playbook_resume(:tail) \g /dev/null
SELECT is(state(:tail), 'pending', 'it takes it when it is resumed');
SELECT is(playbook_advance(:tail), 'waiting', 'and begins');

-- Timers: shifted by the pause, or kept.
SELECT playbook_start('later') AS shifted \gset
SELECT playbook_advance(:shifted) \g /dev/null
SELECT playbook_start('later') AS kept \gset
SELECT playbook_advance(:kept) \g /dev/null
SELECT due_at AS shifted_due FROM playbook_step_executions WHERE execution_id = :shifted \gset
SELECT due_at AS kept_due FROM playbook_step_executions WHERE execution_id = :kept \gset
SELECT playbook_pause(:shifted), playbook_pause(:kept) \g /dev/null
RESET ROLE;
UPDATE playbook_executions SET paused_at = paused_at - interval '1 day' WHERE id IN (:shifted, :kept);
SET LOCAL ROLE control_author;
SELECT playbook_resume(:shifted), playbook_resume(:kept, 'keep') \g /dev/null
SELECT ok(due_at - :'shifted_due'::timestamptz BETWEEN interval '1 day' AND interval '1 day 1 minute',
    'shift: the wait takes as long as was left of it')
FROM playbook_step_executions WHERE execution_id = :shifted;
SELECT is((SELECT due_at FROM playbook_step_executions WHERE execution_id = :kept), :'kept_due'::timestamptz,
    'keep: it ends when it would have');
SELECT ok(paused_seconds BETWEEN 86400 AND 86460 AND paused_at IS NULL, 'the time of the pause is kept')
    FROM playbook_executions WHERE id = :shifted;

-- Cancel.
SELECT playbook_start('waits') AS execution \gset
SELECT playbook_advance(:execution) \g /dev/null
SELECT is(playbook_cancel(:execution, 'customer called'), 'cancelled', 'cancel');
SELECT is(state(:execution), 'cancelled customer called', 'says why');
SELECT is(step_of(:execution, 'w'), 'skipped cancelled customer called', 'and skips what waited');
SELECT is(step_of(:execution, 'after'), 'skipped cancelled customer called', 'and what had not begun');
SELECT playbook_start('waits', start_at => now() + interval '1 day') AS execution \gset
SELECT is(playbook_cancel(:execution), 'cancelled', 'what had not begun is cancelled');
SELECT playbook_start('waits') AS execution \gset
SELECT playbook_pause(:execution) \g /dev/null
SELECT is(playbook_cancel(:execution), 'cancelled', 'and what is paused');

-- on_cancel: of the definition, and of steps that had begun.
SELECT playbook_create($yaml$
id: sorry
name: Sorry
steps:
  - id: first
    type: wait
    config: {event: go}
    on_cancel: [{id: undo_first, type: notify, config: {to: someone, message: first}}]
  - id: second
    type: wait
    config: {event: go}
    on_cancel: [{id: undo_second, type: notify, config: {to: someone, message: second}}]
on_cancel: [{id: at_last, type: wait, config: {event: closed}}]
$yaml$, true) \g /dev/null
SELECT playbook_start('sorry') AS execution \gset
SELECT playbook_advance(:execution) \g /dev/null
SELECT is(playbook_cancel(:execution, 'no'), 'running', 'with on_cancel steps it is running');
SELECT is(refusal(format('SELECT playbook_cancel(%s)', :execution)),
          format(E'55000 execution %s is running\nDETAIL: It must be not being cancelled already.\nHINT: Its '
              'on_cancel steps are at work.', :execution),
          'and is not cancelled twice');
SELECT is(playbook_advance(:execution), 'waiting', 'they may wait');
SELECT is(step_of(:execution, 'undo_second'), NULL, 'what had not begun is not taken back');
SELECT isnt(step_of(:execution, 'undo_first'), NULL, 'what had is');
SELECT playbook_signal(:execution, 'closed') \g /dev/null
SELECT is(playbook_advance(:execution), 'cancelled', 'then it is cancelled');
RESET ROLE;

SELECT * FROM finish();
ROLLBACK;
