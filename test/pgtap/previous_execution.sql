-- ${previous.steps.x}: the former finished execution's result; and diff, which compares with it.
\pset fieldsep '\n'
BEGIN;
SELECT plan(25);
\ir data_steps.psql

CREATE TABLE pv_account (id integer, name text, health integer, note json);
INSERT INTO pv_account VALUES (1, 'Acme', 40, '{"a": 1}'), (2, 'Bolt', 50, NULL), (3, 'Cog', 60, NULL);
CREATE FUNCTION pv_create(id text, more jsonb, before text DEFAULT NULL) RETURNS text LANGUAGE sql AS $$
    SELECT playbook_create(jsonb_build_object('id', id, 'steps', jsonb_build_array(
        step('accounts', 'query', '{"template": "SELECT * FROM pv_account"}'),
        step('changes', 'diff', '{"after": "${steps.accounts}", "key": "id"}' || more)))::text, publish => true)
$$;
CREATE FUNCTION pv_changes(id text, customer text DEFAULT NULL) RETURNS SETOF jsonb LANGUAGE sql AS
    $$SELECT playbook_rows(playbook_run(id, customer) ->> 'run_id', 'changes')$$;
SELECT pv_create('pv', '{}');
SELECT pv_create('pv_other', '{}');
SELECT results_eq($$SELECT r ->> 'change', r ->> 'id' FROM pv_changes('pv') r$$, $$VALUES ('new', '1'), ('new', '2'), ('new', '3')$$,
    'the first time everything is new');
SELECT is_empty($$SELECT pv_changes('pv')$$, 'nothing has changed');
UPDATE pv_account SET health = 45, name = 'Acme Corp' WHERE id = 1;
UPDATE pv_account SET note = '{"a": 2}' WHERE id = 2;
DELETE FROM pv_account WHERE id = 3;
INSERT INTO pv_account VALUES (4, 'Dot', NULL, NULL), (NULL, 'Nobody', 1, NULL);
SELECT results_eq($$SELECT * FROM pv_changes('pv')$$, $$VALUES
    ('{"change": "changed", "changed_columns": ["name", "health"], "id": 1, "name": "Acme Corp", "health": 45, "note": {"a": 1}, "name_before": "Acme", "health_before": 40, "note_before": {"a": 1}}'::jsonb),
    ('{"change": "changed", "changed_columns": ["note"], "id": 2, "name": "Bolt", "health": 50, "note": {"a": 2}, "name_before": "Bolt", "health_before": 50, "note_before": null}'),
    ('{"change": "gone", "changed_columns": null, "id": 3, "name": "Cog", "health": 60, "note": null, "name_before": "Cog", "health_before": 60, "note_before": null}'),
    ('{"change": "new", "changed_columns": null, "id": 4, "name": "Dot", "health": null, "note": null, "name_before": null, "health_before": null, "note_before": null}'),
    ('{"change": "new", "changed_columns": null, "id": null, "name": "Nobody", "health": 1, "note": null, "name_before": null, "health_before": null, "note_before": null}')$$,
    'changed, gone and new rows, with what changed and what it was');
DELETE FROM pv_account WHERE id IS NULL;
SELECT is((SELECT count(*) FROM pv_changes('pv_other') r WHERE r ->> 'change' = 'new'), 3::bigint, 'another playbook has its own past');

-- Which columns count; several keys; two steps of one execution.
SELECT pv_create('pv_health', '{"compare": ["health"], "before": "${previous.steps.accounts}"}');
SELECT count(*) AS first_health FROM pv_changes('pv_health') \gset
UPDATE pv_account SET name = 'x';
SELECT is_empty($$SELECT pv_changes('pv_health')$$, 'only columns that are compared count');
SELECT results_eq($$SELECT playbook_rows(run_steps(jsonb_build_array(step('a', 'query', '{"template": "SELECT 1 AS x, 1 AS y, 1 AS change"}'),
    step('b', 'query', '{"template": "SELECT 1 AS x, 2 AS y, 2 AS change"}'),
    step('d', 'diff', '{"before": "${steps.a}", "after": "${steps.b}", "key": ["x", "y"]}'))) ->> 'run_id', 'd')$$,
    $$VALUES ('{"x": 1, "y": 1, "change": 1, "change_": "gone", "changed_columns": null, "change_before": 1}'::jsonb),
             ('{"x": 1, "y": 2, "change": 2, "change_": "new", "changed_columns": null, "change_before": null}')$$, 'two keys; a column named like ours keeps its name');
CREATE FUNCTION pv_refused(a text, b text, config jsonb) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM run_steps(jsonb_build_array(step('a', 'query', jsonb_build_object('template', a)), step('b', 'query', jsonb_build_object('template', b)),
        step('d', 'diff', '{"before": "${steps.a}", "after": "${steps.b}", "key": "x"}' || config)));
    RETURN failure_of('d');
END
$$;
SELECT is(pv_refused('SELECT 1 AS x FROM generate_series(1, 2)', 'SELECT 1 AS x', '{}'), '21000 the key of a diff is not unique in the rows before', 'a key that is none');
SELECT is(error_of('d') ->> 'detail', 'Several rows have 1.', 'says which');
SELECT is(pv_refused('SELECT 1 AS x', 'SELECT 2 AS y', '{}'), '42703 column "x" does not exist in the rows after', 'a key that is missing');
SELECT is(pv_refused('SELECT 1 AS x, 1 AS n', 'SELECT 1 AS x, ''a''::text AS n', '{}'),
    '42804 cannot compare "n" of type integer before with type text after', 'types that cannot be compared name both');
SELECT is(pv_refused('SELECT 1 AS x, 1 AS n', 'SELECT 1 AS x, 1 AS m', '{"compare": ["n"]}'), '42703 column "n" does not exist in the rows after', 'an unknown compared column');

-- References to the former execution's results, in every place.
SELECT playbook_create($$
id: pv_uses
steps:
  - {id: q, type: query, config: {template: "SELECT n AS x FROM generate_series(1, {{n}}) n", parameters: {n: "${parameters.n}"}}}
  - {id: again, type: query, depends_on: [q], config: {template: "SELECT count(*) AS n FROM generate_series(1, 9) g WHERE g IN ({{xs}})", parameters: {xs: "${previous.steps.q.xs}"}}}
  - {id: rows, type: filter, depends_on: [q], config: {input: "${previous.steps.q}", condition: x > 1}}
  - {id: more, type: notify, when: "previous.steps.q.row_count > 1", config: {message: "before {{previous.steps.q.row_count}}, {{previous.steps.q.status}}"}}
parameters: [{name: n, type: integer, default: 2}]
$$, publish => true);
CREATE FUNCTION pv_uses(n integer, customer text DEFAULT NULL, OUT id bigint, OUT again bigint, OUT rows bigint, OUT more text) LANGUAGE plpgsql AS $$
BEGIN
    id := playbook_run('pv_uses', customer, jsonb_build_object('n', n)) ->> 'execution';
    again := (SELECT (r ->> 'n')::bigint FROM playbook_rows(id, 'again') r);
    rows := (SELECT count(*) FROM playbook_rows(id, 'rows'));
    more := (SELECT coalesce(s.input ->> 'message', s.outcome) FROM playbook_step_executions s WHERE execution_id = id AND step_id = 'more');
END
$$;
SELECT row_eq('SELECT again, rows, more FROM pv_uses(2)', ROW(0::bigint, 0::bigint, 'when'::text), 'without a former execution a list is empty, rows are none, a condition does not hold');
SELECT row_eq('SELECT again, rows, more FROM pv_uses(3)', ROW(2::bigint, 1::bigint, 'before 2, completed'::text), 'then it is the former one''s');
SELECT row_eq('SELECT again, rows, more FROM pv_uses(1)', ROW(3::bigint, 2::bigint, 'before 3, completed'::text), 'and always the last');

-- Each customer has a past of its own, and so has nobody.
SELECT row_eq($$SELECT again, rows FROM pv_uses(4, 'c1')$$, ROW(0::bigint, 0::bigint), 'a customer begins anew');
SELECT row_eq($$SELECT again, rows FROM pv_uses(5, 'c2')$$, ROW(0::bigint, 0::bigint), 'so does another');
SELECT row_eq($$SELECT again, rows FROM pv_uses(6, 'c1')$$, ROW(4::bigint, 3::bigint), 'and then goes on from its own');
SELECT row_eq($$SELECT again, rows FROM pv_uses(2)$$, ROW(1::bigint, 0::bigint), 'as nobody does');

-- What failed, what is a draft, what another owner ran, is not it.
SELECT playbook_update('pv_uses', replace(playbook_export('pv_uses', 'source'), 'SELECT n AS x', 'SELECT n + 100 AS x'));
SELECT playbook_run('pv_uses', parameters => '{"n": 7}', draft => true) AS draft \gset
SELECT row_eq($$SELECT again, rows FROM pv_uses(3)$$, ROW(2::bigint, 1::bigint), 'a draft is no past');
CREATE ROLE pv_owner; GRANT playbook_author TO pv_owner;
SELECT playbook_set_owner('pv_uses', 'pv_owner');
SELECT row_eq($$SELECT again, rows FROM pv_uses(3)$$, ROW(0::bigint, 0::bigint), 'nor what another owner''s rights gave');

-- By index.
SET LOCAL enable_seqscan = off;
CREATE FUNCTION pv_plan(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE line text; plan text := '';
BEGIN
    FOR line IN EXECUTE 'EXPLAIN ' || statement LOOP plan := plan || line || E'\n'; END LOOP;
    RETURN plan;
END
$$;
SELECT matches(pv_plan($$SELECT id FROM playbook_executions WHERE customer_id IS NULL AND status = 'completed' AND playbook_id = 'x'
    AND owner = 'postgres'::regrole AND id < 9 ORDER BY id DESC LIMIT 1$$), 'Index Scan using playbook_executions_01_playbook_id_id_idx', 'found by an index of its own');
SELECT matches(pv_plan($$SELECT id FROM playbook_executions WHERE customer_id = 'c' AND status = 'completed' AND playbook_id = 'x'
    AND owner = 'postgres'::regrole AND id < 9 ORDER BY id DESC LIMIT 1$$), 'Index Scan using playbook_executions_01_customer_id_(status|id)', 'or by the customer''s');

-- On saving.
SELECT is(code, 'PB032', 'an unknown step') FROM playbook_validate($${"id": "b", "steps": [{"id": "d", "type": "diff", "config": {"after": "${previous.steps.nobody}", "key": "id"}}]}$$);
SELECT is(code, 'PB041', 'previous has only steps') FROM playbook_validate($${"id": "b", "steps": [{"id": "d", "type": "notify", "config": {"message": "${previous.outputs.x}"}}]}$$);
SELECT is(code, 'PB021', 'a key is needed') FROM playbook_validate($${"id": "b", "steps": [{"id": "a", "type": "query", "config": {"template": "SELECT 1"}}, {"id": "d", "type": "diff", "config": {"after": "${steps.a}"}}]}$$);

SELECT * FROM finish();
ROLLBACK;
