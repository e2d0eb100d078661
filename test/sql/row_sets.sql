-- Row sets read back are what the query returned, to the last digit, as JSON, as records, as rows of a type, as files.
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
SET intervalstyle = 'postgres';
CREATE TYPE mood AS ENUM ('glad', 'très triste');
CREATE TYPE pair AS (n numeric, said text);
CREATE TABLE odd AS SELECT 1 AS id,
    1234567890123456789012345678.901234567890::numeric AS long, 0.1000::numeric AS scaled, 'NaN'::numeric AS nan,
    9223372036854775807 AS most, 0.1::float8 AS tenth, '2026-01-28 14:30:00.123456+02'::timestamptz AS moment,
    'infinity'::timestamptz AS forever, '0044-03-15 BC'::date AS ides, '1 mon 2 days -03:04:05.678901'::interval AS span,
    ARRAY[1, NULL, 3] AS list, ARRAY[['a', NULL], ['b,c', '"']] AS grid, ROW(1.10, 'x "y"')::pair AS pair,
    'très triste'::mood AS mood, U&'\2603 \00E9 \+01F600'::text AS snow, ''::text AS empty, NULL::text AS nothing,
    '{"b": 1.10, "a": null}'::jsonb AS document, '\x00ff10'::bytea AS bytes;
INSERT INTO odd (id) VALUES (2);
SELECT playbook_create($$
id: odd
steps:
  - {id: q, type: query, config: {template: SELECT * FROM odd ORDER BY id}}
  - {id: none, type: query, config: {template: SELECT * FROM odd WHERE false}}
  - id: both
    type: join
    config: {left: "${steps.q}", right: "${steps.q}", on: id = id}
  - id: sums
    type: aggregate
    config:
      input: ${steps.q}
      metrics:
        - {name: sum, expression: SUM(long)}
        - {name: mean, expression: AVG(long)}
        - {name: rows, expression: COUNT(*)}
        - {name: values, expression: COUNT(long)}
  - {id: first, type: filter, config: {input: "${steps.q}", condition: "snow IS NOT NULL"}}
$$, publish => true);
SELECT playbook_run('odd') AS document \gset
SELECT :'document'::jsonb ->> 'status' AS status, :'document'::jsonb ->> 'run_id' AS run \gset
SELECT :'status' AS status;
SELECT s ->> 'step_id' AS step, s ->> 'status' AS status, s -> 'row_count' AS rows
FROM jsonb_array_elements(:'document'::jsonb -> 'steps') AS s;

SELECT row_number() OVER () AS row, key, value FROM playbook_rows(:'run', 'q') AS r, jsonb_each(r) WITH ORDINALITY
WHERE r -> 'id' = '1' ORDER BY 1;
SELECT * FROM playbook_rows(:'run', 'q') AS r WHERE r -> 'id' = '2';
SELECT count(*) AS none FROM playbook_rows(:'run', 'none');

\x
SELECT * FROM playbook_rows(:'run', 'q', NULL::odd) WHERE id = 1;
\x
SELECT count(*) AS as_they_were FROM playbook_rows(:'run', 'q', NULL::odd) AS r JOIN odd ON r IS NOT DISTINCT FROM odd;
SELECT * FROM playbook_records(:'run', 'sums') AS t (sum numeric, mean numeric, rows bigint, "values" bigint);
SELECT * FROM playbook_records(:'run', 'q') AS t (moment timestamp, most text, list text, grid text[], pair pair);
SELECT * FROM playbook_rows(:'run', 'first', NULL::numeric);

-- Refusals.
SELECT * FROM playbook_records(:'run', 'q') AS t (longer numeric);
SELECT * FROM playbook_records(:'run', 'q') AS t (snow integer);
SELECT * FROM playbook_records(:'run', 'q') AS t (list date);
\set VERBOSITY sqlstate
SELECT * FROM playbook_records(:'run', 'q');
SELECT playbook_rows(:'run', 'p');
\set VERBOSITY default
SELECT playbook_rows('run_x', 'q');

-- The artifact is what was returned; the values stay when the table and its types are gone.
SELECT valid FROM playbook_verify_artifact(:'run');
DROP TABLE odd;
DROP TYPE mood, pair;
SELECT r ->> 'mood' AS mood, r -> 'pair' AS pair, r -> 'long' AS long FROM playbook_rows(:'run', 'q') AS r;
RESET ALL;
