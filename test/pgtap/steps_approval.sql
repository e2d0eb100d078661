-- An approval in the course of an execution: what each decision, and no decision, makes of the steps that follow.
-- What approvals are is tested in approval_*.sql.
BEGIN;
SELECT plan(28);
\ir steps.psql
SELECT playbook_set_person('boss', 'Boss', 'boss@example.com') \g /dev/null
SELECT playbook_set_person('me', 'Me', 'me@example.com', current_user::text::regrole, manager => 'boss') \g /dev/null
CREATE FUNCTION approval(execution bigint) RETURNS bigint LANGUAGE sql AS
    $$SELECT max(id) FROM approvals WHERE execution_id = execution$$;
CREATE FUNCTION gated(more text DEFAULT '',
    after text DEFAULT 'steps.s.status IS NOT NULL') RETURNS bigint LANGUAGE sql AS $f$ SELECT run(format($$
steps:
  - {id: s, type: sql, require_approval: {approvers: [me]%s},
      config: {template: "INSERT INTO said (word) VALUES ({{w}}) RETURNING word",
      parameters: {w: "{{parameters.w}}"}}}
  - {id: after, type: wait, when: "%s", config: {for: 0}}
parameters: [{name: w, type: string, default: x}]$$, more, after)) $f$;

SELECT gated() AS e \gset
SELECT is(story(:e) || ' / ' || status_of(:e), 's waiting approval / waiting approval',
    'the step waits before it acts');
SELECT is((SELECT count(*) FROM said), 0::bigint, 'nothing has happened');
SELECT playbook_approve(approval(:e)) \g /dev/null
SELECT playbook_advance(:e) \g /dev/null
SELECT is(story(:e) || ' ' || words(), 's completed, after completed elapsed x',
    'approve: it acts, and what follows runs');
TRUNCATE said;
SELECT gated() AS e \gset
SELECT playbook_approve(approval(:e), changes => '{"parameters": {"w": "y"}}') \g /dev/null
SELECT playbook_advance(:e) \g /dev/null
SELECT is(story(:e) || ' ' || words(), 's completed, after completed elapsed y',
    'approve with changes: the changed action runs');
SELECT is((SELECT input -> 'parameters' ->> 'w' FROM row_of(:e, 's')), 'y', 'and is what the step has done');
SELECT gated() AS e \gset
SELECT throws_ok(format($$SELECT playbook_approve(approval(%s), changes => '{"template": "SELECT 1 AS word"}')$$, :e), '42501',
    '"template" of step "s" is SQL, and cannot be changed here', 'a statement cannot be changed');
SELECT run($$steps: [{id: q, type: query, config: {template: SELECT 1 AS n}}, {id: f, type: filter, require_approval: {by: postgres},
    config: {input: "${steps.q}", condition: n > 5}}]$$) AS e \gset
SELECT throws_ok(format($$SELECT playbook_approve(approval(%s), changes => '{"condition": "pg_read_file(''PG_VERSION'') <> ''''"}')$$, :e),
    '42501', '"condition" of step "f" is SQL, and cannot be changed here', 'nor an expression, which runs with the owner''s rights');
SELECT playbook_approve(approval(:e)) \g /dev/null
SELECT throws_ok(format($$SELECT playbook_retry(%s, 'f', '{"condition": "pg_read_file(''PG_VERSION'') <> ''''"}')$$, :e),
    '42501', '"condition" of step "f" is SQL, and cannot be changed here', 'nor by a retry');
SELECT gated(after => 'steps.s.outcome = ''rejected''') AS e \gset
SELECT playbook_reject(approval(:e), 'not now') \g /dev/null
SELECT playbook_advance(:e) \g /dev/null
SELECT is(story(:e), 's skipped rejected, after completed elapsed',
    'reject: it is skipped, and what follows can ask');
SELECT is(reason_of(:e, 's'), 'rejected by Me: not now', 'with who and why');
SELECT is(status_of(:e), 'completed', 'a rejection is no failure');

-- No decision.
SELECT gated(', expires: 2 days') AS e \gset
SELECT is(later(:e, '47 hours'), 's waiting approval', 'it waits until it expires');
SELECT is(later(:e, '2 hours'), 's skipped expired, after completed elapsed',
    'then, unless said otherwise, it is as if rejected');
TRUNCATE said;
SELECT gated(', expires: 2 days, on_expiry: approve') AS e \gset
SELECT is(later(:e, '49 hours'), 's completed, after completed elapsed', 'approve: silence is consent');
SELECT is(words(), 'x', 'and has acted');
SELECT gated(', expires: 2 days, on_expiry: escalate') AS e \gset
SELECT is(later(:e, '49 hours'), 's waiting approval', 'escalate: it is asked again');
SELECT is((SELECT approvers -> 'people' FROM approvals WHERE id = approval(:e)), '["me", "boss"]'::jsonb,
    'the manager, too');
SELECT is(later(:e, '49 hours'), 's skipped expired, after completed elapsed', 'who has as long, and no more');
SELECT run($$steps:
  - id: s
    type: sql
    require_approval: {approvers: [me], expires: 2 days, on_expiry: [{id: x1, type: wait, config: {for: 0}},
        {id: x2, type: sql, config: {template: "INSERT INTO said (word) VALUES ('nobody')"}}]}
    config: {template: "INSERT INTO said (word) VALUES ('never')"}
  - {id: after, type: wait, config: {for: 0}}$$) AS e \gset
TRUNCATE said;
SELECT is(later(:e, '49 hours'), 's skipped expired, x1 completed elapsed, x2 completed, after completed elapsed',
    'steps: they run, and the rest after them');
SELECT is(words(), 'nobody', 'instead of it');
SELECT run($$steps:
  - {id: s, type: approval, config: {approvers: [me], expires: 2 days, on_expiry: [{id: x1, type: wait,
      config: {for: 0}}]}}$$) AS e \gset
SELECT playbook_approve(approval(:e)) \g /dev/null
SELECT playbook_advance(:e) \g /dev/null
SELECT is(story(:e), 's completed approved, x1 skipped branch', 'decided in time, they do not');
SELECT is(reason_of(:e, 'x1'), 'step "s" took "approved"', 'and say so');

-- An approval step.
CREATE FUNCTION asked() RETURNS bigint LANGUAGE sql AS $f$ SELECT run($$steps:
  - {id: a, type: approval, config: {title: Go, approvers: [me], expires: 1 day}}
  - id: c
    type: condition
    config:
      cases:
        - {name: go, when: "steps.a.outcome IN ('approved', 'changed')", steps: [{id: g, type: wait,
            config: {for: 0}}]}
        - {name: stop, when: "steps.a.outcome = 'rejected'", steps: [{id: n, type: wait, config: {for: 0}}]}
      else: [{id: x, type: wait, config: {for: 0}}]$$) $f$;
SELECT asked() AS e \gset
SELECT playbook_approve(approval(:e), 'fine') \g /dev/null
SELECT playbook_advance(:e) \g /dev/null
SELECT is(story(:e), 'a completed approved, c completed go, g completed elapsed, n skipped branch, '
    'x skipped branch', 'approved');
SELECT is((SELECT output ->> 'comment' || ' ' || (output ->> 'decided_by') FROM row_of(:e, 'a')), 'fine me',
    'by whom and with what words');
SELECT asked() AS e \gset
SELECT playbook_reject(approval(:e)) \g /dev/null
SELECT playbook_advance(:e) \g /dev/null
SELECT is(story(:e), 'a completed rejected, c completed stop, g skipped branch, n completed elapsed, '
    'x skipped branch', 'rejected');
SELECT asked() AS e \gset
SELECT is(later(:e, '25 hours'), 'a completed expired, c completed else, g skipped branch, n skipped branch, '
    'x completed elapsed', 'expired');
-- A skip by a person, and a pause, while it waits.
SELECT gated() AS e \gset
SELECT playbook_skip(:e, 's', 'not needed') \g /dev/null
SELECT playbook_advance(:e) \g /dev/null
SELECT is(story(:e) || ' ' || (SELECT status FROM approvals WHERE id = approval(:e)),
    's skipped, after completed elapsed revoked', 'a person may skip it; then nobody is asked any more');
SELECT gated() AS e \gset
SELECT playbook_pause(:e) \g /dev/null
SELECT playbook_approve(approval(:e)) \g /dev/null
SELECT playbook_resume(:e) \g /dev/null
SELECT playbook_advance(:e) \g /dev/null
SELECT is(story(:e), 's completed, after completed elapsed', 'what was decided during a pause counts after it');

SELECT * FROM finish();
ROLLBACK;
