-- The words for where an execution and a step stand are the same in the CHECK constraints, in src/execution/state.cpp,
-- in the comments of the columns and in what the reference says. Run from the top of the tree, as test/run-pgtap does.
BEGIN;
SELECT plan(10);
\set source `cat src/execution/state.cpp`
\set schema `cat doc/result.schema.json`

CREATE FUNCTION words(list text) RETURNS text[] LANGUAGE sql IMMUTABLE AS
    $$SELECT array_agg(m[1] ORDER BY n) FROM regexp_matches(list, '["'']([a-z]+)["'']', 'g') WITH ORDINALITY AS t (m,
        n)$$;
CREATE FUNCTION listed(sentence text) RETURNS text[] LANGUAGE sql IMMUTABLE AS
    $$SELECT regexp_split_to_array(rtrim(sentence, '.'), ', | or ')$$;
CREATE TABLE words (subject text, checked text[], written text[], commented text[], letters text);
INSERT INTO words
SELECT w.subject,
       (SELECT words(pg_get_constraintdef(c.oid)) FROM pg_constraint c
        WHERE c.conrelid = w.relation AND c.conname = w.relation::text || '_status_check'),
       words(substring(:'source' FROM w.list || ' = \{(.*?)\};')),
       listed(col_description(w.relation, (SELECT attnum FROM pg_attribute WHERE attrelid = w.relation
           AND attname = 'status'))),
       substring(:'source' FROM 'letter_of\(' || w.type || ' status\) \{ return "([a-z]+)"')
FROM (VALUES ('execution', 'playbook_executions'::regclass, 'status_words', 'Status'),
             ('step', 'playbook_step_executions', 'step_words', 'StepStatus')) AS w (subject, relation, list, type);

SELECT is(cardinality(checked), CASE subject WHEN 'execution' THEN 7 ELSE 6 END,
    format('%s: the constraint names words', subject)) FROM words;
SELECT is(written, checked, format('%s: the engine writes the words that the constraint allows', subject)) FROM words;
SELECT is(commented, checked, format('%s: the column''s comment names them', subject)) FROM words;
SELECT is(length(letters), cardinality(checked), format('%s: each has a letter in the feed', subject)) FROM words;
SELECT is((SELECT count(DISTINCT letter || word) FROM words, ROWS FROM (regexp_split_to_table(letters, ''),
    unnest(checked)) AS t (letter, word)),
          (SELECT count(DISTINCT letter) FROM words, regexp_split_to_table(letters, '') AS letter),
              'a letter means one word, in both');
SELECT is((SELECT array_agg(word ORDER BY word) FROM jsonb_array_elements_text(jsonb_path_query_first(:'schema',
    '$.properties.status.enum')) AS word),
          (SELECT array_agg(word ORDER BY word) FROM words, unnest(checked) AS word WHERE subject = 'execution'),
          'the result document''s schema has the words of an execution');

SELECT * FROM finish();
ROLLBACK;
