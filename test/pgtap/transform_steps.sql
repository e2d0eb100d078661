-- join, aggregate and filter over the rows of other steps: what SQL over tables gives.
BEGIN;
SELECT plan(34);
\ir data_steps.psql
CREATE TABLE ts_deal (dealname text, amount numeric, company_id integer, dealstage text);
INSERT INTO ts_deal VALUES ('one', 10.50, 1, 'open'), ('two', 20, 2, 'open'), ('three', 30, NULL, 'won'), ('four', 40, 9, 'won');
CREATE TABLE ts_account (account_id bigint, name text, arr numeric, health_status text, code text, company_id integer);
INSERT INTO ts_account VALUES (1, 'Acme', 100, 'At-Risk', 'a', 1), (2, 'Bolt', 200.25, 'Healthy', 'b', 2), (NULL, 'Null', 1, NULL, 'c', 3), (3, 'Cog', NULL, 'At-Risk', 'd', 1);
-- Two queries, then the step under test, of which the rows.
CREATE FUNCTION ts_run(type text, config jsonb, given jsonb DEFAULT '{}') RETURNS jsonb LANGUAGE sql AS $$
    SELECT run_steps(jsonb_build_array(
        step('deals', 'query', '{"template": "SELECT * FROM ts_deal ORDER BY dealname"}'),
        step('accounts', 'query', '{"template": "SELECT * FROM ts_account ORDER BY code"}'),
        step('t', type, config)), given)
$$;
CREATE FUNCTION ts_rows(type text, config jsonb, given jsonb DEFAULT '{}') RETURNS SETOF jsonb LANGUAGE sql AS
    $$SELECT playbook_rows(ts_run(type, config, given) ->> 'run_id', 't')$$;
CREATE FUNCTION ts_refused(type text, config jsonb) RETURNS text LANGUAGE plpgsql AS
    $$BEGIN PERFORM ts_run(type, config); RETURN failure_of('t'); END$$;
CREATE FUNCTION joined(more jsonb) RETURNS SETOF jsonb LANGUAGE sql AS
    $$SELECT ts_rows('join', '{"left": "${steps.deals}", "right": "${steps.accounts}"}' || more)$$;

-- join
SELECT bag_eq($$SELECT joined('{"on": "company_id = account_id"}')$$,
    $$SELECT to_jsonb(j) FROM (SELECT d.*, a.account_id, a.name, a.arr, a.health_status, a.code, a.company_id AS company_id_right
      FROM ts_deal d JOIN ts_account a ON d.company_id = a.account_id) j$$, 'inner unless it says otherwise; _right for a name twice');
SELECT is((SELECT count(*) FROM joined('{"on": "company_id = account_id", "type": "left"}')), 4::bigint, 'left keeps the left; null keys never match');
SELECT is((SELECT count(*) FROM joined('{"on": "company_id = account_id", "type": "right"}')), 4::bigint, 'right keeps the right');
SELECT is((SELECT count(*) FROM joined('{"on": "company_id = account_id", "type": "outer"}')), 6::bigint, 'outer keeps both');
SELECT bag_eq($$SELECT joined('{"on": "account_id = company_id"}')$$, $$SELECT joined('{"on": "company_id = account_id"}')$$, 'the sides may be turned');
SELECT bag_eq($$SELECT j -> 'name' FROM joined('{"on": "company_id"}') j$$,
    $$SELECT to_jsonb(a.name) FROM ts_deal JOIN ts_account a USING (company_id)$$, 'the name of a common column');
SELECT bag_eq($$SELECT j -> 'name' FROM joined('{"on": "company_id = account_id AND company_id = company_id"}') j$$,
    $$SELECT to_jsonb(a.name) FROM ts_deal d JOIN ts_account a ON d.company_id = a.account_id AND d.company_id = a.company_id$$, 'several equations');
SELECT bag_eq($$SELECT j -> 'name' FROM joined('{"on": ["left.company_id = right.account_id", "company_id"]}') j$$,
    $$SELECT to_jsonb(a.name) FROM ts_deal d JOIN ts_account a ON d.company_id = a.account_id AND d.company_id = a.company_id$$, 'a list of them');
SELECT is((SELECT count(*) FROM joined('{"on": "company_id = account_id", "suffix": "_b"}') j WHERE j ? 'company_id_b'), 2::bigint, 'a suffix of one''s own');
SELECT is(ts_refused('join', '{"left": "${steps.deals}", "right": "${steps.accounts}", "on": "company_id = code"}'),
    '42804 cannot join "company_id" of type integer with "code" of type text', 'number against text names both types');
SELECT is(ts_refused('join', '{"left": "${steps.deals}", "right": "${steps.accounts}", "on": "compani_id = account_id"}'),
    '42703 column "compani_id" does not exist in the left rows', 'an unknown key');
SELECT alike(error_of('t') ->> 'detail', '%dealname, amount, company_id, dealstage%', 'says the known ones');
SELECT alike(error_of('t') ->> 'hint', '%"company_id"%', 'and the nearest');

-- aggregate
SELECT bag_eq($$SELECT ts_rows('aggregate', '{"input": "${steps.accounts}", "group_by": ["health_status"], "metrics": [{"name": "count", "expression": "COUNT(*)"}, {"name": "total", "expression": "SUM(arr)"}]}')$$,
    $$SELECT to_jsonb(g) FROM (SELECT health_status, count(*), sum(arr) AS total FROM ts_account GROUP BY 1) g$$, 'figures in groups');
SELECT results_eq($$SELECT ts_rows('aggregate', '{"input": "${steps.accounts}", "metrics": [{"name": "at risk", "expression": "COUNT(*) WHERE health_status = ''At-Risk'' AND arr > parameters.least"},
    {"name": "avg", "expression": "AVG(arr)"}]}', '{"least": 50}')$$,
    $$SELECT jsonb_build_object('at risk', 1, 'avg', avg(arr)) FROM ts_account$$, 'WHERE after a figure, with a bound value');
SELECT is((SELECT count(*) FROM ts_rows('aggregate', '{"input": "${steps.accounts}", "group_by": "health_status", "metrics": [{"name": "n", "expression": "COUNT(*)"}], "having": "n > 1"}')), 1::bigint, 'having');
SELECT results_eq($$SELECT r -> 'n' FROM ts_rows('aggregate', '{"input": "${steps.accounts}", "group_by": "health_status", "metrics": [{"name": "n", "expression": "COUNT(*)"}], "sort": "n desc", "limit": 1}') r$$,
    $$VALUES ('2'::jsonb)$$, 'sorted, and the first');
SELECT alike(ts_refused('aggregate', '{"input": "${steps.accounts}", "metrics": [{"name": "n", "expression": "COUNT(*), 1"}]}'), '42601%', 'two expressions in one');
SELECT alike(ts_refused('aggregate', '{"input": "${steps.accounts}", "metrics": [{"name": "n", "expression": "COUNT(*) FROM ts_deal"}]}'), '42601%', 'a clause behind it');
SELECT throws_like($$SELECT ts_run('aggregate', '{"input": "${steps.accounts}", "metrics": [{"name": "n", "expression": "1) FROM ts_deal --"}]}')$$,
    '%closes nothing%', 'a way out of the parenthesis is refused on saving');
SELECT alike(ts_refused('aggregate', '{"input": "${steps.accounts}", "metrics": [{"name": "n", "expression": "arr"}]}'), '42803%', 'a figure that is none, but a column');
SELECT results_eq($$SELECT ts_rows('aggregate', '{"input": "${steps.accounts}", "metrics": [{"name": "n", "expression": "7"}]}')$$, $$VALUES ('{"n": 7}'::jsonb)$$, 'one row, whatever the figures are');
SELECT results_eq($$SELECT ts_rows('aggregate', '{"input": "${steps.deals}", "metrics": [{"name": "n", "expression": "COUNT(*) WHERE false"}, {"name": "s", "expression": "SUM(amount) WHERE false"}]}')$$,
    $$VALUES ('{"n": 0, "s": null}'::jsonb)$$, 'also of nothing');
SELECT alike(ts_refused('aggregate', '{"input": "${steps.accounts}", "group_by": "helth_status", "metrics": [{"name": "n", "expression": "COUNT(*)"}]}'), '42703%', 'an unknown group');
SELECT results_eq($$SELECT ts_rows('aggregate', '{"input": "${steps.accounts}", "metrics": [{"name": "n", "expression": "COUNT(*) -- all"}]}')$$,
    $$VALUES ('{"n": 4}'::jsonb)$$, 'a comment ends with its line');

-- filter
SELECT bag_eq($$SELECT ts_rows('filter', '{"input": "${steps.accounts}", "condition": "arr >= 100 AND health_status <> ''x''"}')$$,
    $$SELECT to_jsonb(a) FROM ts_account a WHERE arr >= 100 AND health_status <> 'x'$$, 'a condition over columns');
SELECT bag_eq($$SELECT ts_rows('filter', '{"input": "${steps.accounts}", "condition": "name = ${parameters.name} OR name = parameters.name"}', '{"name": "Acme"}')$$,
    $$SELECT to_jsonb(a) FROM ts_account a WHERE name = 'Acme'$$, 'a parameter in it, both ways');
SELECT is_empty($$SELECT ts_rows('filter', '{"input": "${steps.accounts}", "condition": "name = ${parameters.name}"}', '{"name": "x'' OR true OR name = ''"}')$$,
    'which stays a value');
SELECT bag_eq($$SELECT ts_rows('filter', '{"input": "${steps.accounts}", "condition": "account_id IN ({{steps.deals.company_ids}})"}')$$,
    $$SELECT to_jsonb(a) FROM ts_account a WHERE account_id IN (SELECT company_id FROM ts_deal)$$, 'the column of another step as a list');
SELECT results_eq($$SELECT ts_rows('filter', '{"input": "${steps.accounts}", "condition": "arr IS NOT NULL", "columns": ["name"], "sort": [{"column": "arr", "descending": true}], "limit": 2}')$$,
    $$SELECT jsonb_build_object('name', name) FROM ts_account WHERE arr IS NOT NULL ORDER BY arr DESC LIMIT 2$$, 'columns, order, limit');
SELECT is((SELECT count(*) FROM ts_rows('filter', '{"input": "${steps.accounts}", "columns": ["health_status"], "distinct": true}')), 3::bigint, 'distinct');
SELECT throws_like($$SELECT ts_run('filter', '{"input": "${steps.accounts}", "condition": "true; DROP TABLE ts_deal"}')$$,
    '%one expression%', 'one expression only');
SELECT alike(ts_refused('filter', '{"input": "${steps.accounts}", "condition": "helth_status = 1"}'), '42703%', 'an unknown column');
SELECT is((SELECT count(*) FROM ts_deal), 4::bigint, 'nothing was dropped on the way');

SELECT * FROM finish();
ROLLBACK;
