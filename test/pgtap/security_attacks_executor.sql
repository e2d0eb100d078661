-- The same traps as in security_attacks, in an executor: a process that connected as the owner, started by a superuser's
-- playbook_start. Committed for real, for that is when a deferred trigger fires.
SET client_min_messages = error;
\set attacker attack_worker
\ir attacker.psql
SELECT plan(9);

SET ROLE attack_worker;
SELECT playbook_create('{"id": "attack_executor", "name": "A", "max_parallel_steps": 1, "steps": [
    {"id": "deferred", "type": "sql", "config": {"template": "INSERT INTO attack.deferred VALUES (1)"}},
    {"id": "hostile", "type": "sql", "depends_on": ["deferred"], "config": {"template": "INSERT INTO attack.hostile VALUES (1)"}},
    {"id": "climb", "type": "sql", "depends_on": ["hostile"], "config": {"template": "SELECT attack.climb()"}},
    {"id": "folded", "type": "condition", "depends_on": ["climb"],
     "config": {"if": "attack.folded()", "then": [{"id": "inner", "type": "sql", "config": {"template": "SELECT 1"}}]}},
    {"id": "after", "type": "sql", "depends_on": ["folded"],
     "config": {"template": "SELECT current_user::text AS me, session_user::text AS session, current_setting(''is_superuser'') AS super"}}]}',
    publish => true) \g /dev/null
RESET ROLE;
DELETE FROM attack_tried;

-- Control: committing what a role left behind in a superuser's session.
BEGIN;
CREATE FUNCTION attack.undefended() RETURNS void LANGUAGE sql SECURITY DEFINER AS 'INSERT INTO attack.deferred VALUES (0)';
ALTER FUNCTION attack.undefended() OWNER TO attack_worker;
SELECT attack.undefended() \g /dev/null
COMMIT;
SELECT is((SELECT string_agg(how, ',') FROM attack_loot), CASE WHEN :SERVER_VERSION_NUM < 180000 THEN 'deferred trigger' END,
    'control: before 18 a deferred trigger fires with the rights of who commits');
TRUNCATE attack_loot, attack_tried, attack.deferred;

SELECT playbook_start('attack_executor') AS execution \gset
SELECT status FROM playbook_wait(:execution, '30 s') \gset
SELECT is(:'status'::text, 'completed', 'the execution ended');
SELECT is((SELECT string_agg(how, ',') FROM attack_loot), NULL, 'nobody gained anything');
SELECT is((SELECT count(*) FROM attack.deferred), 1::bigint, 'an honest deferred trigger is allowed there');
SELECT ok((SELECT bool_and(who = 'attack_worker') FROM attack_tried), 'every trap ran as the owner');
SELECT ok(EXISTS (SELECT FROM attack_tried WHERE how = t), format('the trap was stepped into: %s', t))
FROM unnest(ARRAY['deferred trigger', 'trigger', 'folded']) AS t;
SELECT is((SELECT r FROM playbook_rows(:execution, 'after') AS r),
          '{"me": "attack_worker", "session": "attack_worker", "super": "off"}', 'the step after the climb is the owner still');

SELECT * FROM finish();

-- Roles belong to the cluster: what was committed is taken away again.
SELECT playbook_archive('attack_executor') \g /dev/null
DROP OWNED BY attack_worker CASCADE;
SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'attack_worker' \g /dev/null
DROP ROLE attack_worker;
