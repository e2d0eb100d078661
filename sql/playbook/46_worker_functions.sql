-- The engine's processes, for people: src/worker, src/sql_api/worker_api.cpp.

CREATE FUNCTION playbook_worker_list(
    OUT kind text,
    OUT database oid,
    OUT role oid,
    OUT pid integer,
    OUT state text,
    OUT execution bigint,
    OUT "position" integer,
    OUT item integer,
    OUT since timestamptz
) RETURNS SETOF record
    LANGUAGE c STABLE PARALLEL RESTRICTED
    AS 'MODULE_PATHNAME', 'playbook_worker_list';
COMMENT ON FUNCTION playbook_worker_list() IS 'The engine''s processes in this database, from shared memory; read it through the view playbook_workers.';

CREATE VIEW playbook_workers WITH (security_invoker = true) AS
    SELECT w.kind,
           d.datname AS database,
           CASE WHEN w.role IS NOT NULL THEN w.role::pg_catalog.regrole END AS role,
           w.pid,
           w.state,
           w.execution,
           w.position,
           w.item,
           w.since
    FROM playbook_worker_list() AS w
    LEFT JOIN pg_catalog.pg_database AS d ON d.oid = w.database;
COMMENT ON VIEW playbook_workers IS 'The engine''s processes: the launcher, and what works in this database. Empty when playbook is not in shared_preload_libraries.';
COMMENT ON COLUMN playbook_workers.kind IS 'launcher, scheduler, executor, or session: a client that runs a step by itself.';
COMMENT ON COLUMN playbook_workers.database IS 'The database; null for the launcher, which serves them all.';
COMMENT ON COLUMN playbook_workers.role IS 'The role that an executor connected as, and whose playbooks it runs.';
COMMENT ON COLUMN playbook_workers.pid IS 'The process, as in pg_stat_activity.';
COMMENT ON COLUMN playbook_workers.state IS 'starting, idle, working (a batch of quick work) or alone (one step in a transaction of its own).';
COMMENT ON COLUMN playbook_workers.execution IS 'The execution whose step it runs alone.';
COMMENT ON COLUMN playbook_workers.position IS 'The position of that step.';
COMMENT ON COLUMN playbook_workers.item IS 'The item of that step''s for_each, else 0.';
COMMENT ON COLUMN playbook_workers.since IS 'Since when it is in this state.';

CREATE PROCEDURE playbook_purge(at_most interval DEFAULT '1 minute', INOUT slots integer DEFAULT NULL,
    INOUT rows bigint DEFAULT NULL)
    LANGUAGE c AS 'MODULE_PATHNAME', 'playbook_purge';
COMMENT ON PROCEDURE playbook_purge(interval, integer, bigint) IS
    'Drops the history whose retention is over, what belonged to it, and old entries of the feed, until nothing is left or the time is over: what the scheduler does by itself, for servers without workers. Returns how many slots of history were dropped and how many rows were deleted elsewhere.';
