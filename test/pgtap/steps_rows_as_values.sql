-- What a step with rows is to the steps after it: a list, its columns, its members, its output; wherever values are read.
BEGIN;
SELECT plan(9);
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

SELECT * FROM finish();
ROLLBACK;
