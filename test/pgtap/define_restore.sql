-- playbook_restore: a definition of the history is taken back, as the draft or as what runs.
BEGIN;
SELECT plan(16);
\ir refusal.psql

SET LOCAL client_min_messages = error; -- owners of playbooks here do not log in
CREATE ROLE restore_author; GRANT playbook_author TO restore_author;
CREATE ROLE restore_other;  GRANT playbook_author TO restore_other;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO restore_author, restore_other;
SET LOCAL ROLE restore_author;
SELECT playbook_create('# the first' || E'\n' || tiny('kept', 'First'), true) \g /dev/null
SELECT playbook_update('kept', tiny('kept', 'Second'), true) \g /dev/null
SELECT playbook_update('kept', tiny('kept', 'Third')) \g /dev/null
SELECT playbook_create(tiny('other')) \g /dev/null
SELECT playbook_archive('kept') \g /dev/null
SELECT playbook_publish('kept') \g /dev/null
SELECT min(id) AS first, max(id) FILTER (WHERE action = 'archived') AS archived FROM playbook_history
WHERE playbook_id = 'kept' \gset

SELECT is(playbook_restore('kept', :first), 'updated', 'an entry is restored');
SELECT results_eq($$SELECT name, draft ->> 'name' FROM playbooks WHERE id = 'kept'$$, $$VALUES ('Third', 'First')$$,
    'as the draft');
SELECT is((SELECT draft_source FROM playbooks WHERE id = 'kept') ~ '^# the first', true, 'with its author''s remarks');
SELECT is(playbook_restore('kept', :first), 'unchanged', 'once');
SELECT is(playbook_restore('kept', :first, publish => true), 'updated', 'or as what runs');
SELECT results_eq($$SELECT name, status, draft FROM playbooks WHERE id = 'kept'$$,
    $$VALUES ('First', 'published', NULL::jsonb)$$, 'and no draft is left');
SELECT is(playbook_restore('kept', :first, publish => true), 'unchanged', 'once, too');
SELECT results_eq($$SELECT action, changed_by FROM playbook_history WHERE playbook_id = 'kept' ORDER BY id DESC LIMIT 2$$,
    $$VALUES ('restored', 'restore_author'), ('restored', 'restore_author')$$, 'the history says so');
SELECT is(refusal(format($$SELECT playbook_restore('kept', %s)$$, :archived)),
          format(E'55000 entry %s of the history holds no definition\nDETAIL: It says that the playbook was changed '
              'otherwise: archived.\nHINT: Restore an entry whose definition is not null.', :archived),
          'an entry without a definition');
SELECT is(refusal($$SELECT playbook_restore('kept', 0)$$) ~ '^42704 playbook "kept" has no entry 0', true, 'no entry');
SELECT is(refusal(format($$SELECT playbook_restore('other', %s)$$, :first)) ~ '^42704 playbook "other" has no entry', true,
    'an entry of another playbook');
SELECT is(refusal($$SELECT playbook_restore('nothing', 1)$$) ~ '^42704 ', true, 'an unknown playbook');
SELECT is(refusal($$SELECT playbook_restore(NULL, 1)$$), '22004 argument "playbook" must not be null', 'null');
SELECT playbook_share('kept', 'restore_other', 'view') \g /dev/null
RESET ROLE;
SELECT is(refusal(format($$SELECT as_role('restore_other', $q$SELECT playbook_restore('kept', %s)$q$)$$, :first))
              ~ '^42501 must be owner of playbook "kept"', true, 'who sees it does not restore it');

-- What an older version accepted is judged by this one.
UPDATE playbook_history SET source = NULL, definition = jsonb_set(definition, '{name}', '"Without text"') WHERE id = :first;
SELECT is(as_role('restore_author', format($$SELECT playbook_restore('kept', %s)$$, :first)), 'updated',
    'an entry without a text is restored from its definition');
UPDATE playbook_history SET source = 'id: kept' WHERE id = :first;
SELECT is(refusal(format($$SELECT as_role('restore_author', $q$SELECT playbook_restore('kept', %s)$q$)$$, :first))
              ~ '^22023 .*has no "steps"', true, 'an entry that is no definition any more');

SELECT * FROM finish();
ROLLBACK;
