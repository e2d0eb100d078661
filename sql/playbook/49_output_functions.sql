-- Outputs as views. Served by src/sql_api/output_api.cpp; the views themselves are the users' and made by
-- src/result/output_view.cpp.

CREATE FUNCTION playbook_output_rows(playbook text, output text, history boolean DEFAULT false)
RETURNS SETOF record
LANGUAGE C STABLE PARALLEL UNSAFE ROWS 1000
AS 'MODULE_PATHNAME', 'playbook_output_rows';
COMMENT ON FUNCTION playbook_output_rows(text, text, boolean) IS 'What the views of outputs read: the rows of an output of the latest completed execution whose results were saved and that the caller may see, or of all; the column list begins with run_id text, as_of timestamptz. A value that its column cannot hold is null.';

CREATE FUNCTION playbook_create_output_views(playbook text)
RETURNS TABLE (output text, view text, status text, detail text)
LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'playbook_create_output_views';
COMMENT ON FUNCTION playbook_create_output_views(text) IS 'Makes the views of a playbook''s outputs that are missing, and adds columns that are new; status is created, extended, unchanged, changed (a column''s type), waiting (for a first execution) or refused.';
