-- What email, meeting and notify steps put into the outbox, and into people's feeds.
BEGIN;
SELECT plan(43);

SET LOCAL client_min_messages = error; -- owners of playbooks here do not log in
CREATE ROLE message_owner; GRANT playbook_author TO message_owner;
SELECT playbook_set_person('ana', 'Ana Lima', 'ana@example.com', time_zone => 'Europe/Berlin') \g /dev/null
SELECT playbook_set_person('ben', 'Ben', 'ben@example.com') \g /dev/null
SELECT playbook_set_person('mute', 'Mute') \g /dev/null
CREATE TABLE accounts (id text PRIMARY KEY, name text, csm text, contact_email text);
INSERT INTO accounts VALUES ('c1', 'Acme & Sons', 'ana', 'buyer@acme.example');
GRANT SELECT ON accounts TO message_owner;
SELECT playbook_set_customer_source('accounts', 'id', 'csm') \g /dev/null

CREATE FUNCTION as_owner(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    answer text;
BEGIN
    SET LOCAL ROLE message_owner;
    EXECUTE statement INTO answer;
    RESET ROLE;
    RETURN answer;
END
$$;
-- Runs a playbook with one step of that type and config for the customer.
CREATE FUNCTION does(type text, config text, before text DEFAULT '') RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    name text := 'message_' || md5(type || config || before);
    execution bigint;
BEGIN
    PERFORM as_owner(format('SELECT playbook_create(%L, publish => true)', format(
        '{id: %s, name: Message, steps: [%s{id: s, name: The step, type: %s, config: %s}]}', name, before, type,
            config)));
    execution := as_owner(format('SELECT playbook_start(%L, ''c1'')', name));
    PERFORM playbook_advance(execution);
    RETURN execution;
END
$$;
CREATE FUNCTION payload_of(execution bigint) RETURNS jsonb LANGUAGE sql AS
    $$SELECT payload FROM playbook_outbox WHERE execution_id = execution ORDER BY id LIMIT 1$$;
CREATE FUNCTION error_of(execution bigint) RETURNS text LANGUAGE sql AS
    $$SELECT error ->> 'message' FROM playbook_step_executions WHERE execution_id = execution AND step_id = 's'$$;

-- email
SELECT does('email',
    '{to: "{{customer.contact_email}}, Ben <ben@example.com>", cc: [ana, ben@example.com, ben],
     subject: "{{customer.name}}",
    body: "Dear {{customer.name}}", html: "<p>{{customer.name}}</p>", reply_to: ana,
        headers: {X-Campaign: "{{customer.id}}"}}') AS execution \gset
SELECT is(payload_of(:execution) -> 'to', '["buyer@acme.example", "Ben <ben@example.com>"]'::jsonb,
    'recipients are a list');
SELECT is(payload_of(:execution) -> 'cc', '["Ana Lima <ana@example.com>", "ben@example.com"]'::jsonb,
    'people have their address, once');
SELECT is(payload_of(:execution) ->> 'from', 'Ana Lima <ana@example.com>', 'the CSM sends');
SELECT is(payload_of(:execution) ->> 'reply_to', 'Ana Lima <ana@example.com>', 'answers go where they should');
SELECT is(payload_of(:execution) ->> 'subject', 'Acme & Sons', 'text is not escaped');
SELECT is(payload_of(:execution) ->> 'html', '<p>Acme &amp; Sons</p>', 'values in HTML are');
SELECT is(payload_of(:execution) #>> '{headers,X-Campaign}', 'c1', 'further headers are rendered');
SELECT is((SELECT recipient FROM playbook_outbox WHERE execution_id = :execution),
    'buyer@acme.example, Ben <ben@example.com>', 'the row says to whom');
SELECT is((SELECT customer_id FROM playbook_outbox WHERE execution_id = :execution), 'c1', 'and for which customer');
SELECT is(error_of(does('email', '{to: nobody-known, subject: s, body: b}')),
    '"nobody-known" is no e-mail address, in "to"', 'what is no address fails the step');
SELECT is(error_of(does('email', '{to: mute, subject: s, body: b}')), '"mute" is no e-mail address, in "to"',
    'so does a person without one');
SELECT is(error_of(does('email', '{to: "{{#if customer.other}}x{{/if}}", subject: s, body: b}')),
    'the e-mail of step "s" has no recipient', 'and no recipient at all');
SELECT is(error_of(does('email', '{to: ana, subject: s, body: b, headers: {Bcc: eve@evil.example}}')),
    'header "Bcc" cannot be set', 'headers with a key of their own cannot be set');
SELECT is(error_of(does('email', '{to: ana, subject: s, body: "{{customer.first_name}}"}')),
    'variable "customer.first_name" has no value', 'a missing variable fails it');
UPDATE accounts SET contact_email = E'buyer@acme.example\nBcc: eve@evil.example';
SELECT is(error_of(does('email', '{to: "{{customer.contact_email}}", subject: s, body: b }')),
    '"buyer@acme.example Bcc: eve@evil.example" is no e-mail address, in "to"',
          'an address with a line break is none');
-- Nor does a customer's data add recipients.
UPDATE accounts SET contact_email = 'buyer@acme.example, eve@evil.example';
SELECT is(error_of(does('email', '{to: "{{customer.contact_email}}", subject: s, body: added}')),
    '"buyer@acme.example, eve@evil.example" holds 2 addresses where the playbook writes 1, in "to"',
    'an address that is two is none');
SELECT is(error_of(does('email', '{to: "{{customer.contact_email}}; ana", cc: [ben], subject: s, body: added}')),
    '"buyer@acme.example, eve@evil.example; ana" holds 3 addresses where the playbook writes 2, in "to"',
    'nor is it beside another');
SELECT is(error_of(does('email', '{to: ana, bcc: ["{{customer.contact_email}}"], subject: s, body: added}')),
    '"buyer@acme.example, eve@evil.example" holds 2 addresses where the playbook writes 1, in "bcc"',
    'nor in a list');
SELECT is(error_of(does('meeting', '{attendees: "${customer.contact_email}"}')),
    '"buyer@acme.example, eve@evil.example" holds 2 addresses where the playbook writes 1, in "attendees"',
    'nor at a meeting');
SELECT is(error_of(does('meeting', '{in: 1 day}')),
    '"buyer@acme.example, eve@evil.example" holds 2 addresses where the playbook writes 1, in "customer.contact_email"',
    'nor where the contact is invited unasked');
SELECT is(error_of(does('notify', '{to: "{{customer.contact_email}}", message: m, via: email}')),
    '"buyer@acme.example, eve@evil.example" holds 2 addresses where the playbook writes 1, in "to"',
    'nor in a message');
UPDATE accounts SET contact_email = 'buyer@acme.example';
SELECT does('email', '{to: "${steps.q.address}", subject: s, body: listed}',
    $${id: q, type: query, config: {template: "SELECT * FROM (VALUES ('a@x.org'), ('b@x.org')) AS v (address)"}},
        $$) AS execution \gset
SELECT is(payload_of(:execution) -> 'to', '["a@x.org", "b@x.org"]'::jsonb, 'a list that is referred to is one');
SELECT does('email',
    '{to: ana, subject: s, body: b, attachments: [
     {rows: "${steps.q}", name: list.csv}, {rows: "${steps.q}", format: json}]}',
            $${id: q, type: query, config: {template: "SELECT 1.50 AS amount, 'a,\"b' AS label UNION ALL SELECT 2,
                '=1+1'"}}, $$) AS execution \gset
SELECT is(payload_of(:execution) #>> '{attachments,0,content}',
    E'amount,label\r\n1.50,"a,""b"\r\n2,\'=1+1\r\n', 'rows are attached as CSV, formulas disarmed');
SELECT is((payload_of(:execution) #>> '{attachments,1,content}')::jsonb -> 0,
    '{"amount": 1.50, "label": "a,\"b"}'::jsonb, 'or as JSON');
SELECT is(error_of(does('email', '{to: ana, subject: s, body: b, attachments: [{artifact: x}]}')),
    'artifacts cannot be attached yet', 'what cannot be attached is said');

-- meeting
SELECT does('meeting',
    '{title: "Review of {{customer.name}}", start: "2099-03-02 10:00", duration: 1 hour, location: Room 5,
     agenda: "Line one"}') AS execution \gset
SELECT is((SELECT concat_ws(' ', status, outcome) FROM playbook_step_executions WHERE execution_id = :execution),
    'completed scheduled', 'a meeting is scheduled');
SELECT is(payload_of(:execution) -> 'to', '["buyer@acme.example", "Ana Lima <ana@example.com>"]'::jsonb,
    'the contact and the CSM are invited');
SELECT is((payload_of(:execution) ->> 'start')::timestamptz, '2099-03-02 09:00 UTC'::timestamptz,
    'at a time in the zone of the CSM');
SELECT is((payload_of(:execution) ->> 'end')::timestamptz, '2099-03-02 10:00 UTC'::timestamptz,
    'for as long as it takes');
SELECT alike(payload_of(:execution) ->> 'calendar',
    E'BEGIN:VCALENDAR\r\n%METHOD:REQUEST%DTSTART:20990302T090000Z%SUMMARY:Review of Acme & Sons%END:VCALENDAR\r\n',
    'as iCalendar text');
SELECT as_owner(format($$SELECT playbook_meeting_outcome(%s, 's', 'held')$$, :execution)) \g /dev/null
SELECT is((SELECT outcome FROM playbook_step_executions WHERE execution_id = :execution), 'held',
    'what became of it is told afterwards');
SELECT throws_ok(format($$SELECT as_owner('SELECT playbook_meeting_outcome(%s, ''s'', ''scheduled'')')$$, :execution),
    '22023', NULL, 'in words for that');
SELECT does('meeting', '{in: 2 days, at: "09:30", time_zone: Asia/Tokyo}') AS execution \gset
SELECT is(to_char((payload_of(:execution) ->> 'start')::timestamptz AT TIME ZONE 'Asia/Tokyo', 'HH24:MI'), '09:30',
    'a time of day is in the zone given');
SELECT is(payload_of(:execution) ->> 'subject', 'The step', 'the title is the step''s name');
SELECT is((payload_of(:execution) ->> 'end')::timestamptz - (payload_of(:execution) ->> 'start')::timestamptz,
    interval '30 minutes', 'for half an hour');
SELECT does('meeting', '{start: "2099-03-02 10:00Z", wait: true}') AS execution \gset
SELECT is((SELECT concat_ws(' ', status, waiting_for) FROM playbook_step_executions WHERE execution_id = :execution),
    'waiting event', 'a meeting may be waited for');
SELECT as_owner(format($$SELECT playbook_meeting_outcome(%s, 's', 'no_show')$$, :execution)) \g /dev/null
SELECT playbook_advance(:execution) \g /dev/null
SELECT is((SELECT concat_ws(' ', status, outcome) FROM playbook_step_executions WHERE execution_id = :execution),
    'completed no_show', 'until its outcome is known');
-- Cancelled after it went out: the same UID, taken back.
SELECT does('meeting', '{start: "2099-04-02 10:00Z", wait: true}') AS execution \gset
UPDATE playbook_outbox SET status = 'sent' WHERE execution_id = :execution;
SELECT as_owner(format('SELECT playbook_cancel(%s, ''moved'')', :execution)) \g /dev/null
SELECT playbook_advance(:execution) \g /dev/null
SELECT is((SELECT count(DISTINCT payload ->> 'uid') || ' ' || string_agg(payload ->> 'method', ',' ORDER BY id)
    FROM playbook_outbox WHERE execution_id = :execution),
          '1 REQUEST,CANCEL', 'an invitation that went out is taken back');

-- notify
SELECT does('notify',
    '{to: [ana, "ben@example.com"], message: "{{customer.name}} called",
     via: [email, slack], priority: high}') AS execution \gset
SELECT is((SELECT string_agg(concat_ws(', ', person, title, message, priority), E'\n' ORDER BY person) FROM playbook_notifications
           WHERE execution_id = :execution),
    E'ana, The step, Acme & Sons called, high\nben@example.com, The step, Acme & Sons called, high',
    'a message goes to every feed');
SELECT results_eq(format('SELECT kind, recipient, idempotency_key FROM playbook_outbox WHERE execution_id = %s ORDER BY id',
    :execution),
    format($$VALUES ('email', 'Ana Lima <ana@example.com>, ben@example.com', '%1$s:0:0:email'),
                    ('slack', 'ana, ben@example.com', '%1$s:0:0:slack')$$, :execution), 'and every other way');
SELECT is((SELECT payload FROM playbook_outbox WHERE execution_id = :execution AND kind = 'slack'),
    '{"title": "The step", "message": "Acme & Sons called", "priority": "high", "to": ["ana", "ben@example.com"]}'::jsonb,
    'with title and urgency');
SELECT does('notify', '{message: hello, via: notify}') AS execution \gset
SELECT is((SELECT person FROM playbook_notifications WHERE execution_id = :execution), 'ana', 'without names to the CSM');
SELECT is((SELECT count(*) FROM playbook_outbox WHERE execution_id = :execution), 0::bigint, 'to a feed by no other way');

SELECT * FROM finish();
ROLLBACK;
