-- Rows of a step read back are the rows its query returned: every type, every odd value, any client encoding.
-- Some statements make several assertions: one on a line.
\pset fieldsep '\n'
BEGIN;
SELECT plan(26);
\ir data_steps.psql

CREATE TYPE rs_mood AS ENUM ('glad', 'très triste');
CREATE DOMAIN rs_positive AS numeric CHECK (value > 0);
CREATE TYPE rs_pair AS (n numeric, said text, at timestamptz);
CREATE TYPE rs_span AS RANGE (subtype = float8);
CREATE TABLE rs_odd AS SELECT
    1234567890123456789012345678.901234567890::numeric AS long, 0.1000::numeric AS scaled, 'NaN'::numeric AS nan,
    'infinity'::timestamptz AS forever, '-infinity'::date AS never, '2026-01-28 14:30:00.123456+02'::timestamptz AS moment,
    '1 mon 2 days -03:04:05.678901'::interval AS span, '\x00ff10'::bytea AS bytes, 0.1::float8 AS tenth,
    '-0'::float8 AS minus_zero, 'it''s "quoted", \ and {braced}'::text AS quoted, U&'\2603 \00E9'::text AS snow, ''::text AS empty,
    NULL::text AS nothing, ARRAY[1, NULL, 3] AS list, ARRAY[['a', NULL], ['b,c', '"']] AS grid, 'très triste'::rs_mood AS mood,
    12.50::rs_positive AS positive, ROW(1.10, 'x', '2026-01-01 00:00+00')::rs_pair AS pair,
    ARRAY[ROW(2, 'a "b"', NULL)::rs_pair] AS pairs, '[1,5)'::int4range AS whole, '[0.1,0.2)'::rs_span AS real_span,
    '{"b": 1, "a": 1.10}'::json AS kept, '{"b": 1, "a": 1.10}'::jsonb AS sorted, 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid AS id,
    'abc'::char(5) AS padded, 'cat & rat'::tsquery AS words, '192.168.0.0/16'::inet AS net, 9223372036854775807 AS most,
    ARRAY['glad'::rs_mood] AS moods;

SELECT run_steps(jsonb_build_array(step('q', 'query', '{"template": "SELECT * FROM rs_odd"}'))) ->> 'run_id' AS run \gset
SELECT is((SELECT count(*) FROM playbook_rows(:'run', 'q')), 1::bigint, 'one row');
SELECT is(playbook_rows(:'run', 'q'), to_jsonb(o), 'as jsonb it is what to_jsonb makes of the row') FROM rs_odd o;
SELECT max(id) AS execution FROM playbook_executions \gset
SELECT is(r::text, o::text, 'as a row of the table it is that row, to the last digit')
FROM playbook_rows(:execution, 'q', NULL::rs_odd) r, rs_odd o;
SELECT is(long, 1234567890123456789012345678.901234567890, 'a numeric of 40 digits as a record'),
       is(scaled::text, '0.1000', 'a scale is kept'), is((pair).said, 'x', 'a composite as a record'),
       is(moods, ARRAY['glad'::rs_mood], 'an array of an enum')
FROM playbook_records(:execution, 'q') AS t (long numeric, scaled numeric, pair rs_pair, moods rs_mood[]);
SELECT is(most, '9223372036854775807', 'a record casts where another type is asked for')
FROM playbook_records(:execution, 'q') AS t (most text);
SELECT throws_ok(format('SELECT * FROM playbook_records(%s, ''q'') AS t (mots text)', :execution), '42703',
                 'the step''s rows have no column "mots"', 'an unknown column is refused');
SELECT throws_ok(format('SELECT * FROM playbook_records(%s, ''r'') AS t (most text)', :execution), '42704', NULL, 'and an unknown step');
SELECT throws_ok('SELECT playbook_rows(1, ''q'')', '42704', NULL, 'and an unknown execution');
SELECT is(x, '1234567890123456789012345678.901234567890'::text, 'a plain type takes the first column')
FROM playbook_rows(:execution, 'q', NULL::text) x;

-- Later changes of the types do not take the rows away.
ALTER DOMAIN rs_positive ADD CHECK (value > 100) NOT VALID;
SELECT is(playbook_rows(:'run', 'q') -> 'positive', '12.50'::jsonb, 'a domain''s newer check is not asked');
DROP TABLE rs_odd;
DROP TYPE rs_mood CASCADE;
SELECT is(playbook_rows(:'run', 'q') ->> 'mood', 'très triste', 'a value of a dropped type is text');
SELECT is(playbook_rows(:'run', 'q') ->> 'moods', '{glad}', 'so is an array of them');

-- A client that cannot show a snowman still leaves and gets it whole.
SET LOCAL client_encoding = 'LATIN1';
SELECT run_steps(jsonb_build_array(step('q', 'query',
    '{"template": "SELECT U&''\\2603'' AS a, ARRAY[U&''\\2603''] AS b, U&''\\2603''::name AS c, U&''\\2603''::varchar(3) AS d"}'))) ->> 'run_id' AS run \gset
SELECT is(ascii(r ->> 'a'), 9731, 'text under a narrow client encoding'), is(ascii(r #>> '{b,0}'), 9731, 'text in an array'),
       is(ascii(r ->> 'c'), 9731, 'a name'), is(ascii(r ->> 'd'), 9731, 'a varchar')
FROM playbook_rows(:'run', 'q') r;
RESET client_encoding;

SELECT is((SELECT count(*) FROM queried('SELECT 1 AS a WHERE false')), 0::bigint, 'an empty set is empty');
SELECT results_eq('SELECT queried(''SELECT FROM generate_series(1, 3)'')', 'SELECT ''{}''::jsonb FROM generate_series(1, 3)',
                  'rows without columns are still rows');
SELECT is((SELECT sum((r ->> 'n')::int) FROM queried('SELECT n, repeat(md5(n::text), 20) AS filler FROM generate_series(1, 5000) n') r),
          12502500::bigint, 'a set of several chunks');
SELECT cmp_ok((SELECT count(*) FROM playbook_step_rows WHERE execution_id = (SELECT max(id) FROM playbook_executions)), '>', 1::bigint,
              'which it is');
SET LOCAL playbook.max_rows = 10;
SELECT is(refused('query', '{"template": "SELECT generate_series(1, 11)"}'), '54000 step returns more than 10 rows', 'one row too many');
SELECT is((SELECT count(*) FROM queried('SELECT generate_series(1, 10) AS n')), 10::bigint, 'and just enough');
SELECT is(refused('query', '{"template": "SELECT count(n), count(*) FROM generate_series(1, 3) n"}'),
    '42701 column "count" is specified more than once', 'two columns of one name would be one as JSON');

SELECT * FROM finish();
ROLLBACK;
