-- playbook_wait: until the end, or until a person is asked; a timeout gives the present state; where waiting is useless
-- it says so at once. The owner may not connect, so nothing moves but what this test moves.
SELECT plan(26);
\ir refusal.psql
SET client_min_messages = error; -- says so
REVOKE CONNECT ON DATABASE :"DBNAME" FROM PUBLIC;
CREATE ROLE watch_wait_owner; GRANT playbook_author TO watch_wait_owner;
CREATE ROLE watch_wait_user;  GRANT playbook_user TO watch_wait_user;
SET ROLE watch_wait_owner;
SELECT playbook_create('{id: waits, name: W, steps: [{id: w, type: wait, config: {event: go, timeout: 3 days}}]}',
    true) \g /dev/null
SELECT playbook_create('{id: asks, name: A, steps: [{id: m, type: email, require_approval: true, config: {to: '
    'a@example.com, subject: s, body: b}}]}',
                       true) \g /dev/null
SELECT playbook_create('{id: bad, name: B, steps: [{id: s, type: sql, config: {template: "SELECT 1 / 0"}}]}',
    true) \g /dev/null

SELECT playbook_start('waits') AS execution \gset
SELECT results_eq(format($$SELECT status, waiting_for, error FROM playbook_wait(%s, '0 s')$$, :execution),
    $$VALUES ('pending', NULL, NULL::jsonb)$$,
                  'a timeout gives the present state: nobody began');
SELECT playbook_advance(:execution) \g /dev/null
SELECT results_eq(format($$SELECT status, waiting_for, waiting_until - now() > '2 days' FROM playbook_wait(%s,
    '0 s')$$, :execution),
                  $$VALUES ('waiting', 'event', true)$$, 'what it waits for, and until when');
SELECT clock_timestamp() AS began \gset
SELECT is((SELECT status FROM playbook_wait(:execution, '0.3 s')), 'waiting', 'it waits');
SELECT ok(clock_timestamp() - :'began'::timestamptz BETWEEN '0.3 s' AND '5 s', 'as long as it is told to');
SELECT is((SELECT status FROM playbook_wait(:execution, '-1 s')), 'waiting', 'less than nothing is nothing');
SELECT playbook_signal(:execution, 'go') \g /dev/null
SELECT playbook_advance(:execution) \g /dev/null
SELECT clock_timestamp() AS began \gset
SELECT results_eq(format('SELECT * FROM playbook_wait(%s)', :execution), $$VALUES ('completed', NULL,
    NULL::timestamptz, NULL::jsonb)$$, 'after the end');
SELECT ok(clock_timestamp() - :'began'::timestamptz < '5 s', 'it returns at once');
SELECT playbook_run('bad') ->> 'execution' AS failed \gset
SELECT results_eq(format($$SELECT status, error ->> 'sqlstate', error ->> 'step' FROM playbook_wait(%s)$$, :failed),
    $$VALUES ('failed', '22012', 's')$$,
                  'of what failed with its error');

SELECT playbook_start('asks') AS asking \gset
SELECT playbook_advance(:asking) \g /dev/null
SELECT clock_timestamp() AS began \gset
SELECT results_eq(format($$SELECT status, waiting_for FROM playbook_wait(%s, until => 'person')$$, :asking),
    $$VALUES ('waiting', 'approval')$$,
                  'person: when somebody must decide');
SELECT ok(clock_timestamp() - :'began'::timestamptz < '5 s', 'it returns at once');
SELECT is((SELECT status FROM playbook_wait(:asking, '0.1 s', 'end')), 'waiting', 'end: it waits on');
SELECT playbook_pause(:asking) \g /dev/null
SELECT is((SELECT status FROM playbook_wait(:asking, until => 'person')), 'paused',
    'a paused one waits for a person, too');

-- Another session moves it.
CREATE TEMP TABLE nothing ();
SELECT playbook_start('waits') AS execution \gset
SELECT playbook_advance(:execution) \g /dev/null
\setenv EXECUTION :execution
\setenv DATABASE :DBNAME
\! (sleep 0.3; psql -XAtq -d "$DATABASE" -c "SELECT playbook_cancel($EXECUTION, 'elsewhere')" >/dev/null) &
SELECT clock_timestamp() AS began \gset
SELECT is((SELECT status FROM playbook_wait(:execution, '20 s')), 'cancelled', 'another session ends it');
SELECT ok(clock_timestamp() - :'began'::timestamptz < '4 s', 'which wakes who waits');

-- A person has decided, and nobody has acted on it yet: that is no waiting for a person.
SELECT playbook_create('{id: two_tasks, name: T, steps: [{id: one, type: task, config: {title: One, assignee: '
    '"role:watch_wait_owner"}}, {id: w, type: wait, config: {event: go}}, {id: two, type: approval, config: '
    '{approvers: ["role:watch_wait_owner"]}}]}',
    true) \g /dev/null
SELECT playbook_start('two_tasks') AS execution \gset
SELECT playbook_advance(:execution) \g /dev/null
SELECT playbook_signal(:execution, 'go') \g /dev/null
SELECT playbook_advance(:execution) \g /dev/null
SELECT is((SELECT waiting_for FROM playbook_wait(:execution, until => 'person')), 'task', 'a task is open');
SELECT playbook_complete_task(id) FROM playbook_tasks WHERE execution_id = :execution \g /dev/null
\setenv EXECUTION :execution
\! (sleep 0.3; psql -XAtq -d "$DATABASE" -c "SELECT playbook_advance($EXECUTION)" >/dev/null) &
SELECT is((SELECT waiting_for FROM playbook_wait(:execution, '20 s', 'person')), 'approval',
    'when it is done, it waits for the next thing that a person must do');

-- Refusals.
SELECT is(refusal('SELECT playbook_wait(1)'),
          E'42704 execution 1 does not exist\nHINT: It is unknown here, past its retention time, or not visible '
              'to you.', 'unknown');
SELECT is(refusal(format($$SELECT playbook_wait(%s, until => 'monday')$$, :execution)),
    E'22023 cannot wait until "monday"\nHINT: Use end or person.',
          'until what');
SELECT is(playbook_wait(NULL), NULL, 'null: null');
RESET ROLE;
SELECT is(refusal(format($$SELECT as_role('watch_wait_user', 'SELECT playbook_wait(%s)')$$, :execution)) ~ '^42704 ',
    true, 'invisible');
SET ROLE watch_wait_owner;
BEGIN;
SELECT playbook_start('waits') AS mine \gset
SELECT is(refusal(format('SELECT playbook_wait(%s)', :mine)),
          format(E'55000 execution %s was started or changed in this transaction\nDETAIL: Nobody else sees it '
              'before the commit.\nHINT: Commit first, then wait.', :mine),
          'in the transaction that started it');
SAVEPOINT inner_one;
SELECT playbook_start('waits') AS inner_mine \gset
SELECT is(refusal(format('SELECT playbook_wait(%s)', :inner_mine)) ~ 'was started or changed in this transaction',
    true, 'or in a subtransaction of it');
SELECT is(refusal(format('SELECT playbook_wait(%s)', :mine)) ~ 'was started or changed in this transaction', true,
    'seen from a subtransaction, too');
COMMIT;
BEGIN;
SELECT is((SELECT status FROM playbook_wait(:mine, '0 s')), 'pending', 'in the next one it waits');
COMMIT;
SELECT playbook_start('waits') AS other \gset
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT is(refusal(format('SELECT playbook_wait(%s)', :other)),
          E'55000 playbook_wait() sees no change in this transaction\nDETAIL: Its isolation level keeps one '
              'snapshot to its end.\n'
          'HINT: Wait in a READ COMMITTED transaction.', 'REPEATABLE READ');
COMMIT;
BEGIN ISOLATION LEVEL SERIALIZABLE;
SELECT is(left(refusal(format('SELECT playbook_wait(%s)', :other)), 5), '55000', 'SERIALIZABLE');
COMMIT;
SELECT * FROM finish();
RESET ROLE;
DROP OWNED BY watch_wait_owner, watch_wait_user;
DROP EXTENSION playbook CASCADE;
DROP ROLE watch_wait_owner, watch_wait_user;
