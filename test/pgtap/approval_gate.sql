-- A step with require_approval: what waits, who may decide, what then runs, and what a decision that comes late hears.
BEGIN;
SELECT plan(36);

CREATE ROLE gate_owner; GRANT playbook_author TO gate_owner;
CREATE ROLE gate_ana;   GRANT playbook_user TO gate_ana;
CREATE ROLE gate_ben;   GRANT playbook_user TO gate_ben;
CREATE ROLE gate_eve;   GRANT playbook_user TO gate_eve;
CREATE ROLE gate_team;  GRANT gate_ben TO gate_eve; REVOKE gate_ben FROM gate_eve;
GRANT gate_team TO gate_ben;
SET LOCAL client_min_messages = error; -- owners of playbooks here do not log in
SELECT playbook_set_person('ana', 'Ana', 'ana@example.com', 'gate_ana') \g /dev/null
SELECT playbook_set_person('ben', 'Ben', 'ben@example.com', 'gate_ben') \g /dev/null

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
-- The latest approval of a playbook.
CREATE FUNCTION approval_of(playbook text) RETURNS bigint LANGUAGE sql AS
    $$SELECT max(id) FROM approvals WHERE playbook_id = playbook$$;
CREATE FUNCTION step_of(execution bigint, step text) RETURNS text LANGUAGE sql AS
    $$SELECT concat_ws(' ', status, outcome, waiting_for) FROM playbook_step_executions
      WHERE execution_id = execution AND step_id = step$$;

GRANT SELECT ON ALL TABLES IN SCHEMA public TO gate_owner;
SET LOCAL ROLE gate_owner;
SELECT playbook_create($yaml$
id: gate
name: Gate
parameters: [{name: who, type: string, default: Acme}]
steps:
  - id: mail
    type: email
    require_approval: {approvers: [ana@example.com, role:gate_team], message: "Mail to {{parameters.who}}?"}
    config: {to: "buyer@acme.example", subject: "Hello {{parameters.who}}", body: "Dear {{parameters.who}}"}
  - {id: after, type: wait, config: {for: 0}}
$yaml$, publish => true) \g /dev/null
SELECT playbook_start('gate') AS execution \gset
SELECT playbook_advance(:execution) \g /dev/null
RESET ROLE;

SELECT is(step_of(:execution, 'mail'), 'waiting approval', 'the step waits for an approval');
SELECT is((SELECT count(*) FROM playbook_outbox WHERE execution_id = :execution), 0::bigint, 'nothing is queued');
SELECT is((SELECT action ->> 'subject' FROM approvals WHERE execution_id = :execution), 'Hello Acme',
    'the action is rendered');
SELECT is((SELECT message FROM approvals WHERE execution_id = :execution), 'Mail to Acme?', 'so is the message');
SELECT is((SELECT approvers FROM approvals WHERE execution_id = :execution),
          '{"people": ["ana"], "roles": ["gate_team"]}'::jsonb, 'approvers are people and roles');

SELECT throws_ok(format($$SELECT as_role('gate_eve', 'SELECT playbook_approve(%s)')$$, approval_of('gate')), '42704',
                 format('approval %s does not exist', approval_of('gate')),
                     'to whom it is invisible it does not exist');
SELECT throws_ok(format($$SELECT as_role('gate_owner', 'SELECT playbook_reject(%s)')$$, approval_of('gate')), '42501',
                 format('"gate_owner" may not decide approval %s', approval_of('gate')),
                     'who sees it and is not named may not decide');
SELECT throws_ok($$SELECT playbook_approve(0)$$, '42704', 'approval 0 does not exist', 'an unknown approval is said');
SELECT throws_ok($$SELECT playbook_approve(NULL)$$, '22004', NULL, 'null is no approval');
SELECT throws_ok(format($$SELECT as_role('gate_ana',
    'SELECT playbook_approve(%s, changes => ''{"bcc": ["eve@example.com"]}'')')$$,
                        approval_of('gate')), '22023', 'the action has no "bcc"', 'changes add nothing');
SELECT throws_ok(format($$SELECT as_role('gate_ana',
    'SELECT playbook_approve(%s, changes => ''{"subject": null}'')')$$,
                        approval_of('gate')), '22023', '"subject" cannot be taken away', 'and take nothing away');
SELECT throws_ok(format($$SELECT as_role('gate_ana', 'SELECT playbook_approve(%s, changes => ''{"subject": 7}'')')$$,
                        approval_of('gate')), '22023', '"subject" must be a string, not a number', 'and keep kinds');
SELECT is((SELECT status FROM approvals WHERE execution_id = :execution), 'pending',
    'a refused decision decides nothing');
SELECT is((SELECT count(*) FROM playbook_approval_decisions), 0::bigint, 'and leaves no trace');

SELECT is(as_role('gate_ana', format($$SELECT playbook_approve(%s, 'shorter', '{"subject": "Hi Acme"}')$$,
    approval_of('gate'))),
          'changed', 'a named person approves with changes');
SELECT throws_matching(format($$SELECT as_role('gate_ben', 'SELECT playbook_approve(%s)')$$, approval_of('gate')),
                       '^approved with changes by Ana at \d\d:\d\d$', 'a late decision hears who decided and when');
SELECT throws_ok(format($$SELECT as_role('gate_ben', 'SELECT playbook_reject(%s)')$$, approval_of('gate')), '55000',
                 NULL, 'with 55000');
SELECT is((SELECT row(person, role::text, decision, comment, changes)::text FROM playbook_approval_decisions),
          '(ana,gate_ana,approve,shorter,"{""subject"": ""Hi Acme""}")',
              'person, role, comment and changes are kept');
SELECT playbook_advance(:execution) \g /dev/null
SELECT is((SELECT payload ->> 'subject' FROM playbook_outbox WHERE execution_id = :execution), 'Hi Acme',
    'the changed action ran');
SELECT is((SELECT payload ->> 'body' FROM playbook_outbox WHERE execution_id = :execution), 'Dear Acme',
    'the rest as it was');
SELECT is((SELECT action ->> 'subject' FROM approvals WHERE execution_id = :execution), 'Hello Acme',
    'what was asked for is kept');
SELECT is(step_of(:execution, 'mail'), 'completed queued', 'the step is queued, not sent');
SELECT is((SELECT status FROM playbook_executions WHERE id = :execution), 'completed', 'the execution went on');

-- A member of a named role; a rejection.
SELECT as_role('gate_owner', $$SELECT playbook_start('gate', parameters => '{"who": "Globex"}')$$) AS execution \gset
SELECT playbook_advance(:execution) \g /dev/null
SELECT is(as_role('gate_ben', format($$SELECT playbook_reject(%s, 'too early')$$, approval_of('gate'))), 'rejected',
          'a member of a named role rejects');
SELECT playbook_advance(:execution) \g /dev/null
SELECT is(step_of(:execution, 'mail'), 'skipped rejected', 'the step is skipped');
SELECT is((SELECT reason FROM playbook_step_executions WHERE execution_id = :execution AND step_id = 'mail'),
          'rejected by Ben: too early', 'and says by whom and why');
SELECT is((SELECT count(*) FROM playbook_outbox WHERE execution_id = :execution), 0::bigint, 'nothing was queued');

-- Cancelling takes an open approval back.
SELECT as_role('gate_owner', $$SELECT playbook_start('gate')$$) AS execution \gset
SELECT playbook_advance(:execution) \g /dev/null
SELECT playbook_cancel(:execution, 'customer called') \g /dev/null
SELECT playbook_advance(:execution) \g /dev/null
SELECT is((SELECT status FROM approvals WHERE execution_id = :execution), 'revoked',
    'a cancelled execution revokes its approval');
SELECT throws_matching(format($$SELECT as_role('gate_ana', 'SELECT playbook_approve(%s)')$$, approval_of('gate')),
                       '^revoked at \d\d:\d\d$', 'which then cannot be decided');

-- Several at once.
SELECT as_role('gate_owner', $$SELECT playbook_start('gate')$$) AS one \gset
SELECT playbook_advance(:one) \g /dev/null
SET LOCAL ROLE gate_owner;
SELECT results_eq(format($$SELECT approval > 0, status, error_code FROM playbook_decisions(ARRAY[%s, 0], 'approve')$$,
    approval_of('gate')),
                  $$VALUES (true, NULL, '42501'), (false, NULL, '42704')$$,
                      'each of several decisions is refused for itself');
SET LOCAL ROLE gate_ana;
SELECT results_eq(format($$SELECT approval > 0, status, error_code FROM playbook_decisions(ARRAY[0, %s], 'approve',
    'all fine')$$, approval_of('gate')),
                  $$VALUES (false, NULL, '42704'), (true, 'approved', NULL)$$, 'one bad does not fail the rest');
RESET ROLE;
SELECT is_empty($$SELECT * FROM playbook_decisions((SELECT array_agg(id) FROM approvals WHERE false), 'approve')$$,
    'none of none');
SELECT throws_ok($$SELECT * FROM playbook_decisions(ARRAY[1], 'maybe')$$, '22023', '"maybe" is no decision',
    'other words are refused');

-- Nobody who could decide: the step fails and says so.
SET LOCAL ROLE gate_owner;
SELECT playbook_create($yaml$
id: nobody
name: Nobody
steps: [{id: mail, type: email, require_approval: {approvers: [zoe, role:gate_unknown]}, config: {to: a@x.org,
    subject: s, body: b}}]
$yaml$, publish => true) \g /dev/null
SELECT playbook_start('nobody') AS execution \gset
SELECT playbook_advance(:execution) \g /dev/null
RESET ROLE;
SELECT is((SELECT error ->> 'message' FROM playbook_step_executions WHERE execution_id = :execution),
          'nobody can approve step "mail"', 'a step that nobody can approve fails');
SELECT is((SELECT error ->> 'detail' FROM playbook_step_executions WHERE execution_id = :execution),
          'Neither a person nor a role is known as "zoe", "role:gate_unknown".', 'and names them');

-- Nobody named: the starter.
SET LOCAL ROLE gate_owner;
SELECT playbook_create($yaml$
id: own
name: Own
steps: [{id: mail, type: email, require_approval: true, config: {to: a@x.org, subject: s, body: b}}]
$yaml$, publish => true) \g /dev/null
SELECT playbook_start('own') AS execution \gset
SELECT playbook_advance(:execution) \g /dev/null
SELECT is(playbook_approve(max(id)), 'approved', 'without approvers the starter decides')
FROM approvals WHERE playbook_id = 'own';
RESET ROLE;

SELECT * FROM finish();
ROLLBACK;
