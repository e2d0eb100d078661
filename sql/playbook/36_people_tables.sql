-- What waits for people, what they are told and what goes out: approvals, tasks, notifications, the outbox; and the
-- feed of changes. Used by src/step (approval, task, message) and src/notification.

CREATE TABLE approvals (
    id             bigint      GENERATED ALWAYS AS IDENTITY,
    execution_id   bigint      NOT NULL,
    position       integer     NOT NULL,
    item           integer     NOT NULL DEFAULT 0,
    home           integer     NOT NULL,
    playbook_id    text        NOT NULL,
    step_id        text        NOT NULL,
    customer_id    text,
    status         text        NOT NULL DEFAULT 'pending',
    action         jsonb       NOT NULL,
    message        text,
    approvers      jsonb       NOT NULL,
    needed         integer     NOT NULL DEFAULT 1,
    round          integer     NOT NULL DEFAULT 1,
    requester      text        NOT NULL,
    self_approval  boolean     NOT NULL DEFAULT true,
    requested_at   timestamptz NOT NULL,
    expires_at     timestamptz,
    on_expiry      text        NOT NULL DEFAULT 'reject',
    decided_at     timestamptz,
    decided_by     text,
    comment        text,
    changes        jsonb,
    CONSTRAINT approvals_pkey PRIMARY KEY (id),
    CONSTRAINT approvals_status_check
        CHECK (status IN ('pending', 'approved', 'changed', 'rejected', 'expired', 'revoked')),
    CONSTRAINT approvals_on_expiry_check CHECK (on_expiry IN ('approve', 'reject', 'escalate', 'branch'))
);
CREATE UNIQUE INDEX approvals_execution_id_position_item_key ON approvals (execution_id, position, item)
    WHERE status = 'pending';
CREATE INDEX approvals_execution_id_position_item_idx ON approvals (execution_id, position, item, id);
CREATE INDEX approvals_pending_idx ON approvals (requested_at, id) WHERE status = 'pending';
COMMENT ON TABLE approvals IS 'Approvals: what exactly will happen, who may decide, and what was decided.';
COMMENT ON COLUMN approvals.id IS 'The approval, as playbook_approve() and playbook_reject() take it.';
COMMENT ON COLUMN approvals.execution_id IS 'The execution that waits.';
COMMENT ON COLUMN approvals.position IS 'The position of the step that waits.';
COMMENT ON COLUMN approvals.item IS 'The item of its for_each, else 0.';
COMMENT ON COLUMN approvals.home IS 'Routing key of the execution.';
COMMENT ON COLUMN approvals.playbook_id IS 'The playbook.';
COMMENT ON COLUMN approvals.step_id IS 'The id of the step.';
COMMENT ON COLUMN approvals.customer_id IS 'The customer of the execution.';
COMMENT ON COLUMN approvals.status IS 'pending, approved, changed (approved with changes), rejected, expired or revoked.';
COMMENT ON COLUMN approvals.action IS 'The rendered action: what runs when it is approved as it is.';
COMMENT ON COLUMN approvals.message IS 'What the playbook tells the approver.';
COMMENT ON COLUMN approvals.approvers IS 'Who may decide: {"people": [ids], "roles": [names]}, and who handed it on: {"delegated": [{from, to, at, comment}], "escalated": [{to, at}]}.';
COMMENT ON COLUMN approvals.needed IS 'How many different people must approve.';
COMMENT ON COLUMN approvals.round IS 'Raised by every approval with changes: who approved before approved something else and does not count any more.';
COMMENT ON COLUMN approvals.requester IS 'The person on whose behalf the execution runs.';
COMMENT ON COLUMN approvals.self_approval IS 'Whether the requester may decide.';
COMMENT ON COLUMN approvals.requested_at IS 'Since when it waits.';
COMMENT ON COLUMN approvals.expires_at IS 'When on_expiry happens; null: never.';
COMMENT ON COLUMN approvals.on_expiry IS 'approve, reject, escalate (to the managers) or branch (the steps of on_expiry).';
COMMENT ON COLUMN approvals.decided_at IS 'When it was decided, expired or was revoked.';
COMMENT ON COLUMN approvals.decided_by IS 'The person or role whose decision settled it.';
COMMENT ON COLUMN approvals.comment IS 'The comment of that decision.';
COMMENT ON COLUMN approvals.changes IS 'The changes that were approved; merged into action, they are what runs.';

CREATE TABLE playbook_approval_decisions (
    approval_id bigint      NOT NULL,
    round       integer     NOT NULL DEFAULT 1,
    person      text        NOT NULL,
    role        regrole     NOT NULL,
    decision    text        NOT NULL,
    comment     text,
    changes     jsonb,
    decided_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT playbook_approval_decisions_pkey PRIMARY KEY (approval_id, round, person),
    CONSTRAINT playbook_approval_decisions_approval_id_fkey
        FOREIGN KEY (approval_id) REFERENCES approvals (id) ON DELETE CASCADE,
    CONSTRAINT playbook_approval_decisions_decision_check CHECK (decision IN ('approve', 'reject'))
);
COMMENT ON TABLE playbook_approval_decisions IS 'Each person''s decision on an approval: people count, not roles.';
COMMENT ON COLUMN playbook_approval_decisions.approval_id IS 'The approval.';
COMMENT ON COLUMN playbook_approval_decisions.round IS 'The round of the approval in which it was made.';
COMMENT ON COLUMN playbook_approval_decisions.person IS 'The person, else the name of the role.';
COMMENT ON COLUMN playbook_approval_decisions.role IS 'The role of the session that decided.';
COMMENT ON COLUMN playbook_approval_decisions.decision IS 'approve or reject.';
COMMENT ON COLUMN playbook_approval_decisions.comment IS 'The person''s comment.';
COMMENT ON COLUMN playbook_approval_decisions.changes IS 'The person''s changes.';
COMMENT ON COLUMN playbook_approval_decisions.decided_at IS 'When.';

CREATE TABLE playbook_tasks (
    id           bigint      GENERATED ALWAYS AS IDENTITY,
    execution_id bigint      NOT NULL,
    position     integer     NOT NULL,
    item         integer     NOT NULL DEFAULT 0,
    home         integer     NOT NULL,
    playbook_id  text        NOT NULL,
    step_id      text        NOT NULL,
    customer_id  text,
    title        text        NOT NULL,
    description  text,
    assignee     text,
    priority     text        NOT NULL DEFAULT 'normal',
    checklist    jsonb,
    status       text        NOT NULL DEFAULT 'open',
    due_at       timestamptz,
    created_at   timestamptz NOT NULL,
    finished_at  timestamptz,
    finished_by  text,
    result       jsonb,
    CONSTRAINT playbook_tasks_pkey PRIMARY KEY (id),
    CONSTRAINT playbook_tasks_priority_check CHECK (priority IN ('low', 'normal', 'high', 'urgent')),
    CONSTRAINT playbook_tasks_status_check CHECK (status IN ('open', 'done', 'declined', 'revoked'))
);
CREATE UNIQUE INDEX playbook_tasks_execution_id_position_item_key ON playbook_tasks (execution_id, position, item)
    WHERE status = 'open';
CREATE INDEX playbook_tasks_execution_id_position_item_idx ON playbook_tasks (execution_id, position, item, id);
CREATE INDEX playbook_tasks_assignee_due_at_idx ON playbook_tasks (assignee, due_at) WHERE status = 'open';
COMMENT ON TABLE playbook_tasks IS 'Tasks that playbooks give to people.';
COMMENT ON COLUMN playbook_tasks.id IS 'The task, as playbook_complete_task() takes it.';
COMMENT ON COLUMN playbook_tasks.execution_id IS 'The execution that waits for it.';
COMMENT ON COLUMN playbook_tasks.position IS 'The position of its step.';
COMMENT ON COLUMN playbook_tasks.item IS 'The item of its for_each, else 0.';
COMMENT ON COLUMN playbook_tasks.home IS 'Routing key of the execution.';
COMMENT ON COLUMN playbook_tasks.playbook_id IS 'The playbook.';
COMMENT ON COLUMN playbook_tasks.step_id IS 'The id of the step.';
COMMENT ON COLUMN playbook_tasks.customer_id IS 'The customer of the execution.';
COMMENT ON COLUMN playbook_tasks.title IS 'What is to be done, rendered.';
COMMENT ON COLUMN playbook_tasks.description IS 'More about it, rendered.';
COMMENT ON COLUMN playbook_tasks.assignee IS 'The person''s id, or role:name; what the playbook rendered when that is nobody''s id or e-mail.';
COMMENT ON COLUMN playbook_tasks.priority IS 'low, normal, high or urgent.';
COMMENT ON COLUMN playbook_tasks.checklist IS 'Points to tick off: a list of texts.';
COMMENT ON COLUMN playbook_tasks.status IS 'open, done, declined or revoked (its execution was cancelled).';
COMMENT ON COLUMN playbook_tasks.due_at IS 'When it is due.';
COMMENT ON COLUMN playbook_tasks.created_at IS 'When the step asked for it.';
COMMENT ON COLUMN playbook_tasks.finished_at IS 'When it was done, declined or revoked.';
COMMENT ON COLUMN playbook_tasks.finished_by IS 'Who did or declined it.';
COMMENT ON COLUMN playbook_tasks.result IS 'What the person returned; the step''s output.';

CREATE TABLE playbook_snoozes (
    person     text        NOT NULL,
    kind       text        NOT NULL,
    id         bigint      NOT NULL,
    until      timestamptz NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT playbook_snoozes_pkey PRIMARY KEY (person, kind, id),
    CONSTRAINT playbook_snoozes_kind_check CHECK (kind IN ('approval', 'task', 'failure', 'stalled'))
);
COMMENT ON TABLE playbook_snoozes IS 'What people do not want to see among their work until a time: playbook_snooze(). Everybody sees his own.';
COMMENT ON COLUMN playbook_snoozes.person IS 'The person.';
COMMENT ON COLUMN playbook_snoozes.kind IS 'approval, task, failure or stalled, as in playbook_my_work.';
COMMENT ON COLUMN playbook_snoozes.id IS 'The approval, the task or the execution.';
COMMENT ON COLUMN playbook_snoozes.until IS 'When it is shown again.';
COMMENT ON COLUMN playbook_snoozes.created_at IS 'When the person said so.';

-- The primary key is the only index, so that telling somebody costs one entry; a person's newest are one range of it.
-- Names are compared byte by byte: nobody sorts them, and a language's rules would be looked up for each entry.
CREATE TABLE playbook_notifications (
    person       text COLLATE "C" NOT NULL,
    created_at   timestamptz NOT NULL,
    execution_id bigint      NOT NULL,
    position     integer     NOT NULL,
    item         integer     NOT NULL DEFAULT 0,
    home         integer     NOT NULL,
    customer_id  text,
    title        text,
    message      text,
    priority     text        NOT NULL DEFAULT 'normal',
    link         text,
    read_at      timestamptz,
    CONSTRAINT playbook_notifications_pkey PRIMARY KEY (person, created_at, execution_id, position, item)
);
-- A row is updated once, if ever, when it is read, and read_at is in no index: with some room on its page that leaves
-- the index alone, and whoever comes by next clears the old version away. Nothing scans past dead rows as a claim of
-- the outbox does, so autovacuum's defaults do for the rest, which is what retention deletes.
ALTER TABLE playbook_notifications SET (fillfactor = 90);
COMMENT ON TABLE playbook_notifications IS 'What notify steps have told people, one row for each of them: read one''s own with playbook_my_notifications().';
COMMENT ON COLUMN playbook_notifications.person IS 'Who is told: an id, an e-mail address in lower case, a role as role:name, as the step rendered it; see playbook_my_names().';
COMMENT ON COLUMN playbook_notifications.created_at IS 'When the step told it.';
COMMENT ON COLUMN playbook_notifications.execution_id IS 'The execution that tells it.';
COMMENT ON COLUMN playbook_notifications.position IS 'The position of its step.';
COMMENT ON COLUMN playbook_notifications.item IS 'The item of its for_each, else 0.';
COMMENT ON COLUMN playbook_notifications.home IS 'Routing key of the execution.';
COMMENT ON COLUMN playbook_notifications.customer_id IS 'The customer of the execution.';
COMMENT ON COLUMN playbook_notifications.title IS 'The heading, rendered.';
COMMENT ON COLUMN playbook_notifications.message IS 'What is told, rendered.';
COMMENT ON COLUMN playbook_notifications.priority IS 'low, normal, high or urgent.';
COMMENT ON COLUMN playbook_notifications.link IS 'An address to open.';
COMMENT ON COLUMN playbook_notifications.read_at IS 'When it was read; null until playbook_notifications_read().';

CREATE TABLE playbook_outbox (
    id              bigint      GENERATED ALWAYS AS IDENTITY,
    execution_id    bigint      NOT NULL,
    position        integer     NOT NULL,
    item            integer     NOT NULL DEFAULT 0,
    home            integer     NOT NULL,
    kind            text        NOT NULL,
    idempotency_key text        NOT NULL,
    customer_id     text,
    connection      text,
    recipient       text,
    payload         jsonb       NOT NULL,
    status          text        NOT NULL DEFAULT 'queued',
    created_at      timestamptz NOT NULL,
    due_at          timestamptz,
    attempt         integer     NOT NULL DEFAULT 0,
    lease_token     uuid,
    leased_until    timestamptz,
    finished_at     timestamptz,
    result          jsonb,
    error           jsonb,
    CONSTRAINT playbook_outbox_pkey PRIMARY KEY (id),
    CONSTRAINT playbook_outbox_execution_id_idempotency_key_key
        UNIQUE (execution_id, position, item, idempotency_key),
    CONSTRAINT playbook_outbox_kind_check CHECK (length(kind) BETWEEN 1 AND 63),
    CONSTRAINT playbook_outbox_status_check CHECK (status IN ('queued', 'claimed', 'sent', 'failed', 'revoked'))
);
CREATE INDEX playbook_outbox_kind_due_at_idx ON playbook_outbox (kind, due_at, id)
    WHERE status IN ('queued', 'claimed');
-- Each message is updated when it is claimed and when it is reported.
ALTER TABLE playbook_outbox SET (fillfactor = 85, autovacuum_vacuum_scale_factor = 0.05,
    autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_cost_delay = 0);
COMMENT ON TABLE playbook_outbox IS 'Mail, meetings and messages, rendered, that wait for a sender or were sent.';
COMMENT ON COLUMN playbook_outbox.id IS 'The message, as playbook_outbox_complete() takes it.';
COMMENT ON COLUMN playbook_outbox.execution_id IS 'The execution that sends it.';
COMMENT ON COLUMN playbook_outbox.position IS 'The position of its step.';
COMMENT ON COLUMN playbook_outbox.item IS 'The item of its for_each, else 0.';
COMMENT ON COLUMN playbook_outbox.home IS 'Routing key of the execution.';
COMMENT ON COLUMN playbook_outbox.kind IS 'email, meeting, or another that the via of a notify step names.';
COMMENT ON COLUMN playbook_outbox.idempotency_key IS 'The same at every attempt; a sender passes it on.';
COMMENT ON COLUMN playbook_outbox.customer_id IS 'The customer of the execution.';
COMMENT ON COLUMN playbook_outbox.connection IS 'The connection that its step names; null where it names none.';
COMMENT ON COLUMN playbook_outbox.recipient IS 'To whom, as the step rendered it.';
COMMENT ON COLUMN playbook_outbox.payload IS 'An email: {to, cc, subject, body, …}; a meeting: these and "calendar", its iCalendar text.';
COMMENT ON COLUMN playbook_outbox.status IS 'queued, claimed by a sender, sent, failed or revoked.';
COMMENT ON COLUMN playbook_outbox.created_at IS 'When it was queued.';
COMMENT ON COLUMN playbook_outbox.due_at IS 'Not before then; of a claimed message, when its lease ends.';
COMMENT ON COLUMN playbook_outbox.attempt IS 'How often a sender has claimed it.';
COMMENT ON COLUMN playbook_outbox.lease_token IS 'What the sender that has claimed it must show.';
COMMENT ON COLUMN playbook_outbox.leased_until IS 'When the claim ends by itself.';
COMMENT ON COLUMN playbook_outbox.finished_at IS 'When it was sent, failed or was revoked.';
COMMENT ON COLUMN playbook_outbox.result IS 'What the sender reported: message id and the like.';
COMMENT ON COLUMN playbook_outbox.error IS 'The last failure the sender reported.';

CREATE TABLE playbook_change_batches (
    id         bigint      GENERATED ALWAYS AS IDENTITY,
    first_seq  bigint,
    changes    integer     NOT NULL,
    content    bytea       NOT NULL,
    at         timestamptz NOT NULL,
    CONSTRAINT playbook_change_batches_pkey PRIMARY KEY (id),
    CONSTRAINT playbook_change_batches_first_seq_key UNIQUE (first_seq)
);
CREATE INDEX playbook_change_batches_unannounced_idx ON playbook_change_batches (id) WHERE first_seq IS NULL;
-- Each row is updated once, when it gets its number, and deleted in the order of its making.
ALTER TABLE playbook_change_batches SET (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_threshold = 2000,
    autovacuum_vacuum_cost_delay = 0);
COMMENT ON TABLE playbook_change_batches IS 'What each transaction of the engine changed; read it with playbook_changes().';
COMMENT ON COLUMN playbook_change_batches.id IS 'Number of the batch, given before its commit: not the order of announcement.';
COMMENT ON COLUMN playbook_change_batches.first_seq IS 'Sequence number of its first change, given after its commit; null until then.';
COMMENT ON COLUMN playbook_change_batches.changes IS 'How many changes it has; they take that many sequence numbers.';
COMMENT ON COLUMN playbook_change_batches.content IS 'The changes, packed: playbook, execution, step, item, status and what is waited for.';
COMMENT ON COLUMN playbook_change_batches.at IS 'When it was made.';

CREATE TABLE playbook_feed (
    singleton boolean NOT NULL DEFAULT true,
    next_seq  bigint  NOT NULL DEFAULT 1,
    CONSTRAINT playbook_feed_pkey PRIMARY KEY (singleton),
    CONSTRAINT playbook_feed_singleton_check CHECK (singleton)
);
COMMENT ON TABLE playbook_feed IS 'Where the numbering of changes goes on when all announced ones were forgotten.';
COMMENT ON COLUMN playbook_feed.singleton IS 'Always true: there is one row, once something was forgotten.';
COMMENT ON COLUMN playbook_feed.next_seq IS 'No change announced later has a lower number.';
