-- conflict => 'queue': an execution begins when nothing of the same playbook and customer that was started before it is
-- active any more, however those were started. The owner may not connect, so no background worker does the work.
SELECT plan(26);
SET client_min_messages = error;
\ir refusal.psql
REVOKE CONNECT ON DATABASE :"DBNAME" FROM PUBLIC;
CREATE ROLE queue_author; GRANT playbook_author TO queue_author;
SET ROLE queue_author;
SELECT playbook_create('{id: waits, name: W, steps: [{id: w, type: wait, config: {event: go}}]}', true),
    playbook_create('{id: twice, name: T, steps: [{id: a, type: wait, config: {event: go}}, '
        '{id: b, type: wait, config: {event: end}}]}', true),
    playbook_create('{id: looks, name: L, steps: [{id: s, type: sql, config: {template: '
        '"SELECT count(*) FROM playbook_executions"}}]}', true) \g /dev/null
CREATE FUNCTION pg_temp.state(execution bigint) RETURNS text LANGUAGE sql AS
    $$SELECT concat_ws(' ', status, waiting_for) FROM playbook_executions WHERE id = execution$$;
CREATE FUNCTION pg_temp.go(execution bigint) RETURNS text LANGUAGE sql AS
    $$SELECT playbook_signal(execution, 'go'); SELECT playbook_advance(execution)$$;

-- Several that were started with allow are active.
SELECT playbook_start('waits', 'many') AS one \gset
SELECT playbook_start('waits', 'many') AS two \gset
SELECT playbook_start('waits', 'many') AS three \gset
SELECT playbook_start('waits', 'many', conflict => 'queue') AS queued \gset
SELECT playbook_start('waits', 'many', conflict => 'queue') AS last \gset
SELECT playbook_start('waits', 'many') AS later \gset
SELECT pg_temp.go(:one) \g /dev/null
SELECT is(pg_temp.state(:queued), 'pending customer', 'two are left of three');
SELECT pg_temp.go(:three) \g /dev/null
SELECT is(pg_temp.state(:queued), 'pending customer', 'one is left, not the one that ended last');
SELECT playbook_cancel(:two) \g /dev/null
SELECT is(pg_temp.state(:queued), 'pending', 'none is left: one that was started after it holds up nobody');
SELECT is(pg_temp.state(:last), 'pending customer', 'but whoever comes behind it waits');
SELECT is(playbook_advance(:queued), 'waiting', 'it begins');
SELECT is(pg_temp.go(:queued), 'completed', 'and ends');
SELECT is(playbook_advance(:last), 'waiting', 'then the last begins, beside the one that was started after it');
SELECT pg_temp.go(:later), pg_temp.go(:last) \g /dev/null
SELECT isnt(playbook_start('waits', 'many', conflict => 'skip'), NULL, 'then the place is free');

-- Those that are active end in one transaction.
SELECT playbook_start('waits', 'batch') AS one \gset
SELECT playbook_start('waits', 'batch') AS two \gset
SELECT playbook_start('waits', 'batch', conflict => 'queue') AS queued \gset
SELECT playbook_advance(:one), playbook_advance(:two) \g /dev/null
SELECT playbook_signal(:one, 'go'), playbook_signal(:two, 'go') \g /dev/null
CALL playbook_work() \g /dev/null
SELECT is(pg_temp.state(:two), 'completed', 'both end in a batch');
SELECT is(pg_temp.state(:queued), 'waiting event', 'and the one that queued begins');

-- One ends and another goes on in a batch that was written out in between.
SELECT playbook_start('twice', 'written') AS one \gset
SELECT playbook_start('twice', 'written') AS two \gset
SELECT playbook_start('twice', 'written', conflict => 'queue') AS queued \gset
SELECT playbook_signal(:one, 'end') \g /dev/null
SELECT playbook_advance(:one), playbook_advance(:two) \g /dev/null
SELECT playbook_signal(:one, 'go') \g /dev/null
SELECT playbook_start('looks') AS between \gset
SELECT playbook_signal(:two, 'go') \g /dev/null
CALL playbook_work() \g /dev/null
SELECT is(pg_temp.state(:one) || ', ' || pg_temp.state(:between), 'completed, completed', 'one has ended');
SELECT is(pg_temp.state(:two), 'waiting event', 'one has gone on');
SELECT is(pg_temp.state(:queued), 'pending customer', 'and is waited for');
SELECT playbook_signal(:two, 'end') \g /dev/null
CALL playbook_work() \g /dev/null
SELECT is(pg_temp.state(:queued), 'waiting event', 'until it ends');

-- Paused in the queue.
SELECT playbook_start('waits', 'paused') AS one \gset
SELECT playbook_start('waits', 'paused') AS two \gset
SELECT playbook_start('waits', 'paused', conflict => 'queue') AS queued \gset
SELECT playbook_pause(:queued), pg_temp.go(:one) \g /dev/null
SELECT playbook_resume(:queued) \g /dev/null
SELECT is(pg_temp.state(:queued), 'pending customer', 'resumed, it waits for what is active still');
SELECT pg_temp.go(:two) \g /dev/null
SELECT is(playbook_advance(:queued), 'waiting', 'and begins when that has ended');

-- A date of its own.
SELECT playbook_start('waits', 'dated') AS one \gset
SELECT playbook_start('waits', 'dated', conflict => 'queue', start_at => now() + interval '1 day') AS queued \gset
SELECT playbook_pause(:queued), playbook_resume(:queued) \g /dev/null
SELECT pg_temp.go(:one) \g /dev/null
SELECT ok(due_at > now() + interval '23 hours', 'its turn has come before its date, which stays')
    FROM playbook_executions WHERE id = :queued;
SELECT playbook_start('waits', 'past') AS one \gset
SELECT playbook_start('waits', 'past', conflict => 'queue', start_at => now() - interval '1 day') AS queued \gset
SELECT pg_temp.go(:one) \g /dev/null
SELECT is(playbook_advance(:queued), 'waiting', 'after its date it begins at once');

-- What replaces does so before those in the queue.
SELECT playbook_start('waits', 'replaced', conflict => 'queue') AS head \gset
SELECT playbook_start('waits', 'replaced', conflict => 'queue') AS next \gset
SELECT playbook_start('waits', 'replaced', conflict => 'queue') AS last \gset
SELECT playbook_start('waits', 'replaced', conflict => 'replace') AS new \gset
SELECT is(pg_temp.state(:head), 'cancelled', 'what is active is replaced');
SELECT is(pg_temp.state(:next) || ', ' || pg_temp.state(:last), 'pending customer, pending customer',
    'what has not begun queues as before');
SELECT is(pg_temp.go(:new), 'completed', 'the new one runs');
SELECT is(playbook_advance(:next), 'waiting', 'then the next');
SELECT is(pg_temp.state(:last), 'pending customer', 'alone');
SELECT playbook_cancel(:next) \g /dev/null
SELECT is(playbook_advance(:last), 'waiting', 'then the last');
RESET ROLE;

SELECT is_empty($$SELECT FROM playbook_active_customers a LEFT JOIN playbook_executions_live e ON e.id = a.execution_id
    WHERE e.id IS NULL$$, 'no place is held by what has ended');
SELECT is_empty($$SELECT FROM playbook_executions_live e WHERE waiting_for = 'customer' AND NOT EXISTS (
    SELECT FROM playbook_active_customers a WHERE (a.playbook_id, a.customer_id) = (e.playbook_id, e.customer_id))$$,
    'nobody queues for a place that is free');
SELECT * FROM finish();
