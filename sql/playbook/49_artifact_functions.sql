-- Saved results, out of the database and checked. An execution is named by its number or its run id. Served by
-- src/sql_api/artifact_api.cpp.

CREATE FUNCTION playbook_artifact(execution bigint, format text DEFAULT 'json', part text DEFAULT NULL)
RETURNS bytea
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'playbook_artifact';
COMMENT ON FUNCTION playbook_artifact(bigint, text, text) IS 'The saved results as a file: json is the canonical form, whose SHA-256 is the artifact''s; csv is one output or step, the first output unless part names another.';

CREATE FUNCTION playbook_artifact(run_id text, format text DEFAULT 'json', part text DEFAULT NULL)
RETURNS bytea
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'playbook_artifact';
COMMENT ON FUNCTION playbook_artifact(text, text, text) IS 'The saved results as a file, of an execution named by its run id.';

CREATE FUNCTION playbook_verify_artifact(execution bigint,
    OUT path text, OUT sha256 text, OUT computed text, OUT valid boolean, OUT reason text)
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'playbook_verify_artifact';
COMMENT ON FUNCTION playbook_verify_artifact(bigint) IS 'Whether the stored rows of an execution still are what was saved: computes the checksum anew and compares.';

CREATE FUNCTION playbook_verify_artifact(run_id text,
    OUT path text, OUT sha256 text, OUT computed text, OUT valid boolean, OUT reason text)
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'playbook_verify_artifact';
COMMENT ON FUNCTION playbook_verify_artifact(text) IS 'The same for an execution named by its run id.';

CREATE FUNCTION playbook_export_artifact(execution bigint)
RETURNS text
LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'playbook_export_artifact';
COMMENT ON FUNCTION playbook_export_artifact(bigint) IS 'Writes the saved results, as playbook_artifact() gives them, to a file of the server, at the artifact''s path under playbook.artifact_directory, whole or not at all; returns the file''s path. For members of pg_write_server_files.';

CREATE FUNCTION playbook_export_artifact(run_id text)
RETURNS text
LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'playbook_export_artifact';
COMMENT ON FUNCTION playbook_export_artifact(text) IS 'The same for an execution named by its run id.';
