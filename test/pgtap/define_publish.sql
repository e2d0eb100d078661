-- playbook_publish, playbook_archive, playbook_export, playbook_diff, playbook_schema.
BEGIN;
SELECT plan(50);
\ir refusal.psql

CREATE ROLE publish_author; GRANT playbook_author TO publish_author;
CREATE ROLE publish_viewer; GRANT playbook_viewer TO publish_viewer;
SET LOCAL client_min_messages = error; -- owners of playbooks here do not log in
SET LOCAL ROLE publish_author;

-- Draft, published, archived, published.
SELECT playbook_create(tiny('life', 'First')) \g /dev/null
SELECT is(refusal($$SELECT playbook_start('life')$$),
          E'55000 playbook "life" is not published\nDETAIL: Its status is "draft".\n'
          'HINT: Publish it with playbook_publish(''life''), or start its draft with draft => true.',
              'a draft does not start');
SELECT lives_ok($$SELECT playbook_publish('life')$$, 'it is published');
SELECT results_eq($$SELECT status, definition ->> 'name', draft, draft_source, source FROM playbooks
    WHERE id = 'life'$$,
                  $$VALUES ('published', 'First', NULL::jsonb, NULL::text, tiny('life', 'First'))$$,
                      'and is no draft any more');
SELECT playbook_start('life') AS running \gset
SELECT playbook_update('life', tiny('life', 'Second', '1 day')) \g /dev/null
SELECT is((SELECT name FROM playbooks WHERE id = 'life'), 'First', 'a draft changes nothing');
SELECT playbook_publish('life') \g /dev/null
SELECT is((SELECT name FROM playbooks WHERE id = 'life'), 'Second', 'publish swaps');
SELECT is(playbook_advance(:running), 'completed',
    'what was started before runs as it was started: it does not wait a day');
SELECT is(playbook_advance(playbook_start('life')), 'waiting', 'what is started now does');
SELECT count(*) AS before FROM playbook_history WHERE playbook_id = 'life' \gset
SELECT lives_ok($$SELECT playbook_publish('life')$$, 'publishing what is published does nothing');
SELECT is((SELECT count(*) FROM playbook_history WHERE playbook_id = 'life'), :before::bigint,
    'not even in the history');
SELECT lives_ok($$SELECT playbook_archive('life')$$, 'it is archived');
SELECT is((SELECT status FROM playbooks WHERE id = 'life'), 'archived', 'and says so');
SELECT is(refusal($$SELECT playbook_archive('life')$$), '55000 playbook "life" is archived already', 'once');
SELECT is(refusal($$SELECT playbook_start('life')$$),
    E'55000 playbook "life" is archived\nHINT: Publish it again with playbook_publish().',
          'it does not start');
SELECT is(refusal($$SELECT playbook_start('nothing')$$) ~ 'DETAIL: There is no playbook that you may see.', true,
    'nor is it listed');
SELECT lives_ok($$SELECT playbook_publish('life')$$, 'publish brings it back');
SELECT is((SELECT status FROM playbooks WHERE id = 'life'), 'published', 'as published');
SELECT isnt(playbook_start('life'), NULL, 'and it starts');
SELECT results_eq($$SELECT action, changed_by FROM playbook_history WHERE playbook_id = 'life' ORDER BY id$$,
                  $$VALUES ('created', 'publish_author'), ('published', 'publish_author'), ('drafted',
                      'publish_author'),
                           ('published', 'publish_author'), ('archived', 'publish_author'), ('published',
                               'publish_author')$$,
                  'the history tells all of it');
SELECT is((SELECT array_agg(definition ->> 'name' ORDER BY id) FROM playbook_history WHERE playbook_id = 'life'),
          '{First,First,Second,Second,NULL,Second}', 'with the texts');
SELECT is(refusal($$SELECT playbook_publish('no')$$) ~ '^42704 playbook "no" does not exist', true,
    'publish: unknown');
SELECT is(refusal($$SELECT playbook_archive('no')$$) ~ '^42704 playbook "no" does not exist', true,
    'archive: unknown');
RESET ROLE;
SELECT is(refusal($$SELECT as_role('publish_viewer',
    $q$SELECT playbook_publish('life')$q$)$$) ~ '^42501 must be owner of playbook "life"', true,
          'publish: not the owner');
SELECT is(refusal($$SELECT as_role('publish_viewer',
    $q$SELECT playbook_archive('life')$q$)$$) ~ '^42501 must be owner of playbook "life"', true,
          'archive: not the owner');

-- Export.
SET LOCAL ROLE publish_author;
SELECT is(playbook_export('life'),
    E'playbook:\n  id: life\n  name: Second\n  steps:\n    - id: w\n      type: wait\n      config:\n        for: '
        '1 day\n',
          'export as YAML');
SELECT is(playbook_export('life', 'json'),
          '{"playbook":{"id":"life","name":"Second","steps":[{"id":"w","type":"wait","config":{"for":"1 day"}}]}}',
              'as JSON');
SELECT is(playbook_export('life', 'source'), tiny('life', 'Second', '1 day'), 'as it was saved');
SELECT is_empty($$SELECT * FROM playbook_diff('life', playbook_export('life', 'yaml'))$$,
    'the YAML is the same playbook');
SELECT is_empty($$SELECT * FROM playbook_diff('life', playbook_export('life', 'json'))$$, 'so is the JSON');
SELECT is(playbook_apply(playbook_export('life', 'source')), 'unchanged', 'so is the source');
SELECT is(refusal($$SELECT playbook_export('life', 'xml')$$),
    E'22023 unknown format "xml"\nHINT: Use yaml, json or source (the text as it was saved).',
          'there are three formats');
SELECT is(refusal($$SELECT playbook_export('no')$$) ~ '^42704 playbook "no" does not exist', true, 'export: unknown');
SELECT is(playbook_export(NULL), NULL, 'of null: null');

-- Differences.
SELECT playbook_create('{id: d1, name: A, steps: [{id: a, type: wait, config: {for: 1}}, {id: b, type: wait, '
    'config: {for: 0}}, '
                       '{id: gone, type: wait, config: {for: 0}}]}') \g /dev/null
SELECT playbook_create('{id: d2, name: B, steps: [{id: b, type: wait, config: {for: 0}}, {id: a, type: wait, '
    'config: {for: 2}}, '
                       '{id: new, type: wait, config: {for: 0}}]}') \g /dev/null
SELECT set_eq($$SELECT step, change FROM playbook_diff('d1', 'd2') WHERE step IS NOT NULL AND change <> 'moved'$$,
              $$VALUES ('a', 'changed'), ('gone', 'removed'), ('new', 'added')$$, 'steps: changed, removed, added');
SELECT isnt_empty($$SELECT FROM playbook_diff('d1', 'd2') WHERE change = 'moved'$$, 'and moved');
SELECT results_eq($$SELECT path, before, after FROM playbook_diff('d1', 'd2') WHERE step = 'a'
    AND change = 'changed'$$,
                  $$VALUES ('steps[1].config.for', '1'::jsonb, '2'::jsonb)$$, 'with the place and both values');
SELECT results_eq($$SELECT before #>> '{}', after #>> '{}' FROM playbook_diff('d1', 'd2') WHERE path = 'name'$$,
    $$VALUES ('A', 'B')$$,
                  'what belongs to no step has none');
SELECT is_empty($$SELECT * FROM playbook_diff('d1', 'd1')$$, 'no difference: no row');
SELECT is(refusal($$SELECT * FROM playbook_diff('d1', 'no')$$) ~ '^42704 playbook "no" does not exist', true,
    'diff: unknown');
SELECT is(refusal($$SELECT * FROM playbook_diff('d1', '{id: x}')$$) ~ '^22023 line 1', true,
    'diff: a text with problems');
RESET ROLE;

-- The schema.
SELECT is(playbook_schema() ->> '$schema', 'https://json-schema.org/draft/2020-12/schema', 'the schema of all');
\set published `cat doc/definition.schema.json`
SELECT is(playbook_schema(), :'published'::jsonb, 'is the one that is published');
SELECT is_empty($$SELECT t.word
    FROM jsonb_array_elements_text(playbook_schema() #> '{$defs,step,properties,type,enum}') AS t (word)
                  WHERE playbook_schema(word) ->> 'title' IS DISTINCT FROM word || ' step'$$,
                      'each type of step has one');
SELECT is(playbook_schema('wait') #>> '{properties,type,const}', 'wait', 'of that type only');
SELECT matches(refusal($$SELECT playbook_schema('dance')$$), E'^22023 unknown step type "dance"\nHINT: .*wait',
    'an unknown type: the valid ones');

-- Whoever publishes, the draft is read as its owner, who may use what it names; reading a type's literal runs its checks.
RESET ROLE;
CREATE TABLE publish_tried (who name DEFAULT current_user);
GRANT INSERT ON publish_tried TO PUBLIC;
CREATE SCHEMA publish_own AUTHORIZATION publish_author;
SET LOCAL ROLE publish_author;
CREATE FUNCTION publish_own.holds(text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO public.publish_tried DEFAULT VALUES;
    RETURN true;
END
$$;
CREATE DOMAIN publish_own.checked AS text CHECK (publish_own.holds(VALUE));
CREATE TYPE publish_own.pair AS (x publish_own.checked);
SELECT playbook_create('{"id": "own", "steps": [{"id": "w", "type": "wait", "when": "''(x)''::publish_own.pair IS NOT NULL", "config": {"for": 0}}]}') \g /dev/null
SELECT lives_ok($$SELECT playbook_publish('own')$$, 'a draft is published that names what only its owner may use');
SELECT playbook_archive('own') \g /dev/null
RESET ROLE;
SELECT lives_ok($$SELECT playbook_publish('own')$$, 'by a superuser, too');
SELECT lives_ok($$SELECT playbook_restore('own', (SELECT min(id) FROM playbook_history WHERE playbook_id = 'own'), true)$$,
                'and taken back by one');
SELECT lives_ok($$SELECT playbook_duplicate('own', 'own_copy')$$, 'and copied by one');
SELECT set_eq('SELECT DISTINCT who FROM publish_tried', $$VALUES ('publish_author'::name)$$, 'all of it read as its owner');

-- An empty search_path is one, too: nothing but pg_catalog, not the server's default.
CREATE TABLE in_public AS SELECT 1 AS one;
SELECT current_setting('search_path') AS path \gset
SELECT pg_catalog.set_config('search_path', '', true) \g /dev/null
SELECT public.playbook_create('{id: nowhere, steps: [{id: s, type: query, config: {template: SELECT one FROM in_public}}]}', publish => true) \g /dev/null
SELECT set_config('search_path', :'path', true) \g /dev/null
SELECT is(playbook_run('nowhere') #>> '{steps,0,error,sqlstate}', '42P01', 'an empty search_path finds no table');

SELECT * FROM finish();
ROLLBACK;
