-- playbook_create, playbook_update, playbook_apply, playbook_duplicate: what is stored, for whom, and what is refused.
BEGIN;
SELECT plan(48);
\ir refusal.psql

CREATE ROLE define_author; GRANT playbook_author TO define_author;
CREATE ROLE define_other;  GRANT playbook_author TO define_other;
CREATE ROLE define_user;   GRANT playbook_user TO define_user;
SET LOCAL client_min_messages = error; -- owners of playbooks here do not log in

-- Creating.
SET LOCAL ROLE define_author;
SELECT is(playbook_create(tiny('one')), 'one', 'create returns the id');
SELECT results_eq($$SELECT status, name, owner::text, definition, draft ->> 'id', draft_source, snapshot
    FROM playbooks WHERE id = 'one'$$,
                  $$VALUES ('draft', 'Tiny', 'define_author', NULL::jsonb, 'one', tiny('one'), NULL::bigint)$$,
                  'a new playbook is a draft of its author''s');
SELECT is(playbook_create('{"playbook": {"id": "two", "name": "Two", "steps": [{"id": "w", "type": "wait", '
    '"config": {"for": 0}}]}}', true),
          'two', 'JSON with the outer key is taken');
SELECT results_eq($$SELECT status, draft, definition -> 'steps' -> 0 ->> 'id', snapshot IS NOT NULL,
    published_at = now() FROM playbooks
                    WHERE id = 'two'$$, $$VALUES ('published', NULL::jsonb, 'w', true, true)$$,
                        'publish => true publishes');
SELECT is((SELECT steps -> 0 ->> 'type' FROM playbooks WHERE id = 'two'), 'wait', 'steps lists its steps');
SELECT is(playbook_create(E'# why\nplaybook:\n  id: three\n  name: Drei Ä\n  steps:\n    - id: w\n      type: '
    'wait\n      config: {for: 1 day}\n'),
          'three', 'YAML with the outer key is taken');
SELECT is(playbook_export('three', 'source'),
          E'# why\nplaybook:\n  id: three\n  name: Drei Ä\n  steps:\n    - id: w\n      type: wait\n      config: '
              '{for: 1 day}\n',
          'the source is kept to the letter, comments included');
SELECT is(refusal($$SELECT playbook_create(tiny('one'))$$),
          E'23505 playbook "one" exists already\nHINT: Change it with playbook_update(), or give the definition '
              'another id.',
          'an id is taken once');
SELECT is(refusal($$SELECT playbook_create(NULL)$$), '22004 argument "definition" must not be null',
    'null is no definition');
RESET ROLE;
SELECT is(as_role('define_other', $$SELECT count(*) FROM playbooks$$), '0', 'another author sees none of it');
SELECT is(refusal($$SELECT as_role('define_other', $q$SELECT playbook_create(tiny('one'))$q$)$$),
          E'23505 playbook "one" exists already\nHINT: Change it with playbook_update(), or give the definition '
              'another id.',
          'an id that is invisible is taken all the same');
SELECT matches(refusal($$SELECT as_role('define_user', $q$SELECT playbook_create(tiny('mine'))$q$)$$), '^42501 ',
          'who is no author creates nothing');

-- Updating.
SET LOCAL ROLE define_author;
SELECT is(playbook_update('two', tiny('two', 'Later')), 'updated', 'update writes');
SELECT results_eq($$SELECT status, name, definition ->> 'name', draft ->> 'name' FROM playbooks WHERE id = 'two'$$,
                  $$VALUES ('published', 'Two', 'Two', 'Later')$$, 'the draft, not what runs');
SELECT is(playbook_update('two', tiny('two', 'Now'), publish => true), 'updated', 'publish => true');
SELECT results_eq($$SELECT name, definition ->> 'name', draft FROM playbooks WHERE id = 'two'$$,
                  $$VALUES ('Now', 'Now', NULL::jsonb)$$, 'writes what runs');
SELECT is(playbook_update('two', tiny('two', 'Now'), publish => true), 'unchanged',
    'the same text again changes nothing');
SELECT is((SELECT count(*) FROM playbook_history WHERE playbook_id = 'two'), 3::bigint,
    'each change is in the history, no more');
SELECT is(refusal($$SELECT playbook_update('two', tiny('six'))$$),
          E'22023 the definition''s id is "six", not "two"\nDETAIL: A playbook keeps its id.\n'
          'HINT: Use playbook_duplicate() for a copy under another id.', 'a playbook keeps its id');
SELECT is(refusal($$SELECT playbook_update('twoo', tiny('twoo'))$$),
          E'42704 playbook "twoo" does not exist\nDETAIL: Valid playbooks are: one, three, two.\n'
          'HINT: Create it with playbook_create(), or ask its owner to share it with you.',
              'an unknown playbook: the valid ids');
RESET ROLE;
SELECT is(refusal($$SELECT as_role('define_other', $q$SELECT playbook_update('two', tiny('two'))$q$)$$),
          E'42704 playbook "two" does not exist\nDETAIL: There is no playbook that you may see.\n'
          'HINT: Create it with playbook_create(), or ask its owner to share it with you.',
              'of which nobody hears who may not see them');
SET LOCAL ROLE define_author;
SELECT playbook_digest('two') AS digest \gset
SELECT is(playbook_update('two', tiny('two', 'Mine'), expected => :'digest'), 'updated',
    'expected: nobody changed it');
SELECT is(refusal(format($$SELECT playbook_update('two', tiny('two', 'Yours'), expected => %L)$$, :'digest')),
          format(E'40001 playbook "two" was changed by somebody else meanwhile\nDETAIL: %s\n'
                 'HINT: The detail is the text that is stored now; merge your change into it and save again.',
                     tiny('two', 'Mine')),
          'somebody did: refused with the other text');
SELECT is((SELECT draft ->> 'name' FROM playbooks WHERE id = 'two'), 'Mine', 'which stays');
SELECT isnt(playbook_digest('two'), :'digest', 'another text has another digest');
SELECT matches(playbook_digest('two'), '^[0-9a-f]{64}$', 'a digest is SHA-256 in hex');
SELECT is(refusal($$SELECT playbook_digest('no')$$) ~ '^42704 playbook "no" does not exist', true,
    'of nothing there is none');
SELECT is(refusal($$SELECT playbook_update('two', '{id: two, name: T, steps: []}')$$) ~ '^22023 line 1, column', true,
          'a bad text is refused');
SELECT is((SELECT draft ->> 'name' FROM playbooks WHERE id = 'two'), 'Mine', 'and nothing is stored');

-- Applying.
SELECT is(playbook_apply(tiny('applied')), 'created', 'apply creates');
SELECT is((SELECT status FROM playbooks WHERE id = 'applied'), 'published', 'and publishes');
SELECT is(playbook_apply(tiny('applied')), 'unchanged', 'apply again: unchanged');
SELECT is(playbook_apply(tiny('applied', 'Other')), 'updated', 'apply another text: updated');
SELECT is((SELECT name FROM playbooks WHERE id = 'applied'), 'Other', 'which runs now');
SELECT is(playbook_apply(tiny('applied', 'Third'), publish => false), 'updated', 'publish => false');
SELECT results_eq($$SELECT name, draft ->> 'name' FROM playbooks WHERE id = 'applied'$$, $$VALUES ('Other',
    'Third')$$, 'writes the draft');
SELECT is(refusal($$SELECT playbook_apply('{id: applied}')$$) ~ '^22023 ', true, 'a bad text is refused');
RESET ROLE;
SELECT is(refusal($$SELECT as_role('define_other',
    $q$SELECT playbook_apply(tiny('applied'))$q$)$$) ~ '^42704 playbook "applied" does not exist',
          true, 'nobody takes over another''s id');

-- Copying.
SET LOCAL ROLE define_author;
SELECT is(playbook_duplicate('applied', 'copied'), 'copied', 'duplicate returns the new id');
SELECT results_eq($$SELECT status, name, draft ->> 'id', owner::text FROM playbooks WHERE id = 'copied'$$,
                  $$VALUES ('draft', 'Other (copy)', 'copied', 'define_author')$$, 'a draft of what runs');
SELECT is(playbook_duplicate('one', 'named', 'Named'), 'named', 'with a name');
SELECT is((SELECT name FROM playbooks WHERE id = 'named'), 'Named', 'of its own');
SELECT is(refusal($$SELECT playbook_duplicate('applied', 'copied')$$) ~ '^23505 playbook "copied" exists already',
    true, 'not over another one');
SELECT is(refusal($$SELECT playbook_duplicate('applied',
    'Not an id')$$) ~ '^22023 .*"Not an id" is not a valid form for id', true,
          'nor under what is no id');
SELECT is(refusal($$SELECT playbook_duplicate('nothing', 'copy')$$) ~ '^42704 ', true, 'nothing has no copy');
SELECT is(refusal($$SELECT playbook_duplicate('one', NULL)$$), '22004 argument "new_id" must not be null',
    'nor has null');
RESET ROLE;
SELECT as_role('define_author', $$SELECT playbook_share('one', 'define_other', 'view')$$) \g /dev/null
SELECT is(refusal($$SELECT as_role('define_other', $q$SELECT playbook_duplicate('one', 'theirs')$q$)$$),
          E'42501 permission denied to copy playbook "one"\nHINT: Its owner "define_author" can allow it: SELECT '
              'playbook_share(…, ''copy'').',
          'who may only look copies nothing');
SELECT as_role('define_author', $$SELECT playbook_share('one', 'define_other', 'copy')$$) \g /dev/null
SELECT is(as_role('define_other', $$SELECT playbook_duplicate('one', 'theirs')$$), 'theirs', 'who may copy does');

SELECT * FROM finish();
ROLLBACK;
