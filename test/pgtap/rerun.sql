-- playbook_rerun: a finished execution's data steps again, from its own snapshot, and what differs.
BEGIN;
SELECT plan(35);
\ir refusal.psql

SET LOCAL client_min_messages = error; -- owners of playbooks here do not log in
CREATE ROLE rerun_author;   GRANT playbook_author TO rerun_author;
CREATE ROLE rerun_operator; GRANT playbook_operator TO rerun_operator;
CREATE ROLE rerun_other;    GRANT playbook_user TO rerun_other;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO rerun_author, rerun_operator, rerun_other;
CREATE TABLE rerun_accounts (id integer, name text, arr numeric);
INSERT INTO rerun_accounts VALUES (1, 'Acme', 10), (2, 'Bolt', 20), (3, 'Corp', 30);
CREATE TABLE rerun_ledger (n integer);
GRANT SELECT, INSERT, UPDATE, DELETE ON rerun_accounts, rerun_ledger TO rerun_author;

SET LOCAL ROLE rerun_author;
SELECT playbook_create($yaml$
id: reads
parameters: [{name: least, type: integer, default: 0}]
steps:
  - id: accounts
    type: query
    config: {template: "SELECT id, name, arr FROM rerun_accounts WHERE arr >= {{least}}", parameters: {least: "${parameters.least}"}}
  - {id: total, type: aggregate, depends_on: [accounts], config: {input: "${steps.accounts}", metrics: [{name: arr, expression: SUM(arr)}]}}
  - {id: names, type: query, config: {template: "SELECT name FROM rerun_accounts ORDER BY id"}}
$yaml$, true) \g /dev/null
SELECT playbook_run('reads', parameters => '{"least": 20}') ->> 'run_id' AS former \gset
SELECT playbook_rerun(:'former') AS same \gset
SELECT is(:'same'::jsonb, jsonb_build_object('run_id', :'former', 'equal', true, 'differences', '[]'::jsonb,
    'not_run_again', '[]'::jsonb), 'the same data are equal');
SELECT is((SELECT count(*) FROM playbook_executions), 1::bigint, 'nothing of it is stored');
SELECT is(playbook_rerun((SELECT id::text FROM playbook_executions)) -> 'equal', 'true', 'a number is a run id, too');
DELETE FROM rerun_accounts WHERE id = 3;
INSERT INTO rerun_accounts VALUES (3, 'Corp', 30);
UPDATE rerun_accounts SET arr = 20 WHERE id = 2;
SELECT is(playbook_rerun(:'former') -> 'equal', 'true', 'rows in another place are the same rows');
UPDATE rerun_accounts SET arr = 1 WHERE id = 1;
SELECT is(playbook_rerun(:'former') -> 'equal', 'true', 'the former parameters count: what they leave out may change');

-- Other data.
UPDATE rerun_accounts SET arr = 35 WHERE id = 3;
SELECT is(playbook_rerun(:'former') - 'run_id', '{"equal": false, "not_run_again": [], "differences": [
    {"step": "accounts", "what": "rows", "former": {"row_count": 2, "row": 2, "values": [3, "Corp", 30]},
     "now": {"row_count": 2, "row": 2, "values": [3, "Corp", 35]}},
    {"step": "total", "what": "rows", "former": {"row_count": 1, "row": 1, "values": [50]},
     "now": {"row_count": 1, "row": 1, "values": [55]}}]}'::jsonb, 'each step that differs, with its first row that does');
DELETE FROM rerun_accounts WHERE id = 3;
SELECT is(playbook_rerun(:'former') #> '{differences,0}', '{"step": "accounts", "what": "rows", "former":
    {"row_count": 2, "row": 2, "values": [3, "Corp", 30]}, "now": {"row_count": 1, "row": 2, "values": null}}'::jsonb,
    'a row that is gone has no values now');
INSERT INTO rerun_accounts VALUES (3, 'Corp', 30);
UPDATE rerun_accounts SET id = id + 10 WHERE id < 3;
SELECT is((SELECT array_agg(d ->> 'step' ORDER BY d ->> 'step') FROM jsonb_array_elements(playbook_rerun(:'former') -> 'differences') AS d),
    '{accounts,names}', 'the order counts where the step sorts');
UPDATE rerun_accounts SET id = id - 10 WHERE id > 3;
RESET ROLE;
ALTER TABLE rerun_accounts ALTER arr TYPE bigint;
SET LOCAL ROLE rerun_author;
SELECT is((playbook_rerun(:'former') #> '{differences,0}') - 'now' #- '{former,0}', '{"step": "accounts", "what": "columns",
    "former": [{"name": "name", "type": "text"}, {"name": "arr", "type": "numeric"}]}'::jsonb, 'columns come before rows');
RESET ROLE;
ALTER TABLE rerun_accounts ALTER arr TYPE numeric;
ALTER TABLE rerun_accounts RENAME name TO title;
SET LOCAL ROLE rerun_author;
SELECT is(playbook_rerun(:'former') #> '{differences,0}', '{"step": "accounts", "what": "status", "former":
    {"status": "completed"}, "now": {"status": "failed", "reason": "column \"name\" does not exist"}}'::jsonb, 'what fails now says why');
SELECT is(playbook_rerun(:'former') #> '{differences,1,now}', '{"status": "skipped", "reason": "step \"accounts\" failed"}'::jsonb,
    'and what it takes along');
RESET ROLE;
ALTER TABLE rerun_accounts RENAME title TO name;
SET LOCAL ROLE rerun_author;
SELECT is(playbook_rerun(:'former') -> 'equal', 'true', 'equal again');

-- Another definition meanwhile.
SELECT playbook_update('reads', '{id: reads, steps: [{id: other, type: query, config: {template: "SELECT 1 AS one"}}]}',
    publish => true) \g /dev/null
SELECT is(playbook_run('reads') #>> '{steps,0,step_id}', 'other', 'the playbook was edited');
SELECT is(playbook_rerun(:'former') -> 'equal', 'true', 'and the former definition is what runs');
SELECT playbook_archive('reads') \g /dev/null
SELECT is(playbook_rerun(:'former') -> 'equal', 'true', 'an archived playbook can be audited');

-- What acts is not done twice.
SELECT playbook_create($yaml$
id: acts
steps:
  - {id: write, type: sql, config: {template: "INSERT INTO rerun_ledger VALUES (1) RETURNING n"}}
  - {id: mail, type: email, depends_on: [write], config: {to: "a@b.example", subject: S, body: B}}
  - {id: rich, type: query, depends_on: [mail], config: {template: "SELECT id FROM rerun_accounts WHERE arr > 15"}}
  - id: many
    type: condition
    depends_on: [rich]
    if: steps.rich.row_count > 1
    then: [{id: note, type: sql, config: {template: "INSERT INTO rerun_ledger VALUES (2)"}}]
    else: [{id: few, type: query, config: {template: "SELECT 1 AS one"}}]
$yaml$, true) \g /dev/null
SELECT playbook_run('acts') AS acts \gset
SELECT (:'acts'::jsonb) ->> 'run_id' AS acted \gset
SELECT is((:'acts'::jsonb) ->> 'status', 'completed', 'a playbook that acts');
SELECT is(playbook_rerun(:'acted') - 'run_id', '{"equal": true, "differences": [], "not_run_again": ["write", "mail", "note"]}'::jsonb,
    'names what was not run again');
SELECT is((SELECT count(*) FROM rerun_ledger), 2::bigint, 'nothing is written');
SELECT is((SELECT count(*) FROM playbook_outbox), 1::bigint, 'and no mail');
UPDATE rerun_accounts SET arr = 1 WHERE id = 3;
SELECT results_eq(format($$SELECT d ->> 'step', d ->> 'what', d -> 'former' ->> 'status' FROM
    jsonb_array_elements(playbook_rerun(%L) -> 'differences') AS d$$, :'acted'),
    $$VALUES ('rich', 'rows', NULL), ('many', 'outcome', NULL), ('few', 'status', 'skipped')$$,
    'another branch is a difference, and so is what it does');
SELECT is((SELECT count(*) FROM rerun_ledger), 2::bigint, 'still nothing is written');
SELECT playbook_create('{id: only_acts, steps: [{id: w, type: wait, config: {for: 0}}]}', true) \g /dev/null
SELECT playbook_run('only_acts') ->> 'run_id' AS only_acted \gset
SELECT is(refusal(format('SELECT playbook_rerun(%L)', :'only_acted')),
    E'0A000 playbook "only_acts" has no step that can be run again\nDETAIL: Only data steps and conditions are; '
    'what acts is never done twice.\nHINT: See what it would do now with playbook_preview().', 'one that only acts');

-- Items, attempts, failures.
SELECT playbook_create($yaml$
id: items
steps:
  - {id: found, type: query, config: {template: "SELECT id FROM rerun_accounts ORDER BY id"}}
  - {id: each, type: query, for_each: "${steps.found}", depends_on: [found], config: {template: "SELECT arr FROM rerun_accounts WHERE id = {{id}}", parameters: {id: "${item.id}"}}}
$yaml$, true) \g /dev/null
SELECT playbook_run('items') ->> 'run_id' AS items \gset
SELECT is(playbook_rerun(:'items') -> 'equal', 'true', 'items are equal');
UPDATE rerun_accounts SET arr = 99 WHERE id = 2;
SELECT is((playbook_rerun(:'items') -> 'differences') #- '{0,former}' #- '{0,now}', '[{"step": "each", "item": 2, "what": "rows"}]'::jsonb,
    'the item that differs');
INSERT INTO rerun_accounts VALUES (4, 'Dune', 1);
SELECT is(playbook_rerun(:'items') #> '{differences,1}', '{"step": "each", "what": "items", "former": 3, "now": 4}'::jsonb,
    'more items');
SELECT playbook_create($yaml$
id: fails
steps:
  - {id: divide, type: query, retry: {attempts: 2, delay: 1 h}, config: {template: "SELECT 1 / count(*) AS one FROM rerun_ledger WHERE n = 7"}}
  - {id: after, type: query, depends_on: [divide], config: {template: "SELECT 1 AS one"}}
$yaml$, true) \g /dev/null
SELECT playbook_start('fails') AS failing \gset
SELECT is(playbook_advance(:failing), 'waiting', 'a step waits for its second attempt');
SELECT is(refusal(format('SELECT playbook_rerun(%L)', :failing)) ~ '^55000 execution \d+ is waiting', true, 'what is under way is refused');
SELECT playbook_cancel(:failing) \g /dev/null
SELECT is(refusal(format('SELECT playbook_rerun(%L)', :failing)) ~ '^55000 execution \d+ is cancelled', true, 'what was cancelled, too');
SELECT playbook_update('fails', replace(playbook_export('fails'), 'attempts: 2', 'attempts: 1'), publish => true) \g /dev/null
SELECT playbook_run('fails') ->> 'run_id' AS failed \gset
SELECT is(playbook_rerun(:'failed') -> 'equal', 'true', 'the same failure is equal');
INSERT INTO rerun_ledger VALUES (7);
SELECT is(playbook_rerun(:'failed') #> '{differences}', '[{"step": "divide", "what": "status", "former": {"status": "failed",
    "reason": "division by zero"}, "now": {"status": "completed"}}]'::jsonb, 'a failure that is gone is a difference');

-- Who.
SELECT is(refusal($$SELECT playbook_rerun('run_20260101_000000_zzzzzz')$$) ~ '^42704 ', true, 'an unknown run id');
SELECT is(refusal($$SELECT playbook_rerun('nonsense')$$) ~ '^22023 ', true, 'no run id at all');
RESET ROLE;
SELECT is(refusal(format('SELECT as_role(''rerun_other'', $$SELECT playbook_rerun(%L)$$)', :'former')) ~ '^42704 ', true,
    'an invisible execution is unknown');
SELECT is(refusal(format('SELECT as_role(''rerun_operator'', $$SELECT playbook_rerun(%L)$$)', :'former')) ~ '^42501 ', true,
    'who sees it and may not start the playbook is refused');
SELECT playbook_set_owner('reads', 'rerun_other') \g /dev/null
SELECT is(refusal(format('SELECT as_role(''rerun_other'', $$SELECT playbook_rerun(%L)$$)', :'former')) ~ '^42(501|704) ', true,
    'a later owner does not run SQL as the former one');

SELECT * FROM finish();
ROLLBACK;
