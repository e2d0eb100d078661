-- What people write: playbooks, their shares and history, the people and the customer source they speak of, and the
-- snapshots that executions point at. Used by src/definition, src/identity and src/sql_api.

CREATE TABLE playbooks (
    id           text        NOT NULL,
    name         text        NOT NULL,
    description  text        NOT NULL DEFAULT '',
    status       text        NOT NULL DEFAULT 'draft',
    owner        regrole     NOT NULL,
    definition   jsonb,
    steps        jsonb       GENERATED ALWAYS AS (definition -> 'steps') STORED,
    draft        jsonb,
    source       text,
    draft_source text,
    snapshot     bigint,
    search_path  text        NOT NULL DEFAULT '',
    created_by   text        NOT NULL DEFAULT '',
    created_at   timestamptz NOT NULL DEFAULT now(),
    updated_at   timestamptz NOT NULL DEFAULT now(),
    published_at timestamptz,
    CONSTRAINT playbooks_pkey PRIMARY KEY (id),
    CONSTRAINT playbooks_status_check CHECK (status IN ('draft', 'published', 'archived')),
    CONSTRAINT playbooks_definition_check CHECK (definition IS NOT NULL OR draft IS NOT NULL)
);
COMMENT ON TABLE playbooks IS 'Playbooks: the definition that runs, the draft that is being edited, and who owns both.';
COMMENT ON COLUMN playbooks.id IS 'The id of the definition, such as at_risk.';
COMMENT ON COLUMN playbooks.name IS 'The name of the definition, for people.';
COMMENT ON COLUMN playbooks.description IS 'What the playbook does, from its definition.';
COMMENT ON COLUMN playbooks.status IS 'draft (never published), published or archived.';
COMMENT ON COLUMN playbooks.owner IS 'The role that its steps run as, as a view runs as its owner.';
COMMENT ON COLUMN playbooks.definition IS 'The published definition, which new executions run; null while there is none.';
COMMENT ON COLUMN playbooks.steps IS 'The steps of the published definition.';
COMMENT ON COLUMN playbooks.draft IS 'The unfinished edit; null when it equals what is published.';
COMMENT ON COLUMN playbooks.source IS 'The text of the published definition as its author wrote it, comments included.';
COMMENT ON COLUMN playbooks.draft_source IS 'The text of the draft as its author wrote it.';
COMMENT ON COLUMN playbooks.snapshot IS 'The snapshot (playbook_snapshots.id) of the published definition.';
COMMENT ON COLUMN playbooks.search_path IS 'The search_path of whoever created it or published it last, at that time; its steps run with it.';
COMMENT ON COLUMN playbooks.created_by IS 'The person or role that created it.';
COMMENT ON COLUMN playbooks.created_at IS 'When it was created.';
COMMENT ON COLUMN playbooks.updated_at IS 'When definition or draft last changed.';
COMMENT ON COLUMN playbooks.published_at IS 'When the definition was last published.';

CREATE TABLE playbook_snapshots (
    id          bigint      GENERATED ALWAYS AS IDENTITY,
    digest      bytea       NOT NULL,
    definition  jsonb       NOT NULL,
    search_path text        NOT NULL DEFAULT '',
    created_at  timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT playbook_snapshots_pkey PRIMARY KEY (id),
    CONSTRAINT playbook_snapshots_digest_search_path_key UNIQUE (digest, search_path)
);
COMMENT ON TABLE playbook_snapshots IS 'Definitions by content: each is stored once, and an execution runs the one it started with.';
COMMENT ON COLUMN playbook_snapshots.id IS 'What playbook_executions.snapshot points at.';
COMMENT ON COLUMN playbook_snapshots.digest IS 'SHA-256 of the canonical JSON of the definition.';
COMMENT ON COLUMN playbook_snapshots.definition IS 'The definition, without the outer playbook key.';
COMMENT ON COLUMN playbook_snapshots.search_path IS 'The search_path that its steps run with.';
COMMENT ON COLUMN playbook_snapshots.created_at IS 'When a definition of this content was first published or started.';

CREATE TABLE playbook_history (
    id          bigint      GENERATED ALWAYS AS IDENTITY,
    playbook_id text        NOT NULL,
    action      text        NOT NULL,
    changed_by  text        NOT NULL,
    changed_at  timestamptz NOT NULL DEFAULT now(),
    definition  jsonb,
    source      text,
    CONSTRAINT playbook_history_pkey PRIMARY KEY (id),
    CONSTRAINT playbook_history_action_check
        CHECK (action IN ('created', 'drafted', 'published', 'archived', 'owner', 'shared', 'unshared', 'restored'))
);
CREATE INDEX playbook_history_playbook_id_changed_at_idx ON playbook_history (playbook_id, changed_at);
COMMENT ON TABLE playbook_history IS 'Who changed which playbook when: an audit, not versions.';
COMMENT ON COLUMN playbook_history.id IS 'In the order of the changes.';
COMMENT ON COLUMN playbook_history.playbook_id IS 'The playbook.';
COMMENT ON COLUMN playbook_history.action IS 'created, drafted, published, archived, owner, shared, unshared or restored.';
COMMENT ON COLUMN playbook_history.changed_by IS 'The person or role that made the change.';
COMMENT ON COLUMN playbook_history.changed_at IS 'When the change was made.';
COMMENT ON COLUMN playbook_history.definition IS 'The definition after the change, where it changed.';
COMMENT ON COLUMN playbook_history.source IS 'Its text as its author wrote it.';

CREATE TABLE playbook_shares (
    playbook_id text        NOT NULL,
    role        regrole     NOT NULL,
    privilege   text        NOT NULL,
    granted_by  text        NOT NULL,
    granted_at  timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT playbook_shares_pkey PRIMARY KEY (playbook_id, role, privilege),
    CONSTRAINT playbook_shares_playbook_id_fkey FOREIGN KEY (playbook_id) REFERENCES playbooks (id) ON DELETE CASCADE,
    CONSTRAINT playbook_shares_privilege_check CHECK (privilege IN ('view', 'start', 'copy'))
);
COMMENT ON TABLE playbook_shares IS 'Which roles may view, start or copy a playbook beside its owner''s members.';
COMMENT ON COLUMN playbook_shares.playbook_id IS 'The playbook.';
COMMENT ON COLUMN playbook_shares.role IS 'The role; its members have the privilege too.';
COMMENT ON COLUMN playbook_shares.privilege IS 'view, start (includes seeing the definition) or copy.';
COMMENT ON COLUMN playbook_shares.granted_by IS 'The person or role that shared it.';
COMMENT ON COLUMN playbook_shares.granted_at IS 'When it was shared.';

CREATE TABLE playbook_people (
    id         text        NOT NULL,
    email      text,
    name       text        NOT NULL,
    role       regrole,
    time_zone  text,
    manager    text,
    deputy     text,
    away_until timestamptz,
    attributes jsonb       NOT NULL DEFAULT '{}',
    CONSTRAINT playbook_people_pkey PRIMARY KEY (id),
    CONSTRAINT playbook_people_manager_fkey FOREIGN KEY (manager) REFERENCES playbook_people (id) ON DELETE SET NULL,
    CONSTRAINT playbook_people_deputy_fkey FOREIGN KEY (deputy) REFERENCES playbook_people (id) ON DELETE SET NULL
);
-- Addresses are compared without regard to case: one that differs in nothing else would be another person's.
CREATE UNIQUE INDEX playbook_people_email_key ON playbook_people (lower(email));
CREATE INDEX playbook_people_role_idx ON playbook_people (role);
COMMENT ON TABLE playbook_people IS 'People who approve, are assigned tasks, own customers: approvers, assignees and csm.* resolve to these rows.';
COMMENT ON COLUMN playbook_people.id IS 'The application''s id of the person; what playbook.actor names.';
COMMENT ON COLUMN playbook_people.email IS 'E-mail address; a customer source may name its CSM by it.';
COMMENT ON COLUMN playbook_people.name IS 'The name, for people.';
COMMENT ON COLUMN playbook_people.role IS 'The database role of the person, or null when the application has one role for everybody.';
COMMENT ON COLUMN playbook_people.time_zone IS 'Time zone such as Europe/Berlin; null: the setting playbook.timezone.';
COMMENT ON COLUMN playbook_people.manager IS 'The person''s manager; the chain of managers sees the person''s customers.';
COMMENT ON COLUMN playbook_people.deputy IS 'Who decides while the person is away.';
COMMENT ON COLUMN playbook_people.away_until IS 'Until when the deputy decides.';
COMMENT ON COLUMN playbook_people.attributes IS 'More fields, reachable as csm.<field> in templates and conditions.';

CREATE TABLE playbook_customer_source (
    singleton  boolean  NOT NULL DEFAULT true,
    relation   regclass NOT NULL,
    key_column name     NOT NULL,
    csm_column name,
    mapping    jsonb    NOT NULL DEFAULT '{}',
    CONSTRAINT playbook_customer_source_pkey PRIMARY KEY (singleton),
    CONSTRAINT playbook_customer_source_singleton_check CHECK (singleton)
);
COMMENT ON TABLE playbook_customer_source IS 'The table or view that customers come from; at most one row, written by playbook_set_customer_source.';
COMMENT ON COLUMN playbook_customer_source.singleton IS 'Always true: there is one source.';
COMMENT ON COLUMN playbook_customer_source.relation IS 'The table or view.';
COMMENT ON COLUMN playbook_customer_source.key_column IS 'Its column that holds the customer''s id.';
COMMENT ON COLUMN playbook_customer_source.csm_column IS 'Its column that holds the CSM: a person''s id or e-mail.';
COMMENT ON COLUMN playbook_customer_source.mapping IS 'Names for templates and conditions and the column behind each: {"name": "account_name"}.';

CREATE TABLE playbook_installation (
    singleton         boolean     NOT NULL DEFAULT true,
    system_identifier bigint      NOT NULL,
    database          oid         NOT NULL,
    enabled_by        text        NOT NULL,
    enabled_at        timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT playbook_installation_pkey PRIMARY KEY (singleton),
    CONSTRAINT playbook_installation_singleton_check CHECK (singleton)
);
COMMENT ON TABLE playbook_installation IS 'The cluster and database the engine was enabled for; elsewhere (a restore, a copy) it stands still until playbook_enable().';
COMMENT ON COLUMN playbook_installation.singleton IS 'Always true: there is one row, made by the first publish, start or trigger.';
COMMENT ON COLUMN playbook_installation.system_identifier IS 'The system identifier of the cluster (pg_control_system).';
COMMENT ON COLUMN playbook_installation.database IS 'The oid of the database.';
COMMENT ON COLUMN playbook_installation.enabled_by IS 'Who enabled it.';
COMMENT ON COLUMN playbook_installation.enabled_at IS 'When.';

CREATE TABLE playbook_holds (
    id         bigint      GENERATED ALWAYS AS IDENTITY,
    kind       text        NOT NULL,
    name       text        NOT NULL DEFAULT '',
    reason     text        NOT NULL,
    held_by    text        NOT NULL,
    held_at    timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT playbook_holds_pkey PRIMARY KEY (id),
    CONSTRAINT playbook_holds_kind_name_key UNIQUE (kind, name),
    CONSTRAINT playbook_holds_kind_check CHECK (kind IN ('playbook', 'customer', 'connection', 'all'))
);
COMMENT ON TABLE playbook_holds IS 'What stands still at a person''s word: while a hold is in force nothing outward of it happens.';
COMMENT ON COLUMN playbook_holds.id IS 'Number of the hold.';
COMMENT ON COLUMN playbook_holds.kind IS 'playbook, customer, connection or all.';
COMMENT ON COLUMN playbook_holds.name IS 'The id of the playbook or customer, the name of the connection; empty for all.';
COMMENT ON COLUMN playbook_holds.reason IS 'Why, shown where an execution waits for it.';
COMMENT ON COLUMN playbook_holds.held_by IS 'Who.';
COMMENT ON COLUMN playbook_holds.held_at IS 'Since when.';
