-- An execution taken through a wait, an approval and a task by hand, in one session: no worker is needed, and none can see it.
BEGIN;
SET LOCAL client_min_messages = error; -- a server without workers says so
SELECT playbook_set_person('ana', 'Ana Kos', 'ana@example.com', current_user::text::regrole);
SELECT playbook_create($$
id: renewal
parameters:
  - {name: discount, type: integer, default: 10}
steps:
  - {id: reply, type: wait, config: {event: reply, timeout: 2 days}}
  - id: offer
    type: email
    when: steps.reply.outcome = 'received'
    require_approval: {approvers: [ana]}
    config: {to: zoe@acme.example, subject: "{{parameters.discount}} % for you", body: "You said: {{steps.reply.output.words}}"}
  - {id: call, type: task, config: {title: "Call them", assignee: ana}}
  - id: how
    type: condition
    config:
      if: steps.call.outcome = 'done'
      then: [{id: thanks, type: notify, config: {to: ana, message: "Thank you"}}]
      else: [{id: pity, type: notify, config: {to: ana, message: "A pity"}}]
$$, publish => true);

SELECT playbook_start('renewal', parameters => '{"discount": 15}') AS e \gset
SELECT playbook_advance(:e);
SELECT step, status, waiting_for, outcome, reason FROM playbook_progress(:e);
SELECT playbook_signal(:e, 'nothing_asked');
SELECT playbook_advance(:e);
SELECT playbook_signal(:e, 'reply', '{"words": "perhaps"}');
SELECT playbook_advance(:e);

-- The approval: what will happen, who may say so, and what saying so does.
SELECT step_id, status, action ->> 'subject' AS subject, action ->> 'body' AS body, approvers FROM approvals WHERE execution_id = :e;
SELECT id AS approval FROM approvals WHERE execution_id = :e \gset
SAVEPOINT before;
SELECT playbook_approve(:approval, changes => '{"subjekt": "x"}');
ROLLBACK TO before;
SELECT count(*) AS mails FROM playbook_outbox WHERE execution_id = :e;
SELECT playbook_approve(:approval, 'shorter', '{"subject": "For you"}');
SAVEPOINT before;
\set VERBOSITY sqlstate
SELECT playbook_approve(:approval);
\set VERBOSITY default
ROLLBACK TO before;
SELECT playbook_advance(:e);
SELECT kind, recipient, payload ->> 'subject' AS subject, status FROM playbook_outbox WHERE execution_id = :e;

-- The task.
SELECT title, assignee, status FROM playbook_tasks WHERE execution_id = :e;
SELECT id AS task FROM playbook_tasks WHERE execution_id = :e \gset
SELECT playbook_complete_task(:task, '{"minutes": 12}');
SELECT playbook_advance(:e);
SELECT step, status, outcome, reason FROM playbook_progress(:e);
SELECT step_id, title, message, priority FROM playbook_my_notifications();

-- A rejection skips, and what depends on it can ask; a condition that is false skips, too.
SELECT playbook_start('renewal') AS e \gset
SELECT playbook_advance(:e);
SELECT playbook_signal(:e, 'reply', '{"words": "no"}');
SELECT playbook_advance(:e);
SELECT playbook_reject(id, 'not at that price') FROM approvals WHERE execution_id = :e;
SELECT playbook_advance(:e);
SELECT step, status, outcome, reason FROM playbook_progress(:e);
SELECT playbook_skip(:e, 'call', 'nobody has time');
SELECT playbook_advance(:e);
SELECT step, status, outcome, reason FROM playbook_progress(:e) OFFSET 2;
SELECT count(*) AS mails FROM playbook_outbox WHERE execution_id = :e AND kind = 'email';

-- Pausing, and the end of it.
SELECT playbook_start('renewal') AS e \gset
SELECT playbook_advance(:e);
SELECT playbook_pause(:e, 'a holiday');
SAVEPOINT before;
\set VERBOSITY sqlstate
SELECT playbook_advance(:e);
\set VERBOSITY default
ROLLBACK TO before;
SELECT playbook_signal(:e, 'reply', '{"words": "while you were out"}');
SELECT playbook_resume(:e);
SELECT playbook_advance(:e);
SELECT action ->> 'body' AS body FROM approvals WHERE execution_id = :e;
SELECT playbook_cancel(:e, 'lost');
SELECT status, reason FROM playbook_executions WHERE id = :e;
SELECT status FROM approvals WHERE execution_id = :e;
SELECT step, status, reason FROM playbook_progress(:e);
ROLLBACK;
