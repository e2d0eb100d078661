-- playbook_rows(execution, step, null::type): columns by name, cast where the types differ, refused where they do not fit.
\pset fieldsep '\n'
BEGIN;
SELECT plan(14);
\ir data_steps.psql

CREATE TYPE rt_account AS (name text, arr integer, health numeric(5, 1), note text);
CREATE TYPE rt_stranger AS (a integer, b integer);
CREATE TYPE rt_clash AS (name text, seen point);
SELECT run_steps(jsonb_build_array(step('q', 'query',
    '{"template": "SELECT ''Acme'' AS name, 2.00 AS arr, 41.26::float8 AS health, date ''2026-01-28'' AS seen"}'))) ->> 'run_id' AS run \gset
SELECT max(id) AS id FROM playbook_executions \gset

SELECT results_eq(format('SELECT name, arr, health, note FROM playbook_rows(%s, ''q'', NULL::rt_account)', :id),
                  $$VALUES ('Acme', 2, 41.3::numeric(5,1), NULL::text)$$, 'by name, cast as SQL casts, missing ones null');
SELECT is(r.name, 'Acme', 'an execution by its run id') FROM playbook_rows(:'run', 'q', NULL::rt_account) r;
SELECT is(r, 'Acme'::text, 'a plain type takes the first column') FROM playbook_rows(:'run', 'q', NULL::text) r;
SELECT throws_ok(format('SELECT * FROM playbook_rows(%s, ''q'', NULL::rt_stranger)', :id), '42703',
                 'the step''s rows and the type have no column in common', 'a type of other columns is refused');
SELECT throws_ok(format('SELECT * FROM playbook_rows(%s, ''q'', NULL::rt_clash)', :id), '42804',
                 'the step''s rows do not fit the type', 'types without a cast are refused');
SELECT throws_ok(format('SELECT * FROM playbook_rows(%s, ''q'', NULL::bigint)', :id), '22P02',
                 'invalid input syntax for type bigint: "Acme"', 'a value that does not fit, too');
SELECT throws_ok(format('SELECT * FROM playbook_rows(%s, ''nobody'', NULL::rt_account)', :id), '42704', NULL, 'an unknown step');
SELECT throws_ok('SELECT * FROM playbook_rows(NULL::bigint, ''q'', NULL::rt_account)', '22004', NULL, 'no execution');

CREATE DOMAIN rt_checked AS rt_account CHECK ((value).arr > 2);
SELECT throws_ok(format('SELECT * FROM playbook_rows(%s, ''q'', NULL::rt_checked)', :id), '23514', NULL, 'a row that its domain forbids');
CREATE DOMAIN rt_free AS rt_account CHECK ((value).arr > 0);
SELECT results_eq($$SELECT sum(arr) FROM playbook_rows(run_steps(jsonb_build_array(step('q', 'query', '{"template": "SELECT n AS arr FROM generate_series(1, 2000) n"}'))) ->> 'run_id', 'q', NULL::rt_free)$$,
    $$VALUES (2001000::bigint)$$, 'many that it allows');

-- What the refusals say: both sides.
CREATE FUNCTION rt_detail(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE detail text;
BEGIN
    EXECUTE statement;
    RETURN 'nothing was wrong';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
    RETURN detail;
END
$$;
SELECT is(rt_detail(format('SELECT * FROM playbook_rows(%s, ''q'', NULL::rt_stranger)', :id)),
          'The rows have name, arr, health, seen; the type has a, b.', 'the columns of both');
SELECT is(rt_detail(format('SELECT * FROM playbook_rows(%s, ''q'', NULL::rt_clash)', :id)),
          'Column "seen" is date in the rows and point in the type.', 'both types');
SELECT is(rt_detail(format('SELECT * FROM playbook_records(%s, ''q'') AS t (name integer)', :id)),
          'Column "name" is text in the rows and integer in the type.', 'both types with a value that does not fit');
SELECT run_steps(jsonb_build_array(step('q', 'query', '{"template": "SELECT 1 AS name WHERE false"}'))) ->> 'run_id' AS run \gset
SELECT is((SELECT count(*) FROM playbook_rows(:'run', 'q', NULL::rt_account)), 0::bigint, 'no rows are no rows of the type');

SELECT * FROM finish();
ROLLBACK;
