-- The sender's side of the outbox: claims, leases, reports; and what record and deliver mean for a step.
BEGIN;
SELECT plan(35);

SET LOCAL client_min_messages = error; -- owners of playbooks here do not log in
CREATE ROLE outbox_owner; GRANT playbook_author TO outbox_owner;
CREATE ROLE outbox_user;  GRANT playbook_user TO outbox_user;
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
CREATE FUNCTION step_of(execution bigint) RETURNS text LANGUAGE sql AS
    $$SELECT concat_ws(' ', status, outcome, waiting_for) FROM playbook_step_executions
      WHERE execution_id = execution AND step_id = 'mail'$$;
SELECT as_role('outbox_owner', $$SELECT playbook_create($yaml$
id: outbox
name: Outbox
parameters: [{name: who, type: string, default: Acme}]
steps:
  - {id: mail, type: email, config: {to: "buyer@acme.example", subject: "Hello {{parameters.who}}", body: text}}
$yaml$, publish => true)$$) \g /dev/null
CREATE FUNCTION mailed(who text DEFAULT 'Acme') RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    execution bigint := as_role('outbox_owner', format('SELECT playbook_start(''outbox'', parameters => %L)',
        jsonb_build_object('who', who)));
BEGIN
    PERFORM playbook_advance(execution);
    RETURN execution;
END
$$;

-- record: the step ends when its message is queued; what the sender reports becomes its outcome.
SELECT mailed() AS execution \gset
SELECT is(step_of(:execution), 'completed queued', 'a step that records completes as queued');
SELECT throws_ok($$SELECT as_role('outbox_user', 'SELECT count(*) FROM playbook_outbox_claim(ARRAY[''email''])')$$,
    '42501', NULL,
                 'who was not granted it claims nothing');
SELECT throws_ok($$SELECT * FROM playbook_outbox_claim(ARRAY['email'], 0)$$, '22023', NULL,
    'a claim of no messages is refused');
SELECT throws_ok($$SELECT * FROM playbook_outbox_claim(ARRAY['email'], 10, '0')$$, '22023', NULL,
    'so is one for no time');
SELECT is((SELECT count(*) FROM playbook_outbox_claim(ARRAY['meeting', 'notify'])), 0::bigint,
    'other kinds are not claimed');
SELECT id, token, attempt, payload ->> 'subject' AS subject, idempotency_key AS key, execution AS of_execution
FROM playbook_outbox_claim(ARRAY['meeting', 'email']) \gset
SELECT is(:'subject'::text, 'Hello Acme', 'a sender gets what was rendered');
SELECT is(:of_execution || ':0:0', :'key'::text, 'under the key of the step');
SELECT is(:attempt, 1, 'for the first time');
SELECT is((SELECT count(*) FROM playbook_outbox_claim(ARRAY['email'])), 0::bigint,
    'what is claimed is not claimed again');
SELECT throws_ok(format($$SELECT playbook_outbox_complete(%s, gen_random_uuid())$$, :id), '55000', NULL,
    'another token is refused');
SELECT throws_ok($$SELECT playbook_outbox_complete(0, gen_random_uuid())$$, '42704', 'message 0 does not exist',
    'an unknown message is said');
SELECT playbook_outbox_complete(:id, :'token', '{"message_id": "m1"}') \g /dev/null
SELECT is(step_of(:execution), 'completed sent', 'the report becomes the outcome');
SELECT is((SELECT output #>> '{result,message_id}' FROM playbook_step_executions WHERE execution_id = :execution),
    'm1', 'with what the sender knows');
SELECT lives_ok(format($$SELECT playbook_outbox_complete(%s, %L)$$, :id, :'token'),
    'the same report again does nothing');
SELECT throws_ok(format($$SELECT playbook_outbox_fail(%s, %L, 'x')$$, :id, :'token'), '55000', NULL,
    'what was sent cannot fail');
SELECT as_role('outbox_owner', format($$SELECT playbook_email_outcome(%s, 'mail', 'replied')$$,
    :execution)) \g /dev/null
SELECT is(step_of(:execution), 'completed replied', 'an answer is told afterwards');
SELECT throws_ok(format($$SELECT as_role('outbox_owner', 'SELECT playbook_email_outcome(%s, ''mail'', ''lost'')')$$,
    :execution), '22023', NULL,
                 'in the words of its type');
SELECT throws_ok(format($$SELECT as_role('outbox_user', 'SELECT playbook_email_outcome(%s, ''mail'', ''replied'')')$$,
    :execution), '42704', NULL,
                 'by those who may control the execution');

-- A lease that ends; a failure that is tried again.
SELECT mailed('Globex') AS execution \gset
SELECT id, token FROM playbook_outbox_claim(ARRAY['email']) \gset
UPDATE playbook_outbox SET due_at = now() - interval '1 second', leased_until = now() - interval '1 second'
    WHERE id = :id;
SELECT id AS again, token AS new_token, attempt FROM playbook_outbox_claim(ARRAY['email']) \gset
SELECT is(array[:again::bigint, :attempt], array[:id::bigint, 2], 'a lease that ended is claimed again');
SELECT throws_ok(format($$SELECT playbook_outbox_complete(%s, %L)$$, :id, :'token'), '55000', NULL,
    'the former token is no good then');
SELECT playbook_outbox_fail(:id, :'new_token', 'greylisted', '10 minutes') \g /dev/null
SELECT ok((SELECT status = 'queued' AND due_at > now() + interval '9 minutes' FROM playbook_outbox WHERE id = :id),
    'a failure can be tried again later');
UPDATE playbook_outbox SET status = 'revoked' WHERE id = :id;

-- deliver: the step waits for the sender.
SET LOCAL playbook.outbox = 'deliver';
SELECT mailed('Initech') AS execution \gset
SELECT is(step_of(:execution), 'waiting outbox', 'a step that delivers waits for the sender');
SELECT id, token FROM playbook_outbox_claim(ARRAY['email']) \gset
SELECT playbook_outbox_complete(:id, :'token') \g /dev/null
SELECT playbook_advance(:execution) \g /dev/null
SELECT is(step_of(:execution), 'completed sent', 'and is sent when the sender says so');
SELECT mailed('Umbrella') AS execution \gset
SELECT id, token FROM playbook_outbox_claim(ARRAY['email']) \gset
SELECT playbook_outbox_fail(:id, :'token', 'no such mailbox') \g /dev/null
SELECT playbook_advance(:execution) \g /dev/null
SELECT is(step_of(:execution), 'failed failed', 'a failure fails the step');
SELECT is((SELECT error ->> 'message' FROM playbook_step_executions WHERE execution_id = :execution),
    'no such mailbox', 'with the sender''s words');
SELECT mailed('Hooli') AS execution \gset
SELECT as_role('outbox_owner', format('SELECT playbook_cancel(%s, ''no'')', :execution)) \g /dev/null
SELECT playbook_advance(:execution) \g /dev/null
SELECT is((SELECT status FROM playbook_outbox WHERE execution_id = :execution), 'revoked',
    'cancelling takes a message back');
SELECT is((SELECT count(*) FROM playbook_outbox_claim(ARRAY['email'])), 0::bigint, 'which is not claimed any more');
RESET playbook.outbox;

-- Holds.
SELECT mailed('Stark') AS execution \gset
SELECT playbook_hold('playbook', 'outbox', 'wrong text') \g /dev/null
SELECT is((SELECT count(*) FROM playbook_outbox_claim(ARRAY['email'])), 0::bigint,
    'a hold on the playbook stops its messages');
SELECT playbook_release('playbook', 'outbox') \g /dev/null
SELECT is((SELECT count(*) FROM playbook_outbox_claim(ARRAY['email'])), 1::bigint, 'until it is released');

-- A copy of the database mails nobody.
SELECT mailed('Wayne') AS execution \gset
UPDATE playbook_installation SET database = 0;
SELECT throws_ok($$SELECT * FROM playbook_outbox_claim(ARRAY['email'])$$, '55000',
    'playbook stands still in this database',
                 'a restored copy sends nothing');
SELECT playbook_enable() \g /dev/null
SELECT is((SELECT count(*) FROM playbook_outbox_claim(ARRAY['email'])), 1::bigint, 'until it is enabled');

-- Hostile values stay values.
SELECT mailed(E'Acme\r\nBcc: eve@evil.example') AS execution \gset
SELECT is((SELECT payload ->> 'subject' FROM playbook_outbox WHERE execution_id = :execution),
    'Hello Acme Bcc: eve@evil.example',
          'a line break in a customer''s name adds no header');

-- A pause keeps what is queued, as a hold does.
SELECT as_role('outbox_owner', $$SELECT playbook_create($yaml$
id: outbox_then_wait
name: Outbox, then wait
steps:
  - {id: mail, type: email, config: {to: "buyer@acme.example", subject: Paused, body: text}}
  - {id: w, type: wait, config: {event: go}}
$yaml$, publish => true)$$) \g /dev/null
SELECT as_role('outbox_owner', $$SELECT playbook_start('outbox_then_wait')$$) AS paused \gset
SELECT playbook_advance(:paused) \g /dev/null
SELECT playbook_pause(:paused, 'not now') \g /dev/null
CREATE FUNCTION claimed_of(execution bigint) RETURNS bigint LANGUAGE sql AS
    $$SELECT count(*) FROM playbook_outbox_claim(ARRAY['email'], 1000) AS m WHERE m.execution = claimed_of.execution$$;
SELECT is(claimed_of(:paused), 0::bigint, 'mail of a paused execution is not handed to a sender');
SELECT playbook_resume(:paused) \g /dev/null
SELECT is(claimed_of(:paused), 1::bigint, 'it is when the execution goes on');
SELECT playbook_pause(:paused) \g /dev/null
UPDATE playbook_outbox SET due_at = now() - interval '1 minute' WHERE execution_id = :paused;
SELECT is(claimed_of(:paused), 0::bigint, 'nor is it a second time, when the first sender''s lease has ended');

SELECT * FROM finish();
ROLLBACK;
