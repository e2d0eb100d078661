-- Erasing what is stored about a customer. What remains are the skeletons of its executions, without the customer:
-- which playbook, which status, when. What other executions that have ended say of the customer goes, too: texts,
-- members of documents, rows of row sets. What authors wrote (playbooks and their history), people and the
-- application's own tables are not touched. The rules of what speaks of a customer are in src/result/erasure.

CREATE FUNCTION playbook_mentions(said text, words text[]) RETURNS boolean
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'playbook_mentions';
COMMENT ON FUNCTION playbook_mentions(text, text[]) IS
    'Whether a text speaks of one of these words: has it as a word by itself, or, if that is digits only, is it.';

CREATE FUNCTION playbook_without(document jsonb, words text[]) RETURNS jsonb
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'playbook_without';
COMMENT ON FUNCTION playbook_without(jsonb, text[]) IS
    'The document with null in place of texts that speak of one of these words.';

CREATE FUNCTION playbook_rows_without(chunk bytea, words text[], OUT remaining bytea, OUT remaining_rows integer)
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'playbook_rows_without';
COMMENT ON FUNCTION playbook_rows_without(bytea, text[]) IS
    'A chunk of a row set without the rows that speak of one of these words, and how many rows are left.';

-- SECURITY DEFINER: nobody but the engine writes these tables, and EXECUTE is granted to playbook_admin only.
CREATE FUNCTION playbook_forget_customer(customer text) RETURNS TABLE (relation text, rows bigint)
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $function$
#variable_conflict use_column
DECLARE
    forgotten CONSTANT text := customer;
    unfinished text;
    executions bigint[];
    words text[];
    erased jsonb := '{}';
    touched bigint[] := '{}';
    concerned bigint[];
    done bigint;
    part record;
BEGIN
    IF forgotten IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = '22004', MESSAGE = 'argument "customer" must not be null';
    ELSIF forgotten = '' THEN
        RAISE EXCEPTION USING ERRCODE = '22023', MESSAGE = 'customer must not be empty';
    END IF;
    -- In the engine's order: execution, then everything that belongs to it. What an execution of the customer started
    -- for nobody in particular is the customer's, too.
    PERFORM FROM @extschema@.playbook_executions e WHERE e.customer_id = forgotten ORDER BY e.id FOR UPDATE;
    WITH RECURSIVE own AS (
        SELECT e.id FROM @extschema@.playbook_executions e WHERE e.customer_id = forgotten
        UNION
        SELECT child.id FROM own JOIN @extschema@.playbook_executions child ON child.parent_execution = own.id
        WHERE child.customer_id IS NULL)
    SELECT coalesce(array_agg(own.id ORDER BY own.id), '{}') INTO executions FROM own;
    PERFORM FROM @extschema@.playbook_executions e WHERE e.id = ANY (executions) ORDER BY e.id FOR UPDATE;
    SELECT string_agg(e.id::text, ', ' ORDER BY e.id) INTO unfinished
    FROM @extschema@.playbook_executions e
    WHERE e.id = ANY (executions) AND e.status NOT IN ('completed', 'failed', 'cancelled');
    IF unfinished IS NOT NULL THEN
        RAISE EXCEPTION USING
            ERRCODE = '55000',
            MESSAGE = format('customer "%s" has executions that are not finished', forgotten),
            DETAIL  = format('They are %s.', unfinished),
            HINT    = 'Cancel them with playbook_cancel() and forget the customer then.';
    END IF;

    -- The customer's own addresses: where its mail went, and what its fields and the parameters were; not those of
    -- people who work here.
    SELECT array_agg(DISTINCT said.word) INTO words FROM (
        SELECT forgotten AS word
        UNION ALL
        SELECT lower(o.recipient) FROM @extschema@.playbook_outbox o WHERE o.execution_id = ANY (executions)
        UNION ALL
        SELECT n.person FROM @extschema@.playbook_notifications n WHERE n.execution_id = ANY (executions)
        UNION ALL
        SELECT lower(f.value #>> '{}')
        FROM @extschema@.playbook_executions e,
             LATERAL (VALUES (e.at_start), (e.parameters)) AS kept (document),
             jsonb_path_query(kept.document, 'strict $.**?(@.type() == "string")') AS f (value)
        WHERE e.id = ANY (executions)) AS said
    WHERE said.word = forgotten
       OR said.word ~ '^[^@[:space:]]+@[^@[:space:]]+[.][^@[:space:]]+$'
          AND NOT EXISTS (SELECT FROM @extschema@.playbook_people p WHERE lower(p.email) = said.word);

    -- What belongs to the customer's own executions.
    DELETE FROM @extschema@.playbook_step_rows r WHERE r.execution_id = ANY (executions);
    GET DIAGNOSTICS done = ROW_COUNT; erased := erased || jsonb_build_object('playbook_step_rows', done);

    DELETE FROM @extschema@.playbook_artifacts a WHERE a.execution_id = ANY (executions);
    GET DIAGNOSTICS done = ROW_COUNT; erased := erased || jsonb_build_object('playbook_artifacts', done);

    -- The items of a finished for_each that started the customer's executions say what they were given, too.
    UPDATE @extschema@.playbook_step_executions s
    SET input = NULL, output = NULL, error = NULL, reason = NULL, rows = NULL, chunks = NULL
    WHERE (s.execution_id = ANY (executions)
           OR s.slot <> 0 AND s.item > 0
              AND (s.execution_id, s.position, s.item) IN (
                  SELECT e.parent_execution, e.parent_position, e.parent_item
                  FROM @extschema@.playbook_executions e WHERE e.id = ANY (executions)))
      AND (s.input IS NOT NULL OR s.output IS NOT NULL OR s.error IS NOT NULL OR s.reason IS NOT NULL
           OR s.rows IS NOT NULL OR s.chunks IS NOT NULL);
    GET DIAGNOSTICS done = ROW_COUNT; erased := erased || jsonb_build_object('playbook_step_executions', done);

    -- An empty customer is none that anything can be started for; with null they would pass for executions that were
    -- for no customer, of which an analysis looks up its former one.
    UPDATE @extschema@.playbook_executions e
    SET customer_id = '', parameters = '{}', labels = NULL, options = NULL, at_start = NULL, error = NULL,
        reason = NULL, idempotency_key = NULL
    WHERE e.id = ANY (executions);
    GET DIAGNOSTICS done = ROW_COUNT; erased := erased || jsonb_build_object('playbook_executions', done);

    DELETE FROM @extschema@.playbook_idempotency i
    WHERE i.customer_id = forgotten OR i.execution_id = ANY (executions)
       OR @extschema@.playbook_mentions(i.idempotency_key, words);
    GET DIAGNOSTICS done = ROW_COUNT; erased := erased || jsonb_build_object('playbook_idempotency', done);

    DELETE FROM @extschema@.playbook_active_customers a WHERE a.customer_id = forgotten;
    DELETE FROM @extschema@.playbook_last_results l WHERE l.execution_id = ANY (executions);
    GET DIAGNOSTICS done = ROW_COUNT; erased := erased || jsonb_build_object('playbook_last_results', done);

    DELETE FROM @extschema@.playbook_holds h WHERE h.kind = 'customer' AND h.name = forgotten;
    GET DIAGNOSTICS done = ROW_COUNT; erased := erased || jsonb_build_object('playbook_holds', done);
    UPDATE @extschema@.playbook_holds h SET reason = '' WHERE @extschema@.playbook_mentions(h.reason, words);

    UPDATE @extschema@.playbook_approval_decisions d
    SET comment = NULL, changes = NULL
    FROM @extschema@.approvals a
    WHERE a.id = d.approval_id AND a.execution_id = ANY (executions)
      AND (d.comment IS NOT NULL OR d.changes IS NOT NULL);
    GET DIAGNOSTICS done = ROW_COUNT; erased := erased || jsonb_build_object('playbook_approval_decisions', done);

    UPDATE @extschema@.approvals a
    SET customer_id = '', action = '{}', message = NULL, comment = NULL, changes = NULL
    WHERE a.execution_id = ANY (executions);
    GET DIAGNOSTICS done = ROW_COUNT; erased := erased || jsonb_build_object('approvals', done);

    UPDATE @extschema@.playbook_tasks t
    SET customer_id = '', title = '', description = NULL, checklist = NULL, result = NULL
    WHERE t.execution_id = ANY (executions);
    GET DIAGNOSTICS done = ROW_COUNT; erased := erased || jsonb_build_object('playbook_tasks', done);

    UPDATE @extschema@.playbook_signals g
    SET payload = '{}'
    WHERE g.execution_id = ANY (executions) AND g.payload <> '{}';
    GET DIAGNOSTICS done = ROW_COUNT; erased := erased || jsonb_build_object('playbook_signals', done);

    -- What people were told of the customer, and what was told to the customer, says nothing without it. Who works here
    -- and is called like the customer is somebody else, and so is a role.
    DELETE FROM @extschema@.playbook_notifications n
    WHERE n.execution_id = ANY (executions)
       OR @extschema@.playbook_mentions(n.person, words)
          AND n.person NOT LIKE 'role:%'
          AND NOT EXISTS (SELECT FROM @extschema@.playbook_people p WHERE n.person IN (p.id, p.name))
          AND NOT EXISTS (SELECT FROM @extschema@.playbook_executions_live l WHERE l.id = n.execution_id);
    GET DIAGNOSTICS done = ROW_COUNT; erased := erased || jsonb_build_object('playbook_notifications', done);

    -- A message that has lost its text must not go out any more; nor one of another execution that has ended and
    -- is about to lose it.
    UPDATE @extschema@.playbook_outbox o
    SET customer_id = '', payload = '{}', recipient = NULL, result = NULL, error = NULL, idempotency_key = o.id::text,
        status = CASE WHEN o.status IN ('queued', 'claimed') THEN 'revoked' ELSE o.status END,
        finished_at = coalesce(o.finished_at, now())
    WHERE o.execution_id = ANY (executions);
    GET DIAGNOSTICS done = ROW_COUNT; erased := erased || jsonb_build_object('playbook_outbox', done);
    UPDATE @extschema@.playbook_outbox o
    SET status = 'revoked', finished_at = coalesce(o.finished_at, now())
    WHERE o.status IN ('queued', 'claimed')
      AND (@extschema@.playbook_mentions(o.recipient, words)
           OR @extschema@.playbook_without(o.payload, words) <> o.payload)
      AND NOT EXISTS (SELECT FROM @extschema@.playbook_executions_live l WHERE l.id = o.execution_id);
    UPDATE @extschema@.playbook_outbox o
    SET idempotency_key = o.id::text
    WHERE @extschema@.playbook_mentions(o.idempotency_key, words)
      AND NOT EXISTS (SELECT FROM @extschema@.playbook_executions_live l WHERE l.id = o.execution_id);

    -- What others say of the customer: every text, document and row set of every table that an execution writes, also
    -- of tables that a later version adds. Executions that are under way keep theirs: who waits for an approval must
    -- be able to go on. Who is under way is asked first, so that none that ends meanwhile is left out unsaid.
    SELECT string_agg(DISTINCT found.execution::text, ', ') INTO unfinished FROM (
        SELECT t.id AS execution FROM @extschema@.playbook_executions_live t
        WHERE @extschema@.playbook_mentions(t.idempotency_key, words)
           OR @extschema@.playbook_without(jsonb_build_array(t.parameters, t.labels, t.options, t.at_start), words)
              <> jsonb_build_array(t.parameters, t.labels, t.options, t.at_start)
        UNION ALL
        SELECT t.execution_id FROM @extschema@.playbook_step_executions_live t
        WHERE @extschema@.playbook_without(jsonb_build_array(t.input, t.output, t.error, t.reason), words)
              <> jsonb_build_array(t.input, t.output, t.error, t.reason)
           OR (@extschema@.playbook_rows_without(t.rows, words)).remaining <> t.rows
        UNION ALL
        SELECT t.execution_id FROM @extschema@.playbook_step_rows_live t
        WHERE (@extschema@.playbook_rows_without(t.data, words)).remaining <> t.data) AS found;
    IF unfinished IS NOT NULL THEN
        RAISE WARNING USING
            MESSAGE = 'executions that are not finished speak of the customer',
            DETAIL  = format('They are %s.', unfinished),
            HINT    = 'Call playbook_forget_customer() again when they have ended.';
    END IF;

    FOR part IN
        SELECT c.relname AS relation, c.oid::regclass AS name,
               string_agg(how.assignment, ', ') AS assignments, string_agg(how.condition, ' OR ') AS conditions,
               CASE WHEN c.relname = 'playbook_executions' THEN 't.id'
                    WHEN c.relname = 'playbook_approval_decisions'
                    THEN '(SELECT a.execution_id FROM @extschema@.approvals a WHERE a.id = t.approval_id)'
                    ELSE 't.execution_id' END AS execution
        FROM pg_class c
        JOIN pg_depend d ON d.objid = c.oid AND d.classid = 'pg_class'::regclass AND d.deptype = 'e'
        JOIN pg_extension x ON x.oid = d.refobjid AND x.extname = 'playbook'
        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        CROSS JOIN LATERAL (
            SELECT CASE format_type(a.atttypid, NULL)
                       WHEN 'jsonb' THEN format('%1$I = @extschema@.playbook_without(t.%1$I, $1)', a.attname)
                       WHEN 'bytea' THEN format(
                           '%1$I = coalesce((@extschema@.playbook_rows_without(t.%1$I, $1)).remaining, t.%1$I), '
                           'row_count = coalesce((@extschema@.playbook_rows_without(t.%1$I, $1)).remaining_rows, '
                           't.row_count)', a.attname)
                       ELSE format('%1$I = CASE WHEN @extschema@.playbook_mentions(t.%1$I, $1) THEN %2$s '
                                   'ELSE t.%1$I END',
                                   a.attname, CASE WHEN a.attnotnull THEN quote_literal('') ELSE 'NULL' END)
                   END AS assignment,
                   format(CASE format_type(a.atttypid, NULL)
                              WHEN 'jsonb' THEN '@extschema@.playbook_without(t.%1$I, $1) <> t.%1$I'
                              WHEN 'bytea' THEN '(@extschema@.playbook_rows_without(t.%1$I, $1)).remaining <> t.%1$I'
                              ELSE '@extschema@.playbook_mentions(t.%1$I, $1)'
                          END, a.attname) AS condition) AS how
        WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition
          AND (c.relname IN ('playbook_executions', 'playbook_approval_decisions')
               OR EXISTS (SELECT FROM pg_attribute k
                          WHERE k.attrelid = c.oid AND k.attname = 'execution_id' AND NOT k.attisdropped))
          AND c.relname NOT IN ('playbook_idempotency', 'playbook_last_results', 'playbook_active_customers')
          AND (a.atttypid IN ('text'::regtype, 'jsonb'::regtype)
               AND a.attname NOT IN ('status', 'type', 'kind', 'step_id', 'playbook_id', 'outcome', 'priority',
                                     'on_expiry', 'decision', 'waiting_for', 'customer_id', 'path', 'sha256',
                                     'connection', 'person')
               AND NOT (c.relname = 'playbook_outbox' AND a.attname = 'idempotency_key')
               OR c.relname = 'playbook_step_executions' AND a.attname = 'rows'
               OR c.relname = 'playbook_step_rows' AND a.attname = 'data')
        GROUP BY c.oid, c.relname
        ORDER BY c.relname
    LOOP
        EXECUTE format('WITH changed AS (UPDATE %1$s AS t SET %2$s WHERE (%3$s) AND NOT EXISTS '
                       '(SELECT FROM @extschema@.playbook_executions_live l WHERE l.id = %4$s) '
                       'RETURNING %4$s AS execution) SELECT count(*), array_agg(DISTINCT execution) FROM changed',
                       part.name, part.assignments, part.conditions, part.execution)
        INTO done, concerned USING words;
        touched := touched || concerned;
        erased := erased || jsonb_build_object(part.relation, coalesce((erased ->> part.relation)::bigint, 0) + done);
    END LOOP;

    -- What lost rows is no good result any more, and what it was found on may have had the customer in it.
    DELETE FROM @extschema@.playbook_last_results l WHERE l.execution_id = ANY (touched);
    GET DIAGNOSTICS done = ROW_COUNT;
    erased := erased
              || jsonb_build_object('playbook_last_results', (erased ->> 'playbook_last_results')::bigint + done);

    -- The row sets in chunks are as long as their chunks now.
    UPDATE @extschema@.playbook_step_executions s
    SET row_count = counted.rows
    FROM (SELECT r.execution_id, r.slot, r.position, r.item, sum(r.row_count) AS rows
          FROM @extschema@.playbook_step_rows r
          WHERE r.execution_id = ANY (touched) AND r.slot <> 0
          GROUP BY r.execution_id, r.slot, r.position, r.item) AS counted
    WHERE (s.execution_id, s.slot, s.position, s.item)
          = (counted.execution_id, counted.slot, counted.position, counted.item)
      AND s.rows IS NULL AND s.row_count <> counted.rows;

    -- Other artifacts of which something went are sealed anew, as src/result/artifact.cpp seals them; their old
    -- checksums would be of data that nobody can have any more.
    UPDATE @extschema@.playbook_artifacts a
    SET sha256 = NULL,
        seal = (SELECT sha256(string_agg(sha256(stored.data), ''::bytea
                                         ORDER BY stored.position, stored.item, stored.chunk))
                FROM (SELECT r.position, r.item, r.chunk, r.data FROM @extschema@.playbook_step_rows r
                      WHERE r.execution_id = a.execution_id AND r.slot = a.slot
                      UNION ALL
                      SELECT s.position, s.item, -1, s.rows FROM @extschema@.playbook_step_executions s
                      WHERE s.execution_id = a.execution_id AND s.slot = a.slot AND s.rows IS NOT NULL) AS stored),
        row_count = coalesce((SELECT sum(s.row_count) FROM @extschema@.playbook_step_executions s
                              WHERE s.execution_id = a.execution_id AND s.slot = a.slot
                                AND (s.rows IS NOT NULL OR s.chunks > 0)), 0)
    WHERE a.execution_id = ANY (touched);
    GET DIAGNOSTICS done = ROW_COUNT;
    erased := erased || jsonb_build_object('playbook_artifacts', (erased ->> 'playbook_artifacts')::bigint + done);

    RETURN QUERY SELECT e.key, e.value::text::bigint FROM jsonb_each(erased) AS e ORDER BY e.key;
END
$function$;
COMMENT ON FUNCTION playbook_forget_customer(text) IS
    'Erases inputs, outputs, row sets, mail and texts of a customer''s executions, and what other executions that have ended say of the customer, and returns how many rows of which table; for members of playbook_admin.';
