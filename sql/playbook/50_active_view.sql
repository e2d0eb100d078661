-- What is under way now, for people: one row for each live execution, with a sentence that says what it waits for.
-- Reads slot 0 only; whatever is joined is looked up for the rows that are asked for, so a page costs a page.

CREATE VIEW playbook_active WITH (security_invoker = true) AS
SELECT e.id AS execution_id,
       e.playbook_id,
       e.customer_id,
       e.status,
       e.waiting_for,
       w.step_id,
       nullif(w.item, 0) - 1 AS item,
       CASE
           WHEN e.status = 'paused' THEN format('Paused since %s%s', to_char(e.paused_at, 'YYYY-MM-DD HH24:MI'),
               ': ' || e.reason)
           WHEN e.waiting_for = 'customer' THEN 'Waits until the customer''s other execution of this playbook has ended'
           WHEN w.status = 'running' THEN format('Runs step "%s"%s since %s', w.step_id, w.which,
               to_char(w.started_at, 'YYYY-MM-DD HH24:MI:SS'))
           WHEN e.due_at < now() - interval '1 minute' THEN format('Due since %s, and nobody executes it%s',
               to_char(e.due_at, 'YYYY-MM-DD HH24:MI'), ': ' || e.reason)
           WHEN e.status = 'pending' AND e.due_at > now() THEN format('Begins at %s',
               to_char(e.due_at, 'YYYY-MM-DD HH24:MI'))
           WHEN e.status = 'pending' THEN 'About to begin'
           WHEN w.waiting_for = 'approval' THEN format('Waits for %s to approve step "%s"%s%s',
               coalesce(a.people, 'somebody'), w.step_id, w.which,
               ', until ' || to_char(a.expires_at, 'YYYY-MM-DD HH24:MI'))
           WHEN w.waiting_for = 'task' THEN format('Waits for %s to do "%s"%s', coalesce(t.person, 'somebody'), t.title,
               ', due ' || to_char(t.due_at, 'YYYY-MM-DD HH24:MI'))
           WHEN w.waiting_for = 'time' THEN format('Waits at step "%s"%s until %s', w.step_id, w.which,
               to_char(w.due_at, 'YYYY-MM-DD HH24:MI'))
           WHEN w.waiting_for = 'event' THEN format('Waits at step "%s"%s for the event %s%s', w.step_id, w.which,
               CASE jsonb_typeof(w.input -> 'event')
                   WHEN 'array' THEN (SELECT string_agg(name, ' or ' ORDER BY ordinal) FROM
                       jsonb_array_elements_text(w.input -> 'event') WITH ORDINALITY AS events (name, ordinal))
                   ELSE w.input ->> 'event' END,
               ', at most until ' || to_char(w.due_at, 'YYYY-MM-DD HH24:MI'))
           WHEN w.waiting_for = 'retry' THEN format('Tries step "%s"%s again at %s%s', w.step_id, w.which,
               to_char(w.due_at, 'YYYY-MM-DD HH24:MI:SS'), ', after: ' || (w.error ->> 'message'))
           WHEN w.waiting_for = 'hold' THEN format('Held at step "%s"%s%s', w.step_id, w.which, ': ' || w.reason)
           WHEN w.waiting_for = 'execution' THEN format('Waits at step "%s"%s for the playbook that it started',
               w.step_id, w.which)
           WHEN w.waiting_for = 'outbox' THEN format('Waits for the message of step "%s"%s to be sent', w.step_id,
               w.which)
           WHEN w.waiting_for = 'executor' THEN format('Waits for an executor for step "%s"%s', w.step_id, w.which)
           WHEN e.status = 'waiting' THEN 'Waits for ' || e.waiting_for
           ELSE 'Goes on'
       END AS sentence,
       CASE WHEN e.status = 'paused' THEN e.paused_at ELSE coalesce(w.started_at, e.created_at) END AS since,
       CASE WHEN e.status <> 'paused' THEN e.due_at END AS next_at,
       e.created_at,
       e.started_at,
       e.owner,
       e.actor,
       e.labels,
       e.parent_execution
FROM playbook_executions e
-- The step that the execution's state is about.
LEFT JOIN LATERAL (
    SELECT s.*, CASE WHEN s.item > 0 THEN format(' (item %s)', s.item - 1) ELSE '' END AS which
    FROM playbook_step_executions s
    WHERE s.slot = 0 AND s.execution_id = e.id AND s.status IN ('running', 'waiting')
      AND (s.status = 'waiting' OR e.status <> 'paused')
    ORDER BY s.status = 'running' DESC, s.waiting_for IS NOT DISTINCT FROM e.waiting_for DESC, s.due_at, s.position,
             s.item
    LIMIT 1) w ON true
LEFT JOIN LATERAL (
    SELECT p.expires_at,
           (SELECT string_agg(named.name, ' or ' ORDER BY named.name)
            FROM (SELECT coalesce(people.name, ids.id) AS name
                  FROM jsonb_array_elements_text(p.approvers -> 'people') AS ids (id)
                  LEFT JOIN playbook_people people ON people.id = ids.id
                  UNION ALL
                  SELECT 'a member of ' || roles.name
                  FROM jsonb_array_elements_text(p.approvers -> 'roles') AS roles (name)) named) AS people
    FROM approvals p
    WHERE p.execution_id = e.id AND p.position = w.position AND p.item = w.item AND p.status = 'pending'
      AND w.waiting_for = 'approval') a ON true
LEFT JOIN LATERAL (
    SELECT o.title, o.due_at,
           CASE WHEN o.assignee LIKE 'role:%' THEN 'a member of ' || substr(o.assignee, 6)
                ELSE coalesce(people.name, o.assignee) END AS person
    FROM playbook_tasks o
    LEFT JOIN playbook_people people ON people.id = o.assignee
    WHERE o.execution_id = e.id AND o.position = w.position AND o.item = w.item AND o.status = 'open'
      AND w.waiting_for = 'task') t ON true
WHERE e.slot = 0;
COMMENT ON VIEW playbook_active IS 'What is under way now, one row for each execution, with what it waits for. Page through it by execution_id.';
COMMENT ON COLUMN playbook_active.execution_id IS 'The execution; ascending with the time of its start, and the key to page by.';
COMMENT ON COLUMN playbook_active.playbook_id IS 'The playbook.';
COMMENT ON COLUMN playbook_active.customer_id IS 'The customer, if any.';
COMMENT ON COLUMN playbook_active.status IS 'pending, running, waiting or paused.';
COMMENT ON COLUMN playbook_active.waiting_for IS 'As in playbook_executions.';
COMMENT ON COLUMN playbook_active.step_id IS 'The step that runs, or that it waits for; of several the one that comes next.';
COMMENT ON COLUMN playbook_active.item IS 'The index, from 0, of the element of that step''s for_each.';
COMMENT ON COLUMN playbook_active.sentence IS 'What it does or waits for, for people; times in the session''s time zone.';
COMMENT ON COLUMN playbook_active.since IS 'Since when: the beginning of that step, or of the pause.';
COMMENT ON COLUMN playbook_active.next_at IS 'When the engine looks at it next; null: when something happens.';
COMMENT ON COLUMN playbook_active.created_at IS 'When it was asked for.';
COMMENT ON COLUMN playbook_active.started_at IS 'When its first step began.';
COMMENT ON COLUMN playbook_active.owner IS 'The role its steps run as.';
COMMENT ON COLUMN playbook_active.actor IS 'The person that started it.';
COMMENT ON COLUMN playbook_active.labels IS 'The application''s own references.';
COMMENT ON COLUMN playbook_active.parent_execution IS 'The execution whose playbook step started this one.';
