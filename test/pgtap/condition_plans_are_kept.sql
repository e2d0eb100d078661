-- A condition is analyzed once for its text, its values' types, the user and the search path, and kept; whatever may
-- change its meaning ends that. The number of kept plans is that of their memory contexts.
BEGIN;
SELECT plan(46);

CREATE FUNCTION kept() RETURNS integer LANGUAGE sql AS
    $$ SELECT count(*)::integer FROM pg_backend_memory_contexts WHERE name = 'playbook condition' $$;
CREATE FUNCTION score(text) RETURNS jsonb LANGUAGE sql AS
    $$ SELECT playbook_condition('customer.x = customer.y', format('{"customer": %s}', $1)::jsonb) $$;

-- Kept per text and types, at most four plans of a text.
SELECT is(playbook_condition('1 = 2'), 'false', 'a first condition');
SELECT is(kept(), 1, 'is kept');
SELECT is(playbook_condition('1 = 2'), 'false', 'the same again');
SELECT is(kept(), 1, 'is kept once');
SELECT is(score('{"x": 1, "y": 1.0}'), 'true', 'numbers');
SELECT is(score('{"x": 3, "y": 4}'), 'false', 'other numbers');
SELECT is(kept(), 2, 'share a plan');
SELECT is(score('{"x": "a", "y": "a"}'), 'true', 'texts');
SELECT is(score('{"x": true, "y": false}'), 'false', 'booleans');
SELECT is(score('{"x": [1], "y": [1]}'), 'true', 'lists');
SELECT is(kept(), 5, 'have plans of their own');
SELECT is(score('{"x": null, "y": 1}'), 'null', 'a null');
SELECT is(kept(), 5, 'takes the place of the plan that was not used for longest');
SELECT is(score('{"x": 1, "y": 1}'), 'true', 'numbers again');
SELECT throws_ok($$SELECT score('{"x": "a", "y": 1}')$$, '42883', NULL, 'types that do not fit');
SELECT is(kept(), 5, 'are not kept');

-- At most 256 texts.
SELECT ok(bool_and(playbook_condition(format('customer.n = %s', n), '{"customer": {"n": 7}}') = to_jsonb(n = 7)),
          'many texts')
FROM generate_series(1, 1000) n;
SELECT is(kept(), 256, 'are kept up to a number');

-- Functions.
CREATE FUNCTION grade(numeric) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT 'old' $$;
SELECT is(playbook_condition('grade(customer.n)', '{"customer": {"n": 7}}'), '"old"', 'a function');
SELECT cmp_ok(kept(), '<', 10, 'a new function makes all plans doubtful: it might be meant');
CREATE OR REPLACE FUNCTION grade(numeric) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT 'new' $$;
SELECT is(playbook_condition('grade(customer.n)', '{"customer": {"n": 7}}'), '"new"', 'replaced');
CREATE SCHEMA elsewhere;
CREATE FUNCTION elsewhere.grade(numeric) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT 'elsewhere' $$;
SELECT is(playbook_condition('grade(customer.n)', '{"customer": {"n": 7}}'), '"new"', 'another one out of sight');
SET LOCAL search_path = elsewhere, public, tap;
SELECT is(playbook_condition('grade(customer.n)', '{"customer": {"n": 7}}'), '"elsewhere"', 'in sight');
SET LOCAL search_path = public, tap;
SELECT is(playbook_condition('grade(customer.n)', '{"customer": {"n": 7}}'), '"new"', 'and out of sight again');
DROP FUNCTION grade(numeric);
SELECT throws_ok($$SELECT playbook_condition('grade(customer.n)', '{"customer": {"n": 7}}')$$, '42883', NULL,
          'dropped');

-- Settings that literals are read with.
SET LOCAL datestyle = 'ISO, MDY';
SELECT is(playbook_condition('extract(month FROM date ''01/02/2026'')'), '1', 'month first');
SET LOCAL datestyle = 'ISO, DMY';
SELECT is(playbook_condition('extract(month FROM date ''01/02/2026'')'), '2', 'day first');
SET LOCAL timezone = 'UTC';
SELECT is(playbook_condition('timestamptz ''2026-01-01 12:00'' = timestamptz ''2026-01-01 12:00+00'''), 'true',
          'in UTC');
SET LOCAL timezone = 'Asia/Tokyo';
SELECT is(playbook_condition('timestamptz ''2026-01-01 12:00'' = timestamptz ''2026-01-01 12:00+00'''), 'false',
          'in Tokyo');

-- What depends on the day, or on a name in the catalog, is analyzed each time.
CREATE TABLE counted (before integer);
SELECT is(playbook_condition('1 = 2'), 'false', 'one that is kept');
INSERT INTO counted SELECT kept();
SELECT is(playbook_condition('date ''today'' = current_date AND timestamptz ''now'' = now()'), 'true',
          'today and now');
SELECT is(playbook_condition('''counted''::regclass::oid::bigint > 0'), 'true', 'a table by its name');
SELECT is(playbook_condition('(ROW(1)::counted).before'), '1', 'a row of a table');
SELECT is(kept(), before, 'nothing of it was kept') FROM counted;
SELECT is(playbook_condition('''unknown'' = ''yesteryear'''), 'false', 'words that only look like it');
SELECT is(kept(), before + 1, 'are kept') FROM counted;

-- Users: what was folded for one is not for another, and rights are those of who asks.
CREATE ROLE condition_plans_reader;
GRANT USAGE ON SCHEMA public TO condition_plans_reader;
GRANT EXECUTE ON FUNCTION playbook_condition TO condition_plans_reader;
CREATE FUNCTION who() RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN current_user; END $$;
SELECT is(playbook_condition('who()'), to_jsonb(current_user), 'one user');
SET LOCAL ROLE condition_plans_reader;
SELECT is(playbook_condition('who()'), '"condition_plans_reader"', 'another user');
RESET ROLE;
REVOKE EXECUTE ON FUNCTION who FROM PUBLIC;
SET LOCAL ROLE condition_plans_reader;
SELECT throws_ok($$SELECT playbook_condition('who()')$$, '42501', 'permission denied for function who',
          'a right that was taken away');
RESET ROLE;

-- A condition within a condition, the same text and types: each has its own values.
CREATE FUNCTION deeper(n numeric) RETURNS numeric LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF n = 0 THEN RETURN 0; END IF;
    RETURN playbook_condition('customer.n + deeper(customer.n - 1) + customer.n - customer.n',
                              jsonb_build_object('customer', jsonb_build_object('n', n)))::numeric;
END $$;
SELECT is(deeper(10), 55::numeric, 'a function that evaluates the condition that calls it');

-- An error leaves no half-done plan behind.
SELECT throws_ok($$SELECT playbook_condition('1 / customer.n > 0', '{"customer": {"n": 0}}')$$, '22012',
          'division by zero', 'an error');
SELECT is(playbook_condition('1 / customer.n > 0', '{"customer": {"n": 1}}'), 'true', 'and after it');

-- Repeating costs microseconds and no memory.
CREATE FUNCTION repeated(times integer) RETURNS interval LANGUAGE plpgsql AS $$
DECLARE
    context CONSTANT jsonb := '{"customer": {"health_score": 42}, "steps": {"reply": {"outcome": "received"}}}';
    began CONSTANT timestamptz := clock_timestamp();
    answer jsonb;
BEGIN
    FOR n IN 1 .. times LOOP
        answer := playbook_condition('steps.reply.outcome = ''sent'' OR customer.health_score < 60', context);
    END LOOP;
    RETURN clock_timestamp() - began;
END $$;
CREATE FUNCTION used() RETURNS numeric LANGUAGE sql AS
    $$ SELECT sum(used_bytes) FROM pg_backend_memory_contexts
       WHERE name IN ('playbook condition', 'TopMemoryContext') $$;
SELECT isnt(repeated(1000), NULL, 'warm');
CREATE TABLE memory AS SELECT used() AS before;
SELECT cmp_ok(repeated(20000), '<', interval '1 second',
          'twenty thousand evaluations take under fifty microseconds each');
SELECT cmp_ok(used() - before, '<', 10000::numeric, 'and leave nothing behind') FROM memory;
SELECT is(kept() > 0, true, 'with plans kept');

SELECT * FROM finish();
ROLLBACK;
