-- CREATE EXTENSION where something is in the way: an object of one of our names is refused with nothing left behind, an
-- overloaded function is not in the way, and what others put into the schema is neither called nor used.
SELECT plan(22);
SET client_min_messages = error; -- what warns of a schema where others may create
\ir refusal.psql
DROP EXTENSION playbook;
CREATE SCHEMA aside;
CREATE ROLE beside_other; GRANT CREATE, USAGE ON SCHEMA public, aside TO beside_other;
CREATE FUNCTION left_behind() RETURNS bigint LANGUAGE sql AS $$
    SELECT (SELECT count(*) FROM pg_class WHERE relname ~ '^(approvals|playbook)' AND relkind IN ('r', 'p', 'S', 'v'))
        + (SELECT count(*) FROM pg_proc WHERE proname ~ '^playbook_') + (SELECT count(*) FROM pg_extension WHERE extname = 'playbook')
$$;

-- Relations and types of our names.
CREATE TABLE approvals (id integer);
SELECT is(refusal('CREATE EXTENSION playbook'),
    E'42P07 schema "public" already holds relations of names that playbook uses: approvals\n'
    'HINT: Install into a schema of its own: CREATE SCHEMA playbook; CREATE EXTENSION playbook SCHEMA playbook.',
    'a table of one of our names');
SELECT is(left_behind(), 1::bigint, 'is all that there is then');
SELECT lives_ok('CREATE EXTENSION playbook SCHEMA aside', 'in a schema of its own it is not in the way');
SELECT is((SELECT count(*) FROM approvals), 0::bigint, 'and stays what it is');
DROP EXTENSION playbook;
DROP TABLE approvals;
CREATE VIEW aside.playbook_outbox AS SELECT 1 AS a;
CREATE SEQUENCE aside.playbook_tasks;
SELECT is(split_part(refusal('CREATE EXTENSION playbook SCHEMA aside'), E'\n', 1),
    '42P07 schema "aside" already holds relations of names that playbook uses: playbook_outbox, playbook_tasks',
    'a view and a sequence, in the schema that is asked for');
SELECT is(left_behind(), 2::bigint, 'are all that there is then');
DROP VIEW aside.playbook_outbox; DROP SEQUENCE aside.playbook_tasks;
CREATE DOMAIN playbook_people AS text;
SELECT is(split_part(refusal('CREATE EXTENSION playbook'), E'\n', 1), '42710 type "playbook_people" already exists', 'a type');
SELECT is(left_behind(), 0::bigint, 'leaves nothing');
DROP DOMAIN playbook_people;

-- Functions of our names.
CREATE FUNCTION playbook_publish(id text) RETURNS text LANGUAGE sql AS $$SELECT 'mine'$$;
SELECT is(refusal('CREATE EXTENSION playbook'), '42723 function "playbook_publish" already exists with same argument types',
    'a function of the same arguments');
SELECT is(left_behind(), 1::bigint, 'is all that there is then');
DROP FUNCTION playbook_publish(text);
SET ROLE beside_other;
CREATE FUNCTION playbook_start(n integer) RETURNS text LANGUAGE sql AS $$SELECT 'mine'$$;
RESET ROLE;
SELECT lives_ok('CREATE EXTENSION playbook', 'a function of other arguments is not in the way');
SELECT is(playbook_start(1), 'mine', 'it is called as before');
SELECT is((SELECT proowner::regrole::text FROM pg_proc WHERE oid = 'playbook_start(integer)'::regprocedure), 'beside_other',
    'it belongs to whom it belonged');
SELECT playbook_create('{id: a, name: A, steps: [{id: w, type: wait, config: {event: go}}]}', publish => true) \g /dev/null
SELECT isnt(playbook_start('a'), NULL, 'and ours is called by its own arguments');
DROP EXTENSION playbook;
SELECT is(left_behind(), 1::bigint, 'DROP EXTENSION leaves it');
DROP FUNCTION playbook_start(integer);

-- Functions and operators that fit better than the server's own.
CREATE TABLE calls (caller name DEFAULT current_user);
GRANT INSERT ON calls TO PUBLIC;
SET ROLE beside_other;
CREATE FUNCTION aside.getdatabaseencoding() RETURNS name LANGUAGE sql AS $$INSERT INTO public.calls DEFAULT VALUES; SELECT 'UTF8'::name$$;
CREATE FUNCTION aside.same(oid, regclass) RETURNS boolean LANGUAGE sql AS $$INSERT INTO public.calls DEFAULT VALUES; SELECT true$$;
CREATE OPERATOR aside.= (LEFTARG = oid, RIGHTARG = regclass, FUNCTION = aside.same);
CREATE FUNCTION aside.same(oid, regnamespace) RETURNS boolean LANGUAGE sql AS $$INSERT INTO public.calls DEFAULT VALUES; SELECT true$$;
CREATE OPERATOR aside.= (LEFTARG = oid, RIGHTARG = regnamespace, FUNCTION = aside.same);
CREATE FUNCTION aside.now() RETURNS timestamptz LANGUAGE sql AS $$INSERT INTO public.calls DEFAULT VALUES; SELECT pg_catalog.now()$$;
RESET ROLE;
SELECT lives_ok('CREATE EXTENSION playbook SCHEMA aside', 'what others put into the schema is passed over');
SELECT is_empty('SELECT * FROM calls', 'and not called by the install script');
SELECT is(aside.playbook_create('{id: a, name: A, steps: [{id: w, type: wait, config: {event: go}}]}', publish => true), 'a',
    'playbooks are created there');
SELECT isnt(aside.playbook_start('a'), NULL, 'and started');
SELECT is_empty('SELECT * FROM calls', 'without a call of theirs');
DROP EXTENSION playbook;
SET ROLE beside_other;
CREATE FUNCTION aside.jsonb_build_array(text) RETURNS jsonb LANGUAGE sql AS $$SELECT jsonb '[]'$$;
RESET ROLE;
SELECT is(refusal('CREATE EXTENSION playbook SCHEMA aside'),
    E'42710 schema "aside" holds what objects of playbook would use by mistake: function aside.jsonb_build_array(text)\n'
    'HINT: Install into a schema of its own: CREATE SCHEMA playbook; CREATE EXTENSION playbook SCHEMA playbook.',
    'what our own objects would be bound to is refused');
SELECT is(left_behind(), 0::bigint, 'and leaves nothing');
SELECT * FROM finish();
