-- A superuser, and people with rights of their own, run an ordinary role's playbook in their session: it gains nothing.
-- Each attack is first shown to work against an undefended call (control), in a savepoint, and then tried for real.
BEGIN;
SELECT plan(34);
SET LOCAL client_min_messages = error;
\set attacker attack_owner
\ir attacker.psql

-- Runs one step as the caller's playbook_run would, and says how the step ended.
CREATE FUNCTION run_step(id text, OUT status text, OUT error text) LANGUAGE plpgsql AS $$
DECLARE
    document jsonb := playbook_run(id);
BEGIN
    status := document #>> '{steps,0,status}';
    error := coalesce(document #>> '{steps,0,error,sqlstate}', document #>> '{error,sqlstate}');
END
$$;
SET ROLE attack_owner;
SELECT playbook_create(format('{"id": "attack_%s", "name": "A", "steps": [{"id": "a", "type": "%s", "config": {"template": %s}}]}',
                              name, type, to_json(statement)), publish => true)
FROM (VALUES ('deferred', 'sql', 'INSERT INTO attack.deferred VALUES (1)'),
             ('hostile', 'sql', 'INSERT INTO attack.hostile VALUES (1)'),
             ('climb', 'sql', 'SELECT attack.climb()'),
             ('folded', 'query', 'SELECT 1 AS x WHERE attack.folded()'),
             ('view', 'sql', 'SELECT * FROM attack.view'),
             ('plain', 'query', 'SELECT 1 AS x')) AS a (name, type, statement) \g /dev/null
SELECT playbook_create('{"id": "attack_condition", "name": "A", "steps": [{"id": "a", "type": "condition", "config":
    {"if": "attack.folded()", "then": [{"id": "b", "type": "sql", "config": {"template": "SELECT 1"}}]}}]}', publish => true) \g /dev/null
RESET ROLE;
DELETE FROM attack_tried; -- saving judged the conditions, as their author

-- 1. A deferred trigger that fires when the superuser commits.
SAVEPOINT control;
CREATE FUNCTION attack.undefended() RETURNS void LANGUAGE sql SECURITY DEFINER AS 'INSERT INTO attack.deferred VALUES (1)';
ALTER FUNCTION attack.undefended() OWNER TO attack_owner;
SELECT attack.undefended() \g /dev/null
SET CONSTRAINTS ALL IMMEDIATE;
SELECT is(looted() > 0, :SERVER_VERSION_NUM < 180000,
    'control: before 18 a deferred trigger of a SECURITY DEFINER function has the caller''s rights');
ROLLBACK TO control;
SELECT is(status, 'error', 'a step that leaves a deferred trigger behind fails') FROM run_step('attack_deferred');
SET CONSTRAINTS ALL IMMEDIATE;
SELECT is(looted(), 0::bigint, 'and nothing fires afterwards');
SELECT is((SELECT count(*) FROM attack.deferred), 0::bigint, 'and it left no row');

-- 2. Traps on the table a step writes.
SAVEPOINT control;
INSERT INTO attack.hostile VALUES (1);
SELECT cmp_ok(looted(), '>', 0::bigint, 'control: defaults and triggers have the rights of who writes');
ROLLBACK TO control;
SELECT is(status, 'success', 'a step writes a table with defaults and triggers') FROM run_step('attack_hostile');
SELECT is(looted(), 0::bigint, 'which gain nothing');
SELECT set_eq('SELECT how, who FROM attack_tried', $$VALUES ('column default', 'attack_owner'::name), ('trigger', 'attack_owner')$$,
              'for they ran as its owner');
DELETE FROM attack_tried;

-- 3. Becoming who the session belongs to.
SAVEPOINT control;
SET LOCAL ROLE attack_owner;
SELECT attack.climb() \g /dev/null
RESET ROLE;
SELECT cmp_ok(looted(), '>', 0::bigint, 'control: RESET ROLE undoes a mere SET ROLE');
ROLLBACK TO control;
SELECT is((playbook_run('attack_climb') #>> '{steps,0,data,0,climb}'), 'attack_owner', 'a step stays its owner');
SELECT is(looted(), 0::bigint, 'no way leads back to the session''s role');
SELECT is(current_user, session_user, 'and the caller is the caller after it');

-- 4. Planning is running, when a function lies about being immutable.
SAVEPOINT control;
SELECT * FROM (SELECT 1 WHERE attack.folded()) AS x \g /dev/null
SELECT cmp_ok(looted(), '>', 0::bigint, 'control: planning runs what is declared immutable');
ROLLBACK TO control;
SELECT lives_ok($$SELECT playbook_run('attack_folded')$$);
SELECT lives_ok($$SELECT * FROM playbook_preview('attack_folded')$$);
SELECT lives_ok($$SELECT playbook_run('attack_condition')$$);
SELECT lives_ok($$SELECT * FROM playbook_preview('attack_condition')$$);
SELECT is(looted(), 0::bigint, 'queries, conditions and previews are planned as the owner');
SELECT ok(EXISTS (SELECT FROM attack_tried WHERE how = 'folded' AND who = 'attack_owner'), 'the trap was stepped into');
DELETE FROM attack_tried;

-- The same where a superuser has become the owner for the session: what runs as the owner must not get it back.
SET ROLE attack_owner;
CREATE FUNCTION attack.climbing() RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN attack.climb() IS NULL; END $$;
SELECT playbook_create('{"id": "attack_climbing", "name": "A", "steps": [{"id": "a", "type": "condition", "config":
    {"if": "attack.climbing()", "then": [{"id": "b", "type": "sql", "config": {"template": "SELECT 1"}}]}}]}', publish => true) \g /dev/null
RESET ROLE;
SAVEPOINT control;
SET SESSION AUTHORIZATION attack_owner;
SELECT attack.climbing() \g /dev/null
RESET SESSION AUTHORIZATION;
SELECT cmp_ok(looted(), '>', 0::bigint, 'control: RESET SESSION AUTHORIZATION undoes SET SESSION AUTHORIZATION');
ROLLBACK TO control;
SET SESSION AUTHORIZATION attack_owner;
SELECT playbook_run('attack_climbing') \g /dev/null
SELECT is(session_user, 'attack_owner'::name, 'a condition stays its owner');
RESET SESSION AUTHORIZATION;
SELECT is(looted(), 0::bigint, 'no way leads from it to who connected');
DELETE FROM attack_tried;

-- 5. The caller's search_path is full of traps.
SET ROLE attack_owner;
CREATE FUNCTION attack.equal(text, text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RETURN attack.loot('operator'); END $$;
CREATE FUNCTION attack.equal(bigint, bigint) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RETURN attack.loot('operator'); END $$;
CREATE FUNCTION attack.equal(integer, integer) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RETURN attack.loot('operator'); END $$;
CREATE OPERATOR attack.= (LEFTARG = text, RIGHTARG = text, FUNCTION = attack.equal);
CREATE OPERATOR attack.= (LEFTARG = bigint, RIGHTARG = bigint, FUNCTION = attack.equal);
CREATE OPERATOR attack.= (LEFTARG = integer, RIGHTARG = integer, FUNCTION = attack.equal);
CREATE FUNCTION attack.now() RETURNS timestamptz LANGUAGE plpgsql AS $$ BEGIN PERFORM attack.loot('function'); RETURN pg_catalog.now(); END $$;
CREATE TABLE attack.playbooks (id text DEFAULT attack.loot('table')::text, owner regrole);
CREATE TABLE attack.playbook_executions (id bigint, slot integer);
RESET ROLE;
SAVEPOINT control;
SET LOCAL search_path = attack, pg_catalog, public, tap;
SELECT now(), 'a'::text = 'b'::text \g /dev/null
SET LOCAL search_path = public, tap;
SELECT cmp_ok(looted(), '>', 0::bigint, 'control: the path decides which now() and which = are meant');
ROLLBACK TO control;
SET LOCAL search_path = attack, pg_catalog, public, tap;
SELECT playbook_run('attack_plain') AS document \gset
SELECT playbook_validate('{"id": "x", "name": "X", "steps": []}') \g /dev/null
SELECT playbook_customer('c1') \g /dev/null
SELECT playbook_set_person('attack_p', 'P', manager => NULL) \g /dev/null
SELECT playbook_forget_customer('c1') \g /dev/null
SELECT playbook_share('attack_plain', 'attack_owner', 'view') \g /dev/null
SET LOCAL ROLE attack_owner;
SELECT count(*) FROM public.playbook_executions \g /dev/null
RESET ROLE;
SET LOCAL search_path = public, tap;
SELECT is((:'document')::jsonb #>> '{steps,0,status}', 'success', 'a playbook runs under a hostile path');
SELECT is(looted(), 0::bigint, 'and nothing of the path is used');
SELECT is_empty('SELECT * FROM attack_tried', 'not even by the engine''s own role');

-- 6. Deciding in the name of whoever runs the playbook.
CREATE ROLE attack_victim;  GRANT playbook_user TO attack_victim;
CREATE ROLE attack_app;     GRANT playbook_trusted_app TO attack_app;
SELECT playbook_set_person('victim', 'Victim', role => 'attack_victim') \g /dev/null
CREATE ROLE attack_other;   GRANT playbook_author TO attack_other;
SET LOCAL ROLE attack_other;
SELECT playbook_create('{"id": "attack_asks", "name": "A", "steps": [{"id": "ask", "type": "approval", "config": {"approvers": ["victim"]}}]}',
                       publish => true) \g /dev/null
SELECT playbook_run('attack_asks') \g /dev/null
RESET ROLE;
SELECT id AS approval FROM approvals WHERE playbook_id = 'attack_asks' \gset
SET LOCAL ROLE attack_owner;
SELECT playbook_create(format('{"id": "attack_decides", "name": "A", "steps": [{"id": "a", "type": "sql", "config":
    {"template": "SELECT set_config(''playbook.actor'', ''victim'', false), playbook_approve(%s)"}}]}', :approval), publish => true) \g /dev/null
SELECT playbook_share('attack_decides', role, 'start') FROM unnest(ARRAY['attack_victim', 'attack_app']::regrole[]) AS role \g /dev/null
RESET ROLE;
SAVEPOINT control;
SET LOCAL ROLE attack_victim;
SELECT is(playbook_approve(:approval), 'approved', 'control: the person may decide');
ROLLBACK TO control;
SET LOCAL ROLE attack_victim;
SELECT is(playbook_run('attack_decides') #>> '{steps,0,status}', 'error', 'a playbook that the person runs may not');
RESET ROLE;
SET LOCAL ROLE attack_app;
SET LOCAL playbook.actor = 'victim';
SELECT is(playbook_run('attack_decides') #>> '{steps,0,status}', 'error', 'nor one that an application runs for the person');
RESET playbook.actor;
RESET ROLE;
SELECT is((SELECT status FROM approvals WHERE id = :approval), 'pending', 'and the approval is undecided');

-- 7. A customer source that is a trap for those whose sight is asked.
SAVEPOINT control;
SET LOCAL ROLE attack_victim;
SELECT count(y) FROM attack.view \g /dev/null
RESET ROLE;
SELECT isnt_empty($$SELECT FROM attack_tried WHERE who = 'attack_victim'$$, 'control: a view''s functions run as who reads it');
ROLLBACK TO control;
SET LOCAL ROLE attack_owner;
CREATE VIEW attack.customers AS SELECT 'c1'::text AS id, CASE WHEN attack.loot('source') THEN 'victim' END AS csm;
RESET ROLE;
SELECT playbook_set_customer_source('attack.customers', 'id', 'csm') \g /dev/null
SET LOCAL ROLE attack_victim;
SELECT ok(playbook_can_see('attack_other', 'attack_other', 'x', 'c1', 'p'), 'the source says who covers the customer');
RESET ROLE;
SELECT set_eq('SELECT DISTINCT who FROM attack_tried', $$VALUES ('attack_owner'::name)$$, 'and was read as its owner');
SELECT is(looted(), 0::bigint, 'in the end nobody gained anything');

SELECT * FROM finish();
ROLLBACK;
