-- playbook_forget_customer leaves no trace: executions that really ran spoke of a customer in every place that there is,
-- and afterwards no column of any table of the extension has its id or its address; what is said of others stays.
BEGIN;
SELECT plan(30);
SET LOCAL client_min_messages = error; -- owners of playbooks here do not log in
\ir steps.psql
\set gone 'cust-7f3a91'

CREATE TABLE accounts (id text PRIMARY KEY, name text, contact_email text);
INSERT INTO accounts VALUES ('cust-7f3a91', 'Trace', 'Walk@trace.example'), ('neighbour', 'Near', 'near@other.example');
SELECT playbook_set_customer_source('accounts', 'id') \g /dev/null
SELECT playbook_set_person('me', 'Me', 'me@example.com', current_user::text::regrole) \g /dev/null

-- Every column of every table of the extension, whatever its type: where the bytes are found, in which rows.
CREATE FUNCTION traces(bytes text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    part record;
    found bigint;
BEGIN
    FOR part IN
        SELECT c.oid::regclass AS name, c.relname, a.attname, a.atttypid = 'bytea'::regtype AS binary
        FROM pg_class c
        JOIN pg_depend d ON d.objid = c.oid AND d.classid = 'pg_class'::regclass AND d.deptype = 'e'
        JOIN pg_extension x ON x.oid = d.refobjid AND d.refclassid = 'pg_extension'::regclass AND x.extname = 'playbook'
        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition
    LOOP
        EXECUTE format(CASE WHEN part.binary
                            THEN 'SELECT count(*) FROM %s WHERE position(lower($1)::bytea IN lower(encode(%I, ''escape''))::bytea) > 0'
                            ELSE 'SELECT count(*) FROM %s WHERE strpos(lower(%I::text), lower($1)) > 0' END,
                       part.name, part.attname) INTO found USING bytes;
        IF found > 0 THEN RETURN NEXT format('%s.%s', part.relname, part.attname); END IF;
    END LOOP;
END
$$;
-- The tables in which they are found.
CREATE FUNCTION tables_with(bytes text) RETURNS text LANGUAGE sql AS
    $$SELECT string_agg(DISTINCT split_part(t, '.', 1), ' ' ORDER BY split_part(t, '.', 1)) FROM traces(bytes) t$$;

SELECT playbook_create($$id: child
name: Child
steps:
  - {id: look, type: query, config: {template: "SELECT name FROM accounts WHERE id = {{customer.id}}"}}$$, true) \g /dev/null
SELECT playbook_create($$id: journey
name: Journey
parameters: [{name: note, type: string, default: none}]
steps:
  - {id: facts, type: query, on_error: cached, config: {template: "SELECT * FROM accounts WHERE id = {{customer.id}}"}}
  - {id: mail, type: email, depends_on: [facts], config: {to: "{{customer.contact_email}}", subject: "For {{customer.id}}", body: "Dear {{customer.contact_email}}"}}
  - {id: tell, type: notify, depends_on: [facts], config: {to: [me, "{{customer.contact_email}}"], message: "Mail to {{customer.contact_email}}"}}
  - {id: nested, type: playbook, depends_on: [facts], config: {playbook: child}}
  - {id: ask, type: approval, depends_on: [facts], config: {approvers: [me], message: "Go on with {{customer.id}}?"}}
  - {id: call, type: task, depends_on: [ask], config: {title: "Call {{customer.contact_email}}", assignee: me, description: "{{parameters.note}}"}}
  - {id: word, type: wait, depends_on: [call], config: {event: go}}
$$, true) \g /dev/null
-- An analysis over everybody: a small row set, and one of several chunks that has the customer in the first and the last.
SELECT playbook_create($$id: survey
name: Survey
parameters: [{name: note, type: string, default: none}, {name: who, type: string, default: none}]
steps:
  - {id: say, type: notify, config: {to: [me, "{{parameters.who}}"], title: "{{parameters.note}}", message: said, link: "https://example.com/{{parameters.who}}"}}
  - {id: small, type: query, config: {template: "SELECT id, name, contact_email, jsonb_build_object('of', id) AS document, ARRAY[id, name] AS words FROM accounts"}}
  - {id: large, type: query, config: {template: "SELECT n, a.id, repeat(md5(n::text), 2) AS filler FROM generate_series(1, 60000) AS n JOIN accounts a ON (a.name = 'Trace') = (n IN (1, 60000))"}}
$$, true) \g /dev/null

CREATE FUNCTION through(customer text, note text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    execution bigint := playbook_start('journey', customer, jsonb_build_object('note', note), 'key of ' || customer,
                                       labels => jsonb_build_object('for', customer), conflict => 'allow');
BEGIN
    PERFORM playbook_advance(execution);
    PERFORM playbook_advance(c.id) FROM playbook_executions_live c WHERE c.parent_execution = execution;
    PERFORM playbook_advance(execution);
    PERFORM playbook_approve((SELECT max(id) FROM approvals a WHERE a.execution_id = execution), 'yes to ' || customer);
    PERFORM playbook_advance(execution);
    PERFORM playbook_complete_task((SELECT max(id) FROM playbook_tasks t WHERE t.execution_id = execution),
                                   jsonb_build_object('said', customer));
    PERFORM playbook_signal(execution, 'go', jsonb_build_object('by', customer));
    PERFORM playbook_advance(execution);
    RETURN execution;
END
$$;
SELECT through('neighbour', 'of neighbour') AS other \gset
SELECT through('cust-7f3a91', 'of cust-7f3a91') AS done \gset
SELECT playbook_start('journey', 'cust-7f3a91', conflict => 'allow') AS waiting \gset
SELECT playbook_advance(:waiting) \g /dev/null
SELECT playbook_start('journey', 'cust-7f3a91', conflict => 'allow', start_at => now() + interval '1 day') AS pending \gset
SELECT playbook_start('survey', NULL, '{"note": "look at walk@TRACE.example, please", "who": "Walk@trace.example"}', 'survey of cust-7f3a91',
    labels => '{"cust-7f3a91": "yes", "kept": "too"}') AS survey \gset
SELECT playbook_advance(:survey) \g /dev/null
SELECT playbook_start('journey', 'neighbour', '{"note": "ask cust-7f3a91"}', conflict => 'allow') AS speaking \gset
SELECT playbook_advance(:speaking) \g /dev/null
SELECT playbook_hold('customer', :'gone', 'Mr. Walk of cust-7f3a91 asked') \g /dev/null
SELECT playbook_hold('playbook', 'child', 'cust-7f3a91 complained') \g /dev/null

SELECT is((SELECT string_agg(status, ' ' ORDER BY id) FROM playbook_executions WHERE id IN (:done, :other, :survey)),
    'completed completed completed', 'they ran to their end');
SELECT is((SELECT status FROM playbook_executions WHERE id = :waiting), 'waiting', 'one waits');
SELECT cmp_ok((SELECT count(*) FROM playbook_step_rows WHERE execution_id = :survey), '>', 2::bigint, 'a row set has chunks');
SELECT is(tables_with(:'gone'), 'approvals playbook_approval_decisions playbook_executions playbook_holds '
    'playbook_idempotency playbook_notifications playbook_outbox playbook_signals playbook_step_executions playbook_step_rows '
    'playbook_tasks', 'before: its id is everywhere');
SELECT is(tables_with('walk@trace.example'), 'playbook_executions playbook_notifications playbook_outbox '
    'playbook_step_executions playbook_tasks',
    'and its address');
SELECT playbook_verify_artifact(:survey) \g /dev/null

-- What is under way is refused, and its own cancellation is what the hint says.
SELECT throws_ok($$SELECT playbook_forget_customer('')$$, '22023');
SELECT throws_ok($$SELECT playbook_forget_customer(NULL)$$, '22004');
SELECT throws_ok($$SELECT playbook_forget_customer('cust-7f3a91')$$, '55000', 'customer "cust-7f3a91" has executions that are not finished');
SELECT playbook_cancel(:waiting, 'as cust-7f3a91 wants'), playbook_cancel(:pending) \g /dev/null
SELECT playbook_advance(:waiting), playbook_advance(:pending) \g /dev/null
CREATE TABLE erased AS SELECT * FROM playbook_forget_customer('cust-7f3a91');
SELECT is((SELECT string_agg(relation, ' ' ORDER BY relation) FROM erased WHERE rows > 0),
    'approvals playbook_approval_decisions playbook_artifacts playbook_executions playbook_holds playbook_idempotency '
    'playbook_last_results playbook_notifications playbook_outbox playbook_signals playbook_step_executions playbook_step_rows playbook_tasks', 'it says where it erased');

-- Somebody else's that is under way keeps what it needs, until it has ended.
SELECT is((SELECT parameters ->> 'note' FROM playbook_executions WHERE id = :speaking), 'ask cust-7f3a91',
    'what is under way for others is not touched');
SELECT is((SELECT count(*) FROM playbook_executions e WHERE id <> :speaking AND e::text LIKE '%cust-7f3a91%'), 0::bigint,
    'what has ended speaks of it no more');
SELECT playbook_cancel(:speaking), playbook_advance(:speaking) \g /dev/null
SELECT cmp_ok((SELECT sum(rows) FROM playbook_forget_customer('cust-7f3a91')), '>', 0::numeric, 'once it has ended, that goes, too');

SELECT is((SELECT string_agg(t, ' ') FROM traces(:'gone') t), NULL, 'after: no column of any table has its id');
SELECT is((SELECT string_agg(t, ' ') FROM traces('walk@trace.example') t), NULL, 'nor its address');
SELECT is((SELECT sum(rows) FROM playbook_forget_customer('cust-7f3a91')), 0::numeric, 'another time there is nothing left');

-- Everybody else's is as it was.
SELECT is((SELECT count(*) FROM playbook_executions WHERE id = :done AND status = 'completed' AND customer_id = ''), 1::bigint,
    'the skeleton remains, for nobody');
SELECT is((SELECT customer_id || ' ' || (parameters ->> 'note') || ' ' || (labels ->> 'for') || ' ' || idempotency_key
    FROM playbook_executions WHERE id = :other), 'neighbour of neighbour neighbour key of neighbour', 'another''s execution is as it was');
SELECT is((SELECT count(*) FROM playbook_rows(:other, 'facts')), 1::bigint, 'its rows, too');
SELECT is((SELECT recipient FROM playbook_outbox WHERE execution_id = :other), 'near@other.example', 'its mail');
SELECT is((SELECT string_agg(person || ' ' || message, ', ' ORDER BY person) FROM playbook_notifications WHERE execution_id = :other),
    'me Mail to near@other.example, near@other.example Mail to near@other.example', 'what people were told of it');
SELECT is((SELECT string_agg((person, title, message, link)::text, ' ') FROM playbook_notifications WHERE execution_id = :survey),
    '(me,,said,)', 'of what they were told of all, what says nothing of the customer');
SELECT is((SELECT title || ' ' || description || ' ' || (result ->> 'said') FROM playbook_tasks WHERE execution_id = :other),
    'Call near@other.example of neighbour neighbour', 'its task');
SELECT is((SELECT string_agg(r ->> 'name', ' ') FROM playbook_rows(:survey, 'small') r), 'Near', 'the analysis has the others');
SELECT is((SELECT count(*) FROM playbook_rows(:survey, 'large')), 59998::bigint, 'in all of its chunks');
SELECT is((SELECT string_agg(step_id || ' ' || row_count, ' ' ORDER BY step_id) FROM playbook_step_executions
    WHERE execution_id = :survey), 'large 59998 small 1', 'and says how many');
SELECT is((SELECT parameters || labels FROM playbook_executions WHERE id = :survey), '{"note": null, "who": null, "kept": "too"}', 'and its labels that say nothing');
SELECT row_eq(format('SELECT valid, reason FROM playbook_verify_artifact(%s)', :survey), ROW(true, NULL::text),
    'its artifact is sealed anew');

-- What speaks of somebody: words by themselves, whole numbers where ids are.
SELECT is((SELECT string_agg(t, '|') FROM unnest(ARRAY['acme.', 'acme-2', '("acme"', 'acme.com', 'acmes', '“acme”', '<A@B.org>', 'xa@b.org',
    'a@b.org.uk', 'Acme']) t WHERE playbook_mentions(t, '{acme,a@b.org}')), 'acme.|("acme"|“acme”|<A@B.org>', 'an id is a word by itself');
SELECT is(playbook_without('{"account_id": 7, "n": 7, "x": "7", "s": "7 of 9", "7": 1, "d": [{"id": "7"}, 7.5]}', '{7}'),
    '{"account_id": null, "n": 7, "x": null, "s": "7 of 9", "d": [{"id": null}, 7.5]}', 'digits only are an id where ids are');
SELECT throws_ok($$SELECT playbook_rows_without('\x00', '{x}')$$, 'XX001');
SELECT * FROM finish();
ROLLBACK;
