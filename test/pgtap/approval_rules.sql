-- N of M, self-approval, deputies, handing on, expiry and escalation.
BEGIN;
SELECT plan(37);

SET LOCAL client_min_messages = error; -- owners of playbooks here do not log in
CREATE ROLE rule_owner; GRANT playbook_author TO rule_owner;
CREATE ROLE rule_ana;   GRANT playbook_user TO rule_ana;
CREATE ROLE rule_ben;   GRANT playbook_user TO rule_ben;
CREATE ROLE rule_eva;   GRANT playbook_user TO rule_eva;
SELECT playbook_set_person('eva', 'Eva', 'eva@example.com', 'rule_eva') \g /dev/null
SELECT playbook_set_person('ana', 'Ana', 'ana@example.com', 'rule_ana', manager => 'eva') \g /dev/null
SELECT playbook_set_person('ben', 'Ben', 'ben@example.com', 'rule_ben') \g /dev/null

CREATE FUNCTION as_role(role text, statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    answer text;
BEGIN
    EXECUTE format('SET LOCAL ROLE %I', role);
    EXECUTE statement INTO answer;
    EXECUTE 'RESET ROLE';
    RETURN answer;
END
$$;
-- Starts a playbook of one approved mail as its owner and returns the approval.
CREATE FUNCTION asked(policy text, starter text DEFAULT 'rule_owner') RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    rule text := 'rule_' || md5(policy);
    execution bigint;
BEGIN
    IF NOT EXISTS (SELECT FROM playbooks WHERE id = rule) THEN
        PERFORM as_role('rule_owner', format('SELECT playbook_create(%L, publish => true)', format(
            '{id: %s, name: Rule, steps: [{id: mail, type: email, require_approval: %s, '
            'config: {to: a@x.org, subject: Hello, body: text}}, {id: after, type: wait, config: {for: 0}}]}', rule,
                policy)));
        PERFORM as_role('rule_owner', format('SELECT playbook_share(%L, ''rule_ana'', ''start'')', rule));
    END IF;
    execution := as_role(starter, format('SELECT playbook_start(%L)', rule));
    PERFORM playbook_advance(execution);
    RETURN (SELECT max(id) FROM approvals WHERE execution_id = execution);
END
$$;
-- The step of an approval after the engine looked again.
CREATE FUNCTION step_after(approval bigint) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    execution bigint := (SELECT execution_id FROM approvals WHERE id = approval);
BEGIN
    UPDATE playbook_executions SET due_at = now() WHERE id = execution AND slot = 0;
    PERFORM playbook_advance(execution);
    RETURN (SELECT concat_ws(' ', status, outcome) FROM playbook_step_executions WHERE execution_id = execution
        AND step_id = 'mail');
END
$$;
-- As if its time were up.
CREATE FUNCTION expire(approval bigint) RETURNS void LANGUAGE sql AS $$
    UPDATE approvals SET expires_at = now() - interval '1 minute' WHERE id = approval;
    UPDATE playbook_step_executions s SET due_at = now() - interval '1 minute'
    FROM approvals a WHERE a.id = approval AND s.execution_id = a.execution_id AND s.status = 'waiting';
$$;

-- Two of three.
SELECT asked('{needed: 2, of: [ana, ben, eva]}') AS approval \gset
SELECT is(as_role('rule_ana', format('SELECT playbook_approve(%s)', :approval)), 'pending',
    'one of two is not enough');
SELECT throws_ok(format($$SELECT as_role('rule_ana', 'SELECT playbook_approve(%s)')$$, :approval), '55000',
                 '"ana" has approved already', 'nobody approves twice');
SELECT is(step_after(:approval), 'waiting', 'the step waits on');
SELECT is(as_role('rule_ben', format('SELECT playbook_approve(%s)', :approval)), 'approved', 'the second settles it');
SELECT is(step_after(:approval), 'completed queued', 'and the step runs');

SELECT asked('{needed: 2, of: [ana, ben, eva]}') AS approval \gset
SELECT as_role('rule_ana', format('SELECT playbook_approve(%s)', :approval)) \g /dev/null
SELECT is(as_role('rule_ben', format('SELECT playbook_reject(%s)', :approval)), 'rejected',
    'one rejection settles it');

-- Who approved before a change approved something else.
SELECT asked('{needed: 2, of: [ana, ben, eva]}') AS approval \gset
SELECT as_role('rule_ana', format('SELECT playbook_approve(%s)', :approval)) \g /dev/null
SELECT is(as_role('rule_ben', format($$SELECT playbook_approve(%s, changes => '{"subject": "90 percent off"}')$$,
    :approval)),
          'pending', 'a change takes the earlier approval away');
SELECT is(as_role('rule_ana', format('SELECT playbook_approve(%s)', :approval)), 'changed',
    'who approves the change counts again');
SELECT is((SELECT count(*) FROM playbook_approval_decisions WHERE approval_id = :approval), 3::bigint,
    'every decision is kept');
SELECT step_after(:approval) \g /dev/null
SELECT is((SELECT payload ->> 'subject' FROM playbook_outbox WHERE execution_id = (SELECT execution_id FROM approvals
    WHERE id = :approval)),
          '90 percent off', 'what both approved ran');

SELECT is(asked('{needed: 3, of: [ana, ben, "{{csm.id}}"]}'), NULL, 'nothing is asked for that cannot be had');
SELECT is((SELECT error ->> 'message' FROM playbook_step_executions WHERE status = 'failed'),
          'step "mail" needs 3 approvals of 2 people', 'and the step says what is missing');

-- Self-approval.
SELECT asked('{approvers: [ana, ben], requester_may_decide: false}', 'rule_ana') AS approval \gset
SELECT throws_ok(format($$SELECT as_role('rule_ana', 'SELECT playbook_approve(%s)')$$, :approval), '42501', NULL,
                 'the requester may not decide');
SELECT is(as_role('rule_ben', format('SELECT playbook_approve(%s)', :approval)), 'approved', 'another may');
SELECT asked('{approvers: ana, requester_may_decide: false}', 'rule_ana') AS approval \gset
SELECT is((SELECT approvers -> 'people' FROM approvals WHERE id = :approval),
          '["eva"]'::jsonb, 'where the requester alone is named, the manager is asked');
SELECT playbook_set_person('ana', 'Ana', 'ana@example.com', 'rule_ana', manager => 'eva', deputy => 'ben',
    away_until => now() + interval '1 day') \g /dev/null
SELECT asked('{approvers: [ana, eva], requester_may_decide: false}', 'rule_ana') AS approval \gset
SELECT throws_ok(format($$SELECT as_role('rule_ben', 'SELECT playbook_approve(%s)')$$, :approval), '42704', NULL,
                 'nor may a deputy in the requester''s place');

-- Deputies.
SELECT asked('{approvers: [ana]}') AS approval \gset
SELECT is(as_role('rule_ben', format('SELECT playbook_approve(%s)', :approval)), 'approved',
    'the deputy decides while the person is away');
SELECT is((SELECT decided_by FROM approvals WHERE id = :approval), 'ben', 'in his own name');
SELECT playbook_set_person('ana', 'Ana', 'ana@example.com', 'rule_ana', manager => 'eva', deputy => 'ben',
    away_until => now() - interval '1 day') \g /dev/null
SELECT asked('{approvers: [ana]}') AS approval \gset
SELECT throws_ok(format($$SELECT as_role('rule_ben', 'SELECT playbook_approve(%s)')$$, :approval), '42704', NULL,
                 'and not when the person is back');

-- Handing on.
SELECT throws_ok(format($$SELECT as_role('rule_ben', 'SELECT playbook_delegate(''approval'', %s, ''ben'')')$$,
    :approval), '42704',
                 NULL, 'nobody takes what is another''s');
SELECT throws_ok(format($$SELECT as_role('rule_ana', 'SELECT playbook_delegate(''approval'', %s, ''zoe'')')$$,
    :approval), '42704',
                 'person "zoe" does not exist', 'nor hands it to nobody');
SELECT as_role('rule_ana', format($$SELECT playbook_delegate('approval', %s, 'eva@example.com', 'you know them')$$,
    :approval)) \g /dev/null
SELECT is((SELECT approvers -> 'people' FROM approvals WHERE id = :approval), '["eva"]'::jsonb,
    'another person takes the place');
SELECT is((SELECT approvers #>> '{delegated,0,from}' FROM approvals WHERE id = :approval), 'ana',
    'who handed it on is kept');
SELECT throws_ok(format($$SELECT as_role('rule_ana', 'SELECT playbook_approve(%s)')$$, :approval), '42704', NULL,
    'and decides no more');
SELECT results_eq($$SELECT as_role('rule_eva',
    'SELECT string_agg(id::text, '','') FROM playbook_my_work WHERE kind = ''approval'' AND id = ' || max(id))
    FROM approvals$$,
                  format($$SELECT '%s'$$, :approval), 'it is among the other''s work');

SELECT asked('{needed: 2, of: [ana, ben]}') AS approval \gset
SELECT throws_ok(format($$SELECT as_role('rule_ana', 'SELECT playbook_delegate(''approval'', %s, ''ben'')')$$, :approval), '22023',
                 format('"ben" may decide approval %s already', :approval), 'two approvals need two people');
SELECT as_role('rule_ana', format('SELECT playbook_approve(%s)', :approval)) \g /dev/null
SELECT throws_ok(format($$SELECT as_role('rule_ana', 'SELECT playbook_delegate(''approval'', %s, ''eva'')')$$, :approval), '55000',
                 '"ana" has approved already', 'who has approved sends nobody to approve beside him');
SELECT asked('{needed: 2, of: ["role:rule_ana"]}') AS approval \gset
SELECT as_role('rule_ana', format($$SELECT playbook_delegate('approval', %s, 'eva')$$, :approval)) \g /dev/null
SELECT throws_ok(format($$SELECT as_role('rule_ana', 'SELECT playbook_approve(%s)')$$, :approval), '42501', NULL,
                 'nor does a member of a role who has handed it on');

-- Expiry.
SELECT asked('{approvers: [ana], expires: 1 day}') AS approval \gset
SELECT is(step_after(:approval), 'waiting', 'before its time nothing happens');
SELECT expire(:approval) \g /dev/null
SELECT is(step_after(:approval), 'skipped expired', 'then it expires');
SELECT asked('{approvers: [ana], expires: 1 day, on_expiry: approve}') AS approval \gset
SELECT expire(:approval) \g /dev/null
SELECT is(step_after(:approval), 'completed queued', 'or is approved');
SELECT is((SELECT concat_ws(' ', status, decided_by) FROM approvals WHERE id = :approval), 'approved', 'by nobody');
SELECT asked('{approvers: [ana], expires: 1 day, on_expiry: escalate}') AS approval \gset
SELECT expire(:approval) \g /dev/null
SELECT is(step_after(:approval), 'waiting', 'or is escalated');
SELECT is((SELECT approvers -> 'people' FROM approvals WHERE id = :approval), '["ana", "eva"]'::jsonb,
    'to the manager as well');
SELECT ok((SELECT expires_at > now() + interval '23 hours' FROM approvals WHERE id = :approval), 'with a new time');
SELECT is(as_role('rule_eva', format('SELECT playbook_approve(%s)', :approval)), 'approved', 'who then decides');
SELECT asked('{approvers: [eva], expires: 1 day, on_expiry: escalate}') AS approval \gset
SELECT expire(:approval) \g /dev/null
SELECT is(step_after(:approval), 'skipped expired', 'with nobody above it expires after all');

SELECT * FROM finish();
ROLLBACK;
