-- Rows of steps, as their queries returned them. Whoever may see the execution may read them. A step is named by its
-- id, an execution by its number or its run id; `item` is one item of a step with for_each, 0 the step itself. A step
-- that completed without rows gives none; one that has not completed is an error. Served by src/sql_api/rows_api.cpp.

CREATE FUNCTION playbook_rows(execution bigint, step text, item integer DEFAULT 0)
RETURNS SETOF jsonb
LANGUAGE C VOLATILE PARALLEL UNSAFE ROWS 1000
AS 'MODULE_PATHNAME', 'playbook_rows';
COMMENT ON FUNCTION playbook_rows(bigint, text, integer) IS 'The rows of a step as JSON objects; numbers keep their digits.';

CREATE FUNCTION playbook_rows(run_id text, step text, item integer DEFAULT 0)
RETURNS SETOF jsonb
LANGUAGE C VOLATILE PARALLEL UNSAFE ROWS 1000
AS 'MODULE_PATHNAME', 'playbook_rows';
COMMENT ON FUNCTION playbook_rows(text, text, integer) IS 'The rows of a step as JSON objects, of an execution named by its run id.';

CREATE FUNCTION playbook_rows(execution bigint, step text, row_type anyelement, item integer DEFAULT 0)
RETURNS SETOF anyelement
LANGUAGE C VOLATILE PARALLEL UNSAFE ROWS 1000
AS 'MODULE_PATHNAME', 'playbook_rows_as';
COMMENT ON FUNCTION playbook_rows(bigint, text, anyelement, integer) IS 'The rows of a step as rows of a type, as in playbook_rows(42, ''accounts'', NULL::analytics.accounts): columns are found by name and cast, missing ones are null, no common one is an error; of a plain type, the first column.';

CREATE FUNCTION playbook_rows(run_id text, step text, row_type anyelement, item integer DEFAULT 0)
RETURNS SETOF anyelement
LANGUAGE C VOLATILE PARALLEL UNSAFE ROWS 1000
AS 'MODULE_PATHNAME', 'playbook_rows_as';
COMMENT ON FUNCTION playbook_rows(text, text, anyelement, integer) IS 'The rows of a step as rows of a type, of an execution named by its run id.';

CREATE FUNCTION playbook_records(execution bigint, step text, item integer DEFAULT 0)
RETURNS SETOF record
LANGUAGE C VOLATILE PARALLEL UNSAFE ROWS 1000
AS 'MODULE_PATHNAME', 'playbook_records';
COMMENT ON FUNCTION playbook_records(bigint, text, integer) IS 'The rows of a step as records, as in playbook_records(42, ''accounts'') AS t (name text, arr numeric): columns are found by name.';

CREATE FUNCTION playbook_records(run_id text, step text, item integer DEFAULT 0)
RETURNS SETOF record
LANGUAGE C VOLATILE PARALLEL UNSAFE ROWS 1000
AS 'MODULE_PATHNAME', 'playbook_records';
COMMENT ON FUNCTION playbook_records(text, text, integer) IS 'The rows of a step as records with a column list, of an execution named by its run id.';
