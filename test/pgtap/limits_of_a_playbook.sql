-- max_active and max_per_minute: how many executions of a playbook are active at once, how many begin in a minute. The
-- minute is made to pass in the table. The owner may not connect, so no background worker takes the work away.
SELECT plan(33);
SET client_min_messages = error;
REVOKE CONNECT ON DATABASE :"DBNAME" FROM PUBLIC;
CREATE ROLE limits_owner; GRANT playbook_author, playbook_operator TO limits_owner;
CREATE FUNCTION limited(id text, limits text, steps text DEFAULT '{id: w, type: wait, config: {event: go}}')
RETURNS text LANGUAGE sql AS $$SELECT playbook_apply(format('{id: %s, name: L, %s, steps: [%s]}', id, limits, steps))$$;
-- What the executions of a playbook are doing, in the order of their starts.
CREATE FUNCTION states(playbook text) RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(CASE status WHEN 'pending' THEN coalesce(waiting_for, 'pending') ELSE status END, ' ' ORDER BY id)
    FROM playbook_executions WHERE playbook_id = playbook$$;
CREATE FUNCTION nth(playbook text, n integer) RETURNS bigint LANGUAGE sql AS
    $$SELECT id FROM playbook_executions WHERE playbook_id = playbook ORDER BY id OFFSET n - 1 LIMIT 1$$;
CREATE PROCEDURE let_a_minute_pass() LANGUAGE sql AS
    $$UPDATE playbook_admissions SET begun_at = begun_at - interval '1 minute'$$;
CREATE FUNCTION admitted(playbook text) RETURNS bigint LANGUAGE sql SECURITY DEFINER AS
    $$SELECT count(*) FROM playbook_admissions WHERE playbook_id = playbook$$;
SET ROLE limits_owner;

-- max_active
SELECT limited('two', 'max_active: 2') \g /dev/null
SELECT playbook_start('two') FROM generate_series(1, 5) \g /dev/null
CALL playbook_work() \g /dev/null
SELECT is(states('two'), 'waiting waiting limit limit limit', 'as many as may be active begin');
SELECT is((SELECT count(DISTINCT reason) || ' ' || min(reason) FROM playbook_executions WHERE waiting_for = 'limit'),
    '1 as many executions of the playbook are active or begin as it allows: max_active 2', 'the others say why not');
SELECT is((SELECT count(due_at) FROM playbook_executions WHERE waiting_for = 'limit'), 0::bigint,
    'and are not in the queue');
SELECT xmin AS before FROM playbook_executions WHERE id = nth('two', 3) \gset
CALL playbook_work() \g /dev/null
SELECT is((SELECT xmin::text FROM playbook_executions WHERE id = nth('two', 3)), :'before',
    'nobody looks at them again and again');
SELECT playbook_signal(nth('two', 1), 'go') \g /dev/null
CALL playbook_work() \g /dev/null
SELECT is(states('two'), 'completed waiting waiting limit limit', 'when one completes, the next begins');
SELECT playbook_cancel(nth('two', 2), 'no longer wanted') \g /dev/null
CALL playbook_work() \g /dev/null
SELECT is(states('two'), 'completed cancelled waiting waiting limit', 'or when one is cancelled');
SELECT playbook_pause(nth('two', 3)) \g /dev/null
CALL playbook_work() \g /dev/null
SELECT is(states('two'), 'completed cancelled paused waiting limit', 'one that is paused stays active');
SELECT playbook_cancel(nth('two', 5), 'not any more') \g /dev/null
SELECT playbook_resume(nth('two', 3)) \g /dev/null
CALL playbook_work() \g /dev/null
SELECT is(states('two'), 'completed cancelled waiting waiting cancelled', 'one that is held back can be cancelled');
SELECT is(admitted('two'), 2::bigint, 'places are given back');

-- In the session
SELECT is(playbook_run('two') ->> 'status', 'pending', 'playbook_run does not go beyond the limit either');
SELECT is((SELECT waiting_for FROM playbook_executions WHERE id = nth('two', 6)), 'limit', 'but says what it waits for');
CALL playbook_execute('two', wait_at_most => '0.1 s') \gset
SELECT is(:'result'::jsonb ->> 'status', 'pending', 'nor does playbook_execute');
SELECT is(playbook_advance(nth('two', 7)), 'pending', 'nor playbook_advance');
SELECT playbook_signal(nth('two', n), 'go') FROM generate_series(3, 4) AS n \g /dev/null
CALL playbook_work() \g /dev/null
SELECT is(states('two'), 'completed cancelled completed completed cancelled waiting waiting', 'later they go on as others do');
SELECT playbook_cancel(nth('two', n), 'enough') FROM generate_series(6, 7) AS n \g /dev/null
SELECT is(playbook_run('two') ->> 'status', 'waiting', 'where there is a place it begins at once');
SELECT is(admitted('two'), 1::bigint, 'and has it');

-- The limits are those of the definition that is published now.
SELECT playbook_start('two') FROM generate_series(1, 3) \g /dev/null
CALL playbook_work() \g /dev/null
SELECT is(states('two') LIKE '%waiting waiting limit limit', true, 'two of four');
SELECT limited('two', 'max_active: 3') \g /dev/null
CALL playbook_work() \g /dev/null
SELECT is(states('two') LIKE '%waiting waiting waiting limit', true, 'a higher limit lets in who was held back');
SELECT limited('two', 'description: No limit') \g /dev/null
CALL playbook_work() \g /dev/null
SELECT is(states('two') LIKE '%waiting waiting waiting waiting', true, 'and so does none');

-- A retry does not wait, but counts.
SELECT limited('fails', 'max_active: 1', '{id: s, type: sql, config: {template: "SELECT 1 / (SELECT count(*) FROM '
    'pg_class WHERE relname = ''repaired'')"}}, {id: w, type: wait, config: {event: go}}') \g /dev/null
SELECT playbook_start('fails') \g /dev/null
CALL playbook_work() \g /dev/null
SELECT is(states('fails') || admitted('fails'), 'failed0', 'a failure gives the place back');
RESET ROLE;
CREATE TABLE repaired ();
SET ROLE limits_owner;
SELECT playbook_start('fails') \g /dev/null
CALL playbook_work() \g /dev/null
SELECT playbook_retry(nth('fails', 1)) \g /dev/null
CALL playbook_work() \g /dev/null
SELECT is(states('fails'), 'waiting waiting', 'a retry does not wait for a place');
SELECT playbook_start('fails') \g /dev/null
SELECT playbook_signal(nth('fails', 2), 'go') \g /dev/null
CALL playbook_work() \g /dev/null
SELECT is(states('fails'), 'waiting completed limit', 'but counts among the active');

-- A deadline comes for those who are held back, too.
SELECT limited('late', 'max_active: 1, deadline: 1 hour') \g /dev/null
SELECT playbook_start('late') FROM generate_series(1, 2) \g /dev/null
CALL playbook_work() \g /dev/null
RESET ROLE;
UPDATE playbook_executions_live SET deadline_at = now(), due_at = now() WHERE id = nth('late', 2);
SET ROLE limits_owner;
CALL playbook_work() \g /dev/null
SELECT is(states('late'), 'waiting failed', 'who is held back beyond its deadline fails');

-- max_per_minute
SELECT limited('three', 'max_per_minute: 3', '{id: w, type: wait, config: {for: 0}}') \g /dev/null
SELECT playbook_start('three') FROM generate_series(1, 7) \g /dev/null
CALL playbook_work() \g /dev/null
SELECT is(states('three'), 'completed completed completed limit limit limit limit', 'as many begin as may in a minute');
CALL playbook_work() \g /dev/null
SELECT is(admitted('three'), 3::bigint, 'that they have ended changes nothing');
RESET ROLE;
CALL let_a_minute_pass();
SET ROLE limits_owner;
CALL playbook_work() \g /dev/null
SELECT is(states('three'), 'completed completed completed completed completed completed limit', 'the next ones a minute later');
RESET ROLE;
-- Any sixty seconds, not those of a clock.
UPDATE playbook_admissions SET begun_at = begun_at - interval '50 s' WHERE execution_id = nth('three', 4);
UPDATE playbook_admissions SET begun_at = begun_at - interval '61 s' WHERE execution_id = nth('three', 5);
SET ROLE limits_owner;
SELECT playbook_start('three') \g /dev/null
CALL playbook_work() \g /dev/null
SELECT is(states('three') LIKE '%completed limit', true, 'whose minute is over makes room for one');
SELECT is(admitted('three'), 3::bigint, 'and is forgotten');

-- Both, priorities among those who are held back, and other playbooks beside them.
SELECT limited('both', 'max_active: 2, max_per_minute: 3') \g /dev/null
SELECT playbook_start('both', priority => n % 2) FROM generate_series(1, 6) AS n \g /dev/null
CALL playbook_work() \g /dev/null
SELECT is(states('both'), 'waiting limit waiting limit limit limit', 'the most urgent are let in first');
SELECT playbook_signal(nth('both', n), 'go') FROM unnest(ARRAY[1, 3]) AS n \g /dev/null
CALL playbook_work() \g /dev/null
SELECT is(states('both'), 'completed limit completed limit waiting limit', 'each limit holds by itself');
SELECT playbook_apply('{id: free, name: F, steps: [{id: w, type: wait, config: {for: 0}}]}') \g /dev/null
RESET ROLE;
SET playbook.batch_size = 2;
SET ROLE limits_owner;
SELECT playbook_start('both') FROM generate_series(1, 9) \g /dev/null
SELECT playbook_start('free') \g /dev/null
CALL playbook_work() \g /dev/null
SELECT is(states('free'), 'completed', 'who is held back is in nobody''s way');
-- Those of a draft that was never published.
SELECT playbook_create('{id: sketch, name: S, max_active: 1, steps: [{id: w, type: wait, config: {event: go}}]}') \g /dev/null
SELECT playbook_start('sketch', draft => true) FROM generate_series(1, 2) \g /dev/null
CALL playbook_work() \g /dev/null
SELECT is(states('sketch'), 'waiting limit', 'the limits of a draft count as long as nothing is published');
RESET ROLE;
SELECT is((SELECT count(*) FROM playbook_admissions a LEFT JOIN playbook_executions e ON e.id = a.execution_id
           WHERE e.id IS NULL), 0::bigint, 'nobody has a place who does not exist');
SELECT * FROM finish();
DROP OWNED BY limits_owner;
DROP EXTENSION playbook CASCADE;
DROP ROLE limits_owner;
