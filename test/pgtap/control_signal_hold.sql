-- playbook_signal, playbook_hold, playbook_release.
BEGIN;
SELECT plan(50);
\ir refusal.psql

CREATE ROLE hold_author;   GRANT playbook_author TO hold_author;
CREATE ROLE hold_operator; GRANT playbook_operator TO hold_operator;
SET LOCAL client_min_messages = error; -- owners of playbooks here do not log in
CREATE FUNCTION step_of(execution bigint, step text) RETURNS text LANGUAGE sql SECURITY DEFINER AS
    $$SELECT concat_ws(' ', status, outcome, waiting_for, reason) FROM playbook_step_executions
      WHERE execution_id = execution AND step_id = step$$;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO hold_author, hold_operator;
SET LOCAL ROLE hold_author;
SELECT playbook_create('{id: waits, name: W, steps: [{id: first, type: wait, config: {event: go}}, {id: second, '
    'type: wait, config: {event: go}},
    {id: third, type: wait, config: {event: other}}]}', true) \g /dev/null
SELECT playbook_create('{id: mails, name: M, steps: [{id: m, type: email, config: {to: a@example.com, subject: s, '
    'body: b}},
    {id: q, type: query, config: {template: "SELECT 1 AS one"}}]}', true) \g /dev/null
SELECT playbook_create('{id: mails_too, name: M, steps: [{id: m, type: email, config: {to: a@example.com, '
    'subject: s, body: b}}]}', true) \g /dev/null

-- A signal before its waiter is kept, and heard once.
SELECT playbook_start('waits') AS execution \gset
SELECT lives_ok(format($$SELECT playbook_signal(%s, 'go', '{"n": 1}')$$, :execution),
    'a signal before anything began');
SELECT playbook_signal(:execution, 'other') \g /dev/null
SELECT is(playbook_advance(:execution), 'waiting', 'the execution begins');
SELECT is(step_of(:execution, 'first'), 'completed received received go', 'its first waiter hears it');
SELECT is(step_of(:execution, 'second'), 'waiting event', 'the second does not hear it again');
SELECT is((SELECT output FROM playbook_step_executions WHERE execution_id = :execution AND step_id = 'first'),
    '{"n": 1}'::jsonb, 'the payload is the output');
SELECT results_eq(format('SELECT name, consumed_by, sent_by FROM playbook_signals WHERE execution_id = %s ORDER '
    'BY id', :execution),
                  $$VALUES ('go', 0, 'hold_author'), ('other', NULL, 'hold_author')$$, 'the other one is kept');
SELECT playbook_signal(:execution, 'go', '{"n": 2}') \g /dev/null
SELECT playbook_signal(:execution, 'go', '{"n": 3}') \g /dev/null
SELECT is(playbook_advance(:execution), 'completed', 'another one, and the one that was kept');
SELECT is((SELECT output FROM playbook_step_executions WHERE execution_id = :execution AND step_id = 'second'),
    '{"n": 2}'::jsonb, 'in the order they came');
SELECT is((SELECT output FROM playbook_step_executions WHERE execution_id = :execution AND step_id = 'third'),
    '{}'::jsonb, 'without a payload it is empty');
SELECT is(refusal(format($$SELECT playbook_signal(%s, %L)$$, :execution, name)),
    '22023 the name of a signal must have 1 to 200 characters',
          format('a name of %s characters', length(name)))
FROM (VALUES (''), (repeat('x', 201))) AS t (name);
SELECT is(refusal(format($$SELECT playbook_signal(%s, NULL)$$, :execution)),
    '22004 argument "name" must not be null', 'null is no name');
SELECT is(refusal(format($$SELECT playbook_signal(%s, 'go')$$,
    :execution)) ~ format('^55000 execution %s is completed', :execution), true,
          'who has ended hears nothing');

-- Holds.
SELECT is(refusal($$SELECT playbook_hold('all')$$) ~ '^42501 ', true, 'holding is for operators');
SELECT is(refusal($$SELECT playbook_release('all')$$) ~ '^42501 ', true, 'so is releasing');
RESET ROLE;
SET LOCAL ROLE hold_operator;
SELECT is(refusal($$SELECT playbook_hold('step', 'x')$$),
    E'22023 unknown kind of hold "step"\nHINT: Use playbook, customer, connection or all.', 'an unknown kind');
SELECT is(refusal($$SELECT playbook_hold('playbook')$$), '22023 a hold of a playbook needs its name',
    'a name is needed');
SELECT is(refusal($$SELECT playbook_hold('all', 'x')$$), '22023 a hold of all takes no name', 'or is not');
SELECT is(refusal($$SELECT playbook_release('step', 'x')$$) ~ '^22023 unknown kind of hold "step"', true,
    'release: an unknown kind');
SELECT is(refusal($$SELECT playbook_hold(NULL)$$), '22004 argument "kind" must not be null', 'null is no kind');
SELECT is(refusal($$SELECT playbook_hold('playbook', 'mials')$$) ~ '^42704 playbook "mials" does not exist\nDETAIL: Valid playbooks '
    'are: .*mails', true, 'a slip of the hand holds nothing unsaid');
SELECT lives_ok($$SELECT playbook_hold('playbook', 'mails', 'wrong text')$$, 'a playbook is held');
SELECT results_eq('SELECT kind, name, reason, held_by FROM playbook_holds', $$VALUES ('playbook', 'mails',
    'wrong text', 'hold_operator')$$, 'and everybody sees why');
RESET ROLE;
SET LOCAL ROLE hold_author;
SELECT playbook_start('mails', 'c1') AS held \gset
SELECT is(playbook_advance(:held), 'waiting', 'what would send');
SELECT is(step_of(:held, 'm'), 'waiting hold wrong text', 'waits for the hold and says why');
SELECT is(step_of(:held, 'q'), 'completed completed', 'what reads goes on');
SELECT is((SELECT count(*) FROM playbook_outbox), 0::bigint, 'nothing is sent');
SELECT is(playbook_run('mails_too', 'c1') ->> 'status', 'completed', 'another playbook sends');
RESET ROLE;
SET LOCAL ROLE hold_operator;
SELECT is(playbook_release('playbook', 'mails_too'), 0, 'nothing to release: 0');
SELECT is(playbook_release('playbook', 'mails'), 1, 'released: 1');
SELECT is(playbook_release('playbook', 'mails'), 0, 'once');
RESET ROLE;
SET LOCAL ROLE hold_author;
SELECT is(playbook_advance(:held), 'completed', 'then it goes on');
SELECT is(step_of(:held, 'm'), 'completed queued', 'and sends');
RESET ROLE;

SET LOCAL ROLE hold_operator;
SELECT playbook_hold('customer', 'c2', 'complaint') \g /dev/null
RESET ROLE;
SET LOCAL ROLE hold_author;
SELECT is(playbook_run('mails_too', 'c2') ->> 'status', 'waiting', 'a customer is held in every playbook');
SELECT is(playbook_run('mails_too', 'c1') ->> 'status', 'completed', 'the others are not');
RESET ROLE;
SET LOCAL ROLE hold_operator;
SELECT playbook_hold('all') \g /dev/null
SELECT playbook_hold('all', reason => 'stop') \g /dev/null
SELECT is((SELECT reason FROM playbook_holds WHERE kind = 'all'), 'stop', 'a second hold gives a new reason');
RESET ROLE;
SET LOCAL ROLE hold_author;
SELECT is(playbook_run('mails_too', 'c1') ->> 'status', 'waiting', 'all are held');
RESET ROLE;
SET LOCAL ROLE hold_operator;
SELECT playbook_release('all') \g /dev/null
RESET ROLE;
SET LOCAL ROLE hold_author;
SELECT id AS second FROM playbook_executions WHERE customer_id = 'c2' \gset
SELECT is(playbook_advance(:second), 'waiting', 'lifting one hold leaves the other');
RESET ROLE;

-- A connection is held wherever a step's source is it, or resolves to it.
SET LOCAL ROLE hold_author;
SELECT playbook_create('{id: relayed, name: R, steps: [
    {id: m, type: email, source: relay, config: {to: a@example.com, subject: s, body: b}}]}', true) \g /dev/null
SELECT playbook_create('{id: read, name: R, steps: [
    {id: q, type: query, source: data_warehouse, config: {template: "SELECT 1 AS one"}}]}', true) \g /dev/null
SELECT playbook_run('relayed', 'c1') ->> 'status' AS status \gset
SELECT is(:'status'::text, 'completed', 'a step that names a connection');
RESET ROLE;
SELECT is((SELECT connection FROM playbook_outbox ORDER BY id DESC LIMIT 1), 'relay', 'its message says which');
SET LOCAL ROLE hold_operator;
SELECT playbook_hold('connection', 'relay', 'key is changed') \g /dev/null
SELECT is((SELECT count(*) FROM playbook_outbox_claim(ARRAY['email']) AS m JOIN playbook_outbox o USING (id)
    WHERE o.connection = 'relay'), 0::bigint, 'a message over a held connection is not handed out');
RESET ROLE;
SET LOCAL ROLE hold_author;
SELECT playbook_start('relayed', 'c3') AS relayed \gset
SELECT is(playbook_advance(:relayed), 'waiting', 'what would go over it');
SELECT is(step_of(:relayed, 'm'), 'waiting hold key is changed', 'waits and says why');
SELECT is(playbook_run('mails_too', 'c4') ->> 'status', 'completed', 'what names no connection goes on');
SELECT is(playbook_run('read') ->> 'status', 'completed', 'so does what reads this database');
SELECT playbook_start('read', data_warehouse => 'relay') AS reads \gset
SELECT is(playbook_advance(:reads), 'waiting', 'a data step whose source resolves to it waits too');
RESET ROLE;
SET LOCAL ROLE hold_operator;
SELECT is(playbook_release('connection', 'relay'), 1, 'released');
RESET ROLE;
SET LOCAL ROLE hold_author;
SELECT is(playbook_advance(:relayed), 'completed', 'it goes on');
RESET ROLE;

-- What was claimed for sending before the hold is not handed out.
SET LOCAL ROLE hold_operator;
SELECT playbook_hold('all', reason => 'stop') \g /dev/null
SELECT is((SELECT count(*) FROM playbook_outbox_claim(ARRAY['email'])), 0::bigint,
    'nothing is handed to a sender while all is held');
SELECT playbook_release('all') \g /dev/null
SELECT cmp_ok((SELECT count(*) FROM playbook_outbox_claim(ARRAY['email'])), '>', 0::bigint, 'then it is');
RESET ROLE;

SELECT * FROM finish();
ROLLBACK;
