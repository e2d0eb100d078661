-- playbook_start_many: a row for each start; one that is refused does not fail the rest.
BEGIN;
SELECT plan(20);
\ir refusal.psql

CREATE ROLE many_author; GRANT playbook_author TO many_author;
CREATE ROLE many_user;   GRANT playbook_user TO many_user;
SET LOCAL client_min_messages = error; -- owners of playbooks here do not log in
CREATE TABLE many_customers (id text PRIMARY KEY);
INSERT INTO many_customers SELECT 'c' || n FROM generate_series(1, 200) AS n;
GRANT SELECT ON many_customers TO many_author;
SELECT playbook_set_customer_source('many_customers', 'id') \g /dev/null
SET LOCAL ROLE many_author;
SELECT playbook_create('{id: many, name: M, conflict: skip, parameters: [{name: n, type: integer}],
    steps: [{id: w, type: wait, config: {event: go}}]}', true) \g /dev/null

-- A list of customers.
CREATE TEMP TABLE started AS SELECT * FROM playbook_start_many('many', ARRAY['c1', 'nobody', 'c2', NULL, 'c1'],
    '{"n": 4}');
SELECT results_eq('SELECT ordinal, customer, execution IS NOT NULL, outcome FROM started ORDER BY ordinal',
    $$VALUES (1, 'c1', true, 'started'), (2, 'nobody', false, 'refused'), (3, 'c2', true, 'started'), (4, '', false,
        'refused'),
             (5, 'c1', false, 'skipped')$$, 'a row for each customer, in their order');
SELECT is((SELECT detail FROM started WHERE ordinal = 2),
    'customer "nobody" does not exist. The customer source has no row of that key that the playbook''s '
          'owner can see.', 'a refusal says why');
SELECT is((SELECT detail FROM started WHERE ordinal = 4), 'customer must not be empty', 'null is no customer');
SELECT is((SELECT detail FROM started WHERE ordinal = 5),
          format('customer "c1" already runs playbook "many". Execution %s is pending.', (SELECT execution
              FROM started WHERE ordinal = 1)),
          'a conflict names the active execution');
SELECT results_eq('SELECT customer_id, parameters FROM playbook_executions ORDER BY id',
                  $$VALUES ('c1', '{"n": 4}'::jsonb), ('c2', '{"n": 4}')$$,
                      'what was started is stored, and nothing else');
SELECT is((SELECT count(*) FROM playbook_start_many('many', ARRAY[]::text[])), 0::bigint, 'no customers: no rows');
SELECT is((SELECT count(*) FROM playbook_start_many('many', (SELECT array_agg('c' || n) FROM generate_series(3,
    150) AS n)) WHERE outcome = 'started'),
          148::bigint, 'many at once');
SELECT results_eq($$SELECT DISTINCT outcome, detail FROM playbook_start_many('many', ARRAY['c151', 'c152'],
    '{"m": 1}')$$,
                  $$VALUES ('refused', 'unknown parameter "m"')$$, 'wrong parameters are each one''s refusal');

-- What concerns the playbook concerns them all.
SELECT is(refusal($$SELECT * FROM playbook_start_many('mnay',
    ARRAY['c1'])$$) ~ E'^42704 playbook "mnay" does not exist\nDETAIL: Valid playbooks are: many\.',
          true, 'an unknown playbook raises');
RESET ROLE;
SELECT is(refusal($$SELECT as_role('many_user', $q$SELECT * FROM playbook_start_many('many',
    ARRAY['c1'])$q$)$$) ~ '^42704 ', true,
          'so does an invisible one');
SET LOCAL ROLE many_author;
SELECT playbook_create(tiny('draft')) \g /dev/null
SELECT is(refusal($$SELECT * FROM playbook_start_many('draft',
    ARRAY['c1'])$$) ~ '^55000 playbook "draft" is not published', true, 'and a draft');
SELECT is(refusal($$SELECT * FROM playbook_start_many('many', NULL::text[])$$),
    '22004 argument "customers" must not be null', 'null is no list');

-- A list of starts, each with its own.
CREATE TEMP TABLE listed AS SELECT * FROM playbook_start_many('many', jsonb_build_array(
    '{"customer": "c160", "parameters": {"n": 1}, "idempotency_key": "k", "priority": 3, "labels": {"a": "b"}, '
        '"start_at": "2100-01-01T00:00:00Z"}'::jsonb,
    '{"customer": "c160", "parameters": {"n": 1}, "idempotency_key": "k"}'::jsonb,
    '{"customer": "c160", "conflict": "replace"}'::jsonb,
    '{"costumer": "c161"}'::jsonb,
    '7'::jsonb,
    '{"customer": "c162", "start_at": "some day"}'::jsonb,
    '{"customer": "c163", "priority": "high"}'::jsonb,
    '{"customer": "c164", "idempotency_key": ""}'::jsonb,
    '{"customer": {"id": "c165"}}'::jsonb,
    '{}'::jsonb));
SELECT results_eq('SELECT ordinal, customer, outcome, detail FROM listed ORDER BY ordinal',
    $$VALUES (1, 'c160', 'started', NULL), (2, 'c160', 'repeated', NULL), (3, 'c160', 'started', NULL),
             (4, NULL, 'refused', 'unknown key "costumer" in starts. Known are customer, parameters, '
                 'idempotency_key, priority, start_at, '
                                  'conflict and labels.'),
             (5, NULL, 'refused', 'each start must be a JSON object, not 7'),
             (6, 'c162', 'refused', 'invalid input syntax for type timestamp with time zone: "some day"'),
             (7, 'c163', 'refused', '"priority" must be an integer, not "high"'),
             (8, 'c164', 'refused', '"idempotency_key" must be a text that is not empty, not ""'),
             (9, NULL, 'refused', '"customer" must be a text that is not empty, not {"id":"c165"}'),
             (10, NULL, 'started', NULL)$$, 'each is judged for itself');
SELECT is((SELECT count(DISTINCT execution) FROM listed WHERE ordinal IN (1, 2)), 1::bigint,
    'a repeated key gives the first execution');
SELECT results_eq($$SELECT priority, labels, due_at, parameters ->> 'n', status, reason FROM playbook_executions
                    WHERE id = (SELECT execution FROM listed WHERE ordinal = 1)$$,
                  format($$VALUES (3, '{"a": "b"}'::jsonb, NULL::timestamptz, '1', 'cancelled',
                      'replaced by execution %s')$$,
                         (SELECT execution FROM listed WHERE ordinal = 3)), 'with what it asked for');
SELECT is((SELECT count(*) FROM playbook_executions WHERE customer_id IN ('c161', 'c162', 'c163', 'c164', 'c165')),
    0::bigint,
          'of the refused nothing is stored');
SELECT is((SELECT count(*) FROM playbook_start_many('many', '[]'::jsonb)), 0::bigint, 'an empty list: no rows');
SELECT is(refusal($$SELECT * FROM playbook_start_many('many', '{"customer": "c1"}'::jsonb)$$),
          E'22023 starts must be a JSON array of objects\nHINT: Each has customer, and may have parameters, '
              'idempotency_key, priority, start_at and labels.',
          'one object is no list');
RESET ROLE;
SELECT is_empty($$SELECT id FROM playbook_executions GROUP BY id HAVING count(*) > 1$$, 'ids are unique');
SELECT is((SELECT count(*) FROM playbook_executions WHERE id >= 2::bigint ^ 53), 0::bigint, 'and below 2^53');

SELECT * FROM finish();
ROLLBACK;
