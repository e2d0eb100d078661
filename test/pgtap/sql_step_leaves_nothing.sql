-- A step's SQL leaves its effect and nothing else: settings, roles and its own failure stay inside; a timeout ends it
-- whatever it catches.
BEGIN;
SELECT plan(20);
\ir data_steps.psql
CREATE TABLE ln_ledger (n integer CHECK (n < 100));
CREATE FUNCTION ln_run(statement text) RETURNS jsonb LANGUAGE sql AS
    $$SELECT run_steps(jsonb_build_array(step('s', 'sql', jsonb_build_object('template', statement))))$$;

SELECT is(ln_run('INSERT INTO ln_ledger VALUES (1), (2)') #>> '{steps,0,row_count}', '2', 'rows touched are counted');
SELECT is((SELECT output ->> 'row_count' FROM playbook_step_executions ORDER BY execution_id DESC LIMIT 1), '2', 'and are the output');
SELECT results_eq($$SELECT playbook_rows(ln_run('UPDATE ln_ledger SET n = n + 1 RETURNING n') ->> 'run_id', 's')$$,
                  $$VALUES ('{"n": 2}'::jsonb), ('{"n": 3}')$$, 'RETURNING gives rows');
SELECT is(refused('sql', '{"template": "INSERT INTO ln_ledger SELECT 99 + n FROM generate_series(0, 1) n"}') ~ '^23514', true, 'a failing statement');
SELECT is((SELECT count(*) FROM ln_ledger), 2::bigint, 'leaves none of its rows');

SET LOCAL statement_timeout = '1h';
SELECT lives_ok($$SELECT ln_run('SELECT set_config(''search_path'', ''evil'', false), set_config(''statement_timeout'', ''7'', false),
    set_config(''my.leak'', ''yes'', false), set_config(''work_mem'', ''128kB'', true)')$$, 'settings of a step');
SELECT is(current_setting('search_path'), 'public, tap', 'the search_path is as it was');
SELECT is(current_setting('statement_timeout'), '1h', 'the timeout too');
SELECT is(coalesce(current_setting('my.leak', true), ''), '', 'and a setting of its own invention');

-- In another's session: the owner's rights, restricted.
CREATE ROLE ln_owner LOGIN; GRANT playbook_author TO ln_owner; CREATE ROLE ln_other; GRANT ln_other TO ln_owner;
CREATE FUNCTION ln_as_owner(id text, statement text) RETURNS jsonb LANGUAGE plpgsql AS $$
BEGIN
    SET LOCAL ROLE ln_owner;
    PERFORM playbook_create(jsonb_build_object('id', id, 'name', id, 'steps',
        jsonb_build_array(step('s', 'sql', jsonb_build_object('template', statement))))::text, publish => true);
    RESET ROLE;
    RETURN playbook_run(id);
END $$;
GRANT EXECUTE ON FUNCTION step(text, text, jsonb) TO ln_owner;
SELECT is(playbook_rows(ln_as_owner('ln_who', 'SELECT current_user AS who') ->> 'run_id', 's') ->> 'who', 'ln_owner', 'runs as the owner');
SELECT ln_as_owner('ln_role', 'SELECT set_config(''role'', ''none'', false)') \gset
SELECT alike(failure_of('s'), '42501%', 'which cannot go back to whom the session belongs');
SELECT is(current_user::name, session_user::name, 'and nobody is anybody else afterwards');

-- SET CONSTRAINTS would fire, as the owner, what the session has deferred; in the owner's own session it is its own.
CREATE TABLE ln_deferred (n integer);
CREATE FUNCTION ln_who_fires() RETURNS trigger LANGUAGE plpgsql AS
    $$BEGIN INSERT INTO ln_fired VALUES (current_user); RETURN NULL; END$$;
CREATE TABLE ln_fired (by name);
CREATE CONSTRAINT TRIGGER ln_trap AFTER INSERT ON ln_deferred DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION ln_who_fires();
GRANT INSERT ON ln_fired TO ln_owner;
CREATE FUNCTION ln_set_constraints() RETURNS integer LANGUAGE plpgsql AS
    $$BEGIN SET CONSTRAINTS ALL IMMEDIATE; RETURN 1; END$$;
INSERT INTO ln_deferred VALUES (1);
SELECT ln_as_owner('ln_constraints', format('SELECT %I.ln_set_constraints() AS n', (SELECT nspname FROM pg_proc p
    JOIN pg_namespace s ON s.oid = p.pronamespace WHERE proname = 'ln_set_constraints'))) \gset
SELECT is(failure_of('s'), '42501 cannot execute SET CONSTRAINTS within security-restricted operation',
    'SET CONSTRAINTS in another''s session is refused');
SELECT is((SELECT count(*) FROM ln_fired), 0::bigint, 'and fires nothing');
SELECT is(ln_run('SELECT ln_set_constraints() AS n') ->> 'status', 'completed', 'in the owner''s own session it works');
SELECT results_eq('SELECT by FROM ln_fired', 'SELECT current_user', 'and what is deferred is fired as its own');

-- Timeouts.
CREATE FUNCTION ln_stubborn() RETURNS integer LANGUAGE plpgsql AS $$
BEGIN
    FOR n IN 1 .. 600 LOOP
        BEGIN
            PERFORM pg_sleep(0.1);
        EXCEPTION WHEN query_canceled THEN
            NULL;
        END;
    END LOOP;
    RETURN 600;
END $$;
CREATE FUNCTION ln_timed(statement text) RETURNS interval LANGUAGE plpgsql AS $$
DECLARE
    began timestamptz := clock_timestamp();
BEGIN
    PERFORM run_steps(jsonb_build_array(step('s', 'query', jsonb_build_object('template', statement)) || '{"timeout": "300 ms"}'));
    RETURN clock_timestamp() - began;
END $$;
SELECT cmp_ok(ln_timed('SELECT pg_sleep(30)'), '<', interval '5 s', 'a timeout ends a sleep');
SELECT is(failure_of('s'), '57014 step timeout', 'and says so');
SELECT cmp_ok(ln_timed('SELECT ln_stubborn()'), '<', interval '5 s', 'and code that catches every cancel');
SELECT is(failure_of('s'), '57014 step timeout', 'likewise');

SELECT * FROM finish();
ROLLBACK;
