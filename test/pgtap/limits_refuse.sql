-- What is one too many of doc/limits.md's values is refused, and the last one that is allowed is not.
BEGIN;
SELECT plan(16);
\ir data_steps.psql
\ir refusal.psql

-- Signals.
SELECT playbook_create(tiny('waits', wait => '1 hour'), publish => true) \g /dev/null
SELECT playbook_start('waits') AS execution \gset
SELECT lives_ok(format('SELECT playbook_start(%L, %L, idempotency_key => %L)', 'waits', repeat('c', 1000), repeat('k', 1000)),
                'a customer and a key as long as they may be');
SELECT is(refusal(format('SELECT playbook_start(%L, %L)', 'waits', repeat('c', 1001))),
          E'22023 customer must not be longer than 1000 bytes\nDETAIL: It has 1001.', 'a longer customer');
SELECT is(refusal(format('SELECT playbook_start(%L, idempotency_key => %L)', 'waits', repeat('ä', 501))),
          E'22023 idempotency_key must not be longer than 1000 bytes\nDETAIL: It has 1002.', 'a longer key');
SET LOCAL playbook.max_signals = 2;
SELECT lives_ok(format('SELECT playbook_signal(%s, %L), playbook_signal(%s, %L)', :execution, 'a', :execution, repeat('b', 200)),
                'as many signals as are kept, a name as long as it may be');
SELECT is(refusal(format('SELECT playbook_signal(%s, %L)', :execution, 'c')) LIKE '54000 execution % has 2 signals%', true,
          'one more signal');
SELECT is(left(refusal(format('SELECT playbook_signal(%s, %L)', :execution, repeat('b', 201))), 5), '22023', 'a longer name');

-- Values of a statement.
CREATE FUNCTION numbers(n integer) RETURNS jsonb LANGUAGE sql AS $$SELECT jsonb_agg(i) FROM generate_series(1, n) i$$;
SELECT is((SELECT r ->> 'n' FROM queried('SELECT cardinality(ARRAY[{{list}}]) AS n', '{"list": "${parameters.list}"}',
                                         jsonb_build_object('list', numbers(1000))) r), '1000', 'a list outside IN');
SELECT is(refused('query', '{"template": "SELECT ARRAY[{{list}}]", "parameters": {"list": "${parameters.list}"}}',
                  jsonb_build_object('list', numbers(1001))) LIKE '42601 %at most 1000 are allowed%', true, 'a longer list');
SELECT is((SELECT r ->> 'n' FROM queried('SELECT count(*) AS n FROM generate_series(1, 5000) i WHERE i IN ({{list}})',
                                         '{"list": "${parameters.list}"}', jsonb_build_object('list', numbers(5000))) r),
          '5000', 'in IN a list is one value');
SELECT is(refused('query', jsonb_build_object('template', 'SELECT ' || rtrim(repeat('ARRAY[{{list}}], ', 66), ', '),
                                              'parameters', '{"list": "${parameters.list}"}'::jsonb),
                  jsonb_build_object('list', numbers(1000))) LIKE '42601 %65535 bound values%', true, 'values of one statement');

-- Size of a step's rows.
SET LOCAL playbook.max_row_set_size = '1MB';
SELECT is((SELECT count(*) FROM queried('SELECT repeat(''x'', 900000) AS a')), 1::bigint, 'rows of almost a megabyte');
SELECT is(refused('query', '{"template": "SELECT repeat(''x'', 1100000) AS a"}'), '54000 step returns more than 1 MB', 'more than one');

-- Levels of branches, written the longest way.
CREATE FUNCTION branches(levels integer) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    steps jsonb := '[{"id": "leaf", "type": "query", "config": {"template": "SELECT 1 AS a"}}]';
BEGIN
    FOR level IN 1..levels LOOP
        steps := jsonb_build_array(jsonb_build_object('id', 's' || level, 'type', 'condition', 'config', jsonb_build_object(
            'cases', jsonb_build_array(jsonb_build_object('when', '1 = 1', 'steps', steps)))));
    END LOOP;
    RETURN jsonb_build_object('playbook', jsonb_build_object('id', 'deep', 'name', 'Deep', 'steps', steps));
END$$;
SELECT playbook_create(branches(24)::text, publish => true) \g /dev/null
SELECT is(playbook_run('deep') ->> 'status', 'completed', 'as many levels of branches as there may be');
SELECT playbook_export('deep', 'yaml') AS exported \gset
SELECT playbook_update('deep', :'exported', publish => true) \g /dev/null
SELECT is(playbook_export('deep', 'yaml'), :'exported', 'are exported and read again');
SELECT is(refusal(format('SELECT playbook_create(%L)', branches(25))) LIKE '22023 %nested deeper than 24 levels%[PB037]%', true,
    'one more');

-- A definition's text.
SET LOCAL playbook.max_definition_size = '1kB';
SELECT is(refusal(format('SELECT playbook_create(%L)', tiny('large', repeat('x', 1024)))) LIKE '22023 %larger than 1024 bytes%', true,
          'a text of more than a kilobyte');

SELECT * FROM finish();
ROLLBACK;
