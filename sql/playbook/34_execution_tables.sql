-- Executions and their steps: slot 0 (…_live) holds what is not finished, slots 1 to 16 are history; an execution that
-- finishes moves, once, to the first slot that keeps it as long as its retention says (playbook_history_slots), and
-- retention truncates whole slots. The partitions are made here and only here: partitions made later would not be
-- members of the extension and would break pg_restore. No foreign keys between history tables. Used by src/execution.

-- Shifted by ten bits it stays below 2^53, which is as far as JavaScript counts.
CREATE SEQUENCE playbook_execution_number AS bigint MAXVALUE 8796093022207;
COMMENT ON SEQUENCE playbook_execution_number IS 'High bits of execution ids; the low ten bits are the execution''s home.';

CREATE TABLE playbook_executions (
    id               bigint      NOT NULL,
    slot             smallint    NOT NULL DEFAULT 0,
    home             integer     NOT NULL,
    playbook_id      text        NOT NULL,
    snapshot         bigint      NOT NULL,
    owner            regrole     NOT NULL,
    starter          regrole     NOT NULL,
    actor            text        NOT NULL,
    customer_id      text,
    status           text        NOT NULL DEFAULT 'pending',
    waiting_for      text,
    due_at           timestamptz,
    priority         integer     NOT NULL DEFAULT 0,
    parameters       jsonb       NOT NULL DEFAULT '{}',
    labels           jsonb,
    options          jsonb,
    at_start         jsonb,
    created_at       timestamptz NOT NULL,
    started_at       timestamptz,
    finished_at      timestamptz,
    paused_at        timestamptz,
    paused_seconds   integer,
    deadline_at      timestamptz,
    idempotency_key  text,
    parent_execution bigint,
    parent_position  integer,
    parent_item      integer,
    attempt          integer     NOT NULL DEFAULT 0,
    error            jsonb,
    reason           text,
    CONSTRAINT playbook_executions_pkey PRIMARY KEY (id, slot),
    CONSTRAINT playbook_executions_status_check
        CHECK (status IN ('pending', 'running', 'waiting', 'paused', 'completed', 'failed', 'cancelled'))
) PARTITION BY LIST (slot);
COMMENT ON TABLE playbook_executions IS 'Executions: one row for each playbook that was started, and what it waits for.';
COMMENT ON COLUMN playbook_executions.id IS 'The execution; below 2^53, its home in the low ten bits.';
COMMENT ON COLUMN playbook_executions.slot IS '0 while it is not finished, then the slot of history it lies in.';
COMMENT ON COLUMN playbook_executions.home IS 'Routing key: hash of the customer, else of the idempotency key, else of the number.';
COMMENT ON COLUMN playbook_executions.playbook_id IS 'The playbook that was started.';
COMMENT ON COLUMN playbook_executions.snapshot IS 'The definition it runs (playbook_snapshots.id), whatever became of the playbook.';
COMMENT ON COLUMN playbook_executions.owner IS 'The role its steps run as.';
COMMENT ON COLUMN playbook_executions.starter IS 'The role that started it.';
COMMENT ON COLUMN playbook_executions.actor IS 'The person that started it, else the name of the role.';
COMMENT ON COLUMN playbook_executions.customer_id IS 'The customer it is for, if any.';
COMMENT ON COLUMN playbook_executions.status IS 'pending, running, waiting, paused, completed, failed or cancelled.';
COMMENT ON COLUMN playbook_executions.waiting_for IS 'What it waits for: time, event, approval, task, execution, outbox, step, hold, limit or a reason it stands still.';
COMMENT ON COLUMN playbook_executions.due_at IS 'When the engine looks at it next; null: only when something happens.';
COMMENT ON COLUMN playbook_executions.priority IS 'From -100 to 100: for each point it goes before those that have been due playbook.priority_ageing longer.';
COMMENT ON COLUMN playbook_executions.parameters IS 'The parameters, defaults filled in, fixed at start.';
COMMENT ON COLUMN playbook_executions.labels IS 'The application''s own references.';
COMMENT ON COLUMN playbook_executions.options IS 'save_artifacts, data_warehouse, crm, library, draft, search_path: what was chosen at start and is not the default.';
COMMENT ON COLUMN playbook_executions.at_start IS 'The first values of the customer fields the playbook mentions.';
COMMENT ON COLUMN playbook_executions.created_at IS 'When it was asked for.';
COMMENT ON COLUMN playbook_executions.started_at IS 'When its first step began.';
COMMENT ON COLUMN playbook_executions.finished_at IS 'When it completed, failed or was cancelled.';
COMMENT ON COLUMN playbook_executions.paused_at IS 'Since when it is paused.';
COMMENT ON COLUMN playbook_executions.paused_seconds IS 'How long it was paused before, in all.';
COMMENT ON COLUMN playbook_executions.deadline_at IS 'When it fails if it has not finished.';
COMMENT ON COLUMN playbook_executions.idempotency_key IS 'The caller''s key; a second start with it returns this execution.';
COMMENT ON COLUMN playbook_executions.parent_execution IS 'The execution whose playbook step started this one.';
COMMENT ON COLUMN playbook_executions.parent_position IS 'The position of that step.';
COMMENT ON COLUMN playbook_executions.parent_item IS 'The item of that step, when it has for_each; else 0.';
COMMENT ON COLUMN playbook_executions.attempt IS 'How often an executor took it up after an unclean end and did not survive.';
COMMENT ON COLUMN playbook_executions.error IS 'Why it failed: {sqlstate, message, detail, hint, step}.';
COMMENT ON COLUMN playbook_executions.reason IS 'Why it was cancelled, paused, replaced or stands still.';

CREATE INDEX playbook_executions_customer_id_idx ON playbook_executions (customer_id, id DESC)
    WHERE customer_id IS NOT NULL;
-- The former execution of an analysis, which is for no customer: ${previous.…}. That of a customer is found above.
CREATE INDEX playbook_executions_playbook_id_id_idx ON playbook_executions (playbook_id, id DESC)
    WHERE customer_id IS NULL AND status = 'completed';
-- What failed lately for a person: playbook_my_work.
CREATE INDEX playbook_executions_actor_finished_at_idx ON playbook_executions (actor, finished_at)
    WHERE status = 'failed';
-- The latest that completed of a playbook, the sample of playbook_estimate; never more than those are read. What takes
-- less than a second is no measure for an execution that one watches, and is most of what there is.
CREATE INDEX playbook_executions_playbook_id_finished_at_idx ON playbook_executions (playbook_id, finished_at DESC)
    WHERE status = 'completed' AND finished_at - started_at > interval '1 second';
CREATE INDEX playbook_executions_parent_execution_idx ON playbook_executions (parent_execution)
    WHERE parent_execution IS NOT NULL;
CREATE INDEX playbook_executions_labels_idx ON playbook_executions USING gin (labels) WHERE labels IS NOT NULL;

CREATE TABLE playbook_step_executions (
    execution_id bigint      NOT NULL,
    slot         smallint    NOT NULL DEFAULT 0,
    position     integer     NOT NULL,
    item         integer     NOT NULL DEFAULT 0,
    home         integer     NOT NULL,
    step_id      text        NOT NULL,
    type         text        NOT NULL,
    status       text        NOT NULL,
    outcome      text,
    attempt      integer     NOT NULL DEFAULT 0,
    reason       text,
    waiting_for  text,
    due_at       timestamptz,
    alone        boolean,
    owner        regrole,
    worker       integer,
    input        jsonb,
    output       jsonb,
    error        jsonb,
    row_count    bigint,
    rows         bytea,
    chunks       integer,
    started_at   timestamptz,
    finished_at  timestamptz,
    CONSTRAINT playbook_step_executions_pkey PRIMARY KEY (execution_id, position, item, slot),
    CONSTRAINT playbook_step_executions_status_check
        CHECK (status IN ('pending', 'running', 'waiting', 'completed', 'failed', 'skipped'))
) PARTITION BY LIST (slot);
COMMENT ON TABLE playbook_step_executions IS 'What became of each step of an execution: inputs, outputs, attempts, error and timing.';
COMMENT ON COLUMN playbook_step_executions.execution_id IS 'The execution.';
COMMENT ON COLUMN playbook_step_executions.slot IS 'The slot of its execution.';
COMMENT ON COLUMN playbook_step_executions.position IS 'Place of the step in the definition, depth first, from 0.';
COMMENT ON COLUMN playbook_step_executions.item IS '0: the step itself; 1 and up: one item of its for_each.';
COMMENT ON COLUMN playbook_step_executions.home IS 'Routing key of the execution.';
COMMENT ON COLUMN playbook_step_executions.step_id IS 'The id of the step in the definition.';
COMMENT ON COLUMN playbook_step_executions.type IS 'The type of the step.';
COMMENT ON COLUMN playbook_step_executions.status IS 'pending, running, waiting, completed, failed or skipped.';
COMMENT ON COLUMN playbook_step_executions.outcome IS 'How it ended, in the words of its type: received, approved, then, done, sent …';
COMMENT ON COLUMN playbook_step_executions.attempt IS 'Attempts begun so far.';
COMMENT ON COLUMN playbook_step_executions.reason IS 'Why it was skipped, or why it waits.';
COMMENT ON COLUMN playbook_step_executions.waiting_for IS 'time, event, approval, task, execution, outbox, retry, executor or hold.';
COMMENT ON COLUMN playbook_step_executions.due_at IS 'When the engine looks at it next.';
COMMENT ON COLUMN playbook_step_executions.alone IS 'True: runs in a transaction of its own, because it overran or may.';
COMMENT ON COLUMN playbook_step_executions.owner IS 'The role it runs as, set only for steps that run alone.';
COMMENT ON COLUMN playbook_step_executions.worker IS 'The process id of the executor that runs it alone.';
COMMENT ON COLUMN playbook_step_executions.input IS 'What it was given, rendered.';
COMMENT ON COLUMN playbook_step_executions.output IS 'What it gave; rows are in rows or playbook_step_rows.';
COMMENT ON COLUMN playbook_step_executions.error IS 'The last failure: {sqlstate, message, detail, hint, attempts: […]}.';
COMMENT ON COLUMN playbook_step_executions.row_count IS 'Rows of its row set, or rows a statement touched.';
COMMENT ON COLUMN playbook_step_executions.rows IS 'Its row set when it is small, in the form of playbook_step_rows.data.';
COMMENT ON COLUMN playbook_step_executions.chunks IS 'How many chunks its row set has in playbook_step_rows.';
COMMENT ON COLUMN playbook_step_executions.started_at IS 'When its last attempt began.';
COMMENT ON COLUMN playbook_step_executions.finished_at IS 'When it ended.';

CREATE TABLE playbook_step_rows (
    execution_id bigint   NOT NULL,
    slot         smallint NOT NULL DEFAULT 0,
    position     integer  NOT NULL,
    item         integer  NOT NULL DEFAULT 0,
    chunk        integer  NOT NULL,
    home         integer  NOT NULL,
    row_count    integer  NOT NULL,
    data         bytea    NOT NULL,
    CONSTRAINT playbook_step_rows_pkey PRIMARY KEY (execution_id, position, item, chunk, slot)
) PARTITION BY LIST (slot);
COMMENT ON TABLE playbook_step_rows IS 'Row sets of steps in chunks of about 1 MB; read them with playbook_rows() or playbook_records().';
COMMENT ON COLUMN playbook_step_rows.execution_id IS 'The execution.';
COMMENT ON COLUMN playbook_step_rows.slot IS 'The slot of its execution.';
COMMENT ON COLUMN playbook_step_rows.position IS 'The position of the step.';
COMMENT ON COLUMN playbook_step_rows.item IS 'The item of its for_each, else 0.';
COMMENT ON COLUMN playbook_step_rows.chunk IS 'Number of the chunk, from 0.';
COMMENT ON COLUMN playbook_step_rows.home IS 'Routing key of the execution.';
COMMENT ON COLUMN playbook_step_rows.row_count IS 'Rows in this chunk.';
COMMENT ON COLUMN playbook_step_rows.data IS 'Column names and types, then the rows in PostgreSQL''s binary COPY form.';

SET LOCAL search_path = pg_catalog, pg_temp;
DO $partitions$
DECLARE
    parent text;
    part text;
    said text;
    columns record;
BEGIN
    FOREACH parent IN ARRAY ARRAY['playbook_executions', 'playbook_step_executions', 'playbook_step_rows'] LOOP
        FOR slot IN 0 .. 16 LOOP
            part := parent || CASE slot WHEN 0 THEN '_live' ELSE '_' || pg_catalog.lpad(slot::text, 2, '0') END;
            said := CASE slot WHEN 0 THEN 'What is not finished of ' ELSE 'One slot of the history of ' END
                || parent || '.';
            EXECUTE pg_catalog.format('CREATE TABLE @extschema@.%I PARTITION OF @extschema@.%I FOR VALUES IN (%s)',
                                      part, parent, slot);
            EXECUTE pg_catalog.format('COMMENT ON TABLE @extschema@.%I IS %L', part, said);
            FOR columns IN
                SELECT a.attname, d.description
                FROM pg_catalog.pg_attribute a
                JOIN pg_catalog.pg_description d
                    ON d.objoid = a.attrelid AND d.objsubid = a.attnum
                    AND d.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass
                WHERE a.attrelid = pg_catalog.format('@extschema@.%I', parent)::pg_catalog.regclass
            LOOP
                EXECUTE pg_catalog.format('COMMENT ON COLUMN @extschema@.%I.%I IS %L', part, columns.attname,
                                          columns.description);
            END LOOP;
        END LOOP;
    END LOOP;
END
$partitions$;
SET LOCAL search_path = @extschema@, pg_temp;

-- The live rows are updated all the time: room for HOT updates, and vacuum by dead rows rather than by share.
ALTER TABLE playbook_executions_live SET (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02,
    autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_cost_delay = 0);
ALTER TABLE playbook_step_executions_live SET (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02,
    autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_cost_delay = 0);

ALTER TABLE playbook_step_rows_live SET (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000,
    autovacuum_vacuum_cost_delay = 0);

-- The engine's two queues: executions that are due, by role and priority (src/execution/claim.cpp merges the
-- priorities; with the id, what is due at the same moment has an order, too), and steps that wait for an executor of
-- their own.
CREATE INDEX playbook_executions_live_owner_priority_due_at_id_idx
    ON playbook_executions_live (owner, priority, due_at, id) WHERE due_at IS NOT NULL;
-- Those that max_active or max_per_minute hold back, in the order in which they are let in
-- (src/execution/admission.cpp).
CREATE INDEX playbook_executions_live_playbook_id_owner_priority_id_idx
    ON playbook_executions_live (playbook_id, owner, priority, id) WHERE status = 'pending' AND waiting_for = 'limit';
CREATE INDEX playbook_step_executions_live_owner_due_at_idx ON playbook_step_executions_live (owner, due_at)
    WHERE alone AND status IN ('pending', 'running');

CREATE TABLE playbook_history_slots (
    slot         smallint    NOT NULL,
    ends_at      timestamptz,
    truncated_at timestamptz,
    swept        boolean     NOT NULL DEFAULT true,
    CONSTRAINT playbook_history_slots_pkey PRIMARY KEY (slot),
    CONSTRAINT playbook_history_slots_slot_check CHECK (slot BETWEEN 1 AND 16)
);
COMMENT ON TABLE playbook_history_slots IS 'Until when each slot of history keeps the finished executions that lie in it.';
COMMENT ON COLUMN playbook_history_slots.slot IS 'The slot, as in playbook_executions.slot.';
COMMENT ON COLUMN playbook_history_slots.ends_at IS 'When it is dropped as a whole; infinity: never; null: it is free.';
COMMENT ON COLUMN playbook_history_slots.truncated_at IS 'When it was dropped last.';
COMMENT ON COLUMN playbook_history_slots.swept IS 'False until what belonged to the dropped executions was deleted, too.';

CREATE TABLE playbook_idempotency (
    playbook_id     text        NOT NULL,
    customer_id     text        NOT NULL,
    idempotency_key text        NOT NULL,
    execution_id    bigint      NOT NULL,
    parameters      bytea       NOT NULL,
    kept_until      timestamptz NOT NULL,
    CONSTRAINT playbook_idempotency_pkey PRIMARY KEY (playbook_id, customer_id, idempotency_key)
);
COMMENT ON TABLE playbook_idempotency IS 'Keys given to playbook_start: a repeat returns the first execution.';
COMMENT ON COLUMN playbook_idempotency.playbook_id IS 'The playbook.';
COMMENT ON COLUMN playbook_idempotency.customer_id IS 'The customer; empty when there is none.';
COMMENT ON COLUMN playbook_idempotency.idempotency_key IS 'The caller''s key.';
COMMENT ON COLUMN playbook_idempotency.execution_id IS 'The execution it started.';
COMMENT ON COLUMN playbook_idempotency.parameters IS 'SHA-256 of the parameters: the same key with others is refused.';
COMMENT ON COLUMN playbook_idempotency.kept_until IS 'Kept at least until then, and as long as the execution.';

CREATE TABLE playbook_last_results (
    playbook_id   text        NOT NULL,
    step_id       text        NOT NULL,
    configuration text        NOT NULL,
    execution_id  bigint      NOT NULL,
    position      integer     NOT NULL,
    item          integer     NOT NULL,
    finished_at   timestamptz NOT NULL,
    CONSTRAINT playbook_last_results_pkey PRIMARY KEY (playbook_id, step_id, configuration)
);
COMMENT ON TABLE playbook_last_results IS 'Where the last good rows of steps with on_error: cached lie.';
COMMENT ON COLUMN playbook_last_results.playbook_id IS 'The playbook.';
COMMENT ON COLUMN playbook_last_results.step_id IS 'The step.';
COMMENT ON COLUMN playbook_last_results.configuration IS 'SHA-256 of owner, connection and resolved configuration: the statement, the values bound to it and the rows it read. Another configuration has a result of its own.';
COMMENT ON COLUMN playbook_last_results.execution_id IS 'The execution that has the rows.';
COMMENT ON COLUMN playbook_last_results.position IS 'The position of the step there.';
COMMENT ON COLUMN playbook_last_results.item IS 'The item of the step there.';
COMMENT ON COLUMN playbook_last_results.finished_at IS 'When they were good.';

CREATE TABLE playbook_limits (
    playbook_id    text NOT NULL,
    max_active     integer,
    max_per_minute integer,
    CONSTRAINT playbook_limits_pkey PRIMARY KEY (playbook_id)
);
COMMENT ON TABLE playbook_limits IS 'What playbooks allow of their executions; whoever lets executions in holds the row''s lock.';
COMMENT ON COLUMN playbook_limits.playbook_id IS 'The playbook.';
COMMENT ON COLUMN playbook_limits.max_active IS 'How many may be active at once; null: any number.';
COMMENT ON COLUMN playbook_limits.max_per_minute IS 'How many may begin in any sixty seconds; null: any number.';

CREATE TABLE playbook_admissions (
    execution_id bigint      NOT NULL,
    playbook_id  text        NOT NULL,
    begun_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    ended        boolean     NOT NULL DEFAULT false,
    CONSTRAINT playbook_admissions_pkey PRIMARY KEY (execution_id)
);
COMMENT ON TABLE playbook_admissions IS 'Executions of playbooks with limits that may begin, or have begun and not ended.';
COMMENT ON COLUMN playbook_admissions.execution_id IS 'The execution.';
COMMENT ON COLUMN playbook_admissions.playbook_id IS 'Its playbook.';
COMMENT ON COLUMN playbook_admissions.begun_at IS 'When it was let in.';
COMMENT ON COLUMN playbook_admissions.ended IS 'True: it has ended, and counts against max_per_minute only.';
CREATE INDEX playbook_admissions_playbook_id_begun_at_idx ON playbook_admissions (playbook_id, begun_at);

CREATE TABLE playbook_active_customers (
    playbook_id  text   NOT NULL,
    customer_id  text   NOT NULL,
    execution_id bigint NOT NULL,
    CONSTRAINT playbook_active_customers_pkey PRIMARY KEY (playbook_id, customer_id)
);
COMMENT ON TABLE playbook_active_customers IS 'The one active execution of each customer, for playbooks whose conflict policy is not allow.';
COMMENT ON COLUMN playbook_active_customers.playbook_id IS 'The playbook.';
COMMENT ON COLUMN playbook_active_customers.customer_id IS 'The customer.';
COMMENT ON COLUMN playbook_active_customers.execution_id IS 'The execution that is active.';

CREATE TABLE playbook_signals (
    id           bigint      GENERATED ALWAYS AS IDENTITY,
    execution_id bigint      NOT NULL,
    home         integer     NOT NULL,
    name         text        NOT NULL,
    payload      jsonb       NOT NULL DEFAULT '{}',
    sent_by      text        NOT NULL,
    sent_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    consumed_by  integer,
    CONSTRAINT playbook_signals_pkey PRIMARY KEY (execution_id, id)
);
COMMENT ON TABLE playbook_signals IS 'Signals sent to executions; one that arrives before its waiter is kept for it.';
COMMENT ON COLUMN playbook_signals.id IS 'In the order of arrival.';
COMMENT ON COLUMN playbook_signals.execution_id IS 'The execution.';
COMMENT ON COLUMN playbook_signals.home IS 'Routing key of the execution.';
COMMENT ON COLUMN playbook_signals.name IS 'The name of the event.';
COMMENT ON COLUMN playbook_signals.payload IS 'What came with it; steps see it as event.* and in the waiter''s output.';
COMMENT ON COLUMN playbook_signals.sent_by IS 'The person or role that sent it.';
COMMENT ON COLUMN playbook_signals.sent_at IS 'When it was sent.';
COMMENT ON COLUMN playbook_signals.consumed_by IS 'The position of the step that waited for it; null while nobody has.';

CREATE TABLE playbook_work_log (
    role      regrole     NOT NULL,
    worked_at timestamptz NOT NULL,
    CONSTRAINT playbook_work_log_pkey PRIMARY KEY (role)
);
COMMENT ON TABLE playbook_work_log IS 'When each role last called playbook_work(), for servers without background workers.';
COMMENT ON COLUMN playbook_work_log.role IS 'The role that worked.';
COMMENT ON COLUMN playbook_work_log.worked_at IS 'When its last call began.';

CREATE TABLE playbook_messages (
    id           bigint GENERATED ALWAYS AS IDENTITY,
    execution_id bigint NOT NULL,
    CONSTRAINT playbook_messages_pkey PRIMARY KEY (id)
);
COMMENT ON TABLE playbook_messages IS 'Children that have ended while their parents were locked by others: who is to be looked at again. Empty but for moments.';
COMMENT ON COLUMN playbook_messages.id IS 'In the order of the endings.';
COMMENT ON COLUMN playbook_messages.execution_id IS 'The parent.';
