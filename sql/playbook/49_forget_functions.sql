-- Erasing what is stored about a customer. What remains are the skeletons of its executions: which playbook, which
-- status, when. Row sets of analyses over many customers are not searched: they end with their retention.

-- SECURITY DEFINER: nobody but the engine writes these tables, and EXECUTE is granted to playbook_admin only.
CREATE FUNCTION playbook_forget_customer(customer text) RETURNS TABLE (relation text, rows bigint)
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $function$
#variable_conflict use_column
DECLARE
    unfinished text;
    executions bigint[];
BEGIN
    IF customer IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = '22004', MESSAGE = 'argument "customer" must not be null';
    END IF;
    -- In the engine's order: execution, then everything that belongs to it.
    PERFORM FROM @extschema@.playbook_executions e
    WHERE e.customer_id = playbook_forget_customer.customer ORDER BY e.id FOR UPDATE;
    SELECT string_agg(e.id::text, ', ' ORDER BY e.id) INTO unfinished
    FROM @extschema@.playbook_executions e
    WHERE e.customer_id = playbook_forget_customer.customer
      AND e.status NOT IN ('completed', 'failed', 'cancelled');
    IF unfinished IS NOT NULL THEN
        RAISE EXCEPTION USING
            ERRCODE = '55000',
            MESSAGE = format('customer "%s" has executions that are not finished', customer),
            DETAIL  = format('They are %s.', unfinished),
            HINT    = 'Cancel them with playbook_cancel() and forget the customer then.';
    END IF;
    executions := ARRAY(SELECT e.id FROM @extschema@.playbook_executions e
                        WHERE e.customer_id = playbook_forget_customer.customer);

    DELETE FROM @extschema@.playbook_step_rows r WHERE r.execution_id = ANY (executions);
    relation := 'playbook_step_rows'; GET DIAGNOSTICS rows = ROW_COUNT; RETURN NEXT;

    DELETE FROM @extschema@.playbook_artifacts a WHERE a.execution_id = ANY (executions);
    relation := 'playbook_artifacts'; GET DIAGNOSTICS rows = ROW_COUNT; RETURN NEXT;

    -- The items of a finished for_each that started the customer's executions say what they were given, too.
    UPDATE @extschema@.playbook_step_executions s
    SET input = NULL, output = NULL, error = NULL, reason = NULL, rows = NULL, chunks = NULL
    WHERE (s.execution_id = ANY (executions)
           OR s.slot <> 0 AND s.item > 0
              AND (s.execution_id, s.position, s.item) IN (
                  SELECT e.parent_execution, e.parent_position, e.parent_item
                  FROM @extschema@.playbook_executions e WHERE e.id = ANY (executions)))
      AND (s.input IS NOT NULL OR s.output IS NOT NULL OR s.error IS NOT NULL OR s.reason IS NOT NULL
           OR s.rows IS NOT NULL);
    relation := 'playbook_step_executions'; GET DIAGNOSTICS rows = ROW_COUNT; RETURN NEXT;

    UPDATE @extschema@.playbook_executions e
    SET parameters = '{}', labels = NULL, options = NULL, at_start = NULL, error = NULL, reason = NULL,
        idempotency_key = NULL
    WHERE e.id = ANY (executions)
      AND (e.parameters <> '{}' OR e.labels IS NOT NULL OR e.options IS NOT NULL OR e.at_start IS NOT NULL
           OR e.error IS NOT NULL OR e.reason IS NOT NULL OR e.idempotency_key IS NOT NULL);
    relation := 'playbook_executions'; GET DIAGNOSTICS rows = ROW_COUNT; RETURN NEXT;

    DELETE FROM @extschema@.playbook_idempotency i WHERE i.customer_id = playbook_forget_customer.customer;
    relation := 'playbook_idempotency'; GET DIAGNOSTICS rows = ROW_COUNT; RETURN NEXT;

    UPDATE @extschema@.playbook_approval_decisions d
    SET comment = NULL, changes = NULL
    FROM @extschema@.approvals a
    WHERE a.id = d.approval_id AND a.execution_id = ANY (executions)
      AND (d.comment IS NOT NULL OR d.changes IS NOT NULL);
    relation := 'playbook_approval_decisions'; GET DIAGNOSTICS rows = ROW_COUNT; RETURN NEXT;

    UPDATE @extschema@.approvals a
    SET action = '{}', message = NULL, comment = NULL, changes = NULL
    WHERE a.execution_id = ANY (executions)
      AND (a.action <> '{}' OR a.message IS NOT NULL OR a.comment IS NOT NULL OR a.changes IS NOT NULL);
    relation := 'approvals'; GET DIAGNOSTICS rows = ROW_COUNT; RETURN NEXT;

    UPDATE @extschema@.playbook_tasks t
    SET title = '', description = NULL, checklist = NULL, result = NULL
    WHERE t.execution_id = ANY (executions)
      AND (t.title <> '' OR t.description IS NOT NULL OR t.checklist IS NOT NULL OR t.result IS NOT NULL);
    relation := 'playbook_tasks'; GET DIAGNOSTICS rows = ROW_COUNT; RETURN NEXT;

    -- A message that has lost its text must not go out any more.
    UPDATE @extschema@.playbook_outbox o
    SET payload = '{}', recipient = NULL, result = NULL, error = NULL,
        status = CASE WHEN o.status IN ('queued', 'claimed') THEN 'revoked' ELSE o.status END,
        finished_at = coalesce(o.finished_at, now())
    WHERE o.execution_id = ANY (executions)
      AND (o.payload <> '{}' OR o.recipient IS NOT NULL OR o.result IS NOT NULL OR o.error IS NOT NULL);
    relation := 'playbook_outbox'; GET DIAGNOSTICS rows = ROW_COUNT; RETURN NEXT;

    UPDATE @extschema@.playbook_signals g
    SET payload = '{}'
    WHERE g.execution_id = ANY (executions) AND g.payload <> '{}';
    relation := 'playbook_signals'; GET DIAGNOSTICS rows = ROW_COUNT; RETURN NEXT;
END
$function$;
COMMENT ON FUNCTION playbook_forget_customer(text) IS
    'Erases inputs, outputs, row sets, mail and texts of a customer''s executions and returns how many rows of which table; for members of playbook_admin.';
