-- Outputs as views: made where the schema exists, at the first finish or when published; real types; the reader's rights; a
-- column that changes its type keeps it in the view.
\pset fieldsep '\n'
BEGIN;
SELECT plan(34);
\ir data_steps.psql

CREATE TABLE ov_account (id integer, name varchar(20), arr numeric(12, 2), seen date);
INSERT INTO ov_account VALUES (1, 'Acme', 100.50, '2026-01-28'), (2, 'Bolt', 20, NULL);
CREATE FUNCTION ov_definition(template text, id text DEFAULT 'ov') RETURNS text LANGUAGE sql AS $$
    SELECT jsonb_build_object('id', id, 'steps', jsonb_build_array(step('accounts', 'query', jsonb_build_object('template', template))),
        'outputs', '[{"name": "accounts", "source": "${steps.accounts}"},
                     {"name": "figures", "metrics": [{"name": "n", "expression": "COUNT(*)"}]}]'::jsonb)::text
$$;
SELECT playbook_create(ov_definition('SELECT * FROM ov_account ORDER BY id'), publish => true);
SELECT playbook_run('ov') ->> 'run_id' AS first_run \gset
SELECT is_empty($$SELECT relname FROM pg_class WHERE relname LIKE 'playbook\_output\_ov%'$$, 'without the schema there are no views');
SELECT row_eq($$SELECT status, detail FROM playbook_create_output_views('ov') LIMIT 1$$,
    ROW('refused'::text, 'There is no schema "playbook_outputs" (playbook.output_schema).'::text), 'and asked for, it says why');

CREATE SCHEMA playbook_outputs;
SELECT set_config('search_path', 'playbook_outputs, ' || current_setting('search_path'), true);
-- At the first finish.
SELECT playbook_run('ov') ->> 'run_id' AS run \gset
SELECT is((SELECT array_agg(relname::text COLLATE "default" ORDER BY relname) FROM pg_class WHERE relname LIKE 'playbook\_output\_ov%'),
    ARRAY['playbook_output_ov_accounts', 'playbook_output_ov_accounts_history', 'playbook_output_ov_figures', 'playbook_output_ov_figures_history'],
    'the first execution that ends makes the views');
SELECT is((SELECT string_agg(format('%s %s', attname, format_type(atttypid, atttypmod)), ', ' ORDER BY attnum) FROM pg_attribute
           WHERE attrelid = 'playbook_output_ov_accounts'::regclass AND attnum > 0),
    'run_id text, as_of timestamp with time zone, id integer, name character varying(20), arr numeric(12,2), seen date',
    'with the columns'' own types');
SELECT results_eq('SELECT run_id, id, name, arr, seen FROM playbook_output_ov_accounts ORDER BY id',
    format('SELECT %L::text, * FROM ov_account ORDER BY id', :'run'), 'the rows of the latest execution');
SELECT results_eq('SELECT DISTINCT as_of FROM playbook_output_ov_accounts',
    format('SELECT finished_at FROM playbook_executions ORDER BY id DESC LIMIT 1'), 'as of its end');
SELECT results_eq('SELECT run_id, count(*) FROM playbook_output_ov_accounts_history GROUP BY 1 ORDER BY 1',
    format('SELECT r, 2::bigint FROM unnest(ARRAY[%L, %L]) r ORDER BY 1', :'first_run', :'run'), 'the history has all');
SELECT results_eq('SELECT n FROM playbook_output_ov_figures', 'VALUES (2::bigint)', 'figures too');
SELECT ok((SELECT 'security_invoker=true' = ANY (reloptions) FROM pg_class WHERE relname = 'playbook_output_ov_accounts'), 'read with the reader''s rights');
SELECT is((SELECT count(*) FROM pg_depend WHERE objid = 'playbook_output_ov_accounts'::regclass AND deptype = 'e'), 0::bigint, 'no member of the extension: a dump has it');

-- Trials are not shown.
SELECT playbook_run('ov', save_artifacts => false) AS trial \gset
SELECT is((SELECT DISTINCT run_id FROM playbook_output_ov_accounts), :'run', 'an unsaved execution is not shown');
SELECT playbook_update('ov', ov_definition('SELECT 7 AS id'));
SELECT playbook_run('ov', draft => true) AS draft \gset
SELECT is((SELECT DISTINCT run_id FROM playbook_output_ov_accounts), :'run', 'nor one of a draft');

-- Columns change.
SELECT playbook_update('ov', ov_definition('SELECT id, arr::text AS arr, CASE id WHEN 1 THEN ''soon'' ELSE ''2026-02-01'' END AS seen, true AS fresh FROM ov_account ORDER BY id'), publish => true);
SELECT playbook_run('ov') ->> 'run_id' AS changed_run \gset
SELECT results_eq('SELECT id, name::text, arr, seen FROM playbook_output_ov_accounts ORDER BY id',
    $$VALUES (1, NULL, 100.50, NULL), (2, NULL, 20, '2026-02-01'::date)$$, 'another type is cast, or null; a column that is gone is null');
SELECT results_eq($$SELECT status, detail FROM playbook_create_output_views('ov') WHERE view = 'playbook_outputs.playbook_output_ov_accounts'$$,
    $$VALUES ('changed', 'Column "name" is gone and null in the view. Column "arr" is text now and stays numeric(12,2) in the view: cast, or null. '
        || 'Column "seen" is text now and stays date in the view: cast, or null.')$$, 'which is reported');
SELECT results_eq('SELECT fresh, arr FROM playbook_output_ov_accounts WHERE id = 1', 'VALUES (true, 100.50)', 'and a new column was added at the end');
SELECT is((SELECT count(*) FROM playbook_output_ov_accounts_history), 6::bigint, 'the history goes on');
SELECT is((SELECT count(DISTINCT status) FROM playbook_create_output_views('ov') WHERE output = 'figures'), 1::bigint, 'what did not change');
SELECT is((SELECT min(status) FROM playbook_create_output_views('ov') WHERE output = 'figures'), 'unchanged', 'is unchanged');

-- Archived: the dashboard stays.
SELECT playbook_archive('ov');
SELECT is((SELECT count(*) FROM playbook_output_ov_accounts), 2::bigint, 'an archived playbook keeps its views');

-- Names: 63 bytes, and somebody else's.
SELECT playbook_create(ov_definition('SELECT 1 AS one', 'a_playbook_of_a_very_long_name_indeed_for_sure'), publish => true);
SELECT playbook_run('a_playbook_of_a_very_long_name_indeed_for_sure') AS long \gset
SELECT is((SELECT count(*) FROM pg_class WHERE relname ~ '^playbook_output_a_playbook_of_a_very_lo.*_[0-9a-f]{8}(_history)?$'), 4::bigint, 'a long name ends in digits');
CREATE TABLE playbook_output_taken_accounts (n integer);
SELECT playbook_create(ov_definition('SELECT 1 AS one', 'taken'), publish => true);
SELECT playbook_run('taken') AS taken \gset
SELECT row_eq($$SELECT status, detail FROM playbook_create_output_views('taken') WHERE view LIKE '%taken_accounts'$$,
    ROW('refused'::text, 'There is another relation of that name.'::text), 'what is somebody else''s is left alone');
SELECT has_view('playbook_outputs', 'playbook_output_taken_figures', 'the others are made');

-- Before anything ran.
SELECT playbook_create(ov_definition('SELECT 1 AS one', 'ov_new'), publish => true);
SELECT is((SELECT min(status) FROM playbook_create_output_views('ov_new')), 'waiting', 'columns are not known before the first execution');
SELECT throws_ok($$SELECT playbook_create_output_views('ov_none')$$, '42704', NULL, 'an unknown playbook');

-- Rights: an owner who may not create there; a reader who may see nothing.
CREATE ROLE ov_owner LOGIN; GRANT playbook_author TO ov_owner; GRANT SELECT ON ov_account TO ov_owner;
CREATE ROLE ov_reader; GRANT playbook_user TO ov_reader;
CREATE ROLE ov_stranger;
GRANT USAGE ON SCHEMA playbook_outputs TO ov_owner, ov_reader, ov_stranger;
SET LOCAL ROLE ov_owner;
SELECT playbook_create(ov_definition('SELECT id FROM public.ov_account', 'ov_mine'), publish => true);
SELECT playbook_run('ov_mine') ->> 'run_id' AS mine \gset
SELECT row_eq($$SELECT status, detail FROM playbook_create_output_views('ov_mine') LIMIT 1$$,
    ROW('refused'::text, 'Role "ov_owner" may not create in schema "playbook_outputs".'::text), 'an owner needs CREATE on the schema');
SELECT throws_ok($$SELECT playbook_create_output_views('ov')$$, '42704', NULL, 'and makes no views of what is hidden');
RESET ROLE;
GRANT CREATE ON SCHEMA playbook_outputs TO ov_owner;
SELECT playbook_run('ov_mine') AS mine_again \gset
SELECT view_owner_is('playbook_outputs', 'playbook_output_ov_mine_accounts', 'ov_owner', 'a view belongs to the playbook''s owner');
SET LOCAL ROLE ov_reader;
SELECT is_empty('SELECT * FROM playbook_outputs.playbook_output_ov_mine_accounts', 'who may see no execution sees no rows');
SET LOCAL ROLE ov_stranger;
SELECT throws_ok('SELECT * FROM playbook_outputs.playbook_output_ov_mine_accounts', '42501', NULL, 'who is in no group may not even ask');
SET LOCAL ROLE ov_owner;
SELECT is((SELECT count(*) FROM playbook_outputs.playbook_output_ov_mine_accounts_history), 4::bigint, 'the owner sees them');
SELECT playbook_share('ov_mine', 'ov_reader', 'view');
SET LOCAL ROLE ov_reader;
SELECT is((SELECT count(*) FROM playbook_outputs.playbook_output_ov_mine_accounts), 2::bigint, 'so does who was given a share');
RESET ROLE;

SELECT throws_ok($$SELECT * FROM playbook_output_rows('ov', 'accounts') AS t (id integer)$$, '42804', NULL, 'the function wants its own columns first');
SELECT throws_ok($$SELECT playbook_output_rows('ov', 'accounts')$$, '42601',
    'a column definition list is needed: playbook_output_rows(…) AS t (name type, …)', 'and a column list');
SELECT is_empty($$SELECT * FROM playbook_output_rows('ov', 'nothing', true) AS t (run_id text, as_of timestamptz)$$, 'of an unknown output there are no rows');

SELECT * FROM finish();
ROLLBACK;
