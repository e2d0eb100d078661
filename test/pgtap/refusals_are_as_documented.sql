-- Refusals that doc/reference.md promises and no other test provokes: each function, with SQLSTATE and message.
BEGIN;
SELECT plan(26);
\ir refusal.psql
SET LOCAL client_min_messages = error; -- owners of playbooks here do not log in
CREATE ROLE doc_owner; GRANT playbook_author, playbook_operator TO doc_owner;
CREATE ROLE doc_ana;   GRANT playbook_user TO doc_ana;
CREATE ROLE doc_ben;   GRANT playbook_user TO doc_ben;
SELECT playbook_set_person('ana', 'Ana', 'ana@example.com', 'doc_ana'), playbook_set_person('ben', 'Ben', 'ben@example.com', 'doc_ben'),
    playbook_set_person('ola', 'Ola', 'ola@example.com', 'doc_owner') \g /dev/null
SET LOCAL ROLE doc_owner;
SELECT playbook_create($yaml$
id: doc
name: Doc
steps:
  - {id: rows, type: query, config: {template: SELECT 1 AS a}}
  - {id: meet, type: meeting, depends_on: [], require_approval: {approvers: [ana], requester_may_decide: false}, config: {title: M, attendees: [ana], in: 1 day}}
  - {id: done, type: task, depends_on: [], config: {title: Done, assignee: ana}}
  - {id: open, type: task, depends_on: [], config: {title: Open, assignee: ana}}
  - {id: late, type: query, depends_on: [open], config: {template: SELECT 1 AS a}}
  - {id: never, type: query, depends_on: [rows], when: 1 = 2, config: {template: SELECT 1 AS a}}
$yaml$, true) \g /dev/null
SELECT playbook_create('{id: outputs, name: O, steps: [{id: q, type: query, config: {template: SELECT 1 AS a}}], '
    'outputs: [{name: all, source: "${steps.q}"}]}', true) \g /dev/null
SELECT playbook_update('outputs', '{id: outputs, name: O, steps: [{id: q, type: query, config: {template: SELECT 1 AS a}}]}') \g /dev/null
SELECT playbook_start('doc') AS id \gset
SELECT playbook_advance(:id) \g /dev/null
SELECT playbook_share('outputs', 'doc_ana', 'view') \g /dev/null
RESET ROLE;
SELECT (SELECT t.id FROM playbook_tasks t WHERE step_id = 'done') AS done, (SELECT t.id FROM playbook_tasks t WHERE step_id = 'open') AS open,
    (SELECT a.id FROM approvals a) AS approval \gset
SELECT as_role('doc_ana', format('SELECT playbook_complete_task(%s)', :done)) \g /dev/null
SELECT playbook_advance(:id) \g /dev/null

CREATE TABLE wanted (role text, statement text, said text);
INSERT INTO wanted VALUES
    ('postgres', $$SELECT playbook_set_person('zoe', 'Zoe', manager => 'nobody')$$,
        '23503 insert or update on table "playbook_people" violates foreign key constraint "playbook_people_manager_fkey"'),
    ('postgres', $$SELECT playbook_set_person('zoe', 'Zoe', deputy => 'nobody')$$,
        '23503 insert or update on table "playbook_people" violates foreign key constraint "playbook_people_deputy_fkey"'),
    ('doc_ana', format('SELECT playbook_complete_task(%s)', :done),
        '55000 done by Ana at %'),
    ('doc_ana', format('SELECT playbook_delegate(''task'', %s, ''ben'')', :done),
        '55000 done by Ana at %'),
    ('doc_ben', format('SELECT playbook_delegate(''task'', %s, ''ben'')', :open),
        '42704 task % does not exist'),
    ('doc_owner', format('SELECT playbook_delegate(''task'', %s, ''ben'')', :open),
        '42501 "ola" may not complete task %'),
    ('doc_ana', format('SELECT playbook_delegate(''approvals'', %s, ''ben'')', :open),
        '22023 "approvals" cannot be handed on'),
    ('doc_ana', format('SELECT playbook_delegate(''approval'', %s, ''ola'')', :approval),
        '22023 "ola" may not decide approval %'),
    ('doc_owner', format('SELECT playbook_meeting_outcome(%s, ''meat'', ''held'')', :id),
        '42704 execution % has come to no step "meat"'),
    ('doc_owner', format('SELECT playbook_meeting_outcome(%s, ''meet'', ''held'')', :id),
        '55000 step "meet" is waiting'),
    ('doc_owner', format('SELECT playbook_meeting_outcome(%s, ''open'', ''held'')', :id),
        '22023 step "open" is of type task, not meeting'),
    ('doc_owner', $$SELECT playbook_outbox_complete(1, gen_random_uuid(), '[]')$$,
        '22023 result must be an object, not array'),
    ('doc_owner', $$SELECT playbook_outbox_claim(ARRAY['email'], lease => '0')$$,
        '22023 the lease must be longer than nothing'),
    ('doc_owner', $$SELECT playbook_outbox_fail(1, gen_random_uuid(), 'no', '-1 s')$$,
        '22023 a retry cannot lie in the past'),
    ('doc_owner', format('SELECT playbook_rows(%s, ''open'')', :id),
        '55000 step "open" has no rows'),
    ('doc_owner', format('SELECT playbook_rows(%s, ''late'')', :id),
        '42704 step "late" has not begun in execution %'),
    ('doc_owner', format('SELECT playbook_rows(%s, ''never'')', :id),
        '55000 step "never" has no rows'),
    ('doc_owner', format('SELECT * FROM playbook_records(%s, ''rows'')', :id),
        '42601 a column definition list is required for functions returning "record"'),
    ('doc_owner', $$SELECT playbook_render('{{#if a}}')$$,
        '42601 template cannot be read: block "if" is not closed'),
    ('doc_owner', $$SELECT playbook_render('{{money a}}', '{"a": "much"}')$$,
        '22000 template failed: helper "money": the value must be a number, not "much"'),
    ('doc_ana', $$SELECT playbook_create_output_views('outputs')$$,
        '42501 must be owner of playbook "outputs"'),
    ('doc_ana', $$SELECT playbook_publish('outputs')$$,
        '42501 must be owner of playbook "outputs"'),
    ('doc_owner', $$SELECT playbook_publish('at_risk')$$,
        '55000 playbook "at_risk" is the library''s'),
    ('doc_owner', $$SELECT playbook_archive('at_risk')$$,
        '55000 playbook "at_risk" is the library''s'),
    ('doc_owner', $$SELECT playbook_update('at_risk', '{id: at_risk}')$$,
        '55000 playbook "at_risk" is the library''s'),
    ('doc_owner', $$SELECT playbook_export('nobody')$$,
        '42704 playbook "nobody" does not exist');
SELECT ok(answer.said LIKE wanted.said, concat_ws(': ', role, statement, answer.said))
FROM wanted, split_part(refusal(format('SELECT as_role(%L, %L)', role, statement)), E'\n', 1) AS answer (said);
SELECT * FROM finish();
ROLLBACK;
