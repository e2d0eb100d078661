-- The library: ready-made playbooks that are part of the module and run without being stored.
BEGIN;
SELECT plan(30);
\ir refusal.psql

SET LOCAL client_min_messages = error; -- roles of this test do not log in
\set files `ls library/*.yaml | wc -l`
\set at_risk_text `cat library/at_risk.yaml`
CREATE ROLE library_user;   GRANT playbook_user TO library_user;
CREATE ROLE library_author; GRANT playbook_author TO library_author;
CREATE ROLE library_other;  GRANT playbook_user TO library_other;
CREATE SCHEMA analytics;
CREATE TABLE analytics.accounts (account_id integer, arr numeric);
INSERT INTO analytics.accounts VALUES (1, 20000), (2, 5000);
GRANT USAGE ON SCHEMA analytics TO library_user; GRANT SELECT ON analytics.accounts TO library_user;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO library_user, library_author, library_other;

-- What is in it.
SELECT is(count(*), :files::bigint, 'every file of library/ is in it') FROM playbook_library;
SELECT is(count(DISTINCT id), :files::bigint, 'each with an id of its own') FROM playbook_library_list();
SELECT is_empty($$SELECT l.id, p.* FROM playbook_library l, playbook_validate(l.definition) p$$, 'and without a problem');
SELECT is(rtrim(definition, E'\n'), rtrim(:'at_risk_text', E'\n'), 'as the file has it, comments included')
FROM playbook_library WHERE id = 'at_risk';
SELECT is((SELECT count(*) FROM playbooks), 0::bigint, 'though nothing is stored');
CREATE FUNCTION detail_of(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    detail text;
BEGIN
    EXECUTE statement;
    RETURN 'not refused';
EXCEPTION WHEN others THEN
    GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
    RETURN detail;
END $$;
SELECT is(detail_of($$SELECT playbook_start('nothing')$$),
          'There is no playbook that you may see. The library has: ' || string_agg(id, ', ' ORDER BY id COLLATE "C") || '.',
          'an unknown playbook: the library''s ids') FROM playbook_library;

-- It runs with the rights of whoever starts it.
SET LOCAL ROLE library_user;
SELECT playbook_run('my_custom_playbook', parameters => '{"min_value": 10000}') AS document \gset
SELECT is(:'document'::jsonb ->> 'status', 'completed', 'an id of the library runs');
SELECT is(:'document'::jsonb -> 'library', 'true', 'and the result says so');
SELECT is(:'document'::jsonb ->> 'playbook_id', 'my_custom_playbook', 'under its id');
SELECT is(:'document'::jsonb #> '{steps,0,row_count}', '1', 'with the parameters given');
RESET ROLE;
SELECT results_eq(format('SELECT owner::text, starter::text FROM playbook_executions WHERE id = %s',
                         :'document'::jsonb ->> 'execution'),
                  $$VALUES ('library_user', 'library_user')$$, 'owned by whoever started it');
SET LOCAL ROLE library_other;
SELECT is(playbook_run('my_custom_playbook') #>> '{error,sqlstate}', '42501',
    'who may not read the table does not by the library either');
SELECT is(refusal(format('SELECT playbook_result(%s)', :'document'::jsonb ->> 'execution')) ~ '^42704 ', true,
    'nor sees what others ran');
RESET ROLE;

-- Started, previewed, exported, compared.
SET LOCAL ROLE library_user;
SELECT playbook_start('my_custom_playbook') AS started \gset
SELECT is(playbook_advance(:started), 'completed', 'it is started');
SELECT is((SELECT count(*) FROM playbook_start_many('my_custom_playbook', ARRAY['1', '2']) WHERE outcome = 'started'),
    2::bigint, 'for many');
SELECT is((SELECT count(*) FROM playbook_preview('my_custom_playbook') WHERE problem IS NULL), 1::bigint, 'previewed');
SELECT is(rtrim(playbook_export('at_risk', 'source'), E'\n'), rtrim(:'at_risk_text', E'\n'), 'exported');
SELECT is(playbook_export('at_risk', 'json')::jsonb #>> '{playbook,id}', 'at_risk', 'as JSON, too');
SELECT is((SELECT count(*) FROM playbook_diff('at_risk', 'at_risk')), 0::bigint, 'compared');
SELECT is(refusal($$SELECT playbook_start('at_risk', draft => true)$$),
    '55000 playbook "at_risk" is the library''s and has no draft', 'it has no draft');
RESET ROLE;

-- Changed only as a copy.
SET LOCAL ROLE library_author;
SELECT is(refusal(format('SELECT %s', call)),
          E'55000 playbook "at_risk" is the library''s\nDETAIL: It can be started, previewed and exported as it is.\n'
          'HINT: To change it, copy it first: SELECT playbook_duplicate(''at_risk'', ''an_id_of_yours'').', call)
FROM (VALUES ('playbook_update(''at_risk'', ''id: at_risk'')'), ('playbook_publish(''at_risk'')'),
             ('playbook_archive(''at_risk'')')) AS c (call);
SELECT is(playbook_duplicate('at_risk', 'mine'), 'mine', 'a copy');
SELECT results_eq($$SELECT name, status, owner::text FROM playbooks WHERE id = 'mine'$$,
    $$VALUES ('At-risk rescue', 'draft', 'library_author')$$, 'is its maker''s draft');
SELECT is(playbook_create(definition, true), 'my_custom_playbook', 'a text of the library is stored under its own id')
FROM playbook_library WHERE id = 'my_custom_playbook';
SELECT is((SELECT stored FROM playbook_library WHERE id = 'my_custom_playbook'), true, 'which the view says');
SELECT playbook_run('my_custom_playbook') AS document \gset
SELECT is(:'document'::jsonb ? 'library', false, 'and then that one runs');

-- Whoever stores a playbook of that id and shares it shares nobody else's executions.
SELECT playbook_share('my_custom_playbook', 'library_other', 'view') \g /dev/null
RESET ROLE;
SET LOCAL ROLE library_other;
SELECT is((SELECT count(*) FROM playbook_executions WHERE id = :started), 0::bigint,
    'sharing a playbook of that id does not show what others ran from the library');
SELECT is((SELECT count(*) FROM playbook_executions WHERE owner = 'library_author'::regrole), 1::bigint,
    'only what the sharer owns');
RESET ROLE;

SELECT * FROM finish();
ROLLBACK;
