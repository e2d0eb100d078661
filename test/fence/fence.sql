-- Every kind of error through every kind of entry point. psql variables: library, init_library (paths of the modules)
-- and script (a file that this may write). Ends with a line "N passed, N failed".
\set QUIET on
\pset format unaligned
\pset tuples_only on
\set VERBOSITY terse
\set SHOW_CONTEXT never
SET client_min_messages = warning;

CREATE FUNCTION fence_throw(kind text) RETURNS void LANGUAGE C AS :'library';
CREATE FUNCTION fence_throw_parallel(kind text) RETURNS void LANGUAGE C PARALLEL SAFE AS :'library', 'fence_throw';
CREATE FUNCTION fence_throw_rows(kind text) RETURNS SETOF bigint LANGUAGE C AS :'library';
CREATE FUNCTION fence_throw_trigger() RETURNS trigger LANGUAGE C AS :'library';
CREATE FUNCTION fence_throw_nested(kind text, levels integer) RETURNS void LANGUAGE C AS :'library';
CREATE FUNCTION fence_throw_comparator(kind text) RETURNS void LANGUAGE C AS :'library';
CREATE FUNCTION fence_throw_reset(kind text) RETURNS void LANGUAGE C AS :'library';
CREATE FUNCTION fence_swallow(kind text, statement text) RETURNS text LANGUAGE C AS :'library';
CREATE FUNCTION fence_arm(place text, kind text) RETURNS void LANGUAGE C AS :'library';
CREATE FUNCTION fence_worker(kind text, library text) RETURNS text LANGUAGE C AS :'library';
CREATE FUNCTION fence_made() RETURNS bigint LANGUAGE C AS :'library';
CREATE FUNCTION fence_alive() RETURNS bigint LANGUAGE C AS :'library';

CREATE TABLE fence_rows (n integer);
CREATE TABLE fence_results (passed boolean NOT NULL, what text NOT NULL);
CREATE FUNCTION fence_is(what text, got text, wanted text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO fence_results VALUES (got IS NOT DISTINCT FROM wanted, what);
    IF got IS DISTINCT FROM wanted THEN
        RAISE WARNING E'not ok: %\n    got    %\n    wanted %', what, left(got, 400), left(wanted, 400);
    END IF;
END $$;

-- What a client must see of each kind.
CREATE TABLE fence_kinds (
    kind text PRIMARY KEY, code text NOT NULL, message text NOT NULL, detail text NOT NULL DEFAULT '',
    hint text NOT NULL DEFAULT '', objects text NOT NULL DEFAULT '', swallowed text);
INSERT INTO fence_kinds VALUES
    ('error', 'PB042', 'ours with 100%s of "fields"', 'The detail: 50%d.', 'The hint: ünïcode %n.',
     'our_schema our_table our_column our_constraint our_type'),
    ('error while handling', 'PB042', 'ours with 100%s of "fields"', 'The detail: 50%d.', 'The hint: ünïcode %n.',
     'our_schema our_table our_column our_constraint our_type'),
    ('server error', '23514', 'server''s with 100% of "fields"', 'The detail: 50%.', 'The hint: ünïcode.',
     'server_schema server_table server_column server_constraint server_type'),
    ('server error, kept', '23514', 'server''s with 100% of "fields"', 'The detail: 50%.', 'The hint: ünïcode.',
     'server_schema server_table server_column server_constraint server_type'),
    ('server error in a scope', '23514', 'server''s with 100% of "fields"', 'The detail: 50%.', 'The hint: ünïcode.',
     'server_schema server_table server_column server_constraint server_type');
INSERT INTO fence_kinds (kind, code, message, detail, hint) VALUES
    ('error without fields', 'P0002', 'bare', '', ''),
    ('error without message', 'P0002', 'an error without a message', '', ''),
    ('long error', 'P0002', repeat('m', 1048576), '', ''),
    ('bad_alloc', '53200', 'out of memory', '', ''),
    ('impossible allocation', '53200', 'out of memory', '', ''),
    ('runtime_error', 'XX000', 'foreign with 100%s', '', ''),
    ('exception without message', 'XX000', 'an error without a message', '', ''),
    ('out_of_range', 'XX000', 'vector::_M_range_check: __n (which is 3) >= this->size() (which is 3)', '', ''),
    ('integer', 'XX000', 'an error without a message', '', ''),
    ('pointer', 'XX000', 'an error without a message', '', ''),
    ('elog', 'XX000', 'internal 7', '', ''),
    ('division', '22012', 'division by zero', '', ''),
    ('out of memory', '53200', 'out of memory', 'Failed on request of size', ''),
    ('cancel', '57014', 'canceling statement due to user request', '', ''),
    ('stack depth', '54001', 'stack depth limit exceeded', '',
     'Increase the configuration parameter "max_stack_depth"');
UPDATE fence_kinds SET swallowed = CASE
    WHEN kind IN ('integer', 'pointer') THEN 'something else'
    WHEN kind IN ('error without message', 'exception without message') THEN code || ' '
    ELSE code || ' ' || message END;

-- Runs a statement that must fail with that kind, in a subtransaction, and looks at all that arrives. Detail and hint
-- are compared by their beginning, since the server puts sizes and places into some.
CREATE FUNCTION fence_fails(entry text, wanted fence_kinds, statement text, context_holds text DEFAULT NULL)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    what CONSTANT text := entry || ': ' || wanted.kind;
    process CONSTANT integer := pg_backend_pid();
    made_before CONSTANT bigint := fence_made();
    code text; message text; detail text; hint text; context text; s text; t text; c text; k text; d text;
BEGIN
    BEGIN
        EXECUTE statement;
        code := 'no error';
    EXCEPTION WHEN OTHERS OR query_canceled OR assert_failure THEN
        GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL,
            hint = PG_EXCEPTION_HINT, context = PG_EXCEPTION_CONTEXT, s = SCHEMA_NAME, t = TABLE_NAME,
            c = COLUMN_NAME, k = CONSTRAINT_NAME, d = PG_DATATYPE_NAME;
    END;
    PERFORM fence_is(what || ', code and message', code || ' ' || coalesce(message, ''),
        wanted.code || ' ' || wanted.message);
    PERFORM fence_is(what || ', detail', left(detail, length(wanted.detail)), wanted.detail);
    PERFORM fence_is(what || ', hint', left(hint, length(wanted.hint)), wanted.hint);
    IF wanted.detail = '' THEN PERFORM fence_is(what || ', no detail', detail, ''); END IF;
    IF wanted.hint = '' THEN PERFORM fence_is(what || ', no hint', hint, ''); END IF;
    PERFORM fence_is(what || ', objects', btrim(concat_ws(' ', s, t, c, k, d)), wanted.objects);
    PERFORM fence_is(what || ', destructors ran', fence_alive()::text, '0');
    IF context_holds IS NULL THEN
        PERFORM fence_is(what || ', frames had objects', (fence_made() > made_before)::text, 'true');
    ELSE
        PERFORM fence_is(what || ', context', (position(context_holds IN context) > 0)::text, 'true');
    END IF;
    PERFORM fence_is(what || ', same process', pg_backend_pid()::text, process::text);
END $$;

CREATE PROCEDURE fence_throw_procedure(kind text) LANGUAGE C AS :'library';
SELECT pg_backend_pid() AS process, pg_postmaster_start_time() AS started \gset
SELECT (SELECT pid FROM pg_stat_activity WHERE backend_type = 'checkpointer') AS checkpointer \gset

-- Functions ----------------------------------------------------------------------------------------------------------
SELECT fence_fails('function', k, format('SELECT fence_throw(%L)', kind)) FROM fence_kinds k \g /dev/null
SELECT fence_fails('rows in FROM', k, format('SELECT count(*) FROM fence_throw_rows(%L)', kind))
FROM fence_kinds k \g /dev/null
SELECT fence_fails('rows in the select list', k, format('SELECT fence_throw_rows(%L)', kind))
FROM fence_kinds k \g /dev/null
SELECT fence_fails('nested', k, format('SELECT fence_throw_nested(%L, 20)', kind))
FROM fence_kinds k \g /dev/null
SELECT fence_fails('comparator', k, format('SELECT fence_throw_comparator(%L)', kind))
FROM fence_kinds k \g /dev/null
SELECT fence_fails('reset callback', k, format('SELECT fence_throw_reset(%L)', kind))
FROM fence_kinds k \g /dev/null
SELECT fence_fails('before trigger', k, format(
    'CREATE TRIGGER fence BEFORE INSERT ON fence_rows FOR EACH ROW EXECUTE FUNCTION fence_throw_trigger(%L);
     INSERT INTO fence_rows VALUES (1)', kind)) FROM fence_kinds k \g /dev/null
SELECT fence_fails('deferred trigger', k, format(
    'CREATE CONSTRAINT TRIGGER fence AFTER INSERT ON fence_rows DEFERRABLE INITIALLY DEFERRED
         FOR EACH ROW EXECUTE FUNCTION fence_throw_trigger(%L);
     INSERT INTO fence_rows VALUES (1); SET CONSTRAINTS ALL IMMEDIATE', kind)) FROM fence_kinds k \g /dev/null
SELECT fence_fails('setting', k, format('SET fence.kind = %L', kind)) FROM fence_kinds k \g /dev/null
SELECT fence_is('without an error rows come back', string_agg(n::text, ','), '1,2,3')
FROM fence_throw_rows('nothing') n \g /dev/null

-- Hooks --------------------------------------------------------------------------------------------------------------
SELECT fence_fails('utility hook', k,
    format('SELECT fence_arm(''utility'', %L); CREATE TABLE fence_new (n integer)', kind))
FROM fence_kinds k \g /dev/null
SELECT fence_fails('object access hook', k,
    format('SELECT fence_arm(''object access'', %L); CREATE TABLE fence_new (n integer)', kind))
FROM fence_kinds k \g /dev/null
SELECT fence_fails('executor hook', k,
    format('SELECT fence_arm(''executor start'', %L); INSERT INTO fence_rows VALUES (1)', kind))
FROM fence_kinds k \g /dev/null
SELECT fence_fails('subtransaction callback', k, format(
    'SELECT fence_arm(''subtransaction commit'', %L);
     DO ''BEGIN BEGIN PERFORM 1; EXCEPTION WHEN too_many_rows THEN NULL; END; END''', kind))
FROM fence_kinds k \g /dev/null
SELECT fence_is('what failed was taken back', coalesce(to_regclass('fence_new')::text, 'none') || ' ' ||
    (SELECT count(*) FROM fence_rows), 'none 0') \g /dev/null

-- Transaction callbacks, and a procedure that commits, end transactions, so psql itself is the client that looks.
\o :script
SELECT format($$
BEGIN; SELECT fence_arm(%1$L, %2$L) \g /dev/null
INSERT INTO fence_rows VALUES (1);
%3$s;
SELECT fence_is(%4$L, :'LAST_ERROR_SQLSTATE' || ' ' || :'LAST_ERROR_MESSAGE' || ' ' || fence_alive() || ' ' ||
    (SELECT count(*) FROM fence_rows), %5$L) \g /dev/null
$$, place, kind, statement, place || ' callback: ' || kind, code || ' ' || message || ' 0 0')
FROM fence_kinds,
    (VALUES ('commit', 'COMMIT'), ('prepare', 'PREPARE TRANSACTION ''fence''')) callbacks (place, statement);
SELECT format($$
CALL fence_throw_procedure(%1$L);
SELECT fence_is(%2$L, :'LAST_ERROR_SQLSTATE' || ' ' || :'LAST_ERROR_MESSAGE' || ' ' || fence_alive() || ' ' ||
    coalesce((SELECT string_agg(n::text, ',') FROM fence_rows), 'none'), %3$L) \g /dev/null
DELETE FROM fence_rows;
$$, kind, 'procedure: ' || kind, code || ' ' || message || ' 0 1')
FROM fence_kinds;
\o
\i :script

-- Other processes ----------------------------------------------------------------------------------------------------
SELECT fence_is('background worker: ' || kind, fence_worker(kind, :'library'), code || ' ' || left(message, 255))
FROM fence_kinds \g /dev/null
SELECT CASE WHEN current_setting('server_version_num')::integer >= 160000 THEN 'debug_parallel_query'
            ELSE 'force_parallel_mode' END AS force_parallel \gset
INSERT INTO fence_rows VALUES (1);
SET :force_parallel = on;
SELECT fence_fails('parallel worker', k, format('SELECT fence_throw_parallel(%L) FROM fence_rows', kind),
    'parallel worker')
FROM fence_kinds k \g /dev/null
RESET :force_parallel;
DELETE FROM fence_rows;

-- A library whose initialization throws; the server tries again at the next LOAD.
SELECT format('LOAD %L', :'init_library') AS load \gset
SELECT fence_fails('initialization',
    ROW(kind, 'F0000', 'initialization failed', 'The detail.', 'The hint.', '', ''),
    :'load', '')
FROM (VALUES ('first'), ('again')) loads (kind) \g /dev/null

-- Swallowed in a subtransaction --------------------------------------------------------------------------------------
SELECT fence_is('swallowed: ' || kind, fence_swallow(kind, 'INSERT INTO fence_rows VALUES (99)'), swallowed)
FROM fence_kinds WHERE kind <> 'cancel' \g /dev/null
SELECT fence_is('swallowed effects were taken back', count(*)::text, '0') FROM fence_rows \g /dev/null
SELECT fence_is('swallowed: an error of the statement', fence_swallow('nothing', 'SELECT 1/0'),
    '22012 division by zero') \g /dev/null
SELECT fence_is('nothing to swallow', fence_swallow('nothing', 'INSERT INTO fence_rows VALUES (99)'),
    'nothing') \g /dev/null
SELECT fence_is('effects without an error stay', count(*)::text, '1') FROM fence_rows \g /dev/null
-- A cancel means all that the client called: it cannot be swallowed, and a handler of the caller's has it once.
CREATE FUNCTION fence_interrupts(kind text, statement text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM fence_swallow(kind, statement);
    PERFORM 1;
    RETURN 'went on';
EXCEPTION WHEN query_canceled THEN
    PERFORM 2;
    RETURN SQLERRM;
END $$;
SELECT fence_is('not swallowed: ' || statement, fence_interrupts(kind, statement),
    'canceling statement due to user request')
FROM (VALUES ('cancel', 'SELECT 1'), ('nothing', 'SELECT pg_cancel_backend(pg_backend_pid()), pg_sleep(60)'))
    AS cancelled (kind, statement) \g /dev/null
SET statement_timeout = '100ms';
SELECT fence_is('not swallowed: a statement that took too long', fence_interrupts('nothing', 'SELECT pg_sleep(60)'),
    'canceling statement due to user request') \g /dev/null
RESET statement_timeout;
SELECT fence_is('no object is left', fence_alive()::text, '0') \g /dev/null

-- Where the server was is told once, although the error crosses the fence more than once.
CREATE FUNCTION fence_caller(kind text) RETURNS void LANGUAGE plpgsql AS
    $$ BEGIN PERFORM fence_throw_nested(kind, 5); END $$;
CREATE FUNCTION fence_context(kind text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE context text;
BEGIN
    PERFORM fence_caller(kind);
    RETURN 'no error';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS context = PG_EXCEPTION_CONTEXT;
    RETURN regexp_count(context, 'PL/pgSQL function fence_caller\(text\)');
END $$;
SELECT fence_is('context is told once: ' || kind, fence_context(kind), '1')
FROM fence_kinds WHERE kind IN ('error', 'server error', 'server error, kept', 'runtime_error') \g /dev/null

-- Memory: ten thousand errors leave nothing behind.
CREATE FUNCTION fence_growth(kind text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE used bigint;
BEGIN
    PERFORM fence_swallow(kind, 'SELECT 1') FROM generate_series(1, 100);
    SELECT sum(used_bytes) INTO used FROM pg_backend_memory_contexts WHERE name <> 'ExecutorState';
    PERFORM fence_swallow(kind, 'SELECT 1') FROM generate_series(1, 2500);
    RETURN sum(used_bytes) - used FROM pg_backend_memory_contexts WHERE name <> 'ExecutorState';
END $$;
SELECT fence_is('no growth over 2,500 errors: ' || kind, (fence_growth(kind) < 64 * 1024)::text, 'true')
FROM fence_kinds WHERE kind IN ('error', 'server error', 'server error in a scope', 'integer') \g /dev/null

-- The session and the server are those of the beginning.
SELECT fence_is('the session lives', pg_backend_pid()::text, :'process') \g /dev/null
SELECT fence_is('the server was not restarted', pg_postmaster_start_time()::text || ' ' ||
    (SELECT pid
FROM pg_stat_activity WHERE backend_type = 'checkpointer'), :'started' || ' ' || :'checkpointer') \g /dev/null

SELECT count(*) FILTER (WHERE passed) || ' passed, ' || count(*) FILTER (WHERE NOT passed) || ' failed'
FROM fence_results;
