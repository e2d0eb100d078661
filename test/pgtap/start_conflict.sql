-- What a start does while the customer runs the playbook already: skip, queue, replace, allow; asked for, or the
-- playbook's own rule.
BEGIN;
SELECT plan(35);
\ir refusal.psql

CREATE ROLE conflict_author; GRANT playbook_author TO conflict_author;
SET LOCAL client_min_messages = error; -- owners of playbooks here do not log in
SET LOCAL ROLE conflict_author;
SELECT playbook_create('{id: waits, name: W, steps: [{id: w, type: wait, config: {event: go}}]}', true) \g /dev/null
SELECT playbook_create('{id: skips, name: S, conflict: skip, steps: [{id: w, type: wait, config: {event: go}}]}',
    true) \g /dev/null
SELECT playbook_create('{id: triggered, name: T, triggers: [{type: manual}, {type: event, event: x}], steps: '
    '[{id: w, type: wait, config: {event: go}}]}',
                       true) \g /dev/null
CREATE FUNCTION pg_temp.state(execution bigint) RETURNS text LANGUAGE sql AS
    $$SELECT concat_ws(' ', status, waiting_for) FROM playbook_executions WHERE id = execution$$;

-- allow
SELECT playbook_start('waits', 'c1') AS one \gset
SELECT playbook_start('waits', 'c1') AS two \gset
SELECT isnt(:one::bigint, :two::bigint, 'a playbook without triggers allows a second execution');
SELECT is_empty('SELECT * FROM playbook_executions WHERE status = ''cancelled''', 'and leaves the first alone');

-- skip
SELECT playbook_start('waits', 'c2', conflict => 'skip') AS active \gset
SELECT is(refusal($$SELECT playbook_start('waits', 'c2', conflict => 'skip')$$),
          format(E'23505 customer "c2" already runs playbook "waits"\nDETAIL: Execution %s is pending.\n'
                 'HINT: Wait for it, or start with conflict => ''queue'', ''replace'' or ''allow''.', :active),
                     'skip names the active execution');
SELECT is(refusal($$SELECT playbook_run('waits', 'c2',
    conflict => 'skip')$$) ~ '^23505 customer "c2" already runs playbook "waits"', true, 'run too');
SELECT is((SELECT count(*) FROM playbook_executions WHERE customer_id = 'c2'), 1::bigint, 'nothing is stored');
SELECT isnt(playbook_start('waits', 'c3', conflict => 'skip'), NULL, 'another customer is another matter');
SELECT is((SELECT count(*) FROM generate_series(1, 2) AS n WHERE playbook_start('waits',
    conflict => 'skip') IS NOT NULL), 2::bigint,
          'without a customer there is no conflict');
SELECT playbook_cancel(:active) \g /dev/null
SELECT isnt(playbook_start('waits', 'c2', conflict => 'skip'), NULL, 'when the first has ended the next one starts');
SELECT playbook_start('skips', 'c1') AS first \gset
SELECT is(refusal($$SELECT playbook_start('skips', 'c1')$$) ~ '^23505 ', true, 'a playbook''s own rule holds');
SELECT isnt(playbook_start('skips', 'c1', conflict => 'allow'), NULL, 'unless another one is asked for');
SELECT isnt(playbook_start('triggered', 'c1'), NULL, 'a playbook with triggers');
SELECT is(refusal($$SELECT playbook_start('triggered', 'c1')$$) ~ '^23505 ', true, 'skips where it says nothing');

-- queue
SELECT playbook_start('waits', 'q', conflict => 'queue') AS head \gset
SELECT playbook_advance(:head) \g /dev/null
SELECT playbook_start('waits', 'q', conflict => 'queue') AS next \gset
SELECT is(pg_temp.state(:next), 'pending customer', 'queue waits for the customer''s turn');
SELECT is(playbook_advance(:next), 'pending', 'it does not begin');
SELECT is((SELECT count(*) FROM playbook_step_executions WHERE execution_id = :next), 0::bigint, 'with no step');
SELECT playbook_signal(:next, 'go') \g /dev/null
SELECT is(playbook_advance(:next), 'pending', 'a signal is no turn');
SELECT playbook_signal(:head, 'go') \g /dev/null
SELECT is(playbook_advance(:head), 'completed', 'the first ends');
SELECT ok(due_at IS NOT NULL AND waiting_for IS DISTINCT FROM 'customer', 'then the second is due')
    FROM playbook_executions WHERE id = :next;
SELECT is(playbook_advance(:next), 'completed', 'goes on, and has kept the signal');

-- replace
SELECT playbook_start('waits', 'r', conflict => 'replace') AS old \gset
SELECT playbook_advance(:old) \g /dev/null
SELECT playbook_start('waits', 'r', conflict => 'replace') AS new \gset
SELECT is(pg_temp.state(:old), 'cancelled', 'replace cancels the active one');
SELECT is((SELECT reason FROM playbook_executions WHERE id = :old), format('replaced by execution %s', :new),
    'with the reason');
SELECT is((SELECT array_agg(DISTINCT status || ' ' || outcome) FROM playbook_step_executions
    WHERE execution_id = :old), '{"skipped cancelled"}',
          'its steps are skipped');
SELECT is(playbook_advance(:new), 'waiting', 'and the new one runs');
SELECT is(refusal($$SELECT playbook_start('waits', 'r',
    conflict => 'skip')$$) ~ format('DETAIL: Execution %s is waiting', :new), true,
          'it has the place now');
SELECT playbook_signal(:new, 'go') \g /dev/null
SELECT playbook_advance(:new) \g /dev/null
SELECT is((SELECT count(playbook_start('waits', 'r', conflict => 'skip'))), 1::bigint, 'until it ends');
RESET ROLE;
SELECT is_empty('SELECT a.* FROM playbook_active_customers a LEFT JOIN playbook_executions e ON e.id = '
    'a.execution_id AND e.slot = 0
                 WHERE e.id IS NULL', 'no place is held by what has ended');

-- What was started with allow is active, too.
SET LOCAL ROLE conflict_author;
SELECT playbook_start('waits', 'a') AS one \gset
SELECT playbook_start('waits', 'a') AS two \gset
SELECT playbook_advance(:one) \g /dev/null
SELECT is(refusal($$SELECT playbook_start('waits', 'a',
    conflict => 'skip')$$) ~ format('DETAIL: Execution %s is waiting', :one), true, 'skip sees one started with allow');
SELECT playbook_start('waits', 'a', conflict => 'queue') AS queued \gset
SELECT is(pg_temp.state(:queued), 'pending customer', 'queue waits for it');
SELECT playbook_signal(:one, 'go') \g /dev/null
SELECT playbook_advance(:one) \g /dev/null
SELECT is(pg_temp.state(:queued), 'pending customer', 'and for the other');
SELECT playbook_signal(:two, 'go') \g /dev/null
SELECT playbook_advance(:two) \g /dev/null
SELECT ok(due_at IS NOT NULL AND waiting_for IS DISTINCT FROM 'customer', 'until it has ended')
    FROM playbook_executions WHERE id = :queued;
SELECT playbook_start('waits', 'a') AS beside \gset
SELECT playbook_start('waits', 'a', conflict => 'replace') AS new \gset
SELECT is(array_agg(id ORDER BY id), ARRAY[:queued, :beside]::bigint[], 'replace cancels all that are active')
    FROM playbook_executions WHERE reason = format('replaced by execution %s', :new);
SELECT playbook_cancel(:new) \g /dev/null
SELECT is((SELECT count(playbook_start('waits', 'a', conflict => 'skip'))), 1::bigint, 'then the place is free');
SELECT playbook_start('waits', 'a2') AS other \gset
SELECT is((SELECT array_agg(outcome) FROM playbook_start_many('waits',
    '[{"customer": "a2", "conflict": "skip"}, {"customer": "a3", "conflict": "skip"}]'::jsonb)), '{skipped,started}', 'start_many sees it, too');
RESET ROLE;

-- A failing execution frees its place, too.
SET LOCAL ROLE conflict_author;
SELECT playbook_create('{id: fails, name: F, conflict: skip, steps: [{id: s, type: sql, config: {template: '
    '"SELECT 1/0"}}]}', true) \g /dev/null
SELECT is(playbook_run('fails', 'c1') ->> 'status', 'failed', 'an execution fails');
SELECT is(playbook_run('fails', 'c1') ->> 'status', 'failed', 'and the customer may run it again');
RESET ROLE;

SELECT * FROM finish();
ROLLBACK;
