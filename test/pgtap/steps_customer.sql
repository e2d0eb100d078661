-- What steps see of the customer and the parameters, and when: anew at every step, as at the start, missing,
-- deleted.
-- And what is released by a review, and what a data source that is not there means.
BEGIN;
SELECT plan(44);
\ir steps.psql
CREATE TABLE client (client_id text PRIMARY KEY, name text, score integer, first_name text, secret text, owner text);
INSERT INTO client VALUES ('acme', 'Acme', 40, NULL, 'hush', 'ana'), ('globex', 'Globex', 90, 'Gil', 'hush',
    'nobody');
SELECT playbook_set_customer_source('client', 'client_id', 'owner', '{"health_score": "score"}') \g /dev/null
SELECT playbook_set_person('ana', 'Ana', 'ana@example.com') \g /dev/null

SELECT run($$
parameters: [{name: goal, type: integer, default: 50}]
steps:
  - {id: low, type: condition, config: {if: customer.health_score < parameters.goal, then: [{id: w, type: wait,
      config: {event: go}}]}}
  - {id: say, type: sql,
      config: {template: "INSERT INTO said (word)
          VALUES ({{s}} || ' ' || {{g}} || ' ' || {{csm.name}} || ' ' || {{f}})",
      parameters: {s: "{{customer.score}}", g: "{{parameters.goal}}", f: "{{execution.at_start.customer.score}}"}}}
  - {id: risen, type: wait, when: customer.score > execution.at_start.customer.score, config: {for: 0}}
  - {id: mapped, type: wait, when: customer.health_score > execution.at_start.customer.health_score, config: {for: 0}}
$$, 'acme') AS e \gset
SELECT is(story(:e), 'low completed then, w waiting event', 'a condition sees the customer');
SELECT is((SELECT at_start FROM playbook_executions WHERE id = :e), '{"score": 40, "health_score": 40}'::jsonb,
          'the first values are kept, of the fields the playbook mentions and no others');
UPDATE client SET score = 70, owner = 'zoe' WHERE client_id = 'acme';
SELECT is((SELECT parameters FROM playbook_executions WHERE id = :e), '{"goal": 50}'::jsonb, 'parameters are fixed');
SELECT playbook_signal(:e, 'go') \g /dev/null
SELECT playbook_advance(:e) \g /dev/null
SELECT is(words(), '70 50 zoe 40', 'customer and csm are read anew, the first values stay');
SELECT is(story(:e), 'low completed then, w completed received, say completed, risen completed elapsed, '
    'mapped completed elapsed',
          'conditions compare both');
SELECT is((SELECT input -> 'parameters' FROM row_of(:e, 'say')), '{"s": "70", "g": "50", "f": "40"}'::jsonb,
    'what was rendered is stored with the step');
SELECT run($$steps: [{id: w, type: wait, config: {for: 0}}]$$, 'acme') AS e \gset
SELECT is((SELECT at_start FROM playbook_executions WHERE id = :e), NULL,
    'nothing is kept where nothing is mentioned');
SELECT run($$steps: [{id: n, type: notify, config: {to: ana, message: "{{#with customer}}{{name}}{{/with}}"}}]$$,
    'acme') AS e \gset
SELECT is((SELECT at_start ->> 'secret' FROM playbook_executions WHERE id = :e), 'hush',
    'everything where the customer is meant as a whole');
SELECT run($$steps: [{id: t, type: task, config: {title: "{{customer.name}}", assignee: ana}, on_cancel: [{id: n,
    type: notify, config: {to: ana, message: "{{customer.first_name}}"}}]}]$$, 'acme') AS e \gset
SELECT is((SELECT at_start FROM playbook_executions WHERE id = :e), '{"name": "Acme", "first_name": null}'::jsonb,
    'in steps of on_cancel, too');

-- Missing variables.
SELECT run($$steps: [{id: m, type: email, config: {to: a@example.com, subject: Hello,
    body: "Dear {{customer.first_name}}"}},
    {id: after, type: wait, config: {for: 0}}]$$, 'acme') AS e \gset
SELECT is(story(:e), 'm failed, after skipped failed', 'a missing variable fails a step that goes out');
SELECT is(failure_of(:e, 'm') || ' | ' || ((row_of(:e, 'm')).error ->> 'hint'),
          '42P02 variable "customer.first_name" has no value | Give it a value, '
              'or say what to print instead: {{default customer.first_name "there"}}.',
          'with the hint how to say it otherwise');
SELECT is((SELECT count(*) FROM playbook_outbox WHERE execution_id = :e), 0::bigint, 'nothing goes out');
SELECT is((SELECT attempt FROM row_of(:e, 'm')), 0, 'it was no attempt');
SELECT run($$steps: [{id: m, type: email, require_approval: true, config: {to: a@example.com, subject: Hello,
    body: "Dear {{customer.first_name}}"}}]$$, 'acme') AS e \gset
SELECT is(story(:e), 'm failed', 'it fails before anybody is asked to approve');
SELECT is((SELECT count(*) FROM approvals WHERE execution_id = :e), 0::bigint, 'so nobody is');
SELECT run($$steps: [{id: m, type: email, config: {to: a@example.com, subject: Hello,
    body: "Dear {{default customer.first_name \"there\"}}"}}]$$, 'acme') AS e \gset
SELECT is((SELECT payload ->> 'body' FROM playbook_outbox WHERE execution_id = :e), 'Dear there',
    'default says what to print');
SELECT run($$steps: [{id: t, type: task, config: {title: "Call {{customer.first_name}}!"}}]$$, 'acme') AS e \gset
SELECT is((SELECT title FROM playbook_tasks WHERE execution_id = :e), 'Call !', 'elsewhere it is empty');
SELECT run($$strict: true
steps: [{id: t, type: task, config: {title: "Call {{customer.first_name}}!"}}]$$, 'acme') AS e \gset
SELECT is(failure_of(:e, 't'), '42P02 variable "customer.first_name" has no value', 'but not in a strict playbook');
SET LOCAL playbook.strict_templates = on;
SELECT run($$steps: [{id: t, type: task, config: {title: "Call {{customer.first_name}}, please"}}]$$,
    'acme') AS e \gset
SELECT is(failure_of(:e, 't'), '42P02 variable "customer.first_name" has no value', 'nor with the strict setting');
RESET playbook.strict_templates;
-- References inside blocks, and as often as the block is.
SELECT run($$parameters: [{name: p, type: string, default: x}]
steps: [{id: found, type: query, config: {template: "SELECT n FROM generate_series(1, 3) n"}},
    {id: t, type: task, config: {title: "{{#each steps.found}}${parameters.p}{{n}} {{/each}}"}}]$$) AS e \gset
SELECT is((SELECT title FROM playbook_tasks WHERE execution_id = :e), 'x1 x2 x3',
    'a reference inside a block is filled in each time');

-- A customer who is gone.
SELECT throws_ok($$SELECT run('steps: [{id: w, type: wait, config: {for: 0}}]', 'nobody')$$, 'P0002',
    'customer "nobody" does not exist', 'an unknown customer is refused');
SELECT run($$steps: [{id: w, type: wait, config: {event: go}}, {id: t, type: task,
    config: {title: "Call {{customer.name}}"}}]$$, 'globex') AS e \gset
DELETE FROM client WHERE client_id = 'globex';
SELECT playbook_signal(:e, 'go') \g /dev/null
SELECT playbook_advance(:e) \g /dev/null
SELECT is(story(:e), 'w completed received, t failed', 'one who was deleted meanwhile fails the step that asks');
SELECT is(failure_of(:e, 't'), 'P0002 customer "globex" does not exist any more', 'with that reason');
SELECT is((SELECT error ->> 'message' FROM playbook_executions WHERE id = :e),
    'customer "globex" does not exist any more', 'which is the execution''s, too');
INSERT INTO client VALUES ('globex', 'Globex again');
SELECT playbook_retry(:e) \g /dev/null
SELECT playbook_advance(:e) \g /dev/null
SELECT is((SELECT title FROM playbook_tasks WHERE execution_id = :e), 'Call Globex again',
    'once he is back the step can be tried again');

-- Editing a playbook does not change what runs.
SELECT playbook_create($$id: edited
name: Edited
steps: [{id: w, type: wait, config: {event: go}}, {id: t, type: task, config: {title: before}}]$$,
    publish => true) \g /dev/null
SELECT playbook_start('edited') AS e \gset
SELECT playbook_advance(:e) \g /dev/null
SELECT playbook_update('edited', $$id: edited
name: Edited
steps: [{id: other, type: wait, config: {for: 0}}]$$, publish => true) \g /dev/null
SELECT playbook_signal(:e, 'go') \g /dev/null
SELECT playbook_advance(:e) \g /dev/null
SELECT is(story(:e), 'w completed received, t waiting task', 'an execution runs the playbook as it was');

-- Human review.
SELECT run($$requires_human_review: true
steps:
  - {id: rows, type: query, config: {template: "SELECT n, n * 10 AS arr FROM generate_series(1, 3) n"}}
  - {id: kept, type: filter, config: {input: "${steps.rows}", limit: 2}}
outputs: [{name: figures, source: "${steps.kept}"}, {name: total, type: aggregate, metrics: [{name: total_arr,
    expression: SUM(arr)}]}]$$) AS e \gset
SELECT is(story(:e), 'rows completed, kept completed, human_review waiting approval',
    'requires_human_review: an approval comes last');
SELECT is((SELECT message FROM approvals WHERE execution_id = :e), 'Release the results of Test?',
    'which says what it is about');
SELECT is((SELECT count(*) FROM jsonb_path_query(playbook_result(:e), '$.**.data')), 0::bigint,
    'until then the document holds no data');
SELECT is(playbook_result(:e) -> 'insights', '[]'::jsonb, 'and no insights');
SELECT is((SELECT count(*) FROM playbook_rows(:e, 'kept')), 2::bigint, 'who reviews reads the rows');
SELECT playbook_approve(id) FROM approvals WHERE execution_id = :e \g /dev/null
SELECT playbook_advance(:e) \g /dev/null
SELECT is(playbook_result(:e) #>> '{outputs,0,data,1,n}', '2', 'approved, the results are released');
SELECT run($$requires_human_review: true
steps: [{id: rows, type: query, config: {template: "SELECT 1 AS n"}}]$$) AS e \gset
SELECT playbook_reject(id, 'wrong') FROM approvals WHERE execution_id = :e \g /dev/null
SELECT playbook_advance(:e) \g /dev/null
SELECT is(status_of(:e) || ' ' || (playbook_result(:e) #> '{steps,0}' ? 'data'), 'completed false',
    'rejected, they are not');
SELECT run($$requires_human_review: true
steps: [{id: q, type: condition, config: {if: 1 = 1, then: [{id: w, type: wait, config: {event: go}}]}}]
on_cancel: [{id: s, type: wait, config: {for: 0}}]$$) AS e \gset
SELECT is(story(:e), 'q completed then, w waiting event', 'the review waits for branches, not for on_cancel');
SELECT playbook_signal(:e, 'go') \g /dev/null
SELECT playbook_advance(:e) \g /dev/null
SELECT is(story(:e), 'q completed then, w completed received, human_review waiting approval', 'and comes then');
SELECT is((SELECT definition ? 'human_review' OR jsonb_array_length(definition -> 'steps') <> 1 FROM playbooks
           WHERE id = (SELECT playbook_id FROM playbook_executions WHERE id = :e)), false,
               'the definition stays as it was written');

-- Data sources.
SET LOCAL playbook.data_warehouse = 'nowhere';
SELECT throws_ok($$SELECT run(E'data_sources: [{type: data_warehouse, required: true}]\n'
    'steps: [{id: q, type: query, config: {template: SELECT 1}}]')$$, '42704',
    'data source "data_warehouse" does not resolve: there is no server "nowhere"',
        'one that is required refuses the start');
SELECT run($$data_sources: [{type: data_warehouse, required: false}, {type: crm}]
steps:
  - {id: q, type: query, config: {template: SELECT 1 AS one}}
  - {id: w, type: wait, config: {for: 0}}
  - {id: f, type: filter, config: {input: "${steps.q}", limit: 1}}$$) AS e \gset
SELECT is(story(:e), 'q skipped source, w completed elapsed, f skipped dependency',
    'an optional one skips its steps and what needs their rows');
SELECT is(reason_of(:e, 'q'), 'data source "data_warehouse" does not resolve: there is no server "nowhere"',
    'with that reason');
SELECT is(status_of(:e), 'completed', 'which is no failure');
SELECT run($$steps: [{id: q, type: query, config: {template: SELECT 1 AS one}}]$$) AS e \gset
SELECT is(story(:e), 'q failed', 'a step of a source that was not declared fails');
RESET playbook.data_warehouse;
SET LOCAL playbook.crm_schema = 'nowhere';
SELECT throws_ok($$SELECT run(E'data_sources: [{type: crm, required: true}]\n'
    'steps: [{id: s, type: search, config: {object: deals}}]')$$, '42704',
    'data source "crm" does not resolve: there is no schema "nowhere"', 'nor starts one whose CRM has no schema');
SELECT run($$data_sources: [{type: crm}]
steps: [{id: s, type: search, config: {object: deals}}]$$) AS e \gset
SELECT is(story(:e), 's skipped source', 'an optional one is skipped');
SELECT is(reason_of(:e, 's'), 'data source "crm" does not resolve: there is no schema "nowhere"', 'with that reason');
RESET playbook.crm_schema;

SELECT * FROM finish();
ROLLBACK;
