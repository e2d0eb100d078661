-- on_cancel: what an execution does when it is cancelled, of each step that had acted and of the playbook.
BEGIN;
SELECT plan(24);
\ir steps.psql
CREATE FUNCTION cancelled(execution bigint) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM playbook_cancel(execution, 'enough');
    PERFORM playbook_advance(execution);
    RETURN story(execution);
END
$$;
CREATE FUNCTION says(word text) RETURNS text LANGUAGE sql AS
    $f$ SELECT format($$type: sql, config: {template: "INSERT INTO said (word) VALUES ('%s')"}$$, word) $f$;

SELECT run(format($$steps:
  - {id: a, %s, on_cancel: [{id: undo_a, %s}, {id: undo_a2, %s}]}
  - {id: w, type: wait, config: {event: go}, on_cancel: [{id: undo_w, %s}]}
  - {id: b, %s, on_cancel: [{id: undo_b, %s}]}
on_cancel: [{id: sorry, %s}]$$, says('a'), says('undo_a'), says('undo_a2'), says('undo_w'), says('b'),
    says('undo_b'), says('sorry'))) AS e \gset
SELECT is(story(:e), 'a completed, w waiting event', 'steps of on_cancel do not run in the course of things');
SELECT is(cancelled(:e), 'a completed, undo_a completed, undo_a2 completed, w skipped cancelled, undo_w completed, '
    'b skipped cancelled, sorry completed',
          'cancelled, those run whose step had begun, and the playbook''s');
SELECT is((SELECT count(*) FROM said WHERE word = 'undo_b'), 0::bigint, 'not those of a step that never began');
SELECT is(words(), 'a undo_a undo_a2 undo_w sorry', 'each in its order');
SELECT is(status_of(:e), 'cancelled', 'the execution is cancelled then');
SELECT is((SELECT reason FROM playbook_executions WHERE id = :e), 'enough', 'with the reason given');
SELECT is(reason_of(:e, 'b'), 'enough', 'which each skipped step has, too');
SELECT run(format($$steps: [{id: a, %s}]
on_cancel: [{id: sorry, %s}]$$, says('a'), says('sorry'))) AS e \gset
SELECT is(story(:e) || ' ' || status_of(:e), 'a completed completed',
    'an execution that completes does not run them');
SELECT run($$steps: [{id: w, type: wait, config: {event: go}}, {id: x, type: wait, config: {for: 0}}]$$) AS e \gset
SELECT is(playbook_cancel(:e), 'cancelled', 'without on_cancel it is cancelled at once');
SELECT is(story(:e), 'w skipped cancelled, x skipped cancelled', 'and everything is skipped');

-- on_cancel steps that wait, fail, or ask.
TRUNCATE said;
SELECT run(format($$steps: [{id: w, type: wait, config: {event: go}}]
on_cancel:
  - {id: c1, type: wait, config: {for: 1 day}}
  - {id: c2, %s}$$, says('c2'))) AS e \gset
SELECT is(cancelled(:e) || ' / ' || status_of(:e), 'w skipped cancelled, c1 waiting time / waiting time',
    'they may wait');
SELECT throws_ok(format('SELECT playbook_cancel(%s)', :e), '55000', format('execution %s is waiting', :e),
    'it cannot be cancelled twice');
SELECT is(later(:e, '25 hours'), 'w skipped cancelled, c1 completed elapsed, c2 completed', 'and go on');
SELECT is(status_of(:e), 'cancelled', 'to the end');
SELECT run(format($$steps: [{id: w, type: wait, config: {event: go}}]
on_cancel:
  - {id: c1, type: sql, config: {template: SELECT 1 / 0}}
  - {id: c2, %s}
  - {id: c3, type: wait, when: "steps.w.outcome IS NOT NULL AND steps.w.status = 'skipped'", config: {for: 0}}$$,
      says('c2'))) AS e \gset
SELECT is(cancelled(:e), 'w skipped cancelled, c1 failed, c2 completed, c3 completed elapsed',
    'one that fails does not stop the others');
SELECT is(status_of(:e), 'cancelled', 'nor the cancelling');

-- What had been queued or promised is taken back before they run.
SELECT run($$steps:
  - {id: m, type: meeting, config: {title: Talk, start: "2099-01-01 10:00", attendees: [a@example.com],
      organizer: b@example.com},
     on_cancel: [{id: apologise, type: email, config: {to: a@example.com, subject: Sorry, body: "Our fault"}}]}
  - {id: t, type: task, config: {title: Prepare}}$$) AS e \gset
SELECT is(cancelled(:e), 'm completed scheduled, apologise completed queued, t skipped cancelled',
    'a meeting that was called off is apologised for');
SELECT is((SELECT status FROM playbook_tasks WHERE execution_id = :e), 'revoked', 'and the task is revoked');
-- Cancelling inside a branch.
SELECT run(format($$steps:
  - {id: c, type: condition, config: {if: 1 = 1, then: [{id: a, %s, on_cancel: [{id: ua, %s}]}, {id: w, type: wait,
      config: {event: go}}],
      else: [{id: z, %s, on_cancel: [{id: uz, %s}]}]}}$$, says('a'), says('ua'), says('z'), says('uz'))) AS e \gset
SELECT is(cancelled(:e), 'c completed then, a completed, ua completed, w skipped cancelled, z skipped branch',
    'in the branch taken, not in the other');

-- A step that never acted has nothing to take back: nobody apologises for a mail that was not sent.
TRUNCATE said;
SELECT run(format($$steps:
  - {id: a, type: email, require_approval: {by: postgres}, config: {to: a@example.com, subject: S, body: B},
     on_cancel: [{id: undo_a, %s}]}
  - {id: b, type: email, require_approval: {by: postgres}, config: {to: a@example.com, subject: S, body: B},
     on_cancel: [{id: undo_b, %s}]}$$, says('undo_a'), says('undo_b'))) AS e \gset
SELECT playbook_reject(id) FROM approvals WHERE execution_id = :e \g /dev/null
SELECT playbook_advance(:e) \g /dev/null
SELECT is(cancelled(:e), 'a skipped rejected, b skipped cancelled',
    'not where the step was rejected, nor where it waited for its approval');
SELECT is(status_of(:e) || coalesce(words(), ''), 'cancelled', 'and the execution is cancelled at once');

-- A condition of on_cancel chooses among its branches; what a step of on_cancel would do when cancelled is never due.
TRUNCATE said;
SELECT run(format($$steps: [{id: w, type: wait, config: {event: go}}]
on_cancel:
  - {id: c, type: condition, config: {cases: [{when: 1 = 2, steps: [{id: x, %s}]}, {when: 1 = 1, steps: [{id: y, %s}]}],
      else: [{id: z, %s}]}}
  - {id: last, %s, on_cancel: [{id: undo_last, %s}]}$$, says('x'), says('y'), says('z'), says('last'),
    says('undo_last'))) AS e \gset
SELECT is(cancelled(:e), 'w skipped cancelled, c completed case 2, x skipped branch, y completed, z skipped branch, '
    'last completed', 'a condition of on_cancel takes one branch');
SELECT is(words(), 'y last', 'and only its steps act');
SELECT is(status_of(:e), 'cancelled', 'then the execution is cancelled');

SELECT * FROM finish();
ROLLBACK;
