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

\c :here
\set ON_ERROR_STOP on
DROP DATABASE :"latin";
DROP DATABASE :"ascii" WITH (FORCE);
SELECT plan(4);
SELECT is(:'state'::text, '0A000', 'another encoding is refused');
SELECT is(:'message'::text, 'playbook needs a database whose encoding is UTF8, not LATIN1', 'and named');
SELECT is(:'name'::text, 'Größe €', 'without an encoding text is taken for UTF-8');
SELECT is(:'row'::text, '{"given": "€", "letter": "ü"}', 'values, too');
SELECT * FROM finish();
