-- People decide: approvals, tasks, what became of meetings and mail; and what waits for the present person.
-- Implemented by src/sql_api/decide_api.cpp and src/step.

CREATE FUNCTION playbook_approve(approval bigint, comment text DEFAULT NULL, changes jsonb DEFAULT NULL)
RETURNS text LANGUAGE C AS 'MODULE_PATHNAME', 'playbook_approve';
COMMENT ON FUNCTION playbook_approve(bigint, text, jsonb) IS 'Approves; changes give new values to keys of the action and are what then runs. Returns the approval''s status: approved, changed, or pending while more people must approve.';

CREATE FUNCTION playbook_reject(approval bigint, comment text DEFAULT NULL)
RETURNS text LANGUAGE C AS 'MODULE_PATHNAME', 'playbook_reject';
COMMENT ON FUNCTION playbook_reject(bigint, text) IS 'Rejects: what was asked for does not happen, however many others approved. Returns the approval''s status.';

CREATE FUNCTION playbook_decisions(approvals bigint[], decision text, comment text DEFAULT NULL)
RETURNS TABLE (approval bigint, status text, error_code text, error text)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF decision IS NULL OR decision NOT IN ('approve', 'reject') THEN
        RAISE EXCEPTION USING
            ERRCODE = '22023',
            MESSAGE = format('"%s" is no decision', decision),
            HINT    = 'A decision is approve or reject.';
    END IF;
    FOREACH approval IN ARRAY coalesce(approvals, '{}') LOOP
        status := NULL;
        error_code := NULL;
        error := NULL;
        BEGIN
            IF decision = 'approve' THEN
                status := @extschema@.playbook_approve(approval, comment);
            ELSE
                status := @extschema@.playbook_reject(approval, comment);
            END IF;
        EXCEPTION WHEN others THEN
            GET STACKED DIAGNOSTICS error_code = RETURNED_SQLSTATE, error = MESSAGE_TEXT;
        END;
        RETURN NEXT;
    END LOOP;
END
$$;
COMMENT ON FUNCTION playbook_decisions(bigint[], text, text) IS 'Approves or rejects several approvals; a row for each says its status, or why it was refused, which does not affect the others.';

CREATE FUNCTION playbook_complete_task(task bigint, result jsonb DEFAULT '{}', outcome text DEFAULT 'done')
RETURNS void LANGUAGE C AS 'MODULE_PATHNAME', 'playbook_complete_task';
COMMENT ON FUNCTION playbook_complete_task(bigint, jsonb, text) IS 'Says that a task is done or declined; result becomes the output of its step.';

CREATE FUNCTION playbook_delegate(kind text, id bigint, person text, comment text DEFAULT NULL)
RETURNS void LANGUAGE C AS 'MODULE_PATHNAME', 'playbook_delegate';
COMMENT ON FUNCTION playbook_delegate(text, bigint, text, text) IS 'Hands an approval or a task of one''s own (kind: approval or task) to another person.';

CREATE FUNCTION playbook_meeting_outcome(execution bigint, step text, outcome text, item integer DEFAULT 0)
RETURNS void LANGUAGE C AS 'MODULE_PATHNAME', 'playbook_meeting_outcome';
COMMENT ON FUNCTION playbook_meeting_outcome(bigint, text, text, integer) IS 'Says what became of a meeting: held, no_show or cancelled; the outcome of its step.';

CREATE FUNCTION playbook_meeting_outcome(run_id text, step text, outcome text, item integer DEFAULT 0)
RETURNS void LANGUAGE C AS 'MODULE_PATHNAME', 'playbook_meeting_outcome';
COMMENT ON FUNCTION playbook_meeting_outcome(text, text, text, integer) IS 'The same for an execution named by its run id.';

CREATE FUNCTION playbook_email_outcome(execution bigint, step text, outcome text, item integer DEFAULT 0)
RETURNS void LANGUAGE C AS 'MODULE_PATHNAME', 'playbook_email_outcome';
COMMENT ON FUNCTION playbook_email_outcome(bigint, text, text, integer) IS 'Says what became of an e-mail after it was queued or sent: bounced or replied; the outcome of its step.';

CREATE FUNCTION playbook_email_outcome(run_id text, step text, outcome text, item integer DEFAULT 0)
RETURNS void LANGUAGE C AS 'MODULE_PATHNAME', 'playbook_email_outcome';
COMMENT ON FUNCTION playbook_email_outcome(text, text, text, integer) IS 'The same for an execution named by its run id.';

CREATE FUNCTION playbook_snooze(kind text, id bigint, until timestamptz)
RETURNS void LANGUAGE C AS 'MODULE_PATHNAME', 'playbook_snooze';
COMMENT ON FUNCTION playbook_snooze(text, bigint, timestamptz) IS 'Takes an item out of one''s own playbook_my_work (kind and id as there) until a time; null brings it back at once. Nothing else changes: what expires or is due in the meantime does so.';

-- The actor's own: what row-level security lets through is narrowed to what names the person.
CREATE VIEW playbook_my_work WITH (security_invoker = true) AS
SELECT mine.kind, mine.id, mine.execution_id, mine.playbook_id, mine.step_id, mine.customer_id, mine.sentence,
       mine.since, mine.due_at, mine.rank
FROM (
    SELECT 'approval'::text AS kind, a.id, a.execution_id, a.playbook_id, a.step_id, a.customer_id,
           coalesce(a.message, format('Approve step "%s" of %s%s', a.step_id, a.playbook_id,
               ' for customer ' || a.customer_id)) AS sentence,
           a.requested_at AS since, a.expires_at AS due_at,
           CASE WHEN a.expires_at < now() + interval '1 day' THEN 1 ELSE 3 END AS rank
    FROM approvals a
    WHERE a.status = 'pending' AND playbook_is_named(a.approvers)
      AND (a.self_approval OR a.requester <> playbook_actor())
      AND NOT EXISTS (SELECT FROM playbook_approval_decisions d
                      WHERE d.approval_id = a.id AND d.round = a.round AND d.person = playbook_actor())
    UNION ALL
    SELECT 'task', t.id, t.execution_id, t.playbook_id, t.step_id, t.customer_id,
           t.title || coalesce(' for customer ' || t.customer_id, ''), t.created_at, t.due_at,
           CASE WHEN t.due_at < now() THEN 0 WHEN t.priority = 'urgent' OR t.due_at < now() + interval '1 day' THEN 1
                WHEN t.priority = 'high' THEN 2 WHEN t.priority = 'low' THEN 5 ELSE 4 END
    FROM playbook_tasks t
    WHERE t.status = 'open'
      AND playbook_is_named(CASE WHEN t.assignee LIKE 'role:%' THEN jsonb_build_object('roles',
          jsonb_build_array(substr(t.assignee, 6)))
                                 ELSE jsonb_build_object('people', jsonb_build_array(t.assignee)) END)
    UNION ALL
    SELECT 'failure', e.id, e.id, e.playbook_id, e.error ->> 'step', e.customer_id,
           format('%s failed%s: %s', e.playbook_id, ' for customer ' || e.customer_id, coalesce(e.error ->> 'message',
               e.reason)),
           e.finished_at, NULL::timestamptz, 2
    FROM playbook_executions e
    WHERE e.status = 'failed' AND e.actor = playbook_actor() AND e.finished_at > now() - interval '7 days'
    UNION ALL
    SELECT 'stalled', e.id, e.id, e.playbook_id, NULL, e.customer_id,
           format('%s%s has been due for %s and nobody executes it%s', e.playbook_id, ' for customer ' || e.customer_id,
                  date_trunc('minute', now() - e.due_at), ': ' || e.reason),
           e.due_at, NULL::timestamptz, 2
    FROM playbook_executions e
    WHERE e.slot = 0 AND e.actor = playbook_actor() AND e.status IN ('pending', 'running', 'waiting')
      AND e.due_at < now() - interval '15 minutes') mine
WHERE NOT EXISTS (SELECT FROM playbook_snoozes z
                  WHERE z.person = playbook_actor() AND z.kind = mine.kind AND z.id = mine.id AND z.until > now());
COMMENT ON VIEW playbook_my_work IS 'What waits for the present person: approvals, tasks, own executions that failed in the last seven days, and those that nobody executes; without what is snoozed.';
COMMENT ON COLUMN playbook_my_work.kind IS 'approval, task, failure or stalled.';
COMMENT ON COLUMN playbook_my_work.id IS 'The approval or the task; for failures and stalled executions, the execution.';
COMMENT ON COLUMN playbook_my_work.execution_id IS 'The execution.';
COMMENT ON COLUMN playbook_my_work.playbook_id IS 'The playbook.';
COMMENT ON COLUMN playbook_my_work.step_id IS 'The step, where there is one.';
COMMENT ON COLUMN playbook_my_work.customer_id IS 'The customer, if any.';
COMMENT ON COLUMN playbook_my_work.sentence IS 'What is to be done, for people.';
COMMENT ON COLUMN playbook_my_work.since IS 'Since when it waits.';
COMMENT ON COLUMN playbook_my_work.due_at IS 'When it is due or expires, if ever.';
COMMENT ON COLUMN playbook_my_work.rank IS '0 is the most pressing: what is overdue; order by it, then by due_at, since, kind and id.';
