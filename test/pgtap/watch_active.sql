-- playbook_active: one row for each live execution, with a sentence for whatever it waits for; pages by key while
-- executions come and go. The owner may not connect, so nothing moves but what this test moves.
SELECT plan(27);
\ir refusal.psql
SET client_min_messages = error; -- says so
SET timezone = 'UTC';
REVOKE CONNECT ON DATABASE :"DBNAME" FROM PUBLIC;
CREATE ROLE active_owner; GRANT playbook_author TO active_owner;
CREATE ROLE active_other; GRANT playbook_author TO active_other;
SELECT playbook_set_person('ana', 'Ana', 'ana@example.com'), playbook_set_person('ben', 'Ben', 'ben@example.com') \g /dev/null
CREATE FUNCTION said(execution bigint) RETURNS text LANGUAGE sql AS
    $$SELECT regexp_replace(sentence, '\d{4}-\d\d-\d\d \d\d:\d\d(:\d\d)?', 'T') FROM playbook_active WHERE execution_id = execution$$;
-- Makes a playbook of the steps, starts and advances it; the sentence about it.
CREATE FUNCTION sentence_of(steps text, rest text DEFAULT '') RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    id text := 'p_' || left(md5(steps || rest), 10);
    execution bigint;
BEGIN
    PERFORM playbook_create(format(E'id: %s\nname: Test\n%s\nsteps: %s', id, rest, steps), publish => true);
    execution := playbook_start(id, 'c1');
    PERFORM playbook_advance(execution);
    RETURN said(execution);
END
$$;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO active_owner;
SET ROLE active_owner;

SELECT is(sentence_of('[{id: w, type: wait, config: {for: 3 days}}]'), 'Waits at step "w" until T', 'time');
SELECT is(sentence_of('[{id: w, type: wait, config: {event: go}}]'), 'Waits at step "w" for the event go', 'an event');
SELECT is(sentence_of('[{id: w, type: wait, config: {event: [go, come], timeout: 1 day}}]'),
    'Waits at step "w" for the event go or come, at most until T', 'one of two, for a time');
SELECT is(sentence_of('[{id: t, type: task, config: {title: "Call them", assignee: ana, due_in: 2 days}}]'),
    'Waits for Ana to do "Call them", due T', 'a task');
SELECT is(sentence_of('[{id: t, type: task, config: {title: "Call them", assignee: "role:active_owner"}}]'),
    'Waits for a member of active_owner to do "Call them"', 'a task of a role');
SELECT is(sentence_of('[{id: a, type: approval, config: {approvers: [ben, ana], expires: 1 day}}]'),
    'Waits for Ana or Ben to approve step "a", until T', 'an approval');
SELECT is(sentence_of('[{id: q, type: query, config: {template: "SELECT n FROM generate_series(1, 2) AS n"}}, '
    '{id: m, type: notify, for_each: "${steps.q}", require_approval: {approvers: [ana]}, config: {to: someone, message: hello}}]'),
    'Waits for Ana to approve step "m" (item 0)', 'the approval of an item');
SELECT is(sentence_of('[{id: s, type: sql, retry: {attempts: 3, delay: 1 h}, config: {template: "SELECT 1 / 0"}}]'),
    'Tries step "s" again at T, after: division by zero', 'another attempt');
SELECT playbook_create(tiny('inner_one', wait => '1 day'), true) \g /dev/null
SELECT is(sentence_of('[{id: p, type: playbook, config: {playbook: inner_one}}]'),
    'Waits at step "p" for the playbook that it started', 'a playbook');
RESET ROLE;
SET playbook.outbox = 'deliver';
SELECT is(sentence_of('[{id: m, type: email, config: {to: a@example.com, subject: s, body: b}}]'),
    'Waits for the message of step "m" to be sent', 'a sender');
RESET playbook.outbox;
SELECT playbook_hold('all', NULL, 'audit') \g /dev/null
SELECT is(sentence_of('[{id: m, type: email, config: {to: a@example.com, subject: s, body: b}}]', 'description: held'),
    'Held at step "m": audit', 'a hold');
SELECT playbook_release('all') \g /dev/null
SET ROLE active_owner;

SELECT playbook_create('{id: queued, name: Q, conflict: queue, steps: [{id: w, type: wait, config: {event: go}}]}', true) \g /dev/null
SELECT playbook_start('queued', 'c1') AS first, playbook_start('queued', 'c1') AS second \gset
SELECT is(said(:first), 'About to begin', 'nobody has begun');
SELECT is(said(:second), 'Waits until the customer''s other execution of this playbook has ended', 'its turn');
SELECT is(said(playbook_start('inner_one', start_at => now() + interval '1 day')), 'Begins at T', 'its time');
SELECT playbook_advance(:first), playbook_pause(:first, 'holidays') \g /dev/null
SELECT is(said(:first), 'Paused since T: holidays', 'a pause');
SELECT results_eq(format('SELECT since, next_at, step_id FROM playbook_active WHERE execution_id = %s', :first),
    format('SELECT paused_at, NULL::timestamptz, ''w'' FROM playbook_executions WHERE id = %s', :first),
    'since when, and at which step');
SELECT playbook_resume(:first) \g /dev/null
SELECT playbook_advance(:first) \g /dev/null
SELECT results_eq(format('SELECT playbook_id, customer_id, status, waiting_for, step_id, item, owner::text, actor, next_at '
    'FROM playbook_active WHERE execution_id = %s', :first),
    $$VALUES ('queued', 'c1', 'waiting', 'event', 'w', NULL::integer, 'active_owner', 'active_owner', NULL::timestamptz)$$,
    'what is told besides');
RESET ROLE;
UPDATE playbook_executions SET due_at = now() - interval '2 minutes', reason = 'nobody may' WHERE id = :first;
SELECT is(said(:first), 'Due since T, and nobody executes it: nobody may', 'what stands still');
SELECT playbook_cancel(:first) \g /dev/null
SELECT is(said(:first), NULL, 'what has ended is not there');
SELECT is((SELECT count(*) FROM playbook_active), (SELECT count(*) FROM playbook_executions WHERE slot = 0),
    'one row for each that is under way');
SELECT is(as_role('active_other', 'SELECT count(*) FROM playbook_active'), '0', 'nobody else''s');
SELECT is((SELECT count(*) FROM playbook_active WHERE parent_execution IS NOT NULL), 1::bigint, 'who started it');

-- Pages, while some end and others begin.
SET ROLE active_owner;
SELECT playbook_create(tiny('many', wait => '1 day'), true) \g /dev/null
SELECT count(playbook_start('many')) AS started FROM generate_series(1, 30) \gset
SELECT array_agg(execution_id ORDER BY execution_id) AS present FROM playbook_active \gset
CREATE TEMP TABLE pages (page integer, execution_id bigint);
DO $$
DECLARE
    after bigint := 0;
BEGIN
    FOR page IN 1 .. 100 LOOP
        INSERT INTO pages SELECT page, a.execution_id FROM playbook_active a WHERE a.execution_id > after
        ORDER BY a.execution_id LIMIT 7;
        EXIT WHEN NOT FOUND;
        SELECT max(p.execution_id) INTO after FROM pages p;
        -- One that was shown ends, one that was not begins.
        PERFORM playbook_cancel(a.execution_id) FROM playbook_active a JOIN pages p USING (execution_id)
        WHERE a.playbook_id = 'many' ORDER BY a.execution_id LIMIT 1;
        IF page < 4 THEN PERFORM playbook_start('many'); END IF;
    END LOOP;
END
$$;
SELECT is((SELECT count(*) FROM pages), (SELECT count(DISTINCT execution_id) FROM pages), 'no row on two pages');
SELECT ok(:'present'::bigint[] <@ (SELECT array_agg(execution_id) FROM pages), 'nothing that was there is missing');
SELECT cmp_ok((SELECT count(*) FROM pages), '=', cardinality(:'present'::bigint[]) + 3::bigint,
    'and what began meanwhile comes at the end');
RESET ROLE;
SET enable_seqscan = off; -- the tables are small
CREATE FUNCTION plan_of(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    line text;
    lines text[];
BEGIN
    FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || statement LOOP lines := lines || line; END LOOP;
    RETURN array_to_string(lines, E'\n');
END
$$;
SELECT matches(plan_of('SELECT * FROM playbook_active WHERE execution_id > 5 ORDER BY execution_id LIMIT 7'),
    'Index Scan using playbook_executions_live_pkey on playbook_executions_live', 'a page is found by the index');
SELECT unalike(split_part(plan_of('SELECT * FROM playbook_active WHERE execution_id > 5 ORDER BY execution_id LIMIT 7'),
    'playbook_executions_live', 1), '%Sort%', 'and nothing is sorted for it');
SELECT * FROM finish();
DROP OWNED BY active_owner, active_other;
DROP EXTENSION playbook CASCADE;
DROP ROLE active_owner, active_other;
