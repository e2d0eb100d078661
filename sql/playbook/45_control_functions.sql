-- What people and applications do to an execution that is under way. Implemented by src/sql_api/control_api.cpp and
-- src/execution/control.cpp. A wrong state is 55000 and names the present one.

CREATE FUNCTION playbook_pause(execution bigint, reason text DEFAULT NULL)
RETURNS void LANGUAGE C AS 'MODULE_PATHNAME', 'playbook_pause';
COMMENT ON FUNCTION playbook_pause(bigint, text) IS 'Freezes an execution: nothing begins until playbook_resume(); a step that runs at this moment is recorded when it ends.';

CREATE FUNCTION playbook_resume(execution bigint, timers text DEFAULT 'shift')
RETURNS void LANGUAGE C AS 'MODULE_PATHNAME', 'playbook_resume';
COMMENT ON FUNCTION playbook_resume(bigint, text) IS 'Goes on where a paused execution stood. timers: shift (waits take as long as was left of them) or keep (they end when they would have). Due dates of tasks and approvals stay.';

CREATE FUNCTION playbook_cancel(execution bigint, reason text DEFAULT NULL)
RETURNS text LANGUAGE C AS 'MODULE_PATHNAME', 'playbook_cancel';
COMMENT ON FUNCTION playbook_cancel(bigint, text) IS 'Stops a step that runs, skips the rest, revokes open approvals, tasks and messages, then runs the on_cancel steps of what had begun. Returns the status: cancelled, or running while on_cancel steps are at work.';

CREATE FUNCTION playbook_skip(execution bigint, step text, reason text DEFAULT NULL, outcome text DEFAULT NULL)
RETURNS void LANGUAGE C AS 'MODULE_PATHNAME', 'playbook_skip';
COMMENT ON FUNCTION playbook_skip(bigint, text, text, text) IS 'Skips one step that has not ended well, with a reason and an outcome, one of its type''s words, that later conditions see; the execution goes on.';

CREATE FUNCTION playbook_retry(execution bigint, from_step text DEFAULT NULL, changes jsonb DEFAULT NULL)
RETURNS void LANGUAGE C AS 'MODULE_PATHNAME', 'playbook_retry';
COMMENT ON FUNCTION playbook_retry(bigint, text, jsonb) IS 'Does the failed steps of an execution again, or a step and all that comes after it; changes are merged into the input of that step.';

CREATE FUNCTION playbook_signal(execution bigint, name text, payload jsonb DEFAULT '{}')
RETURNS void LANGUAGE C AS 'MODULE_PATHNAME', 'playbook_signal';
COMMENT ON FUNCTION playbook_signal(bigint, text, jsonb) IS 'Tells an execution of an event; a wait for that name ends with outcome received and the payload as output. One that comes early is kept.';

CREATE FUNCTION playbook_hold(kind text, name text DEFAULT NULL, reason text DEFAULT 'held')
RETURNS void LANGUAGE C AS 'MODULE_PATHNAME', 'playbook_hold';
COMMENT ON FUNCTION playbook_hold(text, text, text) IS 'Stops everything outward of a playbook, customer or connection, or of all, until playbook_release(). What would begin waits and says why.';

CREATE FUNCTION playbook_release(kind text, name text DEFAULT NULL)
RETURNS integer LANGUAGE C AS 'MODULE_PATHNAME', 'playbook_release';
COMMENT ON FUNCTION playbook_release(text, text) IS 'Lifts a hold; what waited for it goes on. Returns how many holds were lifted: 0 or 1.';
