-- What executions of data left: one row for each that finished with rows and was to be saved. The data are the row sets
-- themselves; the row says under which path and checksum. In the slots of history, like these. Used by
-- src/result/artifact.cpp.

CREATE TABLE playbook_artifacts (
    execution_id bigint      NOT NULL,
    slot         smallint    NOT NULL,
    home         integer     NOT NULL,
    playbook_id  text        NOT NULL,
    status       text        NOT NULL,
    path         text        NOT NULL,
    row_count    bigint      NOT NULL,
    sha256       text,
    seal         bytea,
    created_at   timestamptz NOT NULL,
    CONSTRAINT playbook_artifacts_pkey PRIMARY KEY (execution_id, slot),
    CONSTRAINT playbook_artifacts_status_check CHECK (status IN ('completed', 'failed')),
    CONSTRAINT playbook_artifacts_sha256_check CHECK (sha256 IS NOT NULL OR seal IS NOT NULL)
) PARTITION BY LIST (slot);
COMMENT ON TABLE playbook_artifacts IS 'Saved results: what playbook_artifact() exports and playbook_verify_artifact() checks.';
COMMENT ON COLUMN playbook_artifacts.execution_id IS 'The execution.';
COMMENT ON COLUMN playbook_artifacts.slot IS 'The slot of history that the execution lies in.';
COMMENT ON COLUMN playbook_artifacts.home IS 'Routing key of the execution.';
COMMENT ON COLUMN playbook_artifacts.playbook_id IS 'The playbook.';
COMMENT ON COLUMN playbook_artifacts.status IS 'How the execution ended: completed or failed.';
COMMENT ON COLUMN playbook_artifacts.path IS 'The key: artifacts/<run id>.json.';
COMMENT ON COLUMN playbook_artifacts.row_count IS 'Rows of all its steps together.';
COMMENT ON COLUMN playbook_artifacts.sha256 IS 'SHA-256, in hex, of the canonical form, which playbook_artifact() gives; null while there are many rows and nobody has asked.';
COMMENT ON COLUMN playbook_artifacts.seal IS 'SHA-256 of the stored bytes, where the checksum was not computed when the execution finished.';
COMMENT ON COLUMN playbook_artifacts.created_at IS 'When the execution finished.';

-- The latest executions of a playbook whose results dashboards show.
CREATE INDEX playbook_artifacts_playbook_id_execution_id_idx ON playbook_artifacts (playbook_id, execution_id DESC)
    WHERE status = 'completed';

SET LOCAL search_path = pg_catalog, pg_temp;
DO $partitions$
DECLARE
    part text;
    columns record;
BEGIN
    FOR slot IN 1 .. 16 LOOP
        part := 'playbook_artifacts_' || pg_catalog.lpad(slot::text, 2, '0');
        EXECUTE pg_catalog.format(
            'CREATE TABLE @extschema@.%I PARTITION OF @extschema@.playbook_artifacts FOR VALUES IN (%s)', part, slot);
        EXECUTE pg_catalog.format('COMMENT ON TABLE @extschema@.%I IS %L', part,
                                  'One slot of the history of playbook_artifacts.');
        FOR columns IN
            SELECT a.attname, d.description
            FROM pg_catalog.pg_attribute a
            JOIN pg_catalog.pg_description d
                ON d.objoid = a.attrelid AND d.objsubid = a.attnum
                AND d.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass
            WHERE a.attrelid = '@extschema@.playbook_artifacts'::pg_catalog.regclass
        LOOP
            EXECUTE pg_catalog.format('COMMENT ON COLUMN @extschema@.%I.%I IS %L', part, columns.attname,
                                      columns.description);
        END LOOP;
    END LOOP;
END
$partitions$;
SET LOCAL search_path = @extschema@, pg_temp;
