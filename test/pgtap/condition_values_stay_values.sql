-- No value that arrives in a condition becomes SQL, whatever is in it: it is bound as a parameter of its own type.
BEGIN;
SELECT plan(86);

CREATE TABLE precious (n integer);
INSERT INTO precious VALUES (1);
CREATE TABLE hostile (id integer GENERATED ALWAYS AS IDENTITY, value text);
INSERT INTO hostile (value) VALUES
    ('''; DROP TABLE precious; --'), (''' OR ''1''=''1'), ('1 OR 1=1'), ('") OR true --'), ('*/ true /*'),
          ('$1'), ('$$; x $$'),
    ('{{customer.name}}'), ('${parameters.x}'), ('\'), ('\'' OR true --'), (E'a\nb\t;'), ('NULL'), ('true'),
          ('(SELECT n FROM precious)'),
    ('customer.name'), ('U&"\0061"'), ('Ünïcode ’ ʼ ＇'), (''), (repeat('x'';', 20000)), ('%s%n%1$s');

CREATE FUNCTION context_of(v text) RETURNS jsonb LANGUAGE sql IMMUTABLE AS
    $$ SELECT jsonb_build_object(
           'customer', jsonb_build_object('name', v, 'tags', jsonb_build_array(v), v, 'member', 'none', NULL),
           'parameters', jsonb_build_object('other', v || 'x')) $$;

SELECT is(playbook_condition('customer.name', context_of(value)), to_jsonb(value),
          'itself: ' || left(value, 30)) FROM hostile;
SELECT is(playbook_condition('customer.name = parameters.other OR customer.name = ''Acme'' OR customer.name IS NULL',
                             context_of(value)),
          'false', 'decides nothing: ' || left(value, 30)) FROM hostile;
SELECT is(playbook_condition('customer.tags[0] || customer.name', context_of(value)), to_jsonb(value || value),
          'within a list: ' || left(value, 30)) FROM hostile;
-- A name that is written by its author in double quotes; the server cuts names at 63 bytes.
SELECT is(playbook_condition('customer.' || quote_ident(value), context_of(value)), '"member"',
          'as a name: ' || left(value, 30))
FROM hostile WHERE length(value) BETWEEN 1 AND 60;

-- Where the value has to have a form, another text is an error about that value, not SQL.
SELECT throws_ok($$SELECT playbook_condition('execution.elapsed > interval ''1 day''',
                     '{"execution": {"elapsed": "1 day''; DROP TABLE precious; --"}}')$$,
                 '22007', 'invalid input syntax for type interval: "1 day''; DROP TABLE precious; --"',
          'an interval that is none');
SELECT throws_ok(format('SELECT playbook_condition(%L, %L)',
          'customer.' || quote_ident(''' OR true --') || ' = 1', '{"customer": {"x": 1}}'),
                 '42703', 'unknown name "customer.'' OR true --"', 'a name that is none');
SELECT is(playbook_condition('customer.n = 1', '{"customer": {"n": 1e-400}}'), 'false', 'a number of many digits');
SELECT is((SELECT count(*) FROM precious), 1::bigint, 'the table is there');

SELECT * FROM finish();
ROLLBACK;
