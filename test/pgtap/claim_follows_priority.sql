-- The order in which due executions are taken: by the time since when they are due, less playbook.priority_ageing for
-- each point of priority. Times are stated, in the table. The owner may not connect, so no background worker takes the
-- work away.
SELECT plan(12);
SET client_min_messages = error;
\ir refusal.psql
REVOKE CONNECT ON DATABASE :"DBNAME" FROM PUBLIC;
CREATE ROLE claim_owner; GRANT playbook_author TO claim_owner;
CREATE TABLE taken (place serial, name text);
GRANT ALL ON taken, taken_place_seq TO claim_owner;

SET ROLE claim_owner;
SELECT playbook_create('{id: takes, name: T, parameters: [{name: name, type: string, required: true}], '
    'steps: [{id: s, type: sql, config: {template: "INSERT INTO taken (name) VALUES ({{parameters.name}})"}}]}', true) \g /dev/null
RESET ROLE;

-- An execution of that name and priority, due that long ago.
CREATE FUNCTION due_since(name text, priority integer, ago interval) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    started bigint := playbook_start('takes', parameters => jsonb_build_object('name', name), priority => priority);
BEGIN
    UPDATE playbook_executions_live SET due_at = now() - ago WHERE id = started;
END$$;
-- What playbook_work() takes, in that order.
CREATE FUNCTION in_order() RETURNS text LANGUAGE sql AS $$
    WITH gone AS (DELETE FROM taken RETURNING place, name) SELECT string_agg(name, ' ' ORDER BY place) FROM gone$$;
CREATE PROCEDURE start_them() LANGUAGE sql AS $$
    SELECT due_since('old', 0, '10 min'), due_since('urgent', 5, '1 min'), due_since('aged', 5, '6 min'),
        due_since('humble', -10, '30 min'), due_since('first', 100, '0'), due_since('plain', 0, '1 min'),
        due_since('later', 0, '-1 h'), due_since('later_yet_urgent', 100, '-10 min')$$;

CALL start_them();
SET ROLE claim_owner; CALL playbook_work() \g /dev/null
RESET ROLE;
SELECT is(in_order(), 'first humble aged old urgent plain', 'one point of priority is worth a minute');
SELECT results_eq($$SELECT parameters ->> 'name' FROM playbook_executions_live ORDER BY 1$$,
    ARRAY['later', 'later_yet_urgent'], 'what is not due is not taken, however urgent');

SET playbook.batch_size = 2;
CALL start_them();
SET ROLE claim_owner; CALL playbook_work() \g /dev/null
RESET ROLE;
SELECT is(in_order(), 'first humble aged old urgent plain', 'the order goes on from one batch to the next');

SET playbook.priority_ageing = '1 h';
CALL start_them();
SET ROLE claim_owner; CALL playbook_work() \g /dev/null
RESET ROLE;
SELECT is(in_order(), 'first aged urgent old plain humble', 'a point can be worth more');

SET playbook.priority_ageing = 0;
CALL start_them();
SET ROLE claim_owner; CALL playbook_work() \g /dev/null
RESET ROLE;
SELECT is(in_order(), 'humble old aged urgent plain first', 'or nothing: what has been due longest goes first');
RESET playbook.priority_ageing;

-- At the same moment: in the order of their starts.
SELECT due_since(name, 0, '1 min') FROM unnest(ARRAY['a', 'b', 'c', 'd', 'e']) AS name \g /dev/null
SET ROLE claim_owner; CALL playbook_work() \g /dev/null
RESET ROLE;
SELECT is(in_order(), 'a b c d e', 'what is due at the same moment is taken in the order of its starts');

-- A priority that comes up while others are known, and what becomes due before what was taken last.
SELECT due_since('child', 7, '1 h') \g /dev/null
SET ROLE claim_owner; CALL playbook_work() \g /dev/null
RESET ROLE;
SELECT is(in_order(), 'child', 'a priority that nobody had before is found');

-- The playbook's own priority, and its bounds.
SET ROLE claim_owner;
SELECT playbook_create('{id: hurried, name: H, priority: 9, steps: [{id: s, type: wait, '
    'config: {event: go}}]}', true) \g /dev/null
SELECT playbook_start('hurried') AS by_definition, playbook_start('hurried', priority => 2) AS by_start \gset
SELECT is((SELECT priority FROM playbook_executions WHERE id = :by_definition), 9,
    'the definition says how urgent it is');
SELECT is((SELECT priority FROM playbook_executions WHERE id = :by_start), 2, 'unless the start does');
SELECT is(refusal($$SELECT playbook_start('hurried', priority => 101)$$),
    '22023 priority must be between -100 and 100, not 101', 'no priority above 100');
SELECT is((SELECT detail FROM playbook_start_many('hurried', '[{"priority": -101}]'::jsonb)),
    'priority must be between -100 and 100, not -101', 'nor below -100');
RESET ROLE;

-- One scan in the order of the index, which ends with the batch.
SET enable_seqscan = off;
PREPARE claim AS SELECT id FROM playbook_executions_live WHERE owner = 'claim_owner'::regrole AND priority = 0
    AND due_at <= now() AND (due_at, id) >= (now() - interval '1 day', 0) ORDER BY due_at, id LIMIT 100 FOR UPDATE SKIP LOCKED;
CREATE FUNCTION plan_of(statement text) RETURNS SETOF text LANGUAGE plpgsql AS
    $$BEGIN RETURN QUERY EXECUTE 'EXPLAIN (COSTS off) ' || statement; END$$;
SELECT is((SELECT string_agg(trim(line, ' ->'), '; ') FROM plan_of('EXECUTE claim') AS line
           WHERE line NOT LIKE '%Cond:%'),
    'Limit; LockRows; Index Scan using playbook_executions_live_owner_priority_due_at_id_idx'
    ' on playbook_executions_live',
    'a claim sorts nothing');
DEALLOCATE claim;
SELECT * FROM finish();
DROP OWNED BY claim_owner;
DROP EXTENSION playbook CASCADE;
DROP ROLE claim_owner;
