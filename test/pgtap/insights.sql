-- Sentences of a result document: default rules over real rows, the former execution, declared ones, locale and currency.
\pset fieldsep '\n'
BEGIN;
SELECT plan(10);
\ir data_steps.psql

CREATE TABLE in_account (name text, arr numeric, health_status text);
INSERT INTO in_account SELECT 'Small ' || n, 12736.82, 'At-Risk' FROM generate_series(1, 239) n;
INSERT INTO in_account VALUES ('Acme Corp', 156000, 'At-Risk');
CREATE TABLE in_deal (dealname text, amount integer);
INSERT INTO in_deal SELECT 'D' || n, CASE n WHEN 1 THEN 60000 ELSE 55000 END FROM generate_series(1, 23) n;
SELECT playbook_create($$
id: in_renewals
steps:
  - {id: at_risk_accounts, type: query, config: {template: "SELECT name, arr FROM in_account WHERE health_status = 'At-Risk'"}}
  - {id: renewal_pipeline, type: query, config: {template: SELECT * FROM in_deal}}
outputs:
  - {name: at_risk_accounts, source: "${steps.at_risk_accounts}"}
  - {name: renewal_pipeline, source: "${steps.renewal_pipeline}"}
$$, publish => true);
CREATE FUNCTION in_said(id text) RETURNS text[] LANGUAGE sql AS
    $$SELECT ARRAY(SELECT jsonb_array_elements_text(playbook_run(id) -> 'insights'))$$;
SELECT is(in_said('in_renewals'), ARRAY['240 accounts at-risk with combined ARR of $3.2M', '23 renewals in pipeline totaling $1.27M',
    'Top at-risk account: Acme Corp ($156K ARR)'], 'the sample of the requirements, word for word');
SELECT is(cardinality(in_said('in_renewals')), 3, 'nothing has changed');
DELETE FROM in_account WHERE name LIKE 'Small 1__';
SELECT is((in_said('in_renewals'))[4], 'Accounts at-risk fell from 240 to 140 (-41.7%) since the previous execution', 'now it has');
SET LOCAL playbook.locale = 'de_DE';
SET LOCAL playbook.currency = 'EUR';
SELECT alike((in_said('in_renewals'))[2], '23 renewals in pipeline totaling 1,27%Mio.%€', 'as the locale and the currency write it');
RESET playbook.locale; RESET playbook.currency;

SELECT playbook_create($$
id: in_figures
steps: [{id: q, type: query, config: {template: "SELECT * FROM in_account"}}]
outputs:
  - name: summary
    money: [best]
    metrics: [{name: n, expression: COUNT(*)}, {name: best, expression: MAX(arr)}, {name: share, unit: percent, expression: "0.125"}]
$$, publish => true);
SELECT is(in_said('in_figures'), ARRAY['N: 140', 'Best: $156K', 'Share: 12.5%'], 'declared money and units');

-- Declared sentences take the place of the default ones.
SELECT playbook_create($$
id: in_declared
parameters: [{name: least, type: number, default: 5}]
steps: [{id: q, type: query, config: {template: "SELECT name, arr FROM in_account ORDER BY arr DESC LIMIT 2"}}]
outputs:
  - {name: best, source: "${steps.q}"}
  - {name: summary, metrics: [{name: total, expression: SUM(arr)}]}
insights:
  - "The best of {{steps.q.row_count}}: {{#each outputs.best}}{{#if @first}}{{name}}{{/if}}{{/each}}"
  - {text: "Total {{money outputs.summary.total compact=true decimals=1}}, at least {{parameters.least}}", when: steps.q.row_count > 1}
  - {text: Never said, when: steps.q.row_count > 99}
  - "No value: {{outputs.summary.nothing}}"
$$, publish => true);
SELECT is(in_said('in_declared'), ARRAY['The best of 2: Acme Corp', 'Total $168.7K, at least 5'], 'of one''s own, with conditions; what misses a value is not said');

-- No output, no sentence; text columns called arr are no money; no rows.
SELECT is((run_steps(jsonb_build_array(step('q', 'query', '{"template": "SELECT 1 AS arr"}'))) -> 'insights'), '[]'::jsonb, 'without outputs there are none');
SELECT playbook_create('{"id": "in_text", "steps": [{"id": "q", "type": "query", "config": {"template": "SELECT ''x''::text AS arr"}}], "outputs": [{"name": "accounts", "source": "${steps.q}"}]}', publish => true);
SELECT is(in_said('in_text'), ARRAY['1 account'], 'a text is no amount');
SELECT playbook_create('{"id": "in_none", "steps": [{"id": "q", "type": "query", "config": {"template": "SELECT 1 AS arr, ''a'' AS name WHERE false"}}], "outputs": [{"name": "accounts", "source": "${steps.q}"}]}', publish => true);
SELECT is(in_said('in_none'), ARRAY['0 accounts'], 'no rows have no sum');

SELECT playbook_create($$
id: in_made
steps:
  - {id: q, type: query, config: {template: "SELECT 4 AS n, 250000 AS arr"}}
  - {id: made, type: aggregate, config: {input: "${steps.q}", metrics: [{name: count, expression: COUNT(*)}, {name: total_arr, expression: SUM(arr)}]}}
outputs:
  - {name: summary, type: aggregate, source: "${steps.made}"}
$$, publish => true);
SELECT is(in_said('in_made'), ARRAY['Count: 1', 'Total ARR: $250K'], 'figures that a step has made already');

SELECT * FROM finish();
ROLLBACK;
