-- on_error: cached serves what was found on the same and nothing else: the same items, rows, values, owner; also in
-- executors, where a step runs alone. Committed for real; each wait has a deadline.
SET client_min_messages = error;
SELECT plan(24);
\ir steps.psql
CREATE TABLE weather (storm boolean);
INSERT INTO weather VALUES (false);
CREATE TABLE source (n integer);
INSERT INTO source VALUES (1), (2);
CREATE FUNCTION calm() RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT storm FROM weather) THEN RAISE EXCEPTION 'storm'; END IF;
    RETURN true;
END
$$;
CREATE FUNCTION make(id text, definition text) RETURNS void LANGUAGE sql AS
    $$SELECT playbook_create(format(E'id: %s\nname: %1$s\nconflict: allow\n%s', id, definition), publish => true)$$;
CREATE FUNCTION done(playbook text, parameters jsonb DEFAULT '{}', customer text DEFAULT NULL) RETURNS bigint LANGUAGE sql AS
    $$SELECT (playbook_run(playbook, customer, parameters) ->> 'execution')::bigint$$;

-- What each item is given is another configuration.
SELECT make('each', $$parameters: [{name: list, type: array}, {name: unused, type: string, default: ""}]
steps:
  - id: s
    type: query
    for_each: "${parameters.list}"
    on_error: cached
    config: {template: "SELECT {{item}}::integer AS n WHERE calm()"}$$) \g /dev/null
-- Nor need the statement name them: parameters give it what they stand for.
SELECT make('bound', $$parameters: [{name: list, type: array}]
steps:
  - id: s
    type: query
    for_each: "${parameters.list}"
    on_error: cached
    config: {template: "SELECT {{n}}::integer AS n WHERE calm()", parameters: {n: "${item}"}}$$) \g /dev/null
SELECT done('each', '{"list": [1, 2]}') AS first \gset
SELECT done('bound', '{"list": [1, 2]}') \g /dev/null
UPDATE weather SET storm = true;
SELECT is(items(done('each', '{"list": [3]}'), 's'), '1 failed', 'an item that never was is not served what another was');
SELECT is(items(done('bound', '{"list": [3]}'), 's'), '1 failed', 'nor is one that is bound by a parameter');
SELECT done('each', '{"list": [2, 3, 1], "unused": "other"}', 'somebody') AS e \gset
SELECT is(items(:e, 's'), '1 completed cached, 2 failed, 3 completed cached',
    'an item is served what was found for it, at another place, too; a customer and a parameter that are not bound do not matter');
SELECT is((SELECT array_agg(r) FROM playbook_rows(:e, 's', 1) r), ARRAY['{"n": 2}'::jsonb], 'its own rows');
SELECT is((SELECT array_agg(r) FROM playbook_rows(:e, 's', 3) r), ARRAY['{"n": 1}'::jsonb], 'each');
SELECT is((SELECT (output #>> '{cached,execution}')::bigint FROM playbook_step_executions WHERE execution_id = :e AND item = 1), :first::bigint,
    'and it says whose');
SELECT ok((SELECT (output #>> '{cached,age_seconds}')::integer BETWEEN 0 AND 600 AND (output #>> '{cached,as_of}')::timestamptz < now()
    FROM playbook_step_executions WHERE execution_id = :e AND item = 1), 'how old they are');
SELECT is(items(done('bound', '{"list": [2]}'), 's'), '1 completed cached', 'the same by a parameter');

-- What another step found is what a step runs on: its values and its rows.
UPDATE weather SET storm = false;
SELECT make('upstream', $$steps:
  - {id: up, type: query, config: {template: "SELECT n FROM source ORDER BY n"}}
  - {id: kept, type: filter, on_error: cached, config: {input: "${steps.up}", condition: "n > 0 AND calm()"}}
  - {id: sums, type: aggregate, on_error: cached, depends_on: [up],
     config: {input: "${steps.up}", metrics: [{name: total, expression: "sum(n) FILTER (WHERE calm())"}]}}
  - {id: pairs, type: query, on_error: cached, depends_on: [up], config: {template: "SELECT n FROM source WHERE n IN ({{ns}}) AND calm()",
     parameters: {ns: "${steps.up.ns}"}}}
  - {id: first, type: query, on_error: cached, depends_on: [up], config: {template: "SELECT max(n) AS n FROM source WHERE n = ANY ({{steps.up.n}}) AND calm()"}}$$) \g /dev/null
SELECT is(story(done('upstream')), 'up completed, kept completed, sums completed, pairs completed, first completed', 'all is well');
UPDATE weather SET storm = true;
SELECT is(story(done('upstream')), 'up completed, kept completed cached, sums completed cached, pairs completed cached, first completed cached',
    'the same rows upstream: the last results serve');
INSERT INTO source VALUES (3);
SELECT is(story(done('upstream')), 'up completed, kept failed, sums failed, pairs failed, first failed', 'other rows upstream: nothing serves');
DELETE FROM source WHERE n = 3;
SELECT done('upstream') AS e \gset
SELECT is(story(:e), 'up completed, kept completed cached, sums completed cached, pairs completed cached, first completed cached',
    'the former rows again: they serve again');
SELECT is((SELECT r FROM playbook_rows(:e, 'sums') r), '{"total": 3}'::jsonb, 'with what was found on those');

-- A customer's field is a value like any other, read anew.
UPDATE weather SET storm = false;
CREATE TABLE accounts (id text PRIMARY KEY, plan text);
INSERT INTO accounts VALUES ('a', 'basic'), ('b', 'basic'), ('c', 'gold');
SELECT playbook_set_customer_source('accounts', 'id') \g /dev/null
SELECT make('plans', $$steps:
  - {id: s, type: query, on_error: cached, config: {template: "SELECT {{customer.plan}}::text AS plan WHERE calm()"}}$$) \g /dev/null
SELECT done('plans', customer => 'a') \g /dev/null
UPDATE weather SET storm = true;
SELECT is(story(done('plans', customer => 'b')), 's completed cached', 'of the same plan');
SELECT is(story(done('plans', customer => 'c')), 's failed', 'of another');
UPDATE accounts SET plan = 'gold';
SELECT is(story(done('plans', customer => 'a')), 's failed', 'and of one that has changed');

-- Another owner may see other rows.
UPDATE weather SET storm = false;
SELECT make('owned', $$steps:
  - {id: s, type: query, on_error: cached, config: {template: "SELECT 1 AS n WHERE calm()"}}$$) \g /dev/null
SELECT done('owned') \g /dev/null
CREATE ROLE cached_results_owner;
GRANT SELECT ON weather TO cached_results_owner;
UPDATE weather SET storm = true;
SELECT playbook_set_owner('owned', 'cached_results_owner') \g /dev/null
SELECT is(story(done('owned')), 's failed', 'another owner''s result does not serve');
SELECT playbook_set_owner('owned', current_user::text::regrole) \g /dev/null
SELECT is(story(done('owned')), 's completed cached', 'one''s own does');

-- What an approval changed is what it runs on.
SELECT playbook_set_person('decider', 'Decider', role => current_user::text::regrole) \g /dev/null
SELECT make('asked', $$steps:
  - {id: s, type: query, on_error: cached, require_approval: {approvers: [decider]},
     config: {template: "SELECT {{n}}::integer AS n WHERE calm()", parameters: {n: 1}}}$$) \g /dev/null
CREATE FUNCTION decided(changes jsonb) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    execution bigint := playbook_start('asked');
BEGIN
    PERFORM playbook_advance(execution);
    PERFORM playbook_approve(a.id, changes => decided.changes) FROM approvals a WHERE a.execution_id = execution;
    PERFORM playbook_advance(execution);
    RETURN story(execution);
END
$$;
UPDATE weather SET storm = false;
SELECT is(decided('{"parameters": {"n": 2}}'), 's completed', 'approved with changes');
UPDATE weather SET storm = true;
SELECT is(decided(NULL) || ', ' || decided('{"parameters": {"n": 2}}'), 's failed, s completed cached', 'the changed input has its result');

-- In an executor, in a transaction of its own.
SELECT make('alone', $$parameters: [{name: n, type: integer}]
steps:
  - {id: s, type: query, alone: true, on_error: cached, config: {template: "SELECT {{parameters.n}}::integer AS n WHERE calm()"}}$$) \g /dev/null
CREATE FUNCTION started(n integer) RETURNS bigint LANGUAGE sql AS
    $$SELECT playbook_start('alone', parameters => jsonb_build_object('n', n))$$;
UPDATE weather SET storm = false;
SELECT started(1) AS e \gset
SELECT status FROM playbook_wait(:e) \g /dev/null
SELECT is(story(:e), 's completed', 'an executor finds it');
UPDATE weather SET storm = true;
SELECT started(1) AS e, started(2) AS other \gset
SELECT status FROM playbook_wait(:e) \g /dev/null
SELECT status FROM playbook_wait(:other) \g /dev/null
SELECT is(story(:e), 's completed cached', 'and is served it');
SELECT is(story(:other), 's failed', 'and no other');

-- A digest says nothing to people, but is gone with what it was made of.
UPDATE weather SET storm = false;
SELECT done('each', '{"list": [7, 8]}') AS e \gset
UPDATE playbook_executions SET parameters = '{"list": [7, 8], "unused": "of c"}' WHERE id = :e;
SELECT playbook_forget_customer('c') \g /dev/null
SELECT is((SELECT count(*) FROM playbook_last_results WHERE execution_id = :e), 0::bigint,
    'a result that spoke of a forgotten customer is remembered no more');

DROP OWNED BY cached_results_owner;
DROP ROLE cached_results_owner;
SELECT * FROM finish();
