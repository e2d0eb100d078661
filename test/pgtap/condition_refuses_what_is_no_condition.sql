-- Exactly one expression, no subquery, no aggregate or window function, nothing volatile: anything else is refused when
-- it is evaluated and when a playbook is saved, with SQLSTATE, place and hint.
BEGIN;
SELECT plan(118);

CREATE FUNCTION diagnosis(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    message text; detail text; hint text; place text;
BEGIN
    EXECUTE statement;
    RETURN 'no error';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
    place := substring(detail FROM 'at character (\d+)');
    RETURN concat_ws(' | ', SQLSTATE, message, coalesce('at ' || place,
          'nowhere'), CASE WHEN hint <> '' THEN 'hint' END);
END $$;
CREATE VIEW given AS SELECT '{"customer": {"name": "Acme", "health_score": 42, "on": "2026-01-01", "tags": []},
    "parameters": {"threshold": 60}, "steps": {"found": {"output": [1]}}}'::jsonb AS context;

-- The same answer at both times.
CREATE FUNCTION refuses(condition text, wanted text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    RETURN NEXT is(diagnosis(format('SELECT playbook_condition(%L, context) FROM given', condition)), wanted,
                   'evaluating ' || left(condition, 60));
    RETURN NEXT is(diagnosis(format('SELECT playbook_check_condition(%L)', condition)), wanted,
                   'saving ' || left(condition, 60));
END $$;

CREATE FUNCTION a_volatile_one() RETURNS integer LANGUAGE sql VOLATILE AS 'SELECT 1';
CREATE FUNCTION a_volatile_one(text) RETURNS boolean LANGUAGE sql VOLATILE AS 'SELECT true';
CREATE FUNCTION with_a_default(n integer, d double precision DEFAULT random()) RETURNS boolean LANGUAGE sql IMMUTABLE
    AS 'SELECT n > d';
CREATE FUNCTION nothing() RETURNS void LANGUAGE sql STABLE AS '';
CREATE PROCEDURE a_procedure(n integer) LANGUAGE sql AS 'SELECT 1';
CREATE TABLE secrets (n integer);
CREATE SEQUENCE numbers;

-- One expression.
SELECT refuses('', '42601 | condition is empty | nowhere | hint');
SELECT refuses('  /* nothing */ ', '42601 | condition is empty | nowhere | hint');
SELECT refuses('customer.health_score <', '42601 | syntax error at end of input | at 24');
SELECT refuses('customer.name = ''x', '42601 | unterminated quoted string at or near "''x" | at 17');
SELECT refuses('true, false', '42601 | a condition is one expression, not several | at 7 | hint');
SELECT refuses('true AS yes', '42601 | "yes" is not allowed after the expression of a condition | at 9 | hint');
SELECT refuses('true AND', '42601 | "and" is not allowed after the expression of a condition | at 6 | hint');
SELECT refuses('true; DROP TABLE secrets', '42601 | syntax error at or near ";" | at 5');
SELECT refuses('true;', '42601 | syntax error at or near ";" | at 5');
SELECT refuses('SELECT true', '42601 | syntax error at or near "SELECT" | at 1');
SELECT refuses('true UNION SELECT true', '42601 | syntax error at or near "UNION" | at 6');
SELECT refuses('true INTO x', '42601 | syntax error at or near "INTO" | at 6');
SELECT refuses('true FROM secrets', '0A000 | FROM is not allowed in a condition | at 11 | hint');
SELECT refuses('true WHERE true',
          '0A000 | a condition has no clauses such as WHERE, ORDER BY or LIMIT | nowhere | hint');
SELECT refuses('true GROUP BY 1',
          '0A000 | a condition has no clauses such as WHERE, ORDER BY or LIMIT | nowhere | hint');
SELECT refuses('true HAVING true',
          '0A000 | a condition has no clauses such as WHERE, ORDER BY or LIMIT | nowhere | hint');
SELECT refuses('true ORDER BY 1',
          '0A000 | a condition has no clauses such as WHERE, ORDER BY or LIMIT | nowhere | hint');
SELECT refuses('true LIMIT 1',
          '0A000 | a condition has no clauses such as WHERE, ORDER BY or LIMIT | nowhere | hint');
SELECT refuses('DISTINCT true',
          '0A000 | a condition has no clauses such as WHERE, ORDER BY or LIMIT | nowhere | hint');
SELECT refuses('true FOR UPDATE',
          '0A000 | a condition has no clauses such as WHERE, ORDER BY or LIMIT | nowhere | hint');
SELECT refuses('*', '42601 | "*" is not allowed in a condition | at 1 | hint');
SELECT refuses('customer.*', '42601 | "*" is not allowed in a condition | at 1 | hint');
SELECT refuses('ROW(customer.*) IS NULL', '42601 | "*" is not allowed in a condition | at 5 | hint');
SELECT refuses('customer.health_score < $1', '42P02 | there is no parameter $1 in a condition | at 25 | hint');

-- No subquery.
SELECT refuses('EXISTS (SELECT FROM secrets)', '0A000 | subqueries are not allowed in a condition | at 1 | hint');
SELECT refuses('customer.health_score < (SELECT max(n) FROM secrets)',
               '0A000 | subqueries are not allowed in a condition | at 25 | hint');
SELECT refuses('customer.health_score IN (SELECT n FROM secrets)',
               '0A000 | subqueries are not allowed in a condition | at 1 | hint');
SELECT refuses('CASE WHEN true THEN ARRAY(SELECT n FROM secrets) IS NULL END',
               '0A000 | subqueries are not allowed in a condition | at 21 | hint');

-- No aggregate, no window, no set.
SELECT refuses('count(*) > 1', '42803 | aggregate functions are not allowed in a condition | at 1 | hint');
SELECT refuses('max(1) > 1', '42803 | aggregate functions are not allowed in a condition | at 1 | hint');
SELECT refuses('count(DISTINCT customer.name) > 1',
          '42803 | aggregate functions are not allowed in a condition | at 1 | hint');
SELECT refuses('rank() OVER () > 1', '42P20 | window functions are not allowed in a condition | at 1 | hint');
SELECT refuses('max(1) FILTER (WHERE true) > 1',
          '42803 | aggregate functions are not allowed in a condition | at 1 | hint');
SELECT refuses('GROUPING(customer.name) = 0', '42803 | GROUPING is not allowed in a condition | at 1 | hint');
SELECT refuses('generate_series(1, 2) > 1',
          '0A000 | functions that return sets are not allowed in a condition | at 1 | hint');
SELECT is(diagnosis(format('SELECT playbook_check_condition(%L)', 'sum(customer.health_score) > 1')),
          '0A000 | aggregate functions are not allowed in a condition | at 1 | hint',
          'saving an aggregate of a name');
SELECT is(diagnosis(format('SELECT playbook_condition(%L, context) FROM given', 'sum(customer.health_score) > 1')),
          '42803 | aggregate functions are not allowed in a condition | at 1 | hint',
          'evaluating an aggregate of a name');

-- Nothing volatile.
SELECT refuses('random() < 0.5', '0A000 | volatile function "random" is not allowed in a condition | at 1 | hint');
SELECT refuses('nextval(''numbers'') > 1',
          '0A000 | volatile function "nextval" is not allowed in a condition | at 1 | hint');
SELECT refuses('clock_timestamp() > now()',
          '0A000 | volatile function "clock_timestamp" is not allowed in a condition | at 1 | hint');
SELECT refuses('true OR a_volatile_one() = 1',
          '0A000 | volatile function "a_volatile_one" is not allowed in a condition | at 9 | hint');
SELECT refuses('a_volatile_one(customer.name)',
          '0A000 | volatile function "a_volatile_one" is not allowed in a condition | at 1 | hint');
SELECT is(diagnosis($$SELECT playbook_condition('with_a_default(1)')$$),
          '0A000 | volatile function "random" is not allowed in a condition | nowhere | hint',
          'a default argument is seen too');
SELECT is(currval_or_null, NULL, 'a refused nextval() was not called')
FROM (SELECT CASE WHEN is_called THEN last_value END AS currval_or_null FROM numbers) s;

-- What does not exist.
SELECT refuses('no_such_function(1)', '42883 | function no_such_function(integer) does not exist | at 1 | hint');
SELECT is(diagnosis(format('SELECT playbook_check_condition(%L)', 'no_such(customer.name)')),
          '42883 | function "no_such" with 1 argument does not exist | at 1 | hint', 'saving an unknown function');
SELECT is(diagnosis(format('SELECT playbook_check_condition(%L)', 'lower(customer.name, 1) = ''x''')),
          '42883 | function "lower" with 2 arguments does not exist | at 1 | hint',
          'saving a wrong number of arguments');
SELECT is(diagnosis(format('SELECT playbook_check_condition(%L)', 'a_procedure(customer.name)')),
          '0A000 | procedures are not allowed in a condition | at 1 | hint', 'saving a procedure');
SELECT is(diagnosis(format('SELECT playbook_check_condition(%L)', 'customer.health_score == 5')),
          '42883 | operator == does not exist | at 23 | hint', 'saving an unknown operator');
SELECT refuses('customer.name::no_such_type IS NULL', '42704 | type "no_such_type" does not exist | at 16');
SELECT refuses('customer.name COLLATE "no_such" = ''x''',
          '42704 | collation "no_such" for encoding "UTF8" does not exist | at 15');
SELECT refuses('customer.health_score < ''abc''::integer',
          '22P02 | invalid input syntax for type integer: "abc" | at 25');
SELECT refuses('health_scor < 5', '42703 | unknown name "health_scor" | at 1 | hint');
SELECT refuses('true AND custmer.name = ''x''', '42703 | unknown name "custmer.name" | at 10 | hint');
SELECT refuses('customer.name = "Acme"', '42703 | unknown name "Acme" | at 17 | hint');

-- Boolean, where a decision is wanted: saving judges it as far as it can be told.
SELECT is(diagnosis(format('SELECT playbook_check_condition(%L)', c)), wanted, 'saving ' || c)
FROM (VALUES ('1 + 1', '42804 | condition must be boolean, not integer | at 1 | hint'),
             ('''text''::text', '42804 | condition must be boolean, not text | at 1 | hint'),
             ('nothing()', '42804 | condition must be boolean, not void | at 1 | hint'),
             ('customer.health_score + 1',
          '42804 | condition must be boolean, and this expression never is | at 1 | hint'),
             ('length(customer.name)',
          '42804 | condition must be boolean, and this expression never is | at 1 | hint'),
             ('customer.name::date', '42804 | condition must be boolean, and this expression never is | at 1 | hint'),
             ('ARRAY[customer.name]', '42804 | condition must be boolean, and this expression never is | at 1 | hint')
     ) bad (c, wanted);
SELECT is(diagnosis($$SELECT playbook_condition('nothing()')$$),
          '42804 | an expression of type void has no value | at 1', 'a function without a result');

-- Types that do not fit are known when the values are: both are named.
SELECT is(diagnosis(format('SELECT playbook_condition(%L, context) FROM given', 'customer.name < 60')),
          '42883 | operator does not exist: text < integer | at 15 | hint', 'text against a number');
SELECT is(diagnosis(format('SELECT playbook_condition(%L, context) FROM given', 'customer."on" < now()')),
          '42883 | operator does not exist: text < timestamp with time zone | at 15 | hint', 'text against a time');
SELECT is(diagnosis(format('SELECT playbook_condition(%L, context) FROM given', 'customer.tags = 1')),
          '42883 | operator does not exist: jsonb = integer | at 15 | hint', 'a list against a number');

-- Limits.
SELECT is(diagnosis(format('SELECT playbook_condition(%L)', 'true' || repeat(' AND true', 1200))),
          '54000 | condition is too long | nowhere | hint', 'a text of more than 10,000 bytes');
SELECT is(playbook_condition('true' || repeat(' AND true', 1000)), 'true', 'a long one');
SELECT is(playbook_condition(repeat('(', 3000) || 'true' || repeat(')', 3000)), 'true', 'a deep one');
SET LOCAL max_stack_depth = '100kB';
SELECT is(diagnosis(format('SELECT playbook_condition(%L)', repeat('NOT ', 2400) || 'true')),
          '54001 | stack depth limit exceeded | nowhere | hint', 'one too deep for the stack');
RESET max_stack_depth;
SELECT is(diagnosis($$SELECT playbook_condition('true', '[]')$$),
          '22023 | context must be a JSON object, not array | nowhere | hint', 'a context that is no object');

SELECT * FROM finish();
ROLLBACK;
