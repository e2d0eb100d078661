-- Conditions, templates, JSON and row values that were written to take time or memory end soon, with an error that says
-- why or with an answer. The timeout is the bound of the test; each of these takes a fraction of it.
BEGIN;
SELECT plan(18);
\ir refusal.psql
SET LOCAL statement_timeout = '60s';

CREATE FUNCTION answered(condition text, x text DEFAULT '') RETURNS text LANGUAGE sql AS $$
    SELECT refusal(format('SELECT playbook_condition(%L, %L)', condition,
                          jsonb_build_object('parameters', jsonb_build_object('x', x))))
$$;
-- Regular expressions.
SELECT is(answered('parameters.x ~ ''(a+)+$''', repeat('a', 50000) || 'b'), 'not refused', 'a pattern that backtracks elsewhere');
SELECT is(answered('parameters.x ~ ''^(a|aa)+$''', repeat('a', 5000) || 'b'), 'not refused', 'another one');
SELECT is(left(answered('parameters.x ~ ''((((a{1,200}){1,200}){1,200}){1,200})'''), 5), '2201B', 'a pattern that is too large');
-- Values that are too large.
SELECT matches(answered('length(format(''%2147483647s'', parameters.x)) > 0'), '^(53200|54000) ', 'a width beyond every text');
SELECT is(left(answered('length(lpad(parameters.x, 2147483647)) > 0'), 5), '54000', 'a padding beyond every text');
SELECT is(left(answered('9::numeric ^ 99999999 > 0'), 5), '22003', 'a power beyond every number');
SELECT lives_ok($$SELECT playbook_check_condition('repeat(''x'', 1000000000) = ''y''')$$, 'nothing is computed when a condition is checked');
-- Nesting.
SELECT is(answered(repeat('(', 4990) || 'true' || repeat(')', 4990)), 'not refused', 'parentheses up to the length of a condition');
SELECT is(left(answered('1' || repeat('+1', 4900) || ' > 0'), 5), '54001', 'operators deeper than the stack');
SELECT is(left(answered(rpad('true --', 10001, 'x')), 5), '54000', 'a condition that is too long');

-- Templates.
CREATE FUNCTION printed(template text, data jsonb) RETURNS text LANGUAGE sql AS
    $$SELECT refusal(format('SELECT playbook_render(%L, %L)', template, data))$$;
CREATE FUNCTION many(n integer, value jsonb DEFAULT '1') RETURNS jsonb LANGUAGE sql AS
    $$SELECT jsonb_build_object('a', jsonb_agg(value), 'big', repeat('y', 1000000)) FROM generate_series(1, n)$$;
SELECT is(printed('{{#each a}}{{#each @root.a}}{{#each @root.a}}x{{/each}}{{/each}}{{/each}}', many(1000))
          LIKE '%more than 1000000 operations%', true, 'loops within loops');
SELECT is(printed('{{#each a}}{{@root.big}}{{/each}}', many(1000)) LIKE '%longer than 8388608 bytes%', true, 'a long text, many times');
SELECT is(printed('{{join a ","}}', many(10000, to_jsonb(repeat('z', 1000)))) LIKE '%longer than 8388608 bytes%', true, 'a long list, joined');
SELECT is(printed(repeat('{{#if a}}', 10000), '{}') LIKE '%deeper than 64 levels%', true, 'blocks within blocks');
SELECT matches(printed('{{> part}}', '{}'), 'partial', 'there are no partials, and so no recursion');
SELECT is(printed('{{money 1 "EUR" decimals=1000000000}}', '{}') LIKE '%between 0 and 20%', true, 'decimals');

-- Wide JSON, read key by key.
SELECT is(length(playbook_render('{{#each a}}{{@key}}{{/each}}', (SELECT jsonb_build_object('a', jsonb_object_agg('k' || i, i))
                                                                 FROM generate_series(1, 50000) i))), 288894, 'an object of 50,000 keys');
-- A definition that every part of reading has something to say about.
SELECT is((SELECT count(*) FROM playbook_validate((SELECT string_agg(format(E'key%s: 1\n', i), '') FROM generate_series(1, 50000) i))),
          1001::bigint, 'a thousand problems are reported, and that there are more');

SELECT * FROM finish();
ROLLBACK;
