-- Names in a condition are bound to values with the types that JSON gives them, and the server's own operators,
-- functions and rules for null apply.
BEGIN;
SELECT plan(47);

-- The context of an execution.
CREATE TABLE given AS SELECT '{
    "customer": {"id": "c1", "name": "Acme", "health_score": 42, "arr": 12345678901234567890.123, "vip": true,
                 "renewal_date": "2026-03-01", "left_at": null, "tags": ["gold", "eu"], "Plan Name": "Pro",
                 "contacts": [{"name": "Ann"}, {"name": "Bob"}], "zero": 0.1000, "big": 1e3},
    "csm": {"name": "Eve", "manager": {"name": "Max"}},
    "parameters": {"threshold": 60, "segments": []},
    "steps": {"reply": {"status": "completed", "outcome": "received", "elapsed": "1 day 02:00:00",
                        "output": {"rows": [{"n": 7}], "0": "key"}}, "end": {"outcome": "sent"}},
    "event": {"kind": "usage"},
    "execution": {"id": 7, "elapsed": "3 days 04:00:00", "at_start": {"customer": {"health_score": 70}}},
    "item": {"account_id": 9}, "index": 3}'::jsonb AS context;
CREATE FUNCTION gives(condition text, wanted jsonb) RETURNS text LANGUAGE sql AS
    $$ SELECT is(playbook_condition(condition, context), wanted, condition) FROM given $$;

-- Types.
SELECT gives('pg_typeof(customer.health_score)::text', '"numeric"');
SELECT gives('pg_typeof(customer.name)::text', '"text"');
SELECT gives('pg_typeof(customer.vip)::text', '"boolean"');
SELECT gives('pg_typeof(customer.tags)::text', '"jsonb"');
SELECT gives('pg_typeof(csm.manager)::text', '"jsonb"');
SELECT gives('pg_typeof(customer.left_at)::text', '"unknown"');
SELECT gives('pg_typeof(execution.elapsed)::text', '"interval"');
SELECT gives('pg_typeof(steps.reply.elapsed)::text', '"interval"');
SELECT gives('pg_typeof(item)::text', '"jsonb"');
SELECT gives('pg_typeof(index)::text', '"numeric"');

-- Values, exactly.
SELECT gives('customer.arr', '12345678901234567890.123');
SELECT gives('customer.arr + 1 = 12345678901234567891.123', 'true');
SELECT gives('customer.zero::text', '"0.1000"');
SELECT gives('customer.big', '1000');
SELECT gives('customer.health_score < parameters.threshold', 'true');
SELECT gives('customer.health_score < 60 AND customer.vip', 'true');
SELECT gives('steps.reply.outcome = ''received'' OR customer.health_score >= 60', 'true');
SELECT gives('customer.renewal_date::date - date ''2026-02-01''', '28');
SELECT gives('execution.elapsed > interval ''3 days'' AND steps.reply.elapsed < interval ''2 days''', 'true');
SELECT gives('execution.at_start.customer.health_score - customer.health_score', '28');
SELECT gives('customer.name LIKE ''A%'' AND lower(customer.name) = ''acme''', 'true');
SELECT gives('customer.health_score BETWEEN 40 AND 50', 'true');
SELECT gives('customer.name IN (''Acme'', ''Other'')', 'true');
SELECT gives('CASE WHEN customer.vip THEN csm.manager ELSE NULL END', '{"name": "Max"}');
SELECT gives('now() = transaction_timestamp()', 'true');
SELECT gives('current_user = session_user', 'true');

-- Any depth, any name, any root.
SELECT gives('customer."Plan Name"', '"Pro"');
SELECT gives('csm.manager.name', '"Max"');
SELECT gives('steps."end".outcome || steps.end.outcome', '"sentsent"');
SELECT gives('customer.tags[0]', '"gold"');
SELECT gives('customer.tags[-1] = ''eu'' AND customer.tags[2] IS NULL', 'true');
SELECT gives('customer.contacts[1].name', '"Bob"');
SELECT gives('(customer.contacts)[0].name', '"Ann"');
SELECT gives('steps.reply.output.rows[0].n + 1', '8');
SELECT gives('steps.reply.output[''0'']', '"key"');
SELECT gives('customer.tags @> ''["eu"]'' AND customer.tags ? ''gold''', 'true');
SELECT gives('customer->>''name'' = customer.name', 'true');
SELECT gives('item.account_id * index', '27');

-- Null is null; for a decision it counts as not true.
SELECT gives('customer.left_at IS NULL', 'true');
SELECT gives('customer.left_at > 5', 'null');
SELECT gives('coalesce(customer.left_at, ''never'')', '"never"');
SELECT gives('event.nothing IS NULL AND item.nothing IS NULL AND steps.reply.output.nothing.at_all IS NULL', 'true');
SELECT gives('steps.other.outcome = ''received''', 'null');
SELECT gives('customer.name.first IS NULL', 'true');
SELECT is(playbook_condition('item IS NULL AND customer.id IS NULL'), 'true', 'an execution may have neither');
SELECT is(playbook_condition(NULL), NULL, 'no expression, no value');
SELECT is(playbook_condition('1', NULL), NULL, 'no context, no value');

SELECT * FROM finish();
ROLLBACK;
