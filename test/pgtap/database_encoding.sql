-- Which databases playbook can be created in: it is UTF-8 throughout.
\set ON_ERROR_STOP off
\set here :DBNAME
\set latin :DBNAME _latin1
\set ascii :DBNAME _ascii
CREATE DATABASE :"latin" TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C';
CREATE DATABASE :"ascii" TEMPLATE template0 ENCODING 'SQL_ASCII' LOCALE 'C';

\c :latin
CREATE EXTENSION playbook;
\set state :LAST_ERROR_SQLSTATE
\set message :LAST_ERROR_MESSAGE

\c :ascii
SET client_min_messages = error; -- what warns of public, and of owners who do not log in
CREATE EXTENSION playbook;
SELECT playbook_create(E'id: a\nname: Größe €\nsteps: [{id: q, type: query, config: {template: "SELECT \'ü\' AS letter, {{x}} AS given", parameters: {x: "${parameters.x}"}}}]\nparameters: [{name: x}]', publish => true) \g /dev/null
SELECT run ->> 'playbook_name' AS name, run #>> '{steps,0,data,0}' AS row
FROM playbook_run('a', parameters => '{"x": "€"}') AS run \gset
-- Bytes that are no UTF-8, which such a database takes for text.
SELECT playbook_create(format('{"id": %s, "steps": [{"id": "q", "type": "query", "config": {"template": %s}}]}', to_json(id), to_json(query)), publish => true)
FROM (VALUES ('text', $$SELECT convert_from('\x6772e9e9', 'SQL_ASCII') AS x$$),
             ('list', $$SELECT ARRAY[convert_from('\x6772e9e9', 'SQL_ASCII')] AS x$$),
             ('error', $$SELECT convert_from('\x6772e9e9', 'SQL_ASCII')::integer AS x$$),
             ('bytes', $$SELECT '\x6772e9e9'::bytea AS x, 3735928559::bigint AS y$$)) AS p (id, query) \g /dev/null
SELECT string_agg(concat_ws(' ', id, run #>> '{steps,0,status}', run #>> '{steps,0,error,sqlstate}', run #>> '{steps,0,error,message}', run #>> '{steps,0,data,0}'), E'\n' ORDER BY id) AS runs
FROM unnest(ARRAY['text', 'list', 'error', 'bytes']) AS id, playbook_run(id) AS run \gset
SELECT count(*) AS kept FROM playbook_executions \gset

\c :here
\set ON_ERROR_STOP on
DROP DATABASE :"latin";
DROP DATABASE :"ascii" WITH (FORCE);
SELECT plan(6);
SELECT is(:'state'::text, '0A000', 'another encoding is refused');
SELECT is(:'message'::text, 'playbook needs a database whose encoding is UTF8, not LATIN1', 'and named');
SELECT is(:'name'::text, 'Größe €', 'without an encoding text is taken for UTF-8');
SELECT is(:'row'::text, '{"given": "€", "letter": "ü"}', 'values, too');
SELECT is(:'runs'::text, concat_ws(E'\n', 'bytes success {"x": "\\x6772e9e9", "y": 3735928559}',
    'error error 22P02 invalid input syntax for type integer: "gr��"',
    'list error 22021 invalid byte sequence for encoding "UTF8": 0xe9 0xe9 0x7d', 'text error 22021 invalid byte sequence for encoding "UTF8": 0xe9 0xe9'),
    'a step whose rows could not be read fails, and says so in UTF-8');
SELECT is(:kept, 5, 'nothing of it is undone');
SELECT * FROM finish();
