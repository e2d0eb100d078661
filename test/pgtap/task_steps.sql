-- The task step: a person's task, who completes it, and what its step makes of it.
BEGIN;
SELECT plan(24);

SET LOCAL client_min_messages = error; -- owners of playbooks here do not log in
CREATE ROLE task_owner; GRANT playbook_author TO task_owner;
CREATE ROLE task_ana;   GRANT playbook_user TO task_ana;
CREATE ROLE task_ben;   GRANT playbook_user TO task_ben;
SELECT playbook_set_person('ana', 'Ana', 'ana@example.com', 'task_ana') \g /dev/null

CREATE FUNCTION as_role(role text, statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    answer text;
BEGIN
    EXECUTE format('SET LOCAL ROLE %I', role);
    EXECUTE statement INTO answer;
    EXECUTE 'RESET ROLE';
    RETURN answer;
END
$$;
CREATE FUNCTION task_of(execution bigint) RETURNS bigint LANGUAGE sql AS
    $$SELECT max(id) FROM playbook_tasks WHERE execution_id = execution$$;
CREATE FUNCTION step_of(execution bigint, step text) RETURNS text LANGUAGE sql AS
    $$SELECT concat_ws(' ', status, outcome, waiting_for) FROM playbook_step_executions
      WHERE execution_id = execution AND step_id = step$$;

SELECT as_role('task_owner', $$SELECT playbook_create($yaml$
id: tasks
name: Tasks
parameters: [{name: who, type: string, default: Acme}, {name: assignee, type: string, default: ana@example.com}]
steps:
  - id: call
    name: Call them
    type: task
    config: {title: "Call {{parameters.who}}", description: "About {{parameters.who}}",
        assignee: "{{parameters.assignee}}",
             due_in: 2 days, priority: high, checklist: ["agenda", "{{parameters.who}}"]}
  - id: asked
    type: condition
    config:
      if: "steps.call.outcome = 'done' AND steps.call.output.score > 5"
      then: [{id: good, type: wait, config: {for: 0}}]
      else: [{id: bad, type: wait, config: {for: 0}}]
$yaml$, publish => true)$$) \g /dev/null
SELECT as_role('task_owner', $$SELECT playbook_start('tasks')$$) AS execution \gset
SELECT playbook_advance(:execution) \g /dev/null

SELECT is(step_of(:execution, 'call'), 'waiting task', 'the step waits for its task');
SELECT is((SELECT row(title, description, assignee, priority, checklist, status)::text FROM playbook_tasks
    WHERE execution_id = :execution),
          '("Call Acme","About Acme",ana,high,"[""agenda"", ""Acme""]",open)',
              'the task is rendered, its assignee resolved');
SELECT ok((SELECT due_at - created_at = interval '2 days' FROM playbook_tasks WHERE execution_id = :execution),
    'and due as it says');
SELECT is((SELECT output ->> 'task' FROM playbook_step_executions WHERE execution_id = :execution
    AND step_id = 'call'),
          task_of(:execution)::text, 'the step names it');
SELECT is(as_role('task_ana', 'SELECT string_agg(kind || id, '','') FROM playbook_my_work'),
    'task' || task_of(:execution),
          'it is among the assignee''s work');
SELECT is(as_role('task_ben', 'SELECT count(*) FROM playbook_my_work'), '0', 'and nobody else''s');
SELECT throws_ok(format($$SELECT as_role('task_ben', 'SELECT playbook_complete_task(%s)')$$, task_of(:execution)),
    '42704',
                 NULL, 'to whom it is invisible it does not exist');
SELECT throws_ok(format($$SELECT as_role('task_owner', 'SELECT playbook_complete_task(%s)')$$, task_of(:execution)),
    '42501',
                 NULL, 'who sees it and is not the assignee may not complete it');
SELECT throws_ok(format($$SELECT as_role('task_ana', 'SELECT playbook_complete_task(%s, outcome => ''perhaps'')')$$,
    task_of(:execution)),
                 '22023', 'a task cannot be "perhaps"', 'it is done or declined');
SELECT throws_ok($$SELECT playbook_complete_task(0)$$, '42704', 'task 0 does not exist', 'an unknown task is said');
SELECT as_role('task_ana', format($$SELECT playbook_complete_task(%s, '{"score": 7}')$$,
    task_of(:execution))) \g /dev/null
SELECT throws_matching(format($$SELECT as_role('task_ana', 'SELECT playbook_complete_task(%s)')$$,
    task_of(:execution)),
                       '^done by Ana at \d\d:\d\d$', 'completing it again hears who did it');
SELECT playbook_advance(:execution) \g /dev/null
SELECT is(step_of(:execution, 'call'), 'completed done', 'the step is done');
SELECT is(step_of(:execution, 'good'), 'completed elapsed', 'and its result decides what follows');

SELECT as_role('task_owner', $$SELECT playbook_start('tasks')$$) AS execution \gset
SELECT playbook_advance(:execution) \g /dev/null
SELECT as_role('task_ana', format($$SELECT playbook_complete_task(%s, outcome => 'declined')$$,
    task_of(:execution))) \g /dev/null
SELECT playbook_advance(:execution) \g /dev/null
SELECT is(step_of(:execution, 'call'), 'completed declined', 'a task may be declined');
SELECT is(step_of(:execution, 'bad'), 'completed elapsed', 'which takes the other branch');

-- Handing on; an assignee whom nobody knows.
SELECT as_role('task_owner', $$SELECT playbook_start('tasks')$$) AS execution \gset
SELECT playbook_advance(:execution) \g /dev/null
SELECT playbook_set_person('ben', 'Ben', NULL, 'task_ben') \g /dev/null
SELECT as_role('task_ana', format($$SELECT playbook_delegate('task', %s, 'ben')$$, task_of(:execution))) \g /dev/null
SELECT throws_ok(format($$SELECT as_role('task_ana', 'SELECT playbook_complete_task(%s)')$$, task_of(:execution)),
    '42704',
                 NULL, 'who handed a task on has it no more');
SELECT lives_ok(format($$SELECT as_role('task_ben', 'SELECT playbook_complete_task(%s)')$$, task_of(:execution)),
    'the other has');
SELECT as_role('task_owner', $$SELECT playbook_start('tasks',
    parameters => '{"assignee": "zoe"}')$$) AS execution \gset
SELECT playbook_advance(:execution) \g /dev/null
SELECT throws_ok(format($$SELECT as_role('task_ben', 'SELECT playbook_complete_task(%s)')$$, task_of(:execution)),
    '42704',
                 NULL, 'a task of somebody unknown is not everybody''s');
SELECT lives_ok(format($$SELECT as_role('task_owner', 'SELECT playbook_complete_task(%s)')$$, task_of(:execution)),
                'but whoever controls the execution may complete it');

-- Taken back.
SELECT as_role('task_owner', $$SELECT playbook_start('tasks')$$) AS execution \gset
SELECT playbook_advance(:execution) \g /dev/null
SELECT as_role('task_owner', format($$SELECT playbook_cancel(%s, 'no')$$, :execution)) \g /dev/null
SELECT playbook_advance(:execution) \g /dev/null
SELECT is((SELECT status FROM playbook_tasks WHERE execution_id = :execution), 'revoked',
    'a cancelled execution revokes its task');

-- A task that is not waited for.
SELECT as_role('task_owner', $$SELECT playbook_create($yaml$
id: aside
name: Aside
steps:
  - {id: note, type: task, config: {title: Note, assignee: ana, wait: false}}
  - {id: end, type: wait, config: {event: end}}
$yaml$, publish => true)$$) \g /dev/null
SELECT as_role('task_owner', $$SELECT playbook_start('aside')$$) AS execution \gset
SELECT playbook_advance(:execution) \g /dev/null
SELECT is(step_of(:execution, 'note'), 'completed completed', 'a task that is not waited for completes its step');
SELECT is((SELECT status FROM playbook_tasks WHERE execution_id = :execution), 'open', 'and stays open');
SELECT as_role('task_ana', format('SELECT playbook_complete_task(%s)', task_of(:execution))) \g /dev/null
SELECT is(step_of(:execution, 'note'), 'completed done', 'what becomes of it is told afterwards');
SELECT is((SELECT status FROM playbook_tasks WHERE execution_id = :execution), 'done', 'in the task as well');

SELECT * FROM finish();
ROLLBACK;
