-- Starting and running. Implemented by src/sql_api/run_api.cpp and src/execution.
--
-- Here and in what follows, a function that takes an execution has a twin that takes its run id, or its id as text
-- (src/sql_api/execution_argument); the two differ in nothing else.

CREATE FUNCTION playbook_start(
    playbook        text,
    customer        text        DEFAULT NULL,
    parameters      jsonb       DEFAULT '{}',
    idempotency_key text        DEFAULT NULL,
    priority        integer     DEFAULT 0,
    start_at        timestamptz DEFAULT now(),
    conflict        text        DEFAULT NULL,
    labels          jsonb       DEFAULT '{}',
    save_artifacts  boolean     DEFAULT true,
    data_warehouse  text        DEFAULT NULL,
    crm             text        DEFAULT NULL,
    draft           boolean     DEFAULT false)
RETURNS bigint LANGUAGE C AS 'MODULE_PATHNAME', 'playbook_start';
COMMENT ON FUNCTION playbook_start(text, text, jsonb, text, integer, timestamptz, text, jsonb, boolean, text, text, boolean) IS
    'Starts a playbook and returns the execution''s id at once; executors run it after the commit. Parameters are checked first (22023), the customer too (P0002). A repeated idempotency_key returns the first execution. conflict (skip, queue, replace, allow) says what happens when the customer runs it already; a start that would be skipped is 23505.';

CREATE FUNCTION playbook_start_many(playbook text, customers text[], parameters jsonb DEFAULT '{}')
RETURNS TABLE (ordinal integer, customer text, execution bigint, outcome text, detail text)
LANGUAGE C AS 'MODULE_PATHNAME', 'playbook_start_many';
COMMENT ON FUNCTION playbook_start_many(text, text[], jsonb) IS 'Starts a playbook for many customers with the same parameters; outcome: started, repeated, skipped (runs already) or refused, with the reason. One bad customer does not fail the rest.';

CREATE FUNCTION playbook_start_many(playbook text, starts jsonb)
RETURNS TABLE (ordinal integer, customer text, execution bigint, outcome text, detail text)
LANGUAGE C AS 'MODULE_PATHNAME', 'playbook_start_many';
COMMENT ON FUNCTION playbook_start_many(text, jsonb) IS 'The same for a list of objects, each with customer, parameters, idempotency_key, priority, start_at, conflict and labels of its own.';

CREATE FUNCTION playbook_run(
    playbook         text,
    customer         text    DEFAULT NULL,
    parameters       jsonb   DEFAULT '{}',
    conflict         text    DEFAULT NULL,
    labels           jsonb   DEFAULT '{}',
    save_artifacts   boolean DEFAULT true,
    data_warehouse   text    DEFAULT NULL,
    crm              text    DEFAULT NULL,
    draft            boolean DEFAULT false,
    raise_on_failure boolean DEFAULT false)
RETURNS jsonb LANGUAGE C AS 'MODULE_PATHNAME', 'playbook_run';
COMMENT ON FUNCTION playbook_run(text, text, jsonb, text, jsonb, boolean, text, text, boolean, boolean) IS
    'Starts a playbook and runs it in this session and transaction until it has ended or must wait; returns the result document. A failed step does not raise (that would undo its record) unless raise_on_failure is given.';

CREATE PROCEDURE playbook_execute(
    playbook         text,
    customer         text     DEFAULT NULL,
    parameters       jsonb    DEFAULT '{}',
    conflict         text     DEFAULT NULL,
    labels           jsonb    DEFAULT '{}',
    save_artifacts   boolean  DEFAULT true,
    data_warehouse   text     DEFAULT NULL,
    crm              text     DEFAULT NULL,
    draft            boolean  DEFAULT false,
    wait_at_most     interval DEFAULT '5 minutes',
    INOUT result     jsonb    DEFAULT NULL)
LANGUAGE C AS 'MODULE_PATHNAME', 'playbook_execute';
COMMENT ON PROCEDURE playbook_execute(text, text, jsonb, text, jsonb, boolean, text, text, boolean, interval, jsonb) IS
    'The same in a transaction for each step: commits between steps, waits for what others do until wait_at_most has passed, and returns the result document.';

CREATE FUNCTION playbook_advance(execution bigint)
RETURNS text LANGUAGE C STRICT AS 'MODULE_PATHNAME', 'playbook_advance';
COMMENT ON FUNCTION playbook_advance(bigint) IS 'Advances one execution in this session as far as it goes; returns its status.';

CREATE FUNCTION playbook_advance(run_id text)
RETURNS text LANGUAGE C STRICT AS 'MODULE_PATHNAME', 'playbook_advance';
COMMENT ON FUNCTION playbook_advance(text) IS 'The same for an execution named by its run id.';

CREATE PROCEDURE playbook_work(
    at_most           interval DEFAULT '1 minute',
    INOUT executions  bigint   DEFAULT NULL,
    INOUT steps_alone bigint   DEFAULT NULL)
LANGUAGE C AS 'MODULE_PATHNAME', 'playbook_work';
COMMENT ON PROCEDURE playbook_work(interval, bigint, bigint) IS
    'Does due work of the calling role until nothing is due or the time is over, for servers without background workers: call it from pg_cron, once per owner. Returns how many executions were advanced and how many steps ran in transactions of their own.';

CREATE FUNCTION playbook_wait(execution bigint, timeout interval DEFAULT '30 s', until text DEFAULT 'end',
    OUT status text, OUT waiting_for text, OUT waiting_until timestamptz, OUT error jsonb)
LANGUAGE C STRICT AS 'MODULE_PATHNAME', 'playbook_wait';
COMMENT ON FUNCTION playbook_wait(bigint, interval, text) IS
    'Sleeps until the execution has ended (until => ''end'') or also waits for a person (''person''), at most for the timeout; returns the state then. Fails at once (55000) in the transaction that started it, or under REPEATABLE READ.';

CREATE FUNCTION playbook_wait(run_id text, timeout interval DEFAULT '30 s', until text DEFAULT 'end',
    OUT status text, OUT waiting_for text, OUT waiting_until timestamptz, OUT error jsonb)
LANGUAGE C STRICT AS 'MODULE_PATHNAME', 'playbook_wait';
COMMENT ON FUNCTION playbook_wait(text, interval, text) IS 'The same for an execution named by its run id.';

CREATE FUNCTION playbook_run_id(execution bigint)
RETURNS text LANGUAGE C STABLE STRICT AS 'MODULE_PATHNAME', 'playbook_run_id';
COMMENT ON FUNCTION playbook_run_id(bigint) IS 'The run id of an execution, such as run_20260128_143000_abc123.';

CREATE FUNCTION playbook_run_id(run_id text)
RETURNS text LANGUAGE C STABLE STRICT AS 'MODULE_PATHNAME', 'playbook_run_id';
COMMENT ON FUNCTION playbook_run_id(text) IS 'The same for an execution named by its run id, or by its id as text.';

CREATE FUNCTION playbook_rerun(execution bigint)
RETURNS jsonb LANGUAGE C STRICT AS 'MODULE_PATHNAME', 'playbook_rerun';
COMMENT ON FUNCTION playbook_rerun(bigint) IS
    'Runs the data steps and conditions of a finished execution again, from its own snapshot and parameters, and compares: {"run_id", "equal", "differences", "not_run_again"}. What acts, waits or is decided by people stands as it was. Nothing is stored.';

CREATE FUNCTION playbook_rerun(run_id text)
RETURNS jsonb LANGUAGE C STRICT AS 'MODULE_PATHNAME', 'playbook_rerun';
COMMENT ON FUNCTION playbook_rerun(text) IS 'The same for an execution named by its run id.';

CREATE FUNCTION playbook_preview(
    playbook    text,
    customer    text    DEFAULT NULL,
    parameters  jsonb   DEFAULT '{}',
    run_queries boolean DEFAULT false)
RETURNS TABLE ("position" integer, step text, type text, input jsonb, needs_approval boolean, approvers text[],
               branch text, planned_at timestamptz, missing_variables text[], problem text)
LANGUAGE C AS 'MODULE_PATHNAME', 'playbook_preview';
COMMENT ON FUNCTION playbook_preview(text, text, jsonb, boolean) IS
    'What each step of a playbook (its id, or an unsaved text) would do for a customer and parameters, as it would be rendered now. Writes nothing, sends nothing, runs no sql step; data steps are planned with EXPLAIN unless run_queries.';
