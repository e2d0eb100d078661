-- A role that may start and read another's playbook lays traps of its own in the session: temporary relations and types
-- that stand before the owner's, and types whose checks are its code. None of it runs with the owner's rights.
BEGIN;
SELECT plan(15);

CREATE ROLE caller_owner LOGIN;  GRANT playbook_author TO caller_owner;
CREATE ROLE caller_tries;        GRANT playbook_user TO caller_tries;
CREATE TABLE tried (how text, who name DEFAULT current_user);
GRANT INSERT, SELECT ON tried TO PUBLIC;
CREATE SCHEMA owned_pg_temp AUTHORIZATION caller_owner; -- a name that has pg_temp in it
CREATE SCHEMA traps AUTHORIZATION caller_tries;

SET LOCAL ROLE caller_owner;
SET LOCAL search_path = owned_pg_temp, public;
GRANT USAGE ON SCHEMA owned_pg_temp TO caller_tries;
CREATE TABLE owned_pg_temp.secrets (secret text);
INSERT INTO owned_pg_temp.secrets VALUES ('top');
CREATE DOMAIN owned_pg_temp.level AS integer;
CREATE FUNCTION owned_pg_temp.has_digits(integer) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RETURN length($1::text) > 0; END $$;
CREATE DOMAIN owned_pg_temp.checked AS integer CHECK (owned_pg_temp.has_digits(VALUE));
CREATE TYPE owned_pg_temp.pair AS (x owned_pg_temp.checked);
CREATE TYPE owned_pg_temp.mood AS ENUM ('good', 'bad');
SELECT playbook_create($$
id: trapped
name: Trapped
parameters: [{name: level, type: integer, default: 3}]
steps:
  - {id: secrets, type: query, config: {template: SELECT secret FROM secrets}}
  - {id: decide, type: condition, config: {if: "parameters.level::level > 2", then: [{id: rest, type: wait, config: {for: 0}}]}}
  - {id: values, type: query, config: {template: "SELECT 1::checked AS x, 'good'::mood AS y, row(1)::pair AS z"}}
outputs:
  - {name: values, source: "${steps.values}"}
$$, publish => true) \g /dev/null
SELECT playbook_share('trapped', 'caller_tries', 'start'), playbook_share('trapped', 'caller_tries', 'view') \g /dev/null
SELECT playbook_create($${id: drafted, steps: [{id: decide, type: condition, config: {if: "'(1)'::pair IS NOT NULL", then: []}}]}$$) \g /dev/null
-- The author's own temporary schema comes first in this path.
SET LOCAL search_path = pg_temp, owned_pg_temp, public;
SELECT playbook_create('{id: temporary, steps: [{id: secrets, type: query, config: {template: SELECT secret FROM secrets}}]}', publish => true),
       playbook_share('temporary', 'caller_tries', 'start') \g /dev/null
RESET ROLE;
SET LOCAL search_path = public, tap;
SELECT playbook_run('trapped') ->> 'execution' AS execution \gset

SET LOCAL ROLE caller_tries;
GRANT USAGE ON SCHEMA traps TO PUBLIC;
CREATE FUNCTION traps.trap(how text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO public.tried VALUES (how);
    RETURN true;
EXCEPTION WHEN read_only_sql_transaction THEN -- a query: the value itself tells
    RETURN true;
END
$$;
CREATE TEMP VIEW secrets AS SELECT 'trap'::pg_catalog.text AS secret WHERE traps.trap('view');
GRANT SELECT ON secrets TO PUBLIC;
CREATE DOMAIN pg_temp.level AS integer CHECK (traps.trap('type of a condition'));
CREATE DOMAIN pg_temp.text AS varchar CHECK (traps.trap('type of the owner''s code'));
CREATE DOMAIN traps.number AS integer CHECK (traps.trap('domain'));
CREATE DOMAIN traps.word AS pg_catalog.text CHECK (traps.trap('domain'));
CREATE TYPE traps.shape AS (x traps.number, y traps.word);
CREATE DOMAIN traps.whole AS traps.shape CHECK (traps.trap('domain over a type'));
GRANT ALL ON DOMAIN pg_temp.level, pg_temp.text TO PUBLIC;
CREATE TYPE pg_temp.pair AS (x pg_temp.level);

SELECT is(playbook_run('trapped') #>> '{steps,0,data,0,secret}', 'top', 'a query reads the owner''s table, not a temporary view');
SELECT is(playbook_run('temporary') #>> '{steps,0,data,0,secret}', 'top', 'even where the author''s path has temporary ones first');
SELECT is_empty($$SELECT * FROM tried WHERE who = 'caller_owner'$$, 'a condition finds the owner''s types, not temporary ones');
SELECT results_eq(format('SELECT x, y FROM playbook_rows(%s, ''values'') AS r, jsonb_to_record(r) AS t (x integer, y pg_catalog.text)', :execution),
                  $$VALUES (1, 'good'::pg_catalog.text)$$, 'rows are read');
SELECT is_empty($$SELECT * FROM tried WHERE who = 'caller_owner'$$, 'by way of the owner''s types');

SELECT is((SELECT y::pg_catalog.text FROM playbook_rows(:execution, 'values', NULL::traps.shape)), 'good', 'rows of a type');
SELECT set_eq($$SELECT how, who FROM tried WHERE how LIKE 'domain%'$$, $$VALUES ('domain', 'caller_tries'::name)$$, 'are checked as whoever asked for it');
SELECT is((SELECT y::pg_catalog.text FROM playbook_rows(:execution, 'values', NULL::traps.whole)), 'good', 'rows of a domain');
SELECT set_eq($$SELECT how, who FROM tried WHERE how LIKE 'domain%'$$, $$VALUES ('domain', 'caller_tries'::name), ('domain over a type', 'caller_tries')$$, 'too');
SELECT is((SELECT y::pg_catalog.text FROM playbook_records(:execution, 'values') AS t (x traps.number, y traps.word)), 'good', 'a column list');
SELECT is_empty($$SELECT * FROM tried WHERE who = 'caller_owner'$$, 'too');
SELECT is((SELECT y::pg_catalog.text FROM playbook_output_rows('trapped', 'values') AS t (run_id pg_catalog.text, as_of timestamptz, x traps.number, y traps.word)),
          'good', 'an output');
SELECT is_empty($$SELECT * FROM tried WHERE who = 'caller_owner'$$, 'too');
RESET ROLE;
SELECT is((SELECT y::pg_catalog.text FROM playbook_records(:execution, 'values') AS t (x integer, y pg_catalog.text)), 'good', 'as anybody reads it');

-- Whoever publishes for the owner has temporary types first; reading the condition makes a value of one.
SET LOCAL search_path = pg_temp, owned_pg_temp, public, tap;
SELECT playbook_publish('drafted') \g /dev/null
SET LOCAL search_path = public, tap;
SELECT is_empty($$SELECT * FROM tried WHERE who = 'caller_owner'$$, 'publishing reads with the owner''s types');

SELECT * FROM finish();
ROLLBACK;
