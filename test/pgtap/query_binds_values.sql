-- Values reach a query untyped: its context decides their type, an index is used, and no value becomes SQL.
BEGIN;
SELECT plan(33);
\ir data_steps.psql
CREATE TABLE qb_account (id integer PRIMARY KEY, name text, arr numeric, opened date, tags text[], facts jsonb);
INSERT INTO qb_account SELECT n, 'account ' || n, n * 10, date '2026-01-01' + n % 300, ARRAY['t' || n % 3], jsonb_build_object('n', n)
FROM generate_series(1, 5000) n;
ANALYZE qb_account;

SELECT results_eq($$SELECT queried('SELECT name FROM qb_account WHERE id = {{id}}', '{"id": "${parameters.id}"}', '{"id": 7}')$$,
                  $$VALUES ('{"name": "account 7"}'::jsonb)$$, 'a number for an integer');
SELECT results_eq($$SELECT queried('SELECT name FROM qb_account WHERE id = {{parameters.id}}', '{}', '{"id": "7"}')$$,
                  $$VALUES ('{"name": "account 7"}'::jsonb)$$, 'a text for an integer, named directly');
SELECT results_eq($$SELECT queried('SELECT count(*) FROM qb_account WHERE opened = {{parameters.day}}', '{}', '{"day": "2026-01-02"}')$$,
                  $$SELECT jsonb_build_object('count', (SELECT count(*) FROM qb_account WHERE opened = '2026-01-02'))$$, 'a text for a date');
SELECT results_eq($$SELECT queried('SELECT {{parameters.x}} AS x', '{}', '{"x": 12345678901234567890.10}')$$,
                  $$VALUES ('{"x": "12345678901234567890.10"}'::jsonb)$$, 'where nothing decides, text with all digits');
SELECT results_eq($$SELECT queried('SELECT {{parameters.x}} IS NULL AS missing', '{}', '{"x": "y"}')$$, $$VALUES ('{"missing": false}'::jsonb)$$,
                  'IS NULL');
-- What this transaction has done to the table so far tells how it was read.
CREATE FUNCTION qb_scans(OUT seq bigint, OUT idx bigint) LANGUAGE sql AS
    $$SELECT seq_scan, idx_scan FROM pg_stat_xact_user_tables WHERE relid = 'qb_account'::regclass$$;
SELECT seq AS seq_before, idx AS idx_before FROM qb_scans() \gset
SELECT queried('SELECT name FROM qb_account WHERE id = {{parameters.id}}', '{}', '{"id": "4711"}') AS found \gset
SELECT is(ROW(seq - :seq_before, idx - :idx_before), ROW(0::bigint, 1::bigint), 'the index on an integer key is used for a text')
FROM qb_scans();
SELECT seq AS seq_before, idx AS idx_before FROM qb_scans() \gset
SELECT is((queried('SELECT name FROM qb_account WHERE id = {{parameters.id}}', '{}', '{"id": 77.0}'))->>'name', 'account 77',
          'a whole number written with decimals is an integer');
SELECT is(ROW(seq - :seq_before, idx - :idx_before), ROW(0::bigint, 1::bigint), 'and the index is used') FROM qb_scans();
SELECT is((queried('SELECT count(*) FROM qb_account WHERE id IN ({{parameters.ids}})', '{}', '{"ids": [1.0, 2.00, 3]}'))->>'count', '3', 'in a list, too');
SELECT is(queried('SELECT {{parameters.x}}::numeric AS x, {{parameters.x}} AS y', '{}', '{"x": 77.0}'), '{"x": 77.0, "y": "77.0"}',
          'a number that is no integer keeps its digits');
SELECT is(refused('query', '{"template": "SELECT name FROM qb_account WHERE id = {{parameters.id}}"}', '{"id": 77.5}'),
          '22P02 invalid input syntax for type integer: "77.5"', 'nothing is rounded');
SELECT is(error_of('s') ->> 'detail', 'It is the value of {{parameters.id}}.', 'and the placeholder is named');
SELECT is(refused('query', '{"template": "SELECT name FROM qb_account WHERE id = {{which}}", "parameters": {"which": "${parameters.id}"}}', '{"id": "x"}'),
          '22P02 invalid input syntax for type integer: "x"', 'a text that is no number');
SELECT is(error_of('s') ->> 'detail', 'It is the value of {{which}}.', 'under the name that the author gave it');

SELECT is((SELECT (r ->> 'count')::bigint FROM queried('SELECT count(*) FROM qb_account WHERE id IN ({{parameters.ids}})', '{}', '{"ids": [1, "2", 3, 99999]}') r),
          3::bigint, 'a list in IN');
SELECT is((SELECT (r ->> 'count')::bigint FROM queried('SELECT count(*) FROM qb_account WHERE id IN ({{parameters.ids}})', '{}', '{"ids": []}') r),
          0::bigint, 'an empty list is in nothing');
SELECT is((SELECT (r ->> 'count')::bigint FROM queried('SELECT count(*) FROM qb_account WHERE id NOT IN ({{parameters.ids}})', '{}', '{"ids": []}') r),
          5000::bigint, 'and everything is not in it');
SELECT is((SELECT (r ->> 'count')::bigint FROM queried('SELECT count(*) FROM qb_account WHERE id IN ({{parameters.ids}})', '{}',
              (SELECT jsonb_build_object('ids', jsonb_agg(n)) FROM generate_series(1, 100000) n)) r), 5000::bigint, '100,000 elements');
SELECT is((SELECT (r ->> 'sum')::bigint FROM queried('SELECT sum(x) FROM unnest({{parameters.ids}}::bigint[]) x', '{}', '{"ids": [1, 2, 3]}') r), 6::bigint,
          'a list as an array of a type');
SELECT is((SELECT (r ->> 'n')::bigint FROM queried('SELECT count(*) AS n FROM qb_account WHERE facts @> {{parameters.facts}}::jsonb', '{}', '{"facts": {"n": 5}}') r),
          1::bigint, 'an object as jsonb');

-- Hostile values stay values.
SELECT results_eq($$SELECT queried('SELECT {{parameters.x}} AS x', '{}', jsonb_build_object('x', evil))
                    FROM (VALUES ('''; DROP TABLE qb_account; --'), ('$1'), ('{{parameters.x}}'), ('${parameters.x}'), (E'\\'' OR 1=1')) v (evil)$$,
                  $$VALUES ('{"x": "''; DROP TABLE qb_account; --"}'::jsonb), ('{"x": "$1"}'), ('{"x": "{{parameters.x}}"}'), ('{"x": "${parameters.x}"}'), ('{"x": "\\'' OR 1=1"}')$$,
                  'quotes, dollars and braces in a value');
SELECT is(refused('query', '{"template": "SELECT * FROM {{parameters.t}}"}', '{"t": "qb_account; DROP TABLE qb_account"}') ~ '^42601', true,
          'a name that is none is refused');
SELECT is((SELECT (r ->> 'count')::bigint FROM queried('SELECT count(*) FROM {{parameters.t}}', '{}', '{"t": "public.qb_account"}') r), 5000::bigint,
          'a name that is one is quoted and used');
SELECT is((SELECT count(*) FROM qb_account), 5000::bigint, 'the table is there');
-- What the author wrote is the author's.
SELECT is((SELECT count(*) FROM queried('SELECT 1 FROM {{table}} WHERE name = {{name}} LIMIT {{limit}}', '{"table": "qb_account", "name": "''account 1''", "limit": 5}')),
          1::bigint, 'a plain parameter is put in as written');

-- What is no query.
SELECT is(refused('query', '{"template": "SELECT 1; SELECT 2"}'), '42601 the query holds 2 statements', 'one statement');
SELECT is(refused('query', '{"template": "DELETE FROM qb_account"}'), '25006 a query step only reads', 'a query does not write');
SELECT alike(refused('query', '{"template": "WITH d AS (DELETE FROM qb_account RETURNING 1) SELECT count(*) FROM d"}'), '25006%', 'not even inside WITH');
SELECT alike(refused('query', '{"template": "SELECT set_config(''transaction_read_only'', ''off'', false)"}'), '25001%', 'and cannot make itself write');
SELECT alike(refused('sql', '{"template": "COMMIT"}'), '0A000%', 'no transaction control');
SELECT alike(refused('sql', '{"template": "DROP TABLE qb_account"}'), '0A000%', 'no utility statement');
SELECT is(refused('query', jsonb_build_object('template', E'SELECT id,\n  nmae FROM qb_account')), '42703 column "nmae" does not exist', 'an error is the server''s');
SELECT alike(error_of('s') ->> 'context', '%line 2, column 3 of the query%', 'with its place');

SELECT * FROM finish();
ROLLBACK;
