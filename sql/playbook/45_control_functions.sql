-- What people and applications do to an execution that is under way. Implemented by src/sql_api/control_api.cpp and
-- src/execution/control.cpp. A wrong state is 55000 and names the present one.

CREATE FUNCTION playbook_pause(execution bigint, reason text DEFAULT NULL)
RETURNS void LANGUAGE C AS 'MODULE_PATHNAME', 'playbook_pause';
COMMENT ON FUNCTION playbook_pause(bigint, text) IS 'Freezes an execution: nothing begins until playbook_resume(); a step that runs at this moment is recorded when it ends.';

CREATE FUNCTION playbook_pause(run_id text, reason text DEFAULT NULL)
RETURNS void LANGUAGE C AS 'MODULE_PATHNAME', 'playbook_pause';
COMMENT ON FUNCTION playbook_pause(text, text) IS 'The same for an execution named by its run id.';

CREATE FUNCTION playbook_resume(execution bigint, timers text DEFAULT 'shift')
RETURNS void LANGUAGE C AS 'MODULE_PATHNAME', 'playbook_resume';
COMMENT ON FUNCTION playbook_resume(bigint, text) IS 'Goes on where a paused execution stood. timers: shift (waits take as long as was left of them) or keep (they end when they would have). Due dates of tasks and approvals stay.';

CREATE FUNCTION playbook_resume(run_id text, timers text DEFAULT 'shift')
RETURNS void LANGUAGE C AS 'MODULE_PATHNAME', 'playbook_resume';
COMMENT ON FUNCTION playbook_resume(text, text) IS 'The same for an execution named by its run id.';

CREATE FUNCTION playbook_cancel(execution bigint, reason text DEFAULT NULL)
RETURNS text LANGUAGE C AS 'MODULE_PATHNAME', 'playbook_cancel';
COMMENT ON FUNCTION playbook_cancel(bigint, text) IS 'Stops a step that runs, skips the rest, revokes open approvals, tasks and messages, then runs the on_cancel steps of what had begun. Returns the status: cancelled, or running while on_cancel steps are at work.';

CREATE FUNCTION playbook_cancel(run_id text, reason text DEFAULT NULL)
RETURNS text LANGUAGE C AS 'MODULE_PATHNAME', 'playbook_cancel';
COMMENT ON FUNCTION playbook_cancel(text, text) IS 'The same for an execution named by its run id.';

CREATE FUNCTION playbook_skip(execution bigint, step text, reason text DEFAULT NULL, outcome text DEFAULT NULL)
RETURNS void LANGUAGE C AS 'MODULE_PATHNAME', 'playbook_skip';
COMMENT ON FUNCTION playbook_skip(bigint, text, text, text) IS 'Skips one step that has not ended well, with a reason and an outcome, one of its type''s words, that later conditions see; the execution goes on.';

CREATE FUNCTION playbook_skip(run_id text, step text, reason text DEFAULT NULL, outcome text DEFAULT NULL)
RETURNS void LANGUAGE C AS 'MODULE_PATHNAME', 'playbook_skip';
COMMENT ON FUNCTION playbook_skip(text, text, text, text) IS 'The same for an execution named by its run id.';

CREATE FUNCTION playbook_retry(execution bigint, from_step text DEFAULT NULL, changes jsonb DEFAULT NULL)
RETURNS void LANGUAGE C AS 'MODULE_PATHNAME', 'playbook_retry';
COMMENT ON FUNCTION playbook_retry(bigint, text, jsonb) IS 'Does the failed steps of an execution again, or a step and all that comes after it; changes are merged into the input of that step.';

CREATE FUNCTION playbook_retry(run_id text, from_step text DEFAULT NULL, changes jsonb DEFAULT NULL)
RETURNS void LANGUAGE C AS 'MODULE_PATHNAME', 'playbook_retry';
COMMENT ON FUNCTION playbook_retry(text, text, jsonb) IS 'The same for an execution named by its run id.';

CREATE FUNCTION playbook_retry_failed(
    playbook   text        DEFAULT NULL,
    error      text        DEFAULT NULL,
    since      timestamptz DEFAULT NULL,
    until      timestamptz DEFAULT NULL,
    "limit"    integer     DEFAULT 1000,
    per_minute integer     DEFAULT 60,
    dry_run    boolean     DEFAULT false)
RETURNS TABLE (execution bigint, playbook_id text, customer text, step text, reason text, failed_at timestamptz,
               result text, due_at timestamptz, detail text)
LANGUAGE C AS 'MODULE_PATHNAME', 'playbook_retry_failed';
COMMENT ON FUNCTION playbook_retry_failed(text, text, timestamptz, timestamptz, integer, integer, boolean) IS
    'Retries failed executions that the caller may control, by playbook, error (an SQLSTATE or a part of the message) and time of failure, oldest first, so many a minute. result: retried, refused (detail says why), or found with dry_run.';

CREATE FUNCTION playbook_skip_failed(
    playbook   text        DEFAULT NULL,
    error      text        DEFAULT NULL,
    since      timestamptz DEFAULT NULL,
    until      timestamptz DEFAULT NULL,
    skip_reason text       DEFAULT NULL,
    outcome    text        DEFAULT NULL,
    "limit"    integer     DEFAULT 1000,
    per_minute integer     DEFAULT 60,
    dry_run    boolean     DEFAULT false)
RETURNS TABLE (execution bigint, playbook_id text, customer text, step text, reason text, failed_at timestamptz,
               result text, due_at timestamptz, detail text)
LANGUAGE C AS 'MODULE_PATHNAME', 'playbook_skip_failed';
COMMENT ON FUNCTION playbook_skip_failed(text, text, timestamptz, timestamptz, text, text, integer, integer, boolean) IS
    'The same, but the failed steps are skipped, with a reason and an outcome, and the executions go on with what had been skipped because of them. result: skipped, refused, or found with dry_run.';

CREATE FUNCTION playbook_signal(execution bigint, name text, payload jsonb DEFAULT '{}')
RETURNS void LANGUAGE C AS 'MODULE_PATHNAME', 'playbook_signal';
COMMENT ON FUNCTION playbook_signal(bigint, text, jsonb) IS 'Tells an execution of an event; a wait for that name ends with outcome received and the payload as output. One that comes early is kept.';

CREATE FUNCTION playbook_signal(run_id text, name text, payload jsonb DEFAULT '{}')
RETURNS void LANGUAGE C AS 'MODULE_PATHNAME', 'playbook_signal';
COMMENT ON FUNCTION playbook_signal(text, text, jsonb) IS 'The same for an execution named by its run id.';

CREATE FUNCTION playbook_hold(kind text, name text DEFAULT NULL, reason text DEFAULT 'held')
RETURNS void LANGUAGE C AS 'MODULE_PATHNAME', 'playbook_hold';
COMMENT ON FUNCTION playbook_hold(text, text, text) IS 'Stops everything outward of a playbook, customer or connection, or of all, until playbook_release(). What would begin waits and says why.';

CREATE FUNCTION playbook_release(kind text, name text DEFAULT NULL)
RETURNS integer LANGUAGE C AS 'MODULE_PATHNAME', 'playbook_release';
COMMENT ON FUNCTION playbook_release(text, text) IS 'Lifts a hold; what waited for it goes on. Returns how many holds were lifted: 0 or 1.';
