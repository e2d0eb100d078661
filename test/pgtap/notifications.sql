-- What notify steps tell people: who reads what, newest first, once, until it is read.
BEGIN;
SELECT plan(71);
\ir refusal.psql

SET LOCAL client_min_messages = error; -- owners of playbooks here do not log in
CREATE ROLE notifications_owner;  GRANT playbook_author TO notifications_owner;
CREATE ROLE notifications_team;
CREATE ROLE notifications_ana;    GRANT playbook_user, notifications_team TO notifications_ana;
CREATE ROLE notifications_ben;    GRANT playbook_user, notifications_team TO notifications_ben;
CREATE ROLE notifications_eva;    GRANT playbook_user TO notifications_eva;
CREATE ROLE notifications_viewer; GRANT playbook_viewer TO notifications_viewer;
CREATE ROLE notifications_app;    GRANT playbook_trusted_app TO notifications_app;
CREATE ROLE notifications_outsider;
SELECT playbook_set_person('ana', 'Ana Kos', 'Ana.Kos@example.com', 'notifications_ana'),
       playbook_set_person('ben', 'Ben', 'ben@example.com', 'notifications_ben'),
       playbook_set_person('eva', 'Eva', 'eva@example.com', 'notifications_eva'),
       playbook_set_person('max', 'Max', 'max@example.com') \g /dev/null

CREATE FUNCTION tells(config text, steps text DEFAULT '', customer text DEFAULT NULL) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    name text := 'tells_' || md5(config || steps);
    execution bigint;
BEGIN
    PERFORM as_role('notifications_owner', format('SELECT playbook_create(%L, publish => true)', format(
        '{id: %s, parameters: [{name: people, type: array, default: [eva, max]}, {name: facts, type: object, default: {n: 1.50}}],
          steps: [{id: tell, name: The step, type: notify, config: %s}, %s]}', name, config, steps)));
    execution := as_role('notifications_owner', format('SELECT playbook_start(%L, %L)', name, customer));
    PERFORM playbook_advance(execution);
    RETURN execution;
END
$$;
-- The messages of somebody's feed, as they come.
CREATE FUNCTION feed_of(role text, arguments text DEFAULT '') RETURNS text LANGUAGE sql AS
    $$SELECT as_role(role, format('SELECT string_agg(message, '', '') FROM playbook_my_notifications(%s)', arguments))$$;
CREATE FUNCTION told(execution bigint) RETURNS text LANGUAGE sql AS
    $$SELECT string_agg(person, ' ' ORDER BY person) FROM playbook_notifications WHERE execution_id = execution$$;

-- One row for each person, as the step names them.
SELECT tells('{to: [ana, "Ben <BEN@Example.com>", ben@example.com, ana, "role:notifications_team"], message: first,
    title: "A\ntitle", priority: high, link: "https://example.com/1"}', customer => 'c1') AS first \gset
SELECT is(told(:first), 'ana ben@example.com role:notifications_team', 'one row for each of those named');
SELECT results_eq(format('SELECT home = %s %% 1024, position, item, customer_id, title, priority, link, read_at
                          FROM playbook_notifications WHERE person = ''ana''', :first),
    $$VALUES (true, 0, 0, 'c1', 'A title', 'high', 'https://example.com/1', NULL::timestamptz)$$, 'with what was told');
SELECT is((SELECT count(*) FROM playbook_outbox WHERE execution_id = :first), 0::bigint, 'nothing of it is mail');
SELECT tells('{to: ana, message: second}') AS second \gset
SELECT tells('{to: ANA.KOS@example.com, message: third}') AS third \gset
SELECT tells('{to: Ana Kos, message: fourth}') AS fourth \gset
SELECT tells('{to: notifications_team, message: fifth}') AS fifth \gset
SELECT tells('{to: "${parameters.people}", message: "${parameters.facts}"}',
    '{id: each, type: notify, for_each: "${parameters.people}", config: {to: "{{item}}", message: "to {{item}}"}}') AS listed \gset
SELECT is((SELECT string_agg(concat_ws(' ', person, position, item, message), ', ' ORDER BY position, item, person)
           FROM playbook_notifications WHERE execution_id = :listed),
    'eva 0 0 {"n":1.50}, max 0 0 {"n":1.50}, eva 1 1 to eva, max 1 2 to max', 'what is no text is told as one; each item tells its own');
SELECT ok(priority = 'normal' AND title = 'The step' AND link IS NULL, 'what a step leaves out')
FROM playbook_notifications WHERE execution_id = :second;

SELECT tells('{to: "Max@example.org, \"Roe, Ben\" <ben@example.org>; max@example.org", message: m}') AS several \gset
SELECT is(told(:several), 'ben@example.org max@example.org', 'several addresses in one text are as many people');
DELETE FROM playbook_notifications WHERE execution_id = :several;

-- Who reads it: under every name of one's own, once, newest first.
SELECT is(feed_of('notifications_ana'), 'fifth, fourth, third, second, first', 'her feed, newest first');
SELECT is(feed_of('notifications_ben'), 'fifth, first', 'his');
SELECT is(feed_of('notifications_eva'), 'to eva, {"n":1.50}', 'hers, who is in no team');
SELECT is(feed_of('notifications_owner'), NULL, 'who tells is not told');
SELECT is(feed_of('notifications_viewer'), NULL, 'nor is who may see everything');
SELECT is((SELECT count(*) FROM playbook_my_notifications()), 0::bigint, 'nor a superuser, who is in every role');
SELECT is(feed_of('notifications_ana', 'max_rows => 2'), 'fifth, fourth', 'as much as is asked for');
SELECT is(as_role('notifications_ana', 'SELECT concat_ws('' '', playbook_id ~ ''^tells_'', step_id, execution_id, customer_id, title, priority, link)
                                        FROM playbook_my_notifications() WHERE message = ''first'''),
    format('t tell %s c1 A title high https://example.com/1', :first), 'with where it comes from');
SELECT is(as_role('notifications_eva', 'SELECT array_agg(name ORDER BY name) FROM unnest(playbook_my_names()) AS name WHERE name !~ ''playbook''')::text[],
    '{Eva,eva,eva@example.com,notifications_eva,role:notifications_eva}', 'the names under which somebody is told');
SELECT is(refusal($$SELECT as_role('notifications_outsider', 'SELECT count(*) FROM playbook_my_notifications()')$$),
    '42501 permission denied for function playbook_my_notifications', 'not those who do not use playbooks');
SELECT is(refusal($$SELECT as_role('notifications_outsider', 'SELECT playbook_notifications_read()')$$),
    '42501 permission denied for function playbook_notifications_read', 'nor do they mark anything');
SELECT is(refusal($$SELECT as_role('notifications_outsider', 'SELECT playbook_my_names()')$$),
    '42501 permission denied for function playbook_my_names', 'nor have names');

-- The table: one's own, and those of executions that one may see.
SELECT is(as_role('notifications_eva', 'SELECT count(*) FROM playbook_notifications'), '2', 'the table has what is one''s own');
SELECT is(as_role('notifications_eva', 'SELECT count(*) FROM playbook_executions'), '0', 'whose executions are hidden');
SELECT is(as_role('notifications_owner', 'SELECT count(*) FROM playbook_notifications'), '11', 'what one''s own playbooks told');
SELECT is(as_role('notifications_viewer', 'SELECT count(*) FROM playbook_notifications'), '11', 'and everything for a viewer');
SELECT is(refusal($$SELECT as_role('notifications_viewer', 'UPDATE playbook_notifications SET read_at = now()')$$),
    '42501 permission denied for table playbook_notifications', 'who writes nothing');

-- An application names its user; the role that all of them share is nobody.
SELECT tells('{to: notifications_app, message: shared}') AS shared \gset
SELECT is(feed_of('notifications_app'), 'shared', 'the application itself');
SET LOCAL playbook.actor = 'max';
SELECT is(feed_of('notifications_app'), 'to max, {"n":1.50}', 'its user');
SET LOCAL playbook.actor = 'ana';
SELECT is(feed_of('notifications_app'), 'fourth, third, second, first', 'another');
SELECT is(feed_of('notifications_eva'), 'to eva, {"n":1.50}', 'who is not trusted names nobody');
RESET playbook.actor;

-- Names that are another's, and people who are away.
SELECT playbook_set_person('max@example.com', 'Another') \g /dev/null
SELECT tells('{to: max@example.com, message: to the other}') AS other \gset
SET LOCAL playbook.actor = 'max';
SELECT is(feed_of('notifications_app'), 'to max, {"n":1.50}', 'an address that is another''s id is the other''s');
SET LOCAL playbook.actor = 'max@example.com';
SELECT is(feed_of('notifications_app'), 'to the other', 'who reads it');
RESET playbook.actor;

-- Nobody reads what others are told by being called like them: no user of an application that lets them choose,
CREATE FUNCTION feed_of_user(name text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    answer text;
BEGIN
    PERFORM set_config('playbook.actor', name, true);
    answer := feed_of('notifications_app');
    PERFORM set_config('playbook.actor', '', true);
    RETURN answer;
END
$$;
SELECT is(feed_of_user(name), NULL, format('as the user "%s"', name))
FROM unnest(ARRAY['role:notifications_team', 'notifications_team', 'Ana Kos', 'Ana.Kos@Example.com', 'ana.kos@example.com']) AS name;
-- no role,
CREATE ROLE "role:notifications_team"; CREATE ROLE "Ana Kos"; CREATE ROLE "ana.kos@example.com"; CREATE ROLE "BEN@example.com";
GRANT playbook_user TO "role:notifications_team", "Ana Kos", "ana.kos@example.com", "BEN@example.com";
SELECT is(feed_of(name), NULL, format('as the role "%s"', name))
FROM unnest(ARRAY['role:notifications_team', 'Ana Kos', 'ana.kos@example.com', 'BEN@example.com']) AS name;
-- and no person.
SELECT playbook_set_person('Ben@Example.com', 'role:notifications_team'), playbook_set_person('zoe', 'ana.kos@example.com') \g /dev/null
SELECT is(feed_of_user('Ben@Example.com'), NULL, 'by an id that is another''s address, or a name that is a role''s');
SELECT is(feed_of_user('zoe'), NULL, 'by a name that is another''s address');
SELECT is(feed_of_user('ben'), 'first', 'whose address it remains');
SELECT is(feed_of_user('ana'), 'fourth, third, second, first', 'so does hers');
SELECT playbook_set_person('eva', 'Eva', 'eva@example.com', 'notifications_eva', deputy => 'ben',
    away_until => now() + interval '1 day') \g /dev/null
SELECT is(feed_of('notifications_ben'), 'fifth, first', 'a deputy decides, and reads nobody''s feed');

-- Read.
SELECT is(as_role('notifications_eva', 'SELECT playbook_notifications_read()'), '0', 'what this transaction was told is not what was told before it');
SELECT is(as_role('notifications_eva', 'SELECT playbook_notifications_read(clock_timestamp())'), '2', 'marked as read');
SELECT is(as_role('notifications_eva', 'SELECT playbook_notifications_read(clock_timestamp())'), '0', 'once');
SELECT is(feed_of('notifications_eva', 'unread_only => true'), NULL, 'nothing is unread');
SELECT is(feed_of('notifications_eva'), 'to eva, {"n":1.50}', 'and still there');
SELECT is((SELECT count(*) FROM playbook_notifications WHERE read_at IS NOT NULL), 2::bigint, 'nobody else''s is read');
SELECT as_role('notifications_ana', format('SELECT playbook_notifications_read(%L)', created_at)) AS marked
FROM playbook_notifications WHERE execution_id = :second \gset
SELECT is(:marked, 2, 'up to what one has seen, each message counted once');
SELECT is(feed_of('notifications_ana', 'true'), 'fifth, fourth, third', 'what came later is unread');
SELECT is(feed_of('notifications_ben', 'true'), 'fifth, first', 'what was told to him, too, is unread as long as he has not read it');
SELECT is((SELECT string_agg(person, ' ' ORDER BY person) FROM playbook_notifications
           WHERE execution_id = :first AND read_at IS NOT NULL), 'ana role:notifications_team',
    'what is told to a role is read when one of its members has read it');

UPDATE playbook_notifications SET read_at = NULL WHERE execution_id = :first AND person = 'role:notifications_team';
SELECT is(as_role('notifications_ana', format('SELECT string_agg((read_at IS NULL)::text, '' '') FROM playbook_my_notifications(%L)
                                               WHERE execution_id = %s', unread, :first)), 'true', 'what is unread under one of two names is unread')
FROM unnest(ARRAY[true, false]) AS unread;

-- Once, however often its step is attempted.
SELECT tells('{to: [eva, max], message: once, via: [notify, slack]}', '{id: w, type: wait, config: {event: go}}') AS again \gset
CREATE FUNCTION attempt_again(execution bigint, step text DEFAULT 'tell') RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM as_role('notifications_owner', format('SELECT playbook_retry(%s, %L)', execution, step));
    PERFORM playbook_advance(execution);
    RETURN told(execution) || (SELECT format(', attempt %s', attempt) FROM playbook_step_executions
                               WHERE execution_id = execution AND step_id = step AND item = 0);
END
$$;
SELECT is(attempt_again(:again), 'eva max, attempt 1', 'nobody is told twice');
DELETE FROM playbook_notifications WHERE execution_id = :again AND person = 'max';
SELECT is(attempt_again(:again), 'eva max, attempt 1', 'who has not been told is told');
SELECT is((SELECT string_agg(kind, ' ') FROM playbook_outbox WHERE execution_id = :again), 'slack', 'other ways go to the outbox, once');
SELECT is((SELECT count(*) FROM playbook_outbox_claim(ARRAY['notify'])), 0::bigint, 'there is nothing to be sent to a feed');

-- Nor by a loop that is retried, whose items are new ones.
CREATE TABLE notifications_found AS SELECT unnest(ARRAY['eva', 'max']) AS who;
GRANT SELECT ON notifications_found TO notifications_owner;
SELECT tells('{to: ana, message: a loop begins}', '{id: found, type: query, config: {template: "SELECT who FROM notifications_found ORDER BY who"}},
    {id: each, type: notify, for_each: "${steps.found}", depends_on: [found], config: {to: "{{item.who}}", message: looped, via: slack}},
    {id: w, type: wait, config: {event: go}}') AS looping \gset
SELECT is(told(:looping), 'ana eva max', 'a loop tells each');
SELECT is(attempt_again(:looping, 'found'), 'ana eva max, attempt 1', 'once, though its rows are found again');
SELECT is((SELECT status FROM playbook_executions WHERE id = :looping), 'waiting', 'and it goes on');
UPDATE notifications_found SET who = 'zoe' WHERE who = 'max';
SELECT is(attempt_again(:looping, 'found'), 'ana eva max zoe, attempt 1', 'who is found then is told');
SELECT is((SELECT string_agg(recipient, ' ' ORDER BY item) FROM playbook_outbox WHERE execution_id = :looping), 'eva max',
    'other ways are those of the item, which has gone them');

-- What lies in history as never done has told nobody.
CREATE FUNCTION stop_it(execution bigint) RETURNS text LANGUAGE sql AS $$SELECT playbook_cancel(execution)$$;
SELECT tells('{to: eva, message: never, via: slack}', '{id: stop, type: sql, config: {template: "SELECT stop_it({{id}})", parameters: {id: "${execution.id}"}}}') AS stopped \gset
SELECT is((SELECT string_agg(status, ' ' ORDER BY position) FROM playbook_step_executions WHERE execution_id = :stopped), 'skipped skipped', 'its step cancels it');
SELECT is(told(:stopped), NULL, 'nobody is told');
SELECT is((SELECT count(*) FROM playbook_outbox WHERE execution_id = :stopped), 0::bigint, 'and nothing goes out');

-- Refusals.
SELECT tells(format('{to: %s, message: m}', repeat('x', 1001))) AS long \gset
SELECT is((SELECT error ->> 'message' FROM playbook_step_executions WHERE execution_id = :long),
    'step "tell" notifies nobody that could be known', 'a name that nobody has fails the step');
SELECT is(refusal('SELECT * FROM playbook_my_notifications(max_rows => 0)'),
    '22023 max_rows must be between 1 and 10000, not 0', 'no rows');
SELECT is(refusal('SELECT * FROM playbook_my_notifications(NULL)'), '22004 argument "unread_only" must not be null', 'neither');
SELECT is(refusal('SELECT playbook_notifications_read(NULL)'), '22004 argument "until" must not be null', 'no time');

SELECT * FROM finish();
ROLLBACK;
