-- A cursor is run with the rights of whoever fetches from it. What an ordinary role's playbook opens in a superuser's
-- session is gone when the superuser could fetch from it, and the superuser's own cursors are nobody else's.
BEGIN;
SELECT plan(23);
SET LOCAL client_min_messages = error;
\set attacker attack_cursors
\ir attacker.psql

SET ROLE attack_cursors;
CREATE FUNCTION attack.leave_open() RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    trap refcursor := 'trap';
BEGIN
    OPEN trap FOR SELECT attack.loot('cursor');
    EXECUTE 'DECLARE declared CURSOR FOR SELECT attack.loot(''cursor'')';
    RETURN true;
END
$$;
-- Conditions take no volatile function.
CREATE FUNCTION attack.leave_open_stably() RETURNS boolean LANGUAGE plpgsql STABLE AS $$
DECLARE
    trap refcursor := 'trap';
BEGIN
    OPEN trap FOR SELECT attack.loot('cursor');
    RETURN true;
END
$$;
-- Reads the caller's cursor, then puts another in its place.
CREATE FUNCTION attack.meddle(how text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    victim refcursor := 'mine';
    found text;
BEGIN
    IF how = 'read' THEN
        FETCH victim INTO found;
    ELSIF how = 'move' THEN
        MOVE victim;
    ELSE
        CLOSE victim;
        OPEN victim FOR SELECT attack.loot('replaced cursor');
    END IF;
    RETURN found;
END
$$;
CREATE FUNCTION attack.prepare(statement text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN EXECUTE statement; RETURN true; END $$;
CREATE FUNCTION attack.uses_its_own() RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    own refcursor;
    number bigint;
BEGIN
    OPEN own FOR SELECT 7;
    FETCH own INTO number;
    RETURN number;
END
$$;
SELECT playbook_create(format('{"id": "cursors_%s", "name": "C", "steps": [%s]}', name, step), publish => true)
FROM (VALUES
    ('sql', '{"id": "a", "type": "sql", "config": {"template": "SELECT attack.leave_open()"}}'),
    ('query', '{"id": "a", "type": "query", "config": {"template": "SELECT attack.leave_open()"}}'),
    ('condition', '{"id": "a", "type": "condition", "config": {"if": "attack.leave_open_stably()", "then": [{"id": "b", "type": "sql", "config": {"template": "SELECT 1"}}]}}'),
    ('for_each', '{"id": "n", "type": "query", "config": {"template": "SELECT 1 AS x"}}, {"id": "a", "type": "sql", "for_each": "${steps.n}", "depends_on": ["n"], "config": {"template": "SELECT attack.leave_open()"}}'),
    ('filter', '{"id": "n", "type": "query", "config": {"template": "SELECT 1 AS x"}}, {"id": "a", "type": "filter", "config": {"input": "${steps.n}", "condition": "attack.leave_open_stably()"}}'),
    ('own', '{"id": "a", "type": "sql", "config": {"template": "SELECT attack.uses_its_own() AS number"}}')) AS s (name, step) \g /dev/null
SELECT playbook_create(format('{"id": "cursors_%s", "name": "C", "steps": [{"id": "a", "type": "sql", "config": {"template": %s}}]}',
                              name, to_json('SELECT ' || expression)), publish => true)
FROM (VALUES ('read', $e$attack.meddle('read')$e$), ('move', $e$attack.meddle('move')$e$), ('replace', $e$attack.meddle('replace')$e$),
             ('prepare', $e$attack.prepare('PREPARE trapped AS SELECT attack.loot(''prepared'')')$e$),
             ('deallocate', $e$attack.prepare('DEALLOCATE mine')$e$)) AS s (name, expression) \g /dev/null
RESET ROLE;
DELETE FROM attack_tried;

SAVEPOINT control;
SET LOCAL ROLE attack_cursors;
SELECT attack.leave_open() \g /dev/null
RESET ROLE;
FETCH ALL FROM trap \g /dev/null
SELECT cmp_ok(looted(), '>', 0::bigint, 'control: a cursor is run with the rights of who fetches from it');
ROLLBACK TO control;

-- Whatever opened them, nothing is left of them.
CREATE FUNCTION open_after(statement text, OUT cursors bigint) LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE statement;
    SELECT count(*) INTO cursors FROM pg_cursors WHERE name IN ('trap', 'declared');
END
$$;
CREATE FUNCTION run_to_the_end(id text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    document jsonb := playbook_run(id);
BEGIN
    IF document ->> 'status' <> 'completed' THEN
        RAISE EXCEPTION '%', document -> 'error';
    END IF;
END
$$;
SELECT is(open_after(format('SELECT run_to_the_end(%L)', id)), 0::bigint, id || ' leaves no cursor')
FROM unnest(ARRAY['cursors_sql', 'cursors_query', 'cursors_condition', 'cursors_for_each', 'cursors_filter']) AS id;
SELECT is(open_after(format('SELECT * FROM playbook_preview(%L, run_queries => true)', id)), 0::bigint, id || ' leaves none in a preview')
FROM unnest(ARRAY['cursors_query', 'cursors_condition']) AS id;
SELECT throws_ok('FETCH ALL FROM trap', '34000', NULL, 'there is nothing to fetch from');
SELECT is(playbook_run('cursors_own') #>> '{steps,0,data,0,number}', '7', 'a step uses cursors of its own');

-- A customer source is read with its owner's rights too.
SET LOCAL ROLE attack_cursors;
CREATE VIEW attack.customers AS SELECT 'c1'::text AS id, CASE WHEN attack.leave_open() THEN 'x' END AS csm;
RESET ROLE;
CREATE ROLE cursors_victim; GRANT playbook_user TO cursors_victim;
SELECT playbook_set_person('x', 'X', role => 'cursors_victim') \g /dev/null
SELECT playbook_set_customer_source('attack.customers', 'id', 'csm') \g /dev/null
SET LOCAL ROLE cursors_victim;
SELECT ok(playbook_can_see('attack_cursors', 'attack_cursors', 'y', 'c1', 'p'), 'who covers a customer is asked');
RESET ROLE;
SELECT is_empty($$SELECT name FROM pg_cursors WHERE name IN ('trap', 'declared')$$, 'which leaves no cursor either');
DELETE FROM playbook_customer_source;

-- The caller's own.
PREPARE mine AS SELECT 'mine' AS whose;
DECLARE mine CURSOR FOR SELECT 'secret ' || n AS secret FROM generate_series(1, 3) AS n;
SELECT is(playbook_run('cursors_' || way) #>> '{error,sqlstate}', state, 'nobody else does to the caller''s cursor what is tried: ' || way)
FROM (VALUES ('read', '55000'), ('move', '55000'), ('replace', '24000')) AS w (way, state);
SELECT is(playbook_run('cursors_condition') ->> 'status', 'completed', 'playbooks run while it is open');
CREATE FUNCTION fetched() RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    mine refcursor := 'mine';
    secret text;
BEGIN
    FETCH mine INTO secret;
    RETURN secret;
END
$$;
SELECT is(fetched(), 'secret 1', 'it is open, and where it was');
CREATE FUNCTION run_in_a_loop() RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    id text;
    ended text := '';
BEGIN
    FOR id IN SELECT 'cursors_' || name FROM unnest(ARRAY['sql', 'read', 'condition']) WITH ORDINALITY AS u (name, n) ORDER BY n LOOP
        ended := ended || (playbook_run(id) ->> 'status') || ' ';
    END LOOP;
    RETURN ended;
END
$$;
SELECT is(run_in_a_loop(), 'completed failed completed ', 'a loop over a query of the caller goes on');
SELECT is(fetched(), 'secret 2', 'as its cursors do');
SELECT is(playbook_run(id) #>> '{error,sqlstate}', '42501', id || ' is refused') FROM unnest(ARRAY['cursors_prepare', 'cursors_deallocate']) AS id;
SELECT set_eq('SELECT name FROM pg_prepared_statements WHERE from_sql', $$VALUES ('mine')$$, 'prepared statements are the caller''s');
CLOSE mine;
SELECT is(looted(), 0::bigint, 'in the end nobody gained anything');

SELECT * FROM finish();
ROLLBACK;
