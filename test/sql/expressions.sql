-- The three ways of a value into a playbook: templates for people, conditions, references and the parameters of queries.
\set context '{"customer": {"name": "zoë & co", "arr": 1234567890123456789012345678.901234567890, "tags": ["a", "b"], "none": null, "since": "2026-03-05"}}'

-- Templates.
SELECT playbook_render('{{title customer.name}} | {{customer.arr}} | {{#each customer.tags}}{{@index}}{{this}}{{#unless @last}}, {{/unless}}{{/each}}', :'context');
SELECT playbook_render('{{number customer.arr 2}} | {{money 156000.5 "EUR" locale="de_DE"}} | {{date customer.since "D. MMMM YYYY" locale="de_DE"}}', :'context');
SELECT playbook_render('[{{customer.none}}] [{{default customer.none "there"}}] [{{nobody.at.all}}]', :'context');
SELECT playbook_render('{{#if (gt customer.arr 10)}}large{{else}}small{{/if}} \{{kept}} {{! silent }}{{lookup customer "name"}}', :'context');
SELECT playbook_render('{{upper "straße"}} {{length "naïve"}} {{truncate "Überraschung" 5}}');
SELECT playbook_render('{{#if customer.name}}never closed', :'context');
SELECT playbook_render('{{shout customer.name}}', :'context');
SELECT playbook_render('{{> part}}');
SELECT playbook_render('{{number customer.name}}', :'context');
SELECT playbook_render('x', '[]');

-- Conditions.
SELECT e AS expression, playbook_condition(e, :'context') AS value
FROM unnest(ARRAY['customer.arr > 1000', 'customer.name LIKE ''zoë%'' AND NOT false', 'customer.none = 1', 'customer.none IS NULL',
    'customer.tags', 'customer.arr * 10', 'coalesce(customer.none, ''x'')', 'upper(customer.name)',
    'CASE WHEN customer.since < ''2027-01-01'' THEN ''old'' ELSE ''new'' END']) AS e;
SELECT playbook_condition('1 / (customer.arr - customer.arr) > 0', :'context');
SELECT playbook_condition('customer.arr >', :'context');
\set VERBOSITY terse
SELECT playbook_condition('no_function(1)');
\set VERBOSITY default
SELECT playbook_condition('(SELECT count(*) FROM pg_class) > 0');
SELECT playbook_condition('count(customer.arr) > 0', :'context');
SELECT playbook_condition('true; DROP TABLE x');
SELECT playbook_check_condition('customer.anything > 3 OR steps.reply.outcome = ''received''');
SELECT playbook_check_condition('current_setting(''port'') > 3 AND');

-- References keep their types; what comes at run time never becomes SQL.
BEGIN;
SELECT playbook_create($yaml$
id: values
parameters:
  - {name: list, type: array, default: [2, 3]}
  - {name: none, type: array, default: []}
  - {name: said, type: string, default: "x'); DROP TABLE playbooks; --"}
  - {name: relation, type: string, default: pg_catalog.pg_am}
steps:
  - id: numbers
    type: query
    config: {template: "SELECT n, n * 1.10 AS price FROM generate_series(1, 3) AS n"}
  - id: listed
    type: query
    config:
      template: SELECT n FROM generate_series(1, 4) AS n WHERE n IN ({{list}}) AND n NOT IN ({{none}}) AND n = ANY ({{rows}}::int[])
      parameters: {list: "${parameters.list}", none: "${parameters.none}", rows: "${steps.numbers.n}"}
  - id: text
    type: query
    config:
      template: SELECT {{said}} AS said, {{whole}}::jsonb AS whole, {{inside}} AS inside, {{count}} + 1 AS more, {{gone}} IS NULL AS gone
      parameters: {said: "${parameters.said}", whole: "${parameters.list}", inside: "list ${parameters.list}, $${braced}",
        count: "${steps.numbers.row_count}", gone: "${previous.steps.numbers.n}"}
  - id: relation
    type: query
    config: {template: "SELECT amname FROM {{relation}} WHERE amname = 'heap'", parameters: {relation: "${parameters.relation}"}}
$yaml$, publish => true);
SELECT playbook_run('values') ->> 'run_id' AS run \gset
SELECT playbook_rows(:'run', 'listed') AS listed;
SELECT * FROM playbook_records(:'run', 'text') AS t (said text, whole jsonb, inside text, more integer, gone boolean);
SELECT playbook_rows(:'run', 'relation') AS relation;
SELECT playbook_run('values', parameters => '{"relation": "pg_am; DROP TABLE playbooks"}') #>> '{steps,3,error,message}' AS refused;
SELECT playbook_run('values', parameters => '{"relation": "nowhere"}') ->> 'status' AS status;
ROLLBACK;
