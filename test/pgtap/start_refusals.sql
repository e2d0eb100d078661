-- playbook_start: what it gives back, what each argument does, and each refusal; after a refusal nothing is stored.
BEGIN;
SELECT plan(59);
\ir refusal.psql

CREATE ROLE start_author; GRANT playbook_author TO start_author;
CREATE ROLE start_user;   GRANT playbook_user TO start_user;
SET LOCAL client_min_messages = error; -- owners of playbooks here do not log in
CREATE FUNCTION stored() RETURNS text LANGUAGE sql AS
    $$SELECT concat_ws('/', (SELECT count(*) FROM playbook_executions), (SELECT count(*) FROM playbook_idempotency),
                       (SELECT count(*) FROM playbook_active_customers), (SELECT count(*)
                           FROM playbook_change_batches))$$;

SET LOCAL ROLE start_author;
SELECT playbook_create(tiny('plain'), true) \g /dev/null
SELECT playbook_create($yaml$
id: asks
name: Asks
parameters:
  - {name: who, type: string, required: true, description: Whom to greet}
  - {name: how_many, type: number, default: 5, minimum: 1, maximum: 10}
  - {name: tone, type: string, enum: [warm, cool]}
  - {name: days, type: integer}
  - {name: list, type: array}
  - {name: flag, type: boolean}
  - {name: since, type: date}
  - {name: at, type: timestamp}
steps: [{id: w, type: wait, config: {event: go}}]
$yaml$, true) \g /dev/null
SELECT playbook_create(tiny('hidden'), true) \g /dev/null
SELECT playbook_share('plain', 'start_user', 'start') \g /dev/null

-- Success.
SELECT playbook_start('asks', parameters => '{"who": "Ana"}') AS execution \gset
SELECT ok(:execution > 0 AND :execution < 2::bigint ^ 53, 'start returns the id, below 2^53');
RESET ROLE;
SELECT results_eq($$SELECT status, owner::text, starter::text, actor, customer_id, priority,
    due_at <= clock_timestamp(), created_at >= now()
                    FROM playbook_executions$$,
                  $$VALUES ('pending', 'start_author', 'start_author', 'start_author', NULL, 0, true, true)$$,
                      'what is stored');
SELECT is((SELECT parameters FROM playbook_executions),
          '{"who": "Ana", "how_many": 5, "tone": null, "days": null, "list": null, "flag": null, "since": null, "at": null}',
              'parameters with their defaults');
SELECT stored() AS before \gset

-- Unknown or closed playbooks.
SET LOCAL ROLE start_author;
SELECT is(refusal($$SELECT playbook_start('at_rsik')$$),
          E'42704 playbook "at_rsik" does not exist\nDETAIL: Valid playbooks are: asks, hidden, plain.\n'
          'HINT: Create it with playbook_create(), or ask its owner to share it with you.',
              'unknown playbook: the valid ids');
SELECT is(refusal($$SELECT playbook_start(NULL)$$), '22004 argument "playbook" must not be null',
    'null is no playbook');
RESET ROLE;
SELECT is(refusal($$SELECT as_role('start_user', $q$SELECT playbook_start('hidden')$q$)$$),
          E'42704 playbook "hidden" does not exist\nDETAIL: Valid playbooks are: plain.\n'
          'HINT: Create it with playbook_create(), or ask its owner to share it with you.',
              'one that is not shared does not exist, nor is it listed');
SELECT as_role('start_author', $$SELECT playbook_share('hidden', 'start_user', 'view')$$) \g /dev/null
SELECT is(refusal($$SELECT as_role('start_user', $q$SELECT playbook_start('hidden')$q$)$$),
          E'42501 permission denied to start playbook "hidden"\nHINT: Its owner "start_author" can allow it: '
              'SELECT playbook_share(…, ''start'').',
          'who may only look does not start');
SET LOCAL ROLE start_author;

-- Parameters.
SELECT 'Expected parameters: who (string, required); how_many (number, 1 to 10, default 5); tone (string, "warm" or '
       '"cool"); days (integer); list (array); flag (boolean); since (date such as "2026-01-28"); at (timestamp such as '
       '"2026-01-28T14:30:00Z").' AS form \gset
SELECT is(refusal(format($$SELECT playbook_start('asks', parameters => %L)$$, given)), E'22023 ' || said
    || E'\nHINT: ' || :'form', what)
FROM (VALUES
    ('{"whom": "Ana"}', 'unknown parameter "whom"', 'unknown parameter: the expected form'),
    ('{}', 'parameter "who" is required', 'missing parameter'),
    ('{"who": null}', 'parameter "who" is required', 'null where it is required'),
    ('{"who": 7}', E'parameter "who" must be of type string\nDETAIL: The value given is 7, a number.',
        'number for a string'),
    ('{"who": "x", "how_many": "5"}',
        E'parameter "how_many" must be of type number\nDETAIL: The value given is "5", a string.',
        'string for a number'),
    ('{"who": "x", "how_many": 11}', E'parameter "how_many" is out of range\nDETAIL: The value given is 11.',
        'too large'),
    ('{"who": "x", "how_many": 0}', E'parameter "how_many" is out of range\nDETAIL: The value given is 0.',
        'too small'),
    ('{"who": "x", "tone": "hot"}',
        E'parameter "tone" has none of the allowed values\nDETAIL: The value given is "hot".',
        'none of the allowed values'),
    ('{"who": "x", "days": 1.5}', E'parameter "days" must be of type integer\nDETAIL: The value given is 1.5, a '
        'number.', 'a fraction for an integer'),
    ('{"who": "x", "list": {}}', E'parameter "list" must be of type array\nDETAIL: The value given is {}, an object.',
        'an object for an array'),
    ('{"who": "x", "flag": "yes"}',
        E'parameter "flag" must be of type boolean\nDETAIL: The value given is "yes", a string.',
        'a string for a boolean'),
    ('{"who": "x", "since": "2026-02-30"}',
        E'parameter "since" must be of type date\nDETAIL: The value given is "2026-02-30", a string.', 'a day that is none'),
    ('{"who": "x", "at": "soon"}',
        E'parameter "at" must be of type timestamp\nDETAIL: The value given is "soon", a string.', 'a time that is none'),
    ('[]', E'parameters must be a JSON object\nDETAIL: They are a JSON array.', 'no object at all')) AS t (given,
        said, what);
SELECT is(refusal($$SELECT playbook_start('plain', parameters => '{"x": 1}')$$),
          E'22023 unknown parameter "x"\nHINT: This playbook takes no parameters.', 'a playbook without parameters');
SELECT is(refusal($$SELECT playbook_start('asks', '{"who": "Ana"}')$$),
          E'22023 the customer must be an id, not a JSON object\nHINT: Name the argument: '
              'playbook_start(''asks'', parameters => ''{"who": "Ana"}'').',
          'parameters given as the customer');
SELECT is(refusal($$SELECT playbook_run('asks',
    '{"who": "Ana"}')$$) ~ '^22023 the customer must be an id, not a JSON object', true, 'the same of run');

-- Other arguments.
SELECT is(refusal($$SELECT playbook_start('plain', conflict => 'ignore')$$),
          E'22023 unknown conflict policy "ignore"\nHINT: Use skip, queue, replace or allow.', 'conflict');
SELECT is(refusal($$SELECT playbook_start('plain',
    labels => '["x"]')$$) ~ '^22023 labels must be a JSON object\nHINT: ', true, 'labels');
SELECT is(refusal($$SELECT playbook_start('plain', idempotency_key => '')$$),
          E'22023 idempotency_key must not be empty\nHINT: Leave it out to start without one.', 'an empty key');
SELECT is(refusal($$SELECT playbook_start('plain', '')$$),
          E'22023 customer must not be empty\nHINT: Leave it out to start without a customer.', 'an empty customer');
RESET ROLE;
SELECT is(stored(), :'before', 'after all these refusals nothing more is stored');

-- Customers: free text until a source is declared, then they must exist.
SELECT is(as_role('start_author', $$SELECT count(playbook_start('plain', 'anything at all'))$$), '1',
    'without a source any id is a customer');
CREATE TABLE start_customers (id text PRIMARY KEY, name text);
INSERT INTO start_customers VALUES ('c1', 'Acme'), ('c2', 'Globex');
GRANT SELECT ON start_customers TO start_author;
SELECT playbook_set_customer_source('start_customers', 'id') \g /dev/null
SELECT stored() AS before \gset
SELECT is(refusal($$SELECT as_role('start_author', $q$SELECT playbook_start('plain', 'c9')$q$)$$),
          E'P0002 customer "c9" does not exist\nDETAIL: The customer source has no row of that key that the '
              'playbook''s owner can see.\n'
          'HINT: See playbook_set_customer_source() for where customers come from.',
              'with one an unknown customer is refused');
SELECT is(refusal($$SELECT as_role('start_author', $q$SELECT playbook_run('plain',
    'c9')$q$)$$) ~ '^P0002 customer "c9" does not exist', true,
          'by run too');
SELECT is(stored(), :'before', 'before anything is stored');
SELECT is(as_role('start_author', $$SELECT count(playbook_start('plain', 'c1'))$$), '1', 'a known one starts');

-- Idempotency keys.
SET LOCAL ROLE start_author;
SELECT playbook_start('asks', 'c1', '{"who": "Ana", "days": 1}', idempotency_key => 'order-7') AS first \gset
SELECT is(playbook_start('asks', 'c1', '{"days": 1, "who": "Ana"}', idempotency_key => 'order-7'), :first::bigint,
    'a repeat returns the first execution');
SELECT is(playbook_start('asks', 'c1', '{"days": 1, "who": "Ana", "how_many": 5}', idempotency_key => 'order-7'),
    :first::bigint,
          'a default given or left out is the same');
SELECT is(refusal($$SELECT playbook_start('asks', 'c1', '{"who": "Ben"}', idempotency_key => 'order-7')$$),
          format(E'22023 idempotency key "order-7" was used with other parameters\nDETAIL: It started execution %s.\n'
                 'HINT: Use another key for another request.', :first),
                     'the same key with other parameters is refused');
SELECT isnt(playbook_start('asks', 'c2', '{"who": "Ana", "days": 1}', idempotency_key => 'order-7'), :first::bigint,
    'the key of another customer is another');
SELECT isnt(playbook_start('plain', 'c1', idempotency_key => 'order-7'), :first::bigint,
    'so is that of another playbook');
SELECT playbook_cancel(:first) \g /dev/null
SELECT is(playbook_start('asks', 'c1', '{"who": "Ana", "days": 1}', idempotency_key => 'order-7'), :first::bigint,
    'it holds when the execution has ended');
RESET ROLE;
SELECT ok(bool_and(kept_until >= now() + interval '7 days'), 'and at least 7 days') FROM playbook_idempotency;

-- Labels, priority, time, draft.
SET LOCAL ROLE start_author;
SELECT playbook_start('plain', labels => '{"ticket": "T-17"}', priority => 7) AS labelled \gset
SELECT results_eq($$SELECT id, labels, priority FROM playbook_executions WHERE labels @> '{"ticket": "T-17"}'$$,
                  format($$VALUES (%s::bigint, '{"ticket": "T-17"}'::jsonb, 7)$$, :labelled),
                      'labels are kept and found');
SELECT playbook_start('plain', start_at => now() + interval '2 days') AS later \gset
SELECT is((SELECT due_at FROM playbook_executions WHERE id = :later), now() + interval '2 days', 'start_at is kept');
SELECT is(playbook_advance(:later), 'pending', 'before that time nothing begins');
SELECT is((SELECT count(*) FROM playbook_step_executions WHERE execution_id = :later), 0::bigint, 'no step either');
SELECT is(playbook_advance(playbook_start('plain', start_at => now() - interval '2 days')), 'completed',
    'a time that has passed is now');
SELECT is(refusal(format($$SELECT playbook_start('plain', start_at => %L)$$, never)),
          format(E'22023 start_at cannot be %s\nHINT: Give a time; what is to begin at once needs none.', never), 'never is no time: ' || never)
FROM unnest(ARRAY['infinity', '-infinity']) AS never;
SELECT playbook_update('plain', tiny('plain', 'Draft', '1 day')) \g /dev/null
SELECT is(playbook_advance(playbook_start('plain')), 'completed', 'the published one starts, not its draft');
SELECT is(playbook_advance(playbook_start('plain', draft => true)), 'waiting', 'draft => true starts the draft');
SELECT is(playbook_run('plain', draft => true) ->> 'status', 'waiting', 'so does run');
RESET ROLE;
SELECT is(refusal($$SELECT as_role('start_user', $q$SELECT playbook_start('plain',
    draft => true)$q$)$$) ~ '^42501 must be owner of playbook "plain"',
          true, 'for those who may edit it');
SELECT isnt(as_role('start_user', $$SELECT playbook_start('plain', 'c1')$$), NULL,
    'the published one for those who may start it');
SELECT is((SELECT row(owner::text, starter::text)::text FROM playbook_executions ORDER BY id DESC LIMIT 1),
    '(start_author,start_user)',
          'which then runs as its owner');

-- Data sources that do not resolve.
SET LOCAL ROLE start_author;
SELECT playbook_create('{id: sources, name: S, data_sources: [{type: data_warehouse, required: true}], steps: '
    '[{id: w, type: wait, config: {for: 0}}]}', true) \g /dev/null
SELECT is(refusal($$SELECT playbook_start('sources', data_warehouse => 'nowhere')$$),
          E'42704 data source "data_warehouse" does not resolve: there is no server "nowhere"\nDETAIL: The '
              'playbook requires it.\n'
          'HINT: Create the server, or set playbook.data_warehouse to '''' for this database.',
              'a required source that does not resolve names its setting');
SELECT isnt(playbook_start('sources'), NULL, 'the local one does');
RESET ROLE;

-- Editing never changes what runs.
SET LOCAL ROLE start_author;
SELECT playbook_create('{id: kept, name: K, steps: [{id: w, type: wait, config: {event: go}}, {id: old, type: '
    'wait, config: {for: 0}}]}', true) \g /dev/null
SELECT playbook_start('kept') AS old \gset
SELECT playbook_advance(:old) \g /dev/null
SELECT playbook_update('kept', '{id: kept, name: K, steps: [{id: new, type: wait, config: {for: 0}}]}',
    true) \g /dev/null
SELECT playbook_signal(:old, 'go') \g /dev/null
SELECT is(playbook_advance(:old), 'completed', 'an execution goes on after its playbook was edited');
SELECT results_eq(format('SELECT step, status FROM playbook_progress(%s) ORDER BY position', :old), $$VALUES ('w',
    'completed'), ('old', 'completed')$$,
                  'with the steps it was started with');
SELECT is(playbook_run('kept') #>> '{steps,0,step_id}', 'new', 'a new one has the new ones');
RESET ROLE;

SELECT * FROM finish();
ROLLBACK;
