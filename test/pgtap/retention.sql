-- Finished executions go to the slot that keeps them as long as their status and their playbook say; playbook_purge()
-- drops slots whose time is over, as a whole, and what belonged to their executions, and nothing else. Time is what
-- playbook_history_slots says, so nobody waits for it. The owner may not connect: no worker takes part.
SELECT plan(43);
SET client_min_messages = error;
\ir refusal.psql
REVOKE CONNECT ON DATABASE :"DBNAME" FROM PUBLIC;
CREATE ROLE retention_owner; GRANT playbook_author TO retention_owner;
CREATE ROLE retention_viewer; GRANT playbook_viewer TO retention_viewer;
SET ROLE retention_owner;
SELECT playbook_create('{id: plain, steps: [{id: a, type: wait, config: {for: 0}}]}', true) \g /dev/null
SELECT playbook_create('{id: fails, steps: [{id: a, type: query, config: {template: "SELECT 1/0"}}]}', true) \g /dev/null
SELECT playbook_create('{id: own, retention: {completed: 2 years, failed: forever}, steps: [{id: a, type: wait,
    config: {for: 0}}]}', true) \g /dev/null
SELECT playbook_create('{id: own_fails, retention: {completed: 2 years, failed: forever}, steps: [{id: a, type: query,
    config: {template: "SELECT 1/0"}}]}', true) \g /dev/null
SELECT playbook_create('{id: short, retention: 0 days, steps: [{id: a, type: notify, config: {to: ana, message: hi, via: slack}},
    {id: b, type: query, config: {template: "SELECT g, repeat(''x'', 100) AS x FROM generate_series(1, 100) g"}}]}',
                       true) \g /dev/null
SELECT playbook_create('{id: waits, steps: [{id: w, type: wait, config: {event: go}}]}', true) \g /dev/null
RESET ROLE;

-- What an execution's slot keeps it for, in days from now.
CREATE FUNCTION kept(run jsonb) RETURNS numeric LANGUAGE sql AS $$
    SELECT CASE WHEN s.ends_at = 'infinity' THEN 'infinity'::numeric
                ELSE extract(epoch FROM s.ends_at - now()) / 86400 END
    FROM playbook_executions e JOIN playbook_history_slots s USING (slot)
    WHERE e.id = (run ->> 'execution')::bigint $$;
GRANT SELECT ON playbook_history_slots TO retention_owner;

SELECT kept(playbook_run('plain')) AS plain, kept(playbook_run('fails')) AS fails, kept(playbook_run('own')) AS own,
       kept(playbook_run('own_fails')) AS own_fails, kept(playbook_run('short')) AS short \gset
SELECT cmp_ok(:plain, '>=', 90.0, 'a completed execution is kept for 90 days');
SELECT cmp_ok(:plain, '<=', 106.0, 'and not much longer');
SELECT cmp_ok(:fails, '>=', 90.0, 'a failed one too');
SELECT cmp_ok(:fails, '<=', 106.0, 'and not much longer');
SELECT cmp_ok(:own, '>=', 720.0, 'a playbook may keep its own for longer');
SELECT cmp_ok(:own, '<=', 860.0, 'in slots of a sixth of that');
SELECT is('infinity'::numeric, :'own_fails', 'or forever, by how they end');
SELECT cmp_ok(:short, '<=', 3.0, 'or hardly at all');
SET playbook.retention_completed = 10;
SELECT kept(playbook_run('plain')) AS plain, kept(playbook_run('fails')) AS fails, kept(playbook_run('own')) AS own \gset
SELECT cmp_ok(:plain, '>=', 10.0, 'the setting counts for what finishes from now on');
SELECT cmp_ok(:plain, '<=', 15.0, 'in a slot of its own length');
SELECT cmp_ok(:fails, '>=', 90.0, 'each status has its setting');
SELECT cmp_ok(:own, '>=', 720.0, 'which a playbook''s own word overrides');
SET playbook.retention_completed = -1;
SELECT is(kept(playbook_run('plain')), 'infinity', '-1 is forever');
RESET playbook.retention_completed;
SELECT throws_ok('SET playbook.retention_completed = -2', '22023');
SELECT is((SELECT count(*) FROM playbook_history_slots WHERE ends_at = 'infinity'), 1::bigint,
    'one slot is enough for all that is kept forever');

-- A cancelled one
SET playbook.retention_cancelled = 30;
SELECT playbook_start('waits') AS cancelled \gset
CALL playbook_work() \g /dev/null
SELECT playbook_cancel(:cancelled) \g /dev/null
SELECT cmp_ok(kept(jsonb_build_object('execution', :cancelled)), '<=', 37.0, 'a cancelled one has a setting, too');
RESET playbook.retention_cancelled;

-- More lengths than slots: never shorter
SELECT playbook_create(format('{id: kept_%s, retention: %s days, steps: [{id: a, type: wait,
    config: {for: 0}}]}', n, n * n * 50), true) FROM generate_series(1, 25) AS n \g /dev/null
CREATE TABLE lengths AS
SELECT n * n * 50 AS days, kept(playbook_run('kept_' || n)) AS kept FROM generate_series(25, 1, -1) AS n;
SELECT is_empty('SELECT * FROM lengths WHERE kept < days', 'with more lengths than slots nothing is kept shorter');
SELECT is((SELECT count(*) FROM lengths WHERE kept = 'infinity'), 0::bigint, 'nor forever');
SELECT cmp_ok((SELECT count(*) FROM playbook_history_slots WHERE ends_at IS NOT NULL), '<=', 16::bigint,
    'there are sixteen slots');

-- Purge: nothing is over
SELECT count(*) AS before FROM playbook_executions \gset
CALL playbook_purge() \gset
SELECT is(:slots, 0, 'what is not over stays');
SELECT is((SELECT count(*) FROM playbook_executions), :before::bigint, 'all of it');

-- The slot of "short" is over
SELECT playbook_run('short') ->> 'execution' AS gone \gset
SELECT slot AS slot FROM playbook_executions WHERE id = :gone \gset
SELECT playbook_run('own') ->> 'execution' AS stays \gset
SELECT playbook_start('waits', idempotency_key => 'long') AS under_way \gset
SELECT playbook_signal(:under_way, 'other') \g /dev/null
INSERT INTO playbook_idempotency VALUES ('p', '', 'over', :gone, '\x00', now() - interval '1 day'),
                                        ('p', '', 'kept', :gone, '\x00', now() + interval '1 day'),
                                        ('p', '', 'has one', :stays, '\x00', now() - interval '1 day');
INSERT INTO playbook_notifications (person, created_at, execution_id, position, home) VALUES ('ana', now(), :stays, 0, 0);
INSERT INTO playbook_signals (execution_id, home, name, sent_by) VALUES (:gone, 0, 'late', 'ana');
INSERT INTO playbook_last_results VALUES ('p', 's', 'c', :gone, 0, 0, now()), ('p', 's', 'd', :stays, 0, 0, now());
INSERT INTO playbook_tasks (execution_id, position, home, playbook_id, step_id, title, created_at, status)
VALUES (:gone, 0, 0, 'p', 's', 't', now(), 'done'), (:stays, 0, 0, 'p', 's', 't', now(), 'done');
INSERT INTO approvals (execution_id, position, home, playbook_id, step_id, action, approvers, requester, requested_at,
    status)
SELECT execution, 0, 0, 'p', 's', '{}', '{}', 'ana', now(), 'approved' FROM unnest(ARRAY[:gone, :stays]) AS execution;
INSERT INTO playbook_approval_decisions (approval_id, person, role, decision)
SELECT id, 'ana', 'postgres', 'approve' FROM approvals;
SELECT count(*) AS in_slot FROM playbook_executions WHERE slot = :slot \gset
SELECT count(*) AS total FROM playbook_executions \gset
SELECT pg_relation_filenode(format('playbook_executions_%s', lpad(:'slot', 2, '0'))) AS file \gset
UPDATE playbook_history_slots SET ends_at = now() - interval '59 minutes' WHERE slot = :slot;
CALL playbook_purge() \gset
SELECT is(:slots, 0, 'a slot is dropped an hour late, for those who have just chosen it');
UPDATE playbook_history_slots SET ends_at = now() - interval '61 minutes' WHERE slot = :slot;
CALL playbook_purge() \gset
SELECT is(:slots, 1, 'then it is');
SELECT is((SELECT count(*) FROM playbook_executions), :total::bigint - :in_slot, 'all its executions are gone, no other');
SELECT isnt(pg_relation_filenode(format('playbook_executions_%s', lpad(:'slot', 2, '0'))), :file::oid,
    'by TRUNCATE: no dead row is left');
SELECT is((SELECT count(*) FROM playbook_step_executions WHERE slot = :slot), 0::bigint, 'their steps too');
SELECT is((SELECT count(*) FROM playbook_step_rows WHERE slot = :slot), 0::bigint, 'and row sets');
SELECT is((SELECT array_agg(idempotency_key ORDER BY idempotency_key) FROM playbook_idempotency), '{"has one",kept,long}',
    'a key is kept as long as its execution and until its time');
SELECT is((SELECT count(*) FROM playbook_outbox WHERE execution_id = :gone), 0::bigint, 'messages of them are gone');
SELECT is((SELECT array_agg(DISTINCT execution_id) FROM playbook_notifications), ARRAY[:stays::bigint], 'what people were told');
SELECT is((SELECT array_agg(DISTINCT execution_id) FROM playbook_tasks), ARRAY[:stays::bigint], 'tasks');
SELECT is((SELECT array_agg(DISTINCT execution_id) FROM approvals), ARRAY[:stays::bigint], 'approvals');
SELECT is((SELECT count(*) FROM playbook_approval_decisions), 1::bigint, 'decisions');
SELECT is((SELECT array_agg(DISTINCT execution_id) FROM playbook_last_results), ARRAY[:stays::bigint], 'last results');
SELECT is((SELECT array_agg(DISTINCT execution_id) FROM playbook_signals), ARRAY[:under_way::bigint],
    'signals, but not of what is under way');
SELECT is((SELECT status FROM playbook_executions WHERE id = :under_way), 'pending', 'which is untouched');
SELECT is((SELECT (ends_at, swept)::text FROM playbook_history_slots WHERE slot = :slot), '(,t)', 'the slot is free');
CALL playbook_purge() \gset
SELECT is((:slots, :rows), (0, 0), 'a second call finds nothing');
SELECT cmp_ok(kept(playbook_run('short')), '<=', 3.0, 'a free slot is given out again');

-- Snapshots that nobody needs
SELECT snapshot AS old FROM playbooks WHERE id = 'short' \gset
UPDATE playbook_snapshots SET created_at = now() - interval '2 days';
SELECT playbook_update('short', '{id: short, retention: 1 day, steps: [{id: a, type: wait, config: {for: 0}}]}', true)
    \g /dev/null
UPDATE playbooks SET updated_at = now() - interval '2 days';
UPDATE playbook_history_slots s SET ends_at = now() - interval '2 hours' FROM playbook_executions e
WHERE e.slot = s.slot AND e.playbook_id = 'short';
-- Again, while the scheduler has the slot or vacuum holds it: a call leaves such a slot to the next one.
SELECT set_config('test.old', :'old', false) \g /dev/null
DO $$
DECLARE
    slots integer;
    gone bigint;
BEGIN
    FOR attempt IN 1 .. 100 LOOP
        CALL playbook_purge('10 s', slots, gone);
        EXIT WHEN NOT EXISTS (SELECT FROM playbook_snapshots WHERE id = current_setting('test.old')::bigint);
        PERFORM pg_sleep(0.1);
    END LOOP;
END $$;
SELECT is((SELECT count(*) FROM playbook_snapshots WHERE id = :old), 0::bigint,
    'a definition nobody runs or shows is dropped');
SELECT is((SELECT count(*) FROM playbook_snapshots s
           WHERE EXISTS (SELECT FROM playbook_executions e WHERE e.snapshot = s.id)),
    (SELECT count(DISTINCT snapshot) FROM playbook_executions), 'those of executions are kept, however old');

-- Who may
SET ROLE retention_viewer;
SELECT throws_ok('CALL playbook_purge()', '42501', 'permission denied for procedure playbook_purge');
RESET ROLE;
SELECT is(refusal('CALL playbook_purge()'), E'2D000 playbook_purge() commits, so it must be called on its own\n'
    'HINT: Use CALL playbook_purge(…) outside of a transaction block.');

SELECT * FROM finish();
