-- What a step with rows is to the steps after it: a list, its columns, its members, its output; wherever values are read.
BEGIN;
SELECT plan(14);
\ir data_steps.psql
CREATE TABLE sr_deal (id integer, amount numeric);
INSERT INTO sr_deal VALUES (1, 5), (2, 5), (3, NULL);
-- What a template says beside two steps with rows.
CREATE FUNCTION says(message text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    ran bigint := run_steps(jsonb_build_array(
        step('deals', 'query', '{"template": "SELECT * FROM sr_deal ORDER BY id"}'),
        step('wrote', 'sql', '{"template": "UPDATE sr_deal SET id = id WHERE id < 3 RETURNING id"}'),
        step('touched', 'sql', '{"template": "UPDATE sr_deal SET id = id WHERE id < 3"}'),
        step('say', 'task', jsonb_build_object('assignee', 'ana', 'title', message)))) ->> 'execution';
BEGIN
    RETURN (SELECT title FROM playbook_tasks WHERE execution_id = ran);
END
$$;
-- Whether a condition holds beside them.
CREATE FUNCTION holds(condition text) RETURNS text LANGUAGE sql AS $$
    SELECT d #>> '{steps,2,status}' FROM run_steps(jsonb_build_array(
        step('deals', 'query', '{"template": "SELECT * FROM sr_deal ORDER BY id"}'),
        step('wrote', 'sql', '{"template": "UPDATE sr_deal SET id = id WHERE id < 3 RETURNING id"}'),
        step('asked', 'wait', '{"for": 0}') || jsonb_build_object('when', condition))) AS d
$$;

SELECT is(says('{{steps.deals.row_count}}: {{#each steps.deals}}{{id}}/{{/each}}'), '3: 1/2/3/', 'rows beside a member of their step');
SELECT is(says('{{#each steps.deals}}{{id}}/{{/each}} {{join steps.deals.ids}} {{length steps.deals}} {{steps.deals.length}}'),
    '1/2/3/ 1, 2, 3 3 3', 'and the other way round');
SELECT is(says('{{steps.deals.0.amount}} {{steps.deals.[1].id}} ${steps.deals.2.id}{{#if steps.deals.3}}4{{/if}}'), '5 2 3', 'a row by its number');
SELECT is(says('${steps.deals.amount} ${steps.deals.amounts}'), '[5,5,null] [5]', 'a column has a value for each row, its plural each value once');
SELECT is(says('${steps.deals.output}'), '[{"id":1,"amount":5},{"id":2,"amount":5},{"id":3,"amount":null}]', 'the output of a query is its rows');
SELECT is(says('${steps.wrote.output} ${steps.touched.output}'), '[{"id":1},{"id":2}] {"row_count":2}',
    'of a statement that writes what it returns, or the count of rows it touched');
SELECT is(holds('steps.deals.output[0].amount = 5 AND jsonb_array_length(steps.deals.output) = 3'), 'success', 'a condition reads rows');
SELECT is(holds('jsonb_array_length(steps.wrote.ids) = 2 AND steps.deals.row_count = 3'), 'success', 'and columns');
SELECT is(holds('steps.deals.output[0].amount = 6'), 'skipped', 'and judges them');

-- Names of columns by reference.
CREATE FUNCTION chosen(type text, config jsonb, given jsonb) RETURNS SETOF jsonb LANGUAGE sql AS $$
    SELECT playbook_rows(run_steps(jsonb_build_array(step('deals', 'query', '{"template": "SELECT * FROM sr_deal ORDER BY id"}'),
        step('t', type, config || '{"input": "${steps.deals}"}')), given) ->> 'run_id', 't')
$$;
SELECT results_eq($$SELECT chosen('filter', '{"columns": ["${parameters.one}"], "sort": "${parameters.one} desc"}', '{"one": "id"}')$$,
    $$VALUES ('{"id": 3}'::jsonb), ('{"id": 2}'), ('{"id": 1}')$$, 'columns and order of a filter');
SELECT bag_eq($$SELECT chosen('aggregate', '{"group_by": "${parameters.by}", "metrics": [{"name": "n", "expression": "COUNT(*)"}]}', '{"by": ["amount"]}')$$,
    $$VALUES ('{"amount": 5, "n": 2}'::jsonb), ('{"amount": null, "n": 1}')$$, 'groups of an aggregate, as a list, too');
SELECT is_empty($$SELECT playbook_rows(run_steps(jsonb_build_array(step('a', 'query', '{"template": "SELECT 1 AS id"}'),
    step('d', 'diff', '{"before": "${steps.a}", "after": "${steps.a}", "key": "${parameters.key}"}')), '{"key": "id"}') ->> 'run_id', 'd')$$, 'the key of a diff');
CREATE FUNCTION not_chosen(config jsonb, given jsonb) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM run_steps(jsonb_build_array(step('deals', 'query', '{"template": "SELECT * FROM sr_deal"}'),
        step('t', 'filter', config || '{"input": "${steps.deals}"}')), given);
    RETURN failure_of('t');
END
$$;
SELECT is(not_chosen('{"columns": ["${parameters.one}"]}', '{"one": "id\" FROM pg_authid --"}'),
    '42703 column "id" FROM pg_authid --" does not exist in input', 'a name stays a name');
SELECT is(not_chosen('{"sort": "${steps.deals.9.id}"}', '{}'), '22023 "sort" names columns by "${steps.deals.9.id}", which has no value',
    'nothing does not stand for something else');

SELECT * FROM finish();
ROLLBACK;
