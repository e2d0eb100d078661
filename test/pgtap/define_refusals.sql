-- What is wrong with a definition: all of it at once, each with its place; nothing is stored. Texts that are no
-- definition at all: empty, not UTF-8, too large, too deep, an alias bomb.
BEGIN;
SELECT plan(52);
\ir refusal.psql

-- Many things wrong in one text.
SELECT '{id: A b, name: A, colour: red, steps: [{id: w, type: wait, config: {for: forever}}, '
    '{id: w, type: wait, config: {for: 0, x: 1}}, '
    '{id: steps, type: dance}, '
    '{id: c, type: condition, config: {if: "1 +", then: []}}, '
    '{id: e, type: email, config: {to: "{{#if}}", subject: "{{steps.zz.x}}", body: "${steps.nothing}"}}, '
    '{id: p, type: wait, depends_on: [q], config: {for: 1}}, '
    '{id: q, type: wait, depends_on: [p], config: {for: 1}}]}' AS many \gset
CREATE TABLE problems AS SELECT * FROM playbook_validate(:'many');
SELECT results_eq('SELECT path, code FROM problems ORDER BY "column"',
    $$VALUES ('id', 'PB025'), ('colour', 'PB020'), ('steps[0].config.for', 'PB026'), ('steps[1].id', 'PB030'),
             ('steps[1].config.x', 'PB020'), ('steps[2].id', 'PB031'), ('steps[2].type', 'PB023'),
                 ('steps[3].config.if', 'PB090'),
             ('steps[4].config.to', 'PB040'), ('steps[4].config.subject', 'PB032'), ('steps[4].config.body', 'PB032'),
             ('steps[6].depends_on', 'PB034')$$, 'all problems at once, with path and code');
SELECT is_empty($$SELECT * FROM problems WHERE line <> 1 OR severity <> 'error' OR message = ''$$,
    'each an error with its line and a message');
SELECT is_empty(format($$SELECT p.* FROM problems p WHERE NOT starts_with(substr(%L, "column"), CASE path
    WHEN 'id' THEN 'A b' WHEN 'colour' THEN 'colour' WHEN 'steps[0].config.for' THEN 'forever' WHEN 'steps[1].id'
        THEN 'w'
    WHEN 'steps[1].config.x' THEN 'x' WHEN 'steps[2].id' THEN 'steps' WHEN 'steps[2].type' THEN 'dance' ELSE ''
        END)$$, :'many'),
    'columns are of the user''s text');
SELECT is((SELECT message FROM problems WHERE code = 'PB034'), 'steps wait for each other in a circle: p -> q -> p',
    'a circle is named step by step');
SELECT is((SELECT hint FROM problems WHERE path = 'steps[1].config.x'),
    'Valid are for, duration, until, event, match, timeout.',
          'an unknown key: the valid ones');
SELECT ok(message LIKE '22023 line 1, column 6: "A b" is not a valid form for id (and 11 more problems)',
    'create reports the first and how many more there are')
FROM split_part(refusal(format('SELECT playbook_create(%L)', :'many')), E'\n', 1) AS message;
SELECT is((SELECT count(*) FROM regexp_matches(refusal(format('SELECT playbook_create(%L)', :'many')),
    '\[PB\d\d\d\]', 'g')), 12::bigint,
          'and all of them in its detail');
SELECT is(left(refusal(format('SELECT playbook_create(%L)', :'many')), 5), '22023', 'as 22023');
SELECT is((SELECT count(*) FROM playbooks), 0::bigint, 'nothing is stored');
SELECT is_empty(format('SELECT * FROM playbook_validate(%L)', tiny('good')), 'a good definition has no problems');
SELECT is((SELECT count(*) FROM playbooks), 0::bigint, 'and validating stores nothing');
SELECT is_empty('SELECT * FROM playbook_validate(NULL)', 'null has none either');

-- One thing wrong each: code and message of the only problem of a step list.
CREATE FUNCTION wrong(steps text, more text DEFAULT '') RETURNS text LANGUAGE sql AS
    $$SELECT string_agg(code || ' ' || path || ': ' || message, E'\n')
        FROM playbook_validate(format('{id: a, name: A, %ssteps: [%s]}', more, steps))$$;
SELECT is(wrong('{id: a, type: wait, config: {for: 1}}, {id: b, type: condition, config: {if: "true", then: [{id: '
    'a, type: wait, config: {for: 1}}]}}'),
          'PB030 steps[1].config.then[0].id: step "a" exists already', 'ids are unique over all branches');
SELECT is(wrong('{id: customer, type: wait, config: {for: 1}}'), 'PB031 steps[0].id: "customer" is a reserved name',
    'reserved names');
-- Expressions over rows: their columns are unknown, their syntax is not.
CREATE FUNCTION wrong_over_rows(more text, rest text DEFAULT '') RETURNS text LANGUAGE sql AS
    $$SELECT wrong('{id: q, type: query, config: {template: SELECT 1 AS n}}, {id: s, ' || more || '}', rest)$$;
SELECT is(wrong_over_rows('type: filter, config: {input: "${steps.q}", condition: "n = = 1"}'),
    'PB090 steps[1].config.condition: expression cannot be read: syntax error at or near "="', 'a condition of a filter');
SELECT is(wrong_over_rows('type: aggregate, config: {input: "${steps.q}", metrics: [{name: a, expression: "SUM(n) +"}], having: "a >"}'),
    'PB090 steps[1].config.metrics[0].expression: expression cannot be read: syntax error at end of input' ||
    E'\nPB090 steps[1].config.having: expression cannot be read: syntax error at end of input', 'a metric and a having');
SELECT is(wrong_over_rows('type: aggregate, config: {input: "${steps.q}", metrics: [{name: a, expression: "COUNT(*) WHERE n > 1"},
    {name: b, expression: "SUM(n) FILTER (WHERE n > parameters.x)"}], having: "a > 1 AND b IS NOT NULL"}',
    'parameters: [{name: x, type: integer}], '), NULL, 'what can be read is not refused');
SELECT is(wrong_over_rows('type: filter, config: {input: "${steps.q}", condition: "n >= ${parameters.x} AND n < {{parameters.x}}"}',
    'parameters: [{name: x, type: integer}], '), NULL, 'nor what waits for its values');
-- Columns of an aggregate.
SELECT is(wrong_over_rows('type: aggregate, config: {input: "${steps.q}", group_by: n, metrics: [{name: n, expression: COUNT(*)}]}'),
    'PB050 steps[1].config.metrics[0].name: column "n" exists already', 'a metric that is called as a group');
SELECT is(wrong_over_rows('type: filter, config: {input: "${steps.q}", limit: 1}', 'outputs: [{name: o, source: "${steps.q}", '
    'metrics: [{name: a, expression: COUNT(*)}, {name: a, expression: SUM(n)}]}], '),
    'PB050 outputs[0].metrics[1].name: column "a" exists already', 'or as another metric of an output');
SELECT is((SELECT array_agg(line) FROM playbook_validate(E'id: a\nsteps:\n  - {id: a, type: wait, when: "1 +", config: {for: 1}}\n'
    '  - {id: b, type: dance}')), '{3,4}', 'who found a problem does not matter for their order');
SELECT is(wrong('{id: a, type: wait, config: {for: 1}, depends_on: [nobody]}') ~ '^PB032 '
    'steps\[0\]\.depends_on.*: there is no step "nobody"$', true,
          'a dependency on nothing');
SELECT is(wrong('{id: a, type: wait, config: {for: 1}, when: "parameters.x ="}',
    'parameters: [{name: x, type: string}], ') ~ '^PB090 steps\[0\]\.when: condition cannot be read: syntax error',
    true,
          'an unparsable condition');
SELECT is(wrong('{id: a, type: wait, config: {for: 1}, when: "(SELECT true)"}') ~ '^PB\d+ steps\[0\]\.when: ', true,
    'a query is no condition');
SELECT is(wrong('{id: a, type: email, config: {to: "x@y.z", subject: "{{#each}}", body: b}}') ~
    '^PB04\d steps\[0\]\.config\.subject: ', true,
          'an unparsable template');
SELECT is(wrong('{id: a, type: query, config: {template: "SELECT ''{{x}}''", parameters: {x: 1}}}') ~
    '^PB\d+ steps\[0\]\.config\.template: ', true,
          'a placeholder inside a quoted literal');
SELECT is(wrong('{id: a, type: wait, config: 7}') ~ '^PB02\d steps\[0\]\.config: ', true, 'a wrong type');
SELECT is(wrong('{id: a, type: wait}') ~ '^PB02\d steps\[0\]', true, 'a missing key');
SELECT is(wrong('{id: a, type: wait, config: {for: 1}, retry_attempts: -1}') ~ '^PB02\d '
    'steps\[0\]\.retry_attempts: ', true, 'out of range');
SELECT is(wrong('', '') ~ '^PB02\d steps: ', true, 'no steps');
SELECT is(wrong('{id: a, type: wait, config: {for: 1}}',
    'parameters: [{name: x, type: colour}], ') ~ '^PB02\d parameters\[0\]\.type: ', true,
          'an unknown type of parameter');
SELECT is(wrong('{id: a, type: wait, config: {for: 1}}', 'conflict: perhaps, ') ~ '^PB023 conflict: ', true,
    'an unknown word');
SELECT is(wrong('{id: a, type: approval, config: {approvers: [x]}}, {id: b, type: wait, when: "steps.a.outcome = '
    '''approvd''", config: {for: 1}}')
          ~ '^PB\d+ steps\[1\]\.when: .*approvd', true, 'comparing with an outcome that can never occur');
SELECT ok(bool_or(hint ~* 'quote'), 'a value that begins with {{ and is not quoted: the hint to quote it')
FROM playbook_validate(E'id: a\nname: A\nsteps:\n  - id: a\n    type: email\n    config:\n      to: '
    '{{customer.email}}\n      subject: s\n      body: b\n');
SELECT ok(bool_or(line = 7), 'with the line of it')
FROM playbook_validate(E'id: a\nname: A\nsteps:\n  - id: a\n    type: email\n    config:\n      to: '
    '{{customer.email}}\n      subject: s\n      body: b\n');

-- No definition at all.
SELECT is(refusal($$SELECT playbook_create('')$$), E'22023 line 1, column 1: the definition is empty\n'
          'DETAIL: line 1, column 1: the definition is empty [PB001]\nHINT: Begin with id:, name: and steps:.', 'an empty text');
SELECT is(refusal($$SELECT playbook_create('just text')$$) ~ '\[PB010\]\nHINT: Begin with id:, name: and steps:\.$',
    true, 'a text that is no mapping');
SELECT is(refusal($$SELECT playbook_create('[1, 2]')$$) ~ '^22023 .*\[PB010\]', true, 'a list');
SELECT is(refusal($$SELECT playbook_create(E'id: a\nname: [unclosed')$$) ~ '^22023 line \d, column \d+: invalid '
    'YAML: ', true, 'broken YAML');
SELECT is(refusal($$SELECT playbook_create('{"id": "a", }')$$),
          E'22023 line 1, column 13: invalid JSON: expected a key in double quotes, found "}"\n'
          'DETAIL: line 1, column 13: invalid JSON: expected a key in double quotes, found "}" [PB004]\n'
          'HINT: Correct the text there; a list, text or mapping before that place may not be closed.',
              'broken JSON');
SELECT is(refusal($$SELECT playbook_create(convert_from('\x69643a20ff', 'UTF8'))$$),
    '22021 invalid byte sequence for encoding "UTF8": 0xff',
          'what is not UTF-8');
SELECT is(refusal($$SELECT playbook_create('{id: a, name: ' || repeat('x', 1024 * 1024)
    || '}')$$) ~ '^22023 .*the definition is larger than 1048576 bytes',
          true, 'a text that is too large');
SET LOCAL playbook.max_definition_size = '1kB';
SELECT is(refusal($$SELECT playbook_create(tiny('a', repeat('x',
    1024)))$$) ~ 'the definition is larger than 1024 bytes', true, 'the limit is a setting');
RESET playbook.max_definition_size;
SELECT is(refusal(format('SELECT playbook_create(%L)', '{id: a, steps: ' || repeat('[', n) || repeat(']', n) || '}'))
          ~ '^22023 .*the definition is nested deeper than 160 levels', true, format('YAML of %s levels', n))
FROM (VALUES (160), (100000)) AS t (n);
SELECT is(refusal(format('SELECT playbook_create(%L)', '{"id": "a", "steps": ' || repeat('[', n) || repeat(']', n)
    || '}'))
          ~ '^22023 .*the definition is nested deeper than 160 levels', true, format('JSON of %s levels', n))
FROM (VALUES (160), (100000)) AS t (n);
SELECT is(refusal(format('SELECT playbook_create(%L)', (
    SELECT E'v0: &v0 x\n' || string_agg(format('v%s: &v%s [%s]', n, n, array_to_string(array_fill('*v' || n - 1,
        ARRAY[10]), ', ')), E'\n' ORDER BY n)
    FROM generate_series(1, 30) AS n))) ~ E'^22023 .*too large once its aliases are followed.*\n.*\nHINT: At most '
        '100000 values are allowed\.$', true,
          'an alias bomb');
SELECT is(refusal($$SELECT playbook_create(E'a: &a [*a]\nid: x')$$) ~ '^22023 ', true, 'an alias of itself');
SELECT is(refusal($$SELECT playbook_create(E'id: !!python/object:os.system x\nname: A')$$) ~ '^22023 ', true,
    'a foreign tag');
SELECT is(refusal(format('SELECT playbook_create(%L)', '{id: a, name: A, steps: ['
                         || (SELECT string_agg(format('{id: s%s, type: wait, config: {for: 0}}', n), ', ')
                             FROM generate_series(1, 1001) AS n) || ']}'))
          ~ '^22023 .*1000', true, 'too many steps');
SELECT is((SELECT count(*) FROM playbooks) + (SELECT count(*) FROM playbook_snapshots) + (SELECT count(*)
    FROM playbook_history), 0::bigint,
          'nothing of all this is stored');

SELECT * FROM finish();
ROLLBACK;
