-- What a function that a condition calls does to settings ends with the evaluation, whichever way the condition comes
-- to call it; conditions that call the server's own functions only do without the precaution.
BEGIN;
SELECT plan(12);

CREATE FUNCTION sets(text) RETURNS text LANGUAGE plpgsql STABLE AS $$
BEGIN
    PERFORM set_config('test.said', $1, false);
    RETURN current_setting('test.said');
END $$;
CREATE FUNCTION folded() RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    PERFORM set_config('test.said', 'while it was folded', false);
    RETURN 'folded';
END $$;
CREATE FUNCTION said() RETURNS text LANGUAGE sql AS $$ SELECT current_setting('test.said') $$;
SET test.said = 'nothing';

SELECT is(playbook_condition('sets(''a function'')', '{}'), '"a function"', 'a function sees what it has set');
SELECT is(said(), 'nothing', 'and nobody else');
SELECT is(playbook_condition('sets(''a function'') = customer.x', '{"customer": {"x": "no"}}'), 'false', 'in a kept plan');
SELECT is(playbook_condition('sets(''a function'') = customer.x', '{"customer": {"x": "no"}}'), 'false', 'used again');
SELECT is(said(), 'nothing', 'neither');
SELECT is(playbook_condition('folded()', '{}'), '"folded"', 'a function that is called when the condition is analyzed');
SELECT is(said(), 'nothing', 'neither');

-- An operator of the owner's, and a cast.
CREATE TYPE pair AS (a text);
CREATE FUNCTION pair_sets(pair, text) RETURNS boolean LANGUAGE sql STABLE AS $$ SELECT sets($2) IS NOT NULL $$;
CREATE OPERATOR ~~> (LEFTARG = pair, RIGHTARG = text, FUNCTION = pair_sets);
SELECT is(playbook_condition('row(''x'')::pair ~~> customer.x', '{"customer": {"x": "an operator"}}'), 'true', 'an operator');
SELECT is(said(), 'nothing', 'neither');
CREATE FUNCTION is_said(text) RETURNS boolean LANGUAGE sql STABLE AS $$ SELECT sets($1) IS NOT NULL $$;
CREATE DOMAIN spoken AS text CHECK (is_said(VALUE));
SELECT is(playbook_condition('customer.x::spoken', '{"customer": {"x": "a domain"}}'), '"a domain"', 'a domain');
SELECT is(said(), 'nothing', 'neither');

SELECT is(playbook_condition('now() - interval ''1 day'' < now() AND customer.n BETWEEN 1 AND 9 AND customer.x LIKE ''a%''',
                             '{"customer": {"n": 7, "x": "abc"}}'), 'true', 'the server''s own functions');

SELECT * FROM finish();
ROLLBACK;
