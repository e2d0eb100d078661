-- Watching: how far an execution is, what came out, what has changed. Implemented by src/sql_api/watch_api.cpp.

CREATE FUNCTION playbook_progress(execution bigint)
RETURNS TABLE ("position" integer, item integer, depth integer, branch text, step text, name text, type text,
               status text, outcome text, waiting_for text, waiting_until timestamptz, reason text, attempt integer,
               started_at timestamptz, finished_at timestamptz, elapsed interval, row_count bigint, error text,
               expected_at timestamptz)
LANGUAGE C STRICT AS 'MODULE_PATHNAME', 'playbook_progress';
COMMENT ON FUNCTION playbook_progress(bigint) IS 'Each step of an execution in the order of the definition: what became of it, or what it waits for and until when; expected_at: when it should have ended (playbook_estimate). Items of a for_each follow their step.';

CREATE FUNCTION playbook_progress(run_id text)
RETURNS TABLE ("position" integer, item integer, depth integer, branch text, step text, name text, type text,
               status text, outcome text, waiting_for text, waiting_until timestamptz, reason text, attempt integer,
               started_at timestamptz, finished_at timestamptz, elapsed interval, row_count bigint, error text,
               expected_at timestamptz)
LANGUAGE C STRICT AS 'MODULE_PATHNAME', 'playbook_progress';
COMMENT ON FUNCTION playbook_progress(text) IS 'The same for an execution named by its run id.';

CREATE FUNCTION playbook_estimate(execution bigint,
    OUT remaining interval, OUT p25 interval, OUT p75 interval, OUT ends_at timestamptz, OUT basis text, OUT n integer)
LANGUAGE C STRICT AS 'MODULE_PATHNAME', 'playbook_estimate';
COMMENT ON FUNCTION playbook_estimate(bigint) IS 'How long an execution that is under way will still take: from completed executions that came to the same point (basis history: the median, half of them between p25 and p75, n of them), with fewer than ten of those from its waits and due dates (basis definition). Null where nobody can tell, as where a person must act, and when it has ended.';

CREATE FUNCTION playbook_estimate(run_id text,
    OUT remaining interval, OUT p25 interval, OUT p75 interval, OUT ends_at timestamptz, OUT basis text, OUT n integer)
LANGUAGE C STRICT AS 'MODULE_PATHNAME', 'playbook_estimate';
COMMENT ON FUNCTION playbook_estimate(text) IS 'The same for an execution named by its run id.';

CREATE FUNCTION playbook_result(execution bigint, include_data boolean DEFAULT true)
RETURNS jsonb LANGUAGE C AS 'MODULE_PATHNAME', 'playbook_result';
COMMENT ON FUNCTION playbook_result(bigint, boolean) IS 'The result document (doc/result.schema.json) of an execution: steps, outputs, summary, insights, metadata; also of one that is under way. At most playbook.result_rows rows of each step; truncated says where there are more.';

CREATE FUNCTION playbook_result(run_id text, include_data boolean DEFAULT true)
RETURNS jsonb LANGUAGE C AS 'MODULE_PATHNAME', 'playbook_result';
COMMENT ON FUNCTION playbook_result(text, boolean) IS 'The same for an execution named by its run id, such as run_20260128_143000_abc123.';

CREATE FUNCTION playbook_changes(after bigint DEFAULT 0, "limit" integer DEFAULT 1000)
RETURNS TABLE (seq bigint, execution bigint, playbook text, step text, item integer, status text, waiting_for text,
               at timestamptz)
LANGUAGE C STRICT AS 'MODULE_PATHNAME', 'playbook_changes';
COMMENT ON FUNCTION playbook_changes(bigint, integer) IS 'Changes of status that were announced after a sequence number, in order, of executions that the caller may see. A client that was away goes on from the last number it has.';
