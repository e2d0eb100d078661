-- A run id, or the digits of an id as text, is accepted wherever an execution is. Which functions these are is asked of
-- the catalog, so that one that is added without its twin is found.
BEGIN;
SELECT plan(33);
SET LOCAL client_min_messages = error; -- owners of playbooks here do not log in
SET LOCAL playbook.artifact_directory = '/'; -- so that exporting is refused for the execution's sake
\ir refusal.psql

CREATE VIEW functions AS
SELECT p.oid, p.oid::regprocedure AS signature, p.proname AS name,
       coalesce(p.proargtypes[0], 0) AS type, p.proargnames[1] AS argument,
       p.pronargs - p.pronargdefaults AS required, p.proargtypes AS types, p.prorettype = 'record'::regtype AS is_record,
       p.proallargtypes IS NULL AS is_plain,
       -- All that is declared but the first argument and what it is called.
       (p.prosrc, p.prorettype, p.proretset, p.proisstrict, p.provolatile, p.proparallel, p.procost, p.prorows, p.proacl,
        p.prokind, p.proargmodes, p.proargnames[2:], p.proallargtypes[2:], (p.proargtypes::oid[])[1:],
        pg_get_expr(p.proargdefaults, 0))::text AS declared
FROM pg_proc p
JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
JOIN pg_extension x ON x.oid = d.refobjid AND d.refclassid = 'pg_extension'::regclass AND x.extname = 'playbook';
CREATE VIEW by_id AS SELECT * FROM functions WHERE type = 'bigint'::regtype AND argument = 'execution';
CREATE VIEW by_run_id AS SELECT * FROM functions WHERE type = 'text'::regtype AND argument = 'run_id';

SELECT cmp_ok((SELECT count(*) FROM by_id), '>=', 20::bigint, 'there are functions that take an execution');
SELECT is_empty($$SELECT signature FROM by_id b
                  WHERE NOT EXISTS (SELECT FROM by_run_id r WHERE r.name = b.name AND r.declared = b.declared)$$,
                'each has a twin that takes a run id, the same in all else');
SELECT is_empty($$SELECT signature FROM by_run_id r
                  WHERE NOT EXISTS (SELECT FROM by_id b WHERE r.name = b.name AND r.declared = b.declared)$$,
                'and the other way round');
SELECT is_empty($$SELECT p.oid::regprocedure FROM pg_proc p JOIN functions USING (oid),
                         unnest(p.proargnames, p.proargmodes) WITH ORDINALITY AS a (name, mode, n)
                  WHERE coalesce(a.mode, 'i') IN ('i', 'b', 'v') AND a.n > 1
                    AND (a.name ~ '^executions?$' OR a.name = 'run_id') AND p.prokind = 'f'$$,
                'the execution is always the first argument');

-- Two executions: one that has ended, one that waits.
SELECT playbook_create('{"id": "named", "name": "Named", "steps": [{"id": "q", "type": "query", "config": {"template": "SELECT 1 AS one"}}]}', true) \g /dev/null
SELECT playbook_create('{"id": "waits", "name": "Waits", "steps": [{"id": "w", "type": "wait", "config": {"event": "go"}}]}', true) \g /dev/null
SELECT (document ->> 'execution')::bigint AS id, document ->> 'run_id' AS run_id FROM playbook_run('named') AS document \gset
SELECT playbook_start('waits') AS waiting \gset
SELECT playbook_advance(:waiting) \g /dev/null
SELECT playbook_run_id(:waiting) AS waiting_run \gset

-- However it is written.
SELECT is((SELECT status FROM playbook_progress(:'run_id')), 'completed', 'a run id');
SELECT is((SELECT status FROM playbook_progress(:'id')), 'completed', 'an untyped literal of digits');
SELECT is((SELECT status FROM playbook_progress(:id)), 'completed', 'a constant');
SELECT is((SELECT status FROM playbook_progress((:'id'::bigint))), 'completed', 'a bigint');
SELECT is((SELECT status FROM playbook_progress((:'id'::varchar(20)))), 'completed', 'a varchar');
CREATE DOMAIN run AS text;
SELECT is((SELECT status FROM playbook_progress((:'run_id'::run))), 'completed', 'a domain over text');
SELECT is((SELECT string_agg(s.status, ' ' ORDER BY e.id = :waiting) FROM playbook_executions e, playbook_progress(e.id) s WHERE e.id IN (:id, :waiting)),
    'completed waiting', 'a column of bigint');
SELECT is((SELECT s.status FROM (SELECT :id::integer AS n) AS few, playbook_progress(few.n) s), 'completed', 'a column of integer');
SELECT is((SELECT s.status FROM (SELECT 7::smallint AS n) AS few LEFT JOIN playbook_progress(:id + few.n - 7) s ON true), 'completed', 'an expression');
PREPARE of_unknown_type AS SELECT status FROM playbook_progress($1);
PREPARE of_bigint (bigint) AS SELECT status FROM playbook_progress($1);
SELECT is((SELECT parameter_types FROM pg_prepared_statements WHERE name = 'of_unknown_type'), '{text}', 'a parameter without a type is text');
SELECT results_eq(format('EXECUTE of_unknown_type(%L)', :'id'), ARRAY['completed'], 'and takes digits');
SELECT results_eq(format('EXECUTE of_unknown_type(%L)', :'run_id'), ARRAY['completed'], 'or a run id');
SELECT results_eq(format('EXECUTE of_bigint(%s)', :id), ARRAY['completed'], 'a parameter of bigint');
SELECT is((SELECT status FROM playbook_progress(execution => :id)), 'completed', 'execution => a number');
SELECT is((SELECT status FROM playbook_progress(execution => :'id')), 'completed', 'execution => an untyped literal of digits');
SELECT is((SELECT status FROM playbook_progress(run_id => :'run_id')), 'completed', 'run_id => a text');
SELECT is_empty('SELECT playbook_progress(NULL)', 'an untyped null is null');

-- Whatever is done with it.
CREATE FUNCTION unknown(id bigint) RETURNS text LANGUAGE sql AS
    $$SELECT format(E'42704 execution %s does not exist\nHINT: It is unknown here, past its retention time, or not visible to you.', id)$$;
CREATE FUNCTION call_of(oid, execution text) RETURNS text LANGUAGE sql AS $$
    SELECT format('SELECT * FROM %I(%s)%s', f.name,
                  execution || coalesce((SELECT string_agg(', ' || CASE t WHEN 'anyelement'::regtype THEN 'NULL::text' ELSE '''x''' END, '' ORDER BY n)
                                         FROM unnest(f.types) WITH ORDINALITY AS a (t, n) WHERE n BETWEEN 2 AND f.required), ''),
                  CASE WHEN f.is_record AND f.is_plain THEN ' AS t (n integer)' END)
    FROM functions f WHERE f.oid = $1
$$;
SELECT is_empty($$SELECT signature, refusal(call_of(oid, '''no such''')) FROM by_run_id
                  WHERE refusal(call_of(oid, '''no such''')) IS DISTINCT FROM
                        E'22023 "no such" is neither an execution''s id nor a run id\nHINT: An id is a number such as 42; a run id reads run_20260128_143000_abc123.'$$, 'every one refuses what is neither');
SELECT is_empty($$SELECT signature, refusal(call_of(oid, '''77777777''')) FROM by_run_id
                  WHERE name <> 'playbook_can_see_execution'
                    AND refusal(call_of(oid, '''77777777''')) IS DISTINCT FROM unknown(77777777)$$,
                'and what is unknown');
SELECT is_empty($$SELECT signature, refusal(call_of(oid, '77777777')) FROM by_id
                  WHERE name <> 'playbook_can_see_execution'
                    AND refusal(call_of(oid, '77777777')) IS DISTINCT FROM unknown(77777777)$$,
                'in the same words as by number');
SELECT is(refusal(format('SELECT playbook_cancel(%L)', regexp_replace(:'waiting_run', '^run_\d{4}', 'run_1999'))),
    unknown(:waiting), 'the run id of another time is another execution''s');
SELECT is(playbook_can_see_execution(regexp_replace(:'waiting_run', '^run_\d{4}', 'run_1999')), false, 'which nobody sees');
SELECT is((SELECT array_agg(refusal(format('SELECT playbook_progress(%L)', t))) FROM unnest(ARRAY['', '-1', '4 2', 'run_', 'run_20260128_143000_',
        'run_20260128_143000_abc', 'run_2026012x_143000_abc123', 'RUN_20260128_143000_abc123', 'run_20260128_143000_ABC123', '99999999999999999999']) t
    WHERE refusal(format('SELECT playbook_progress(%L)', t)) !~ '^22023 '), NULL, 'what is malformed');
SELECT is(playbook_run_id(:'id') || ' ' || playbook_run_id(:'run_id'), format('%1$s %1$s', :'run_id'), 'a run id of digits, and of a run id');
SELECT is((playbook_rerun(:id) ->> 'equal') || (playbook_rerun(:'run_id') ->> 'equal'), 'truetrue', 'a rerun by either');
SELECT playbook_pause(:'waiting_run', 'later') \g /dev/null
SELECT is((SELECT status FROM playbook_executions WHERE id = :waiting), 'paused', 'it is paused');
SELECT playbook_resume(:'waiting_run'), playbook_signal(:'waiting_run', 'go', '{"by": 1}') \g /dev/null
SELECT is(playbook_advance(:'waiting_run'), 'completed', 'resumed, told of an event, advanced');
SELECT is((SELECT array_agg(r) FROM playbook_rows(:'run_id', 'q') r), ARRAY['{"one": 1}'::jsonb], 'its rows are read');
SELECT is(playbook_can_see_execution(:'run_id'), true, 'and it is seen');
SELECT * FROM finish();
ROLLBACK;
