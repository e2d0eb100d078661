-- Each check of playbook_health is driven to critical and back, by what it looks at. Nobody works here by itself: the
-- owners of what is due may not connect, or it is nobody's turn. And playbook_stat counts what was done.
SELECT plan(45);
SET client_min_messages = error;
REVOKE CONNECT ON DATABASE :"DBNAME" FROM PUBLIC;
CREATE ROLE health_owner; GRANT playbook_author TO health_owner;
CREATE ROLE health_viewer; GRANT playbook_viewer TO health_viewer;
CREATE ROLE health_user; GRANT playbook_user TO health_user;
CREATE FUNCTION health(which text) RETURNS text LANGUAGE sql AS
    $$SELECT status || CASE WHEN (status = 'ok') <> (hint IS NULL) THEN ', and the hint does not fit' ELSE '' END
      FROM playbook_health WHERE "check" = which$$;
SET ROLE health_owner;
SELECT playbook_create('{id: quick, steps: [{id: a, type: query, config: {template: SELECT 1}},
    {id: b, type: notify, config: {to: ana, message: hi, via: slack}}, {id: c, type: wait, when: "1 = 2", config: {for: 0}}]}',
                       true) \g /dev/null
SELECT playbook_create('{id: fails, steps: [{id: a, type: query, config: {template: SELECT 1/0}, retry: {attempts: 2,
    delay: 0s}}]}', true) \g /dev/null
RESET ROLE;

SELECT bag_eq('SELECT "check" FROM playbook_health', $$VALUES ('installation'), ('workers'), ('due_lag'), ('owners'),
    ('failures'), ('leases'), ('lost_steps'), ('retention'), ('feed'), ('vacuum'), ('transaction_ids'),
    ('execution_ids'), ('pg_cron')$$, 'the checks');
SET ROLE health_viewer;
SELECT is((SELECT count(*) FROM playbook_health WHERE status = 'ok'), 13::bigint, 'all is well at first');
SELECT is((SELECT count(*) FROM playbook_health_checks() AS c WHERE c.status = 'ok'), 12::bigint,
    'a viewer may ask the functions, too');
SET ROLE health_user;
SELECT throws_ok('SELECT * FROM playbook_health', '42501');
SELECT throws_ok('SELECT * FROM playbook_stat', '42501');
RESET ROLE;

-- installation
UPDATE playbook_installation SET database = database::bigint - 1;
SELECT is(health('installation'), 'critical', 'a copy');
UPDATE playbook_installation SET database = (SELECT oid FROM pg_database WHERE datname = current_database());
SELECT is(health('installation'), 'ok', 'and enabled');

-- owners, due_lag
SET ROLE health_owner;
SELECT playbook_start('quick') AS due \gset
RESET ROLE;
SELECT is(health('owners'), 'critical', 'an owner that executors cannot connect as');
SELECT is((SELECT value FROM playbook_health WHERE "check" = 'owners'), 'health_owner', 'is named');
UPDATE playbook_executions SET due_at = now() - interval '2 minutes' WHERE id = :due;
SELECT is(health('due_lag'), 'warn', 'due for two minutes');
UPDATE playbook_executions SET due_at = now() - interval '6 minutes' WHERE id = :due;
SELECT is(health('due_lag'), 'critical', 'due for six');
UPDATE playbook_executions SET due_at = now() WHERE id = :due; -- executors do not look behind what they have seen
SET ROLE health_owner;
CALL playbook_work() \g /dev/null
RESET ROLE;
SELECT is(health('due_lag'), 'ok', 'done');
SELECT is(health('owners'), 'ok', 'nothing is due of an owner that nobody can work for');

-- workers: in test/cluster/health_notices_missing_workers.py

-- failures
SET ROLE health_owner;
SELECT count(playbook_run('fails')) FROM generate_series(1, 10) \g /dev/null
CALL playbook_work() \g /dev/null
RESET ROLE;
SELECT is(health('failures'), 'warn', 'ten failures of one kind');
SELECT is((SELECT value FROM playbook_health WHERE "check" = 'failures'), '10 × 22012', 'named');
INSERT INTO playbook_executions (id, slot, home, playbook_id, snapshot, owner, starter, actor, created_at, finished_at,
    status, error)
SELECT n, 3, 0, 'p', 0, 10, 10, 'ana', now(), now(), 'failed', '{"sqlstate": "22012"}' FROM generate_series(1, 90) AS n;
SELECT is(health('failures'), 'critical', 'a hundred');
UPDATE playbook_executions SET finished_at = now() - interval '61 minutes' WHERE status = 'failed';
SELECT is(health('failures'), 'ok', 'an hour later');

-- leases
UPDATE playbook_outbox SET status = 'claimed', leased_until = now() - interval '11 minutes';
SELECT is(health('leases'), 'warn', 'a lease that ended eleven minutes ago');
UPDATE playbook_outbox SET leased_until = now() - interval '61 minutes';
SELECT is(health('leases'), 'critical', 'an hour ago');
SELECT id, token FROM playbook_outbox_claim(ARRAY['slack']) \gset
SELECT is(health('leases'), 'ok', 'claimed again');
SELECT playbook_outbox_complete(:id, :'token') \g /dev/null

-- lost_steps
INSERT INTO playbook_step_executions (execution_id, slot, position, home, step_id, type, status, alone, owner, worker,
    started_at)
VALUES (1, 0, 0, 0, 's', 'sql', 'running', true, 'health_owner', 0, now());
SELECT is(health('lost_steps'), 'warn', 'a step of a process that has gone');
UPDATE playbook_step_executions_live SET started_at = now() - interval '3 minutes';
SELECT is(health('lost_steps'), 'critical', 'for three minutes');
UPDATE playbook_step_executions_live SET worker = pg_backend_pid();
SELECT is(health('lost_steps'), 'ok', 'its process lives');
DELETE FROM playbook_step_executions_live;

-- retention
INSERT INTO playbook_history_slots VALUES (16, now() - interval '2 days');
SELECT is(health('retention'), 'warn', 'a slot two days late');
UPDATE playbook_history_slots SET ends_at = now() - interval '8 days' WHERE slot = 16;
SELECT is(health('retention'), 'critical', 'eight days');
-- It waits for nobody: where somebody has a slot for a moment, the next call takes it.
CALL playbook_purge() \g /dev/null
SELECT pg_sleep(0.3) FROM playbook_health WHERE "check" = 'retention' AND status <> 'ok' \g /dev/null
CALL playbook_purge() \g /dev/null
SELECT pg_sleep(1) FROM playbook_health WHERE "check" = 'retention' AND status <> 'ok' \g /dev/null
CALL playbook_purge() \g /dev/null
SELECT is(health('retention'), 'ok', 'dropped');
UPDATE playbook_history_slots SET swept = false, truncated_at = now() - interval '8 days' WHERE slot = 16;
SELECT is(health('retention'), 'critical', 'dropped eight days ago, and not swept');
CALL playbook_purge() \g /dev/null
SELECT is(health('retention'), 'ok', 'swept');

-- feed: no number is given to the row while this transaction has it locked away from others
BEGIN;
INSERT INTO playbook_change_batches (changes, content, at)
VALUES (1, '\x4c000170000200', now() - interval '31 seconds');
SELECT is(health('feed'), 'warn', 'a change that nobody announced');
UPDATE playbook_change_batches SET at = now() - interval '6 minutes' WHERE first_seq IS NULL;
SELECT is(health('feed'), 'critical', 'for six minutes');
ROLLBACK;
SELECT is(health('feed'), 'ok', 'none');

-- vacuum
ALTER TABLE playbook_messages SET (autovacuum_enabled = off, autovacuum_vacuum_threshold = 10,
    autovacuum_vacuum_scale_factor = 0);
INSERT INTO playbook_messages (execution_id) SELECT n FROM generate_series(1, 60) AS n;
DELETE FROM playbook_messages;
SELECT pg_stat_force_next_flush();
SELECT is(health('vacuum'), 'warn', 'six times as many dead rows as autovacuum waits for');
INSERT INTO playbook_messages (execution_id) SELECT n FROM generate_series(1, 200) AS n;
DELETE FROM playbook_messages;
SELECT pg_stat_force_next_flush();
SELECT is(health('vacuum'), 'critical', 'twenty times');
VACUUM playbook_messages;
SELECT pg_stat_force_next_flush();
SELECT is(health('vacuum'), 'ok', 'vacuumed');

-- The end of ids
BEGIN;
UPDATE pg_class SET relfrozenxid = (txid_current() % 4294967296 + 4294967296 - 1600000000)::text::xid
WHERE oid = 'playbook_executions_05'::regclass;
SELECT is(health('transaction_ids'), 'critical', 'unfrozen for 1.6 billion transactions');
ROLLBACK;
SELECT is(health('transaction_ids'), 'ok', 'frozen');
SELECT last_value AS number FROM playbook_execution_number \gset
SELECT setval('playbook_execution_number', 8000000000000) \g /dev/null
SELECT is(health('execution_ids'), 'critical', 'hardly an id is left');
SELECT setval('playbook_execution_number', :number) \g /dev/null
SELECT is(health('execution_ids'), 'ok', 'plenty');

-- pg_cron, played by tables of its names
CREATE SCHEMA cron;
CREATE TABLE cron.job (jobid bigint, command text, database text, active boolean);
CREATE TABLE cron.job_run_details (jobid bigint, runid bigint, status text, return_message text);
INSERT INTO cron.job VALUES (1, 'CALL playbook_purge()', current_database(), true),
                            (2, 'SELECT 1', current_database(), true);
INSERT INTO cron.job_run_details
SELECT 1, n, CASE WHEN n < 4 THEN 'succeeded' ELSE 'failed' END, 'no' FROM generate_series(1, 4) n;
SELECT is(health('pg_cron'), 'warn', 'the last run of a job failed');
INSERT INTO cron.job_run_details VALUES (1, 5, 'failed', 'no'), (1, 6, 'failed', 'no'), (2, 7, 'failed', 'not ours');
SELECT is((SELECT status FROM playbook_health_cron()), 'critical', 'the last three');
INSERT INTO cron.job_run_details VALUES (1, 8, 'succeeded', '');
SELECT is(health('pg_cron'), 'ok', 'it works again');

-- Counters: what was done above
SELECT is((SELECT array_agg(value ORDER BY name) FROM playbook_stat
           WHERE name IN ('executions_started', 'executions_completed', 'executions_failed', 'messages', 'notifications')),
    ARRAY[1, 10, 11, 1, 1]::bigint[],
    'executions that were started, completed and failed, the message and whom it told');
SELECT results_eq($$SELECT type, status, value FROM playbook_stat_counters() WHERE name = 'steps' AND value > 0
                    ORDER BY 1, 2$$,
    $$VALUES ('notify', 'completed', 1::bigint), ('query', 'completed', 1), ('query', 'failed', 10),
             ('wait', 'skipped', 1)$$,
    'steps, by type and end');
SELECT is((SELECT value FROM playbook_stat WHERE name = 'step_retries'), 10::bigint, 'attempts that were made again');
BEGIN;
SELECT playbook_run('quick') \g /dev/null
ROLLBACK;
SELECT is((SELECT value FROM playbook_stat WHERE name = 'executions_started'), 11::bigint,
    'what is rolled back does not count');

SELECT * FROM finish();
