-- What a DBA asks at three in the morning: playbook_health, one row for each check. Every threshold is here and in
-- doc/operations.md; a test drives each check to critical and back.

-- SECURITY DEFINER: counts of rows that the caller may not see, no content of them.
CREATE FUNCTION playbook_health_checks()
RETURNS TABLE ("check" text, status text, value text, threshold text, hint text)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $function$
#variable_conflict use_column
DECLARE
    preloaded CONSTANT boolean := EXISTS (SELECT FROM @extschema@.playbook_worker_list() WHERE kind = 'launcher');
    schedulers CONSTANT bigint := (SELECT count(*) FROM @extschema@.playbook_worker_list() WHERE kind = 'scheduler');
    executors CONSTANT bigint := (SELECT count(*) FROM @extschema@.playbook_worker_list() WHERE kind = 'executor');
    lag interval;
    owners regrole[];
BEGIN
    -- Is this the place where work goes on?
    RETURN QUERY
    SELECT 'installation',
           CASE WHEN here IS FALSE THEN 'critical' ELSE 'ok' END,
           CASE WHEN here IS NULL THEN 'not enabled yet' WHEN here THEN 'enabled here' ELSE 'enabled elsewhere' END,
           'enabled elsewhere',
           CASE WHEN here IS FALSE THEN 'These tables are a copy: nothing runs. If they are to run here, and no longer '
                                        'there: SELECT playbook_enable().' END
    FROM (SELECT (SELECT i.system_identifier = (SELECT c.system_identifier FROM pg_control_system() c)
                         AND i.database = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database())
                  FROM @extschema@.playbook_installation i) AS here) AS installation;

    -- The owners with something due, by jumps through the index: there may be a million that wait.
    WITH RECURSIVE next AS (
        (SELECT e.owner, e.priority, e.due_at FROM @extschema@.playbook_executions_live e
         WHERE e.due_at IS NOT NULL ORDER BY e.owner, e.priority, e.due_at LIMIT 1)
        UNION ALL
        SELECT following.owner, following.priority, following.due_at
        FROM next, LATERAL (SELECT e.owner, e.priority, e.due_at FROM @extschema@.playbook_executions_live e
                            WHERE e.due_at IS NOT NULL AND (e.owner, e.priority) > (next.owner, next.priority)
                            ORDER BY e.owner, e.priority, e.due_at LIMIT 1) AS following)
    SELECT clock_timestamp() - min(next.due_at), array_agg(DISTINCT next.owner)
           FILTER (WHERE next.due_at < clock_timestamp())
    INTO lag, owners
    FROM next;
    lag := greatest(lag, clock_timestamp() - (SELECT min(s.due_at) FROM @extschema@.playbook_step_executions_live s
                                              WHERE s.alone AND s.status IN ('pending', 'running')
                                                AND s.status = 'pending'), interval '0');

    RETURN QUERY
    SELECT 'workers',
           CASE WHEN alive OR lag < interval '1 minute' THEN 'ok' ELSE 'critical' END,
           format('%s scheduler, %s executors%s', schedulers, executors,
                  CASE WHEN preloaded THEN '' ELSE ', not preloaded' END),
           'critical: nobody works and something is due for a minute',
           CASE WHEN alive OR lag < interval '1 minute' THEN NULL
                WHEN preloaded THEN 'The server''s log says why there is no scheduler: look for "playbook:".'
                ELSE 'Add playbook to shared_preload_libraries, or call playbook_work() regularly.' END
    FROM (SELECT schedulers > 0 OR EXISTS (
              SELECT FROM @extschema@.playbook_work_log w
              WHERE w.worked_at > clock_timestamp() - interval '2 minutes') AS alive) AS workers;

    RETURN QUERY
    SELECT 'due_lag',
           CASE WHEN lag > interval '5 minutes' THEN 'critical' WHEN lag > interval '1 minute' THEN 'warn'
                ELSE 'ok' END,
           date_trunc('second', lag)::text,
           'warn: 1 minute, critical: 5 minutes',
           CASE WHEN lag > interval '1 minute'
                THEN 'What is due waits: raise playbook.max_executors, find the slow step in playbook_workers, or see '
                     'the checks workers and owners.' END;

    RETURN QUERY
    SELECT 'owners',
           CASE WHEN count(*) > 0 THEN 'critical' ELSE 'ok' END,
           coalesce(string_agg(CASE WHEN r.oid IS NULL THEN o.owner::oid::text ELSE r.rolname END, ', '
                               ORDER BY o.owner), 'all can be worked for'),
           'critical: one with work that cannot be connected as',
           CASE WHEN count(*) > 0 THEN 'Give these roles LOGIN and CONNECT, or their playbooks and executions another '
                                       'owner with playbook_set_owner(); playbook_executions.reason says which.' END
    FROM unnest(owners) AS o (owner)
    LEFT JOIN pg_roles r ON r.oid = o.owner
    WHERE r.oid IS NULL
       OR NOT r.rolcanlogin AND current_setting('server_version_num')::integer < 170000
       OR NOT has_database_privilege(r.oid, current_database(), 'CONNECT')
       OR r.rolsuper AND NOT current_setting('playbook.superuser_owners')::boolean;

    RETURN QUERY
    SELECT 'failures',
           CASE WHEN coalesce(max(f.number), 0) >= 100 THEN 'critical'
                WHEN coalesce(max(f.number), 0) >= 10 THEN 'warn' ELSE 'ok' END,
           coalesce(string_agg(format('%s × %s', f.number, f.code), ', ' ORDER BY f.number DESC, f.code), 'none'),
           'warn: 10 of one error in an hour, critical: 100',
           CASE WHEN max(f.number) >= 10
                THEN 'SELECT error, count(*) FROM playbook_executions WHERE status = ''failed'' '
                     'AND finished_at > now() - interval ''1 hour'' GROUP BY error.' END
    FROM (SELECT coalesce(e.error ->> 'sqlstate', 'without an error') AS code, count(*) AS number
          FROM @extschema@.playbook_executions e
          WHERE e.status = 'failed' AND e.finished_at > clock_timestamp() - interval '1 hour'
          GROUP BY 1 ORDER BY 2 DESC LIMIT 5) AS f;

    RETURN QUERY
    SELECT 'leases',
           CASE WHEN overdue > interval '1 hour' THEN 'critical' WHEN overdue > interval '10 minutes' THEN 'warn'
                ELSE 'ok' END,
           format('%s ended%s', number, ', the oldest ' || date_trunc('second', overdue) || ' ago'),
           'warn: ended 10 minutes ago, critical: 1 hour',
           CASE WHEN overdue > interval '10 minutes'
                THEN 'A sender has claimed messages and has not reported; nobody claims them again. Is it running?' END
    FROM (SELECT count(*) AS number, clock_timestamp() - min(o.leased_until) AS overdue
          FROM @extschema@.playbook_outbox o
          WHERE o.status = 'claimed' AND o.leased_until < clock_timestamp()) AS leases;

    RETURN QUERY
    SELECT 'lost_steps',
           CASE WHEN number > 0 AND since > interval '2 minutes' THEN 'critical' WHEN number > 0 THEN 'warn'
                ELSE 'ok' END,
           number::text,
           'warn: 1, critical: for 2 minutes',
           CASE WHEN number > 0
                THEN 'Steps say that they run in processes that are gone. A scheduler, or playbook_work(), '
                     'takes them up again within half a minute: see the check workers.' END
    FROM (SELECT count(*) AS number, clock_timestamp() - min(s.started_at) AS since
          FROM @extschema@.playbook_step_executions_live s
          WHERE s.alone AND s.status IN ('pending', 'running') AND s.status = 'running' AND s.worker IS NOT NULL
            AND NOT EXISTS (SELECT FROM pg_stat_activity a WHERE a.pid = s.worker)) AS lost;

    RETURN QUERY
    SELECT 'retention',
           CASE WHEN overdue > interval '7 days' THEN 'critical' WHEN overdue > interval '1 day' THEN 'warn'
                ELSE 'ok' END,
           format('%s slots to be dropped%s', number, ', the oldest for ' || date_trunc('second', overdue)),
           'warn: 1 day late, critical: 7 days',
           CASE WHEN overdue > interval '1 day'
                THEN coalesce('These processes have the tables locked: ' || (
                         SELECT string_agg(DISTINCT l.pid::text, ', ') FROM pg_locks l
                         WHERE l.granted AND l.database = (SELECT d.oid FROM pg_database d
                                                           WHERE d.datname = current_database())
                           AND l.pid <> pg_backend_pid() AND l.relation = ANY (slots)) || '.',
                         'Nobody drops them: is a scheduler alive, or is playbook_purge() called?') END
    FROM (SELECT count(*) AS number, clock_timestamp() - min(coalesce(h.ends_at, h.truncated_at)) AS overdue,
                 array_agg(to_regclass(format('@extschema@.playbook_executions_%s', lpad(h.slot::text, 2, '0')))::oid)
                     AS slots
          FROM @extschema@.playbook_history_slots h
          WHERE h.ends_at < clock_timestamp() OR h.ends_at IS NULL AND NOT h.swept) AS backlog;

    RETURN QUERY
    SELECT 'feed',
           CASE WHEN behind > interval '5 minutes' THEN 'critical' WHEN behind > interval '30 seconds' THEN 'warn'
                ELSE 'ok' END,
           coalesce(date_trunc('second', behind), interval '0')::text,
           'warn: 30 seconds, critical: 5 minutes',
           CASE WHEN behind > interval '30 seconds'
                THEN 'Committed changes are not announced: see the check workers, and the server''s log.' END
    FROM (SELECT clock_timestamp() - min(b.at) AS behind FROM @extschema@.playbook_change_batches b
          WHERE b.first_seq IS NULL) AS feed;

    RETURN QUERY
    SELECT 'vacuum',
           CASE WHEN coalesce(max(v.times), 0) >= 20 THEN 'critical' WHEN coalesce(max(v.times), 0) >= 5 THEN 'warn'
                ELSE 'ok' END,
           coalesce((array_agg(format('%s: %s dead rows', v.name, v.dead) ORDER BY v.times DESC))[1], 'nothing dead'),
           'warn: 5 times what autovacuum waits for, critical: 20 times',
           CASE WHEN max(v.times) >= 5
                THEN 'Autovacuum does not keep up: a long transaction, a prepared one or a replication slot holds it '
                     'back, or autovacuum is off (pg_stat_activity, pg_prepared_xacts, pg_replication_slots).' END
    FROM (SELECT c.relname AS name, t.n_dead_tup AS dead,
                 t.n_dead_tup / greatest(
                     coalesce(option.threshold, current_setting('autovacuum_vacuum_threshold')::float8)
                     + coalesce(option.scale, current_setting('autovacuum_vacuum_scale_factor')::float8)
                       * greatest(c.reltuples, 0), 1) AS times
          FROM pg_class c
          JOIN pg_stat_all_tables t ON t.relid = c.oid
          CROSS JOIN LATERAL (
              SELECT max(o.option_value::float8) FILTER (WHERE o.option_name = 'autovacuum_vacuum_threshold')
                         AS threshold,
                     max(o.option_value::float8) FILTER (WHERE o.option_name = 'autovacuum_vacuum_scale_factor')
                         AS scale
              FROM pg_options_to_table(c.reloptions) o
              WHERE o.option_name IN ('autovacuum_vacuum_threshold', 'autovacuum_vacuum_scale_factor')) AS option
          WHERE c.relnamespace = '@extschema@'::regnamespace
            AND c.relname IN ('playbook_executions_live', 'playbook_step_executions_live', 'playbook_step_rows_live',
                              'playbook_change_batches', 'playbook_outbox', 'playbook_active_customers',
                              'playbook_messages')) AS v;

    RETURN QUERY
    SELECT 'transaction_ids',
           CASE WHEN oldest > 1500000000 THEN 'critical' WHEN oldest > 1000000000 THEN 'warn' ELSE 'ok' END,
           oldest::text,
           'warn: 1000000000, critical: 1500000000',
           CASE WHEN oldest > 1000000000 THEN 'The tables are not frozen in time; the server stops at 2000000000. What '
                                              'holds VACUUM back? VACUUM (FREEZE) them.' END
    FROM (SELECT max(age(c.relfrozenxid)) AS oldest FROM pg_class c
          WHERE c.relnamespace = '@extschema@'::regnamespace AND c.relkind IN ('r', 't')
            AND c.relname LIKE 'playbook%') AS frozen;

    RETURN QUERY
    SELECT 'execution_ids',
           CASE WHEN used > 90 THEN 'critical' WHEN used > 50 THEN 'warn' ELSE 'ok' END,
           format('%s %%', round(used, 2)),
           'warn: 50 %, critical: 90 %',
           CASE WHEN used > 50 THEN 'Ids of executions come to an end at 2^53.' END
    FROM (SELECT 100.0 * s.last_value / 8796093022207 AS used FROM @extschema@.playbook_execution_number s) AS numbers;
END
$function$;
COMMENT ON FUNCTION playbook_health_checks() IS
    'The checks of playbook_health that the engine makes itself; read them through that view.';

-- As the caller: pg_cron shows everybody their own jobs, and superusers all of them.
CREATE FUNCTION playbook_health_cron()
RETURNS TABLE ("check" text, status text, value text, threshold text, hint text)
    LANGUAGE plpgsql STABLE
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    jobs bigint;
    failing bigint;
    dead bigint;
    last_message text;
BEGIN
    IF to_regclass('cron.job') IS NULL OR to_regclass('cron.job_run_details') IS NULL
       OR NOT has_table_privilege('cron.job', 'SELECT')
       OR NOT has_table_privilege('cron.job_run_details', 'SELECT') THEN
        RETURN QUERY SELECT 'pg_cron', 'ok', 'no jobs here', 'critical: the last 3 runs of a job failed', NULL::text;
        RETURN;
    END IF;
    EXECUTE $jobs$
        SELECT count(*), count(*) FILTER (WHERE failures > 0), count(*) FILTER (WHERE failures >= 3), max(message)
        FROM (
            SELECT j.jobid, l.message,
                   (SELECT count(*) FROM (SELECT d.status FROM cron.job_run_details d
                                          WHERE d.jobid = j.jobid AND d.status IN ('succeeded', 'failed')
                                          ORDER BY d.runid DESC LIMIT 3) AS latest
                    WHERE latest.status = 'failed' AND l.status = 'failed') AS failures
            FROM cron.job j
            LEFT JOIN LATERAL (SELECT d.status, d.return_message AS message FROM cron.job_run_details d
                               WHERE d.jobid = j.jobid AND d.status IN ('succeeded', 'failed')
                               ORDER BY d.runid DESC LIMIT 1) AS l ON true
            WHERE j.active AND j.database = current_database() AND j.command ~ 'playbook_') AS jobs
        $jobs$ INTO jobs, failing, dead, last_message;
    RETURN QUERY
    SELECT 'pg_cron',
           CASE WHEN dead > 0 THEN 'critical' WHEN failing > 0 THEN 'warn' ELSE 'ok' END,
           CASE jobs WHEN 0 THEN 'no jobs here' ELSE format('%s jobs, the last run of %s failed', jobs, failing) END,
           'critical: the last 3 runs of a job failed',
           CASE WHEN failing > 0
                THEN 'SELECT * FROM cron.job_run_details ORDER BY runid DESC. ' || coalesce(last_message, '')
                           END;
END
$function$;
COMMENT ON FUNCTION playbook_health_cron() IS
    'The check of playbook_health that looks at pg_cron, with the rights of the caller; read it through that view.';

CREATE VIEW playbook_health WITH (security_invoker = true) AS
    SELECT "check", status, value, threshold, hint FROM playbook_health_checks()
    UNION ALL
    SELECT "check", status, value, threshold, hint FROM playbook_health_cron();
COMMENT ON VIEW playbook_health IS 'How the engine is in this database: one row for each check, with what to do about it.';
COMMENT ON COLUMN playbook_health."check" IS 'What is looked at.';
COMMENT ON COLUMN playbook_health.status IS 'ok, warn or critical.';
COMMENT ON COLUMN playbook_health.value IS 'What was found.';
COMMENT ON COLUMN playbook_health.threshold IS 'From where on it is warn or critical.';
COMMENT ON COLUMN playbook_health.hint IS 'What to do; null when there is nothing to do.';

-- Counters: src/worker/counters.
CREATE FUNCTION playbook_stat_counters(OUT name text, OUT type text, OUT status text, OUT value bigint,
    OUT stats_reset timestamptz)
RETURNS SETOF record
    LANGUAGE c VOLATILE PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'playbook_stat_counters';
COMMENT ON FUNCTION playbook_stat_counters() IS 'The counters of this database, from shared memory; read them through the view playbook_stat.';

CREATE VIEW playbook_stat WITH (security_invoker = true) AS
    SELECT c.name, c.type, c.status, c.value, c.stats_reset FROM playbook_stat_counters() AS c;
COMMENT ON VIEW playbook_stat IS 'Counters that only grow, of this database since the server started. Without shared_preload_libraries: of this session.';
COMMENT ON COLUMN playbook_stat.name IS 'What is counted.';
COMMENT ON COLUMN playbook_stat.type IS 'Of steps: their type.';
COMMENT ON COLUMN playbook_stat.status IS 'Of steps: how they ended, completed, failed or skipped.';
COMMENT ON COLUMN playbook_stat.value IS 'How many; sql_microseconds: how long.';
COMMENT ON COLUMN playbook_stat.stats_reset IS 'Since when it counts.';
