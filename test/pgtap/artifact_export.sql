-- An artifact as a file of the server: where it may be written, by whom, whole or not at all, never anywhere else.
BEGIN;
SELECT plan(32);
SET LOCAL client_min_messages = error;
\ir refusal.psql
CREATE FUNCTION shell(command text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('COPY (SELECT) TO PROGRAM %L', 'cat > /dev/null; ' || command); -- who does not read breaks the pipe
END
$$;
SELECT current_setting('data_directory') || '/artifact_export' AS top \gset
\set directory :top /exported
SELECT shell(format('rm -rf %1$s && mkdir -p %1$s/exported %1$s/elsewhere', :'top')) \g /dev/null
-- What lies in it, hidden files, too.
CREATE FUNCTION there(directory text) RETURNS text LANGUAGE sql AS
    $$SELECT coalesce(string_agg(name, ' ' ORDER BY name), '') FROM pg_ls_dir(directory) AS name$$;

SELECT playbook_create('{"id": "ax_small", "steps": [{"id": "q", "type": "query", "config": {"template": "SELECT n, repeat(''ü'', n) AS word FROM generate_series(1, 3) n"}}]}', true) \g /dev/null
SELECT playbook_create('{"id": "ax_large", "steps": [{"id": "q", "type": "query", "config": {"template": "SELECT n, md5(n::text) AS hash FROM generate_series(1, 20000) n"}}]}', true) \g /dev/null
SELECT playbook_create('{"id": "ax_waits", "steps": [{"id": "q", "type": "query", "config": {"template": "SELECT 1 AS one"}}, {"id": "w", "type": "wait", "config": {"event": "go"}}]}', true) \g /dev/null
SELECT (document ->> 'execution')::bigint AS small, document ->> 'run_id' AS run_id, document ->> 'artifact_path' AS path FROM playbook_run('ax_small') AS document \gset
SELECT (playbook_run('ax_large') ->> 'execution')::bigint AS large \gset
SELECT (document ->> 'execution')::bigint AS unfinished, document -> 'artifact_path' AS no_path FROM playbook_run('ax_waits') AS document \gset
SELECT (document ->> 'execution')::bigint AS unsaved, document -> 'artifact_path' AS unsaved_path FROM playbook_run('ax_small', save_artifacts => false) AS document \gset
SELECT is(:'path', format('artifacts/%s.json', :'run_id'), 'the document has the path');
SELECT is(:'no_path' || :'unsaved_path', 'nullnull', 'or null where nothing was saved');
\set file :directory / :path

-- Where there is no directory, and where it is none.
CREATE FUNCTION export(execution bigint) RETURNS text LANGUAGE sql AS $$SELECT refusal(format('SELECT playbook_export_artifact(%s)', $1))$$;
SELECT is(export(:small), E'55000 there is no directory for exports\nDETAIL: playbook.artifact_directory is empty.\n'
    'HINT: A superuser sets it to an existing directory that the server may write to.', 'off unless it is set');
SET LOCAL playbook.artifact_directory = 'exported';
SELECT is(export(:small), '22023 playbook.artifact_directory is no absolute path: "exported"', 'a relative one is none');
SELECT set_config('playbook.artifact_directory', :'top' || '/missing', true) \g /dev/null
SELECT is(export(:small), format('58P01 could not open the directory of "%s/missing/%s": No such file or directory', :'top', :'path'), 'nor is one that is missing');
SELECT set_config('playbook.artifact_directory', :'directory', true) \g /dev/null

-- Who may.
CREATE ROLE ax_user; GRANT playbook_user TO ax_user;
CREATE ROLE ax_writer; GRANT playbook_user, pg_write_server_files TO ax_writer;
CREATE ROLE ax_viewer; GRANT playbook_viewer, pg_write_server_files TO ax_viewer;
CREATE ROLE ax_nobody; GRANT pg_write_server_files TO ax_nobody;
CREATE FUNCTION export_as(role text, execution bigint) RETURNS text LANGUAGE sql AS
    $$SELECT refusal(format('SELECT as_role(%L, %L)', $1, format('SELECT playbook_export_artifact(%s)', $2)))$$;
SELECT is(export_as('ax_user', :small), E'42501 permission denied to write a file of the server\n'
    'DETAIL: Only members of pg_write_server_files may.\nHINT: playbook_artifact() returns the same bytes to the client.', 'not everybody');
SELECT matches(export_as('ax_nobody', :small), '^42501 permission denied for function', 'nor who is no user of playbooks');
SELECT matches(export_as('ax_writer', :small), '^42704 execution \d+ does not exist', 'nor what one may not see');
SELECT matches(refusal(format('SELECT as_role(%L, %L)', 'ax_writer', $$SELECT set_config('playbook.artifact_directory', '/tmp', true)$$)),
    '^42501 ', 'and only a superuser says where');
SELECT is(there(:'directory'), '', 'so far nothing was written');
SELECT is(as_role('ax_viewer', format('SELECT playbook_export_artifact(%s)', :small)), :'file', 'who may see it and write files, may');

-- What.
SELECT is(pg_read_binary_file(:'file'), playbook_artifact(:small), 'the file is the artifact');
SELECT is(encode(sha256(pg_read_binary_file(:'file')), 'hex'), (SELECT sha256 FROM playbook_artifacts WHERE execution_id = :small), 'of that checksum');
SELECT is(there(:'directory') || ' ' || there(:'directory' || '/artifacts'), format('artifacts %s.json', :'run_id'), 'and nothing lies beside it');
SELECT is(playbook_export_artifact(:'run_id'), :'file', 'by its run id');
SELECT is(playbook_export_artifact(:'small'), :'file', 'by digits');
SELECT is(playbook_export_artifact(NULL::bigint), NULL, 'null is null');
SELECT shell(format('echo other > %s', :'file')) \g /dev/null
SELECT is(pg_read_file(playbook_export_artifact(:small)) <> E'other\n', true, 'a former file is replaced');
SELECT is(pg_read_binary_file(playbook_export_artifact(:large)), playbook_artifact(:large), 'a large one');
SELECT is(export(:unfinished), refusal(format('SELECT playbook_artifact(%s)', :unfinished)), 'what is not saved is refused as playbook_artifact refuses it');
SELECT matches(export(:unsaved), '^55000 execution \d+ has no artifact\nDETAIL: It was started with save_artifacts => false', 'whatever the reason');

-- Nowhere else: a link in the file's place is replaced, one in the folder's place refused.
SELECT shell(format('rm %1$s && echo mine > %2$s/victim && ln -s %2$s/victim %1$s', :'file', :'top')) \g /dev/null
SELECT is(playbook_export_artifact(:small), :'file', 'a link in its place');
SELECT is(pg_read_file(:'top' || '/victim'), E'mine\n', 'is not followed');
SELECT lives_ok(format('SELECT shell(%L)', format('test ! -L %s', :'file')), 'but replaced');
SELECT shell(format('mkdir %1$s.away && mv %1$s %1$s.away/ && mkdir %1$s', :'file')) \g /dev/null
SELECT matches(export(:small), '^58030 could not rename ".*": Is a directory$', 'what cannot be replaced is refused');
SELECT shell(format('rmdir %1$s && mv %1$s.away/* %1$s && rmdir %1$s.away', :'file')) \g /dev/null
SELECT is((SELECT count(*) FROM pg_ls_dir(:'directory' || '/artifacts') AS name WHERE name LIKE '.%'), 0::bigint, 'and nothing of the attempt stays');
SELECT shell(format('chmod 500 %s/artifacts', :'directory')) \g /dev/null
SELECT matches(export(:small), '^58030 could not create ".*": Permission denied$', 'where the server may not write');
SELECT is(pg_read_binary_file(:'file'), playbook_artifact(:small), 'the former file stays');
SELECT shell(format('chmod 700 %1$s/artifacts && mv %1$s/artifacts %1$s/away && ln -s %2$s/elsewhere %1$s/artifacts', :'directory', :'top')) \g /dev/null
SELECT matches(export(:small), '^58030 could not open the folder of ".*": Not a directory$', 'a folder that is a link is refused');
SELECT is(there(:'top' || '/elsewhere'), '', 'and nothing is written through it');
SELECT shell(format('rm %1$s/artifacts && echo file > %1$s/artifacts', :'directory')) \g /dev/null
SELECT matches(export(:small), '^58030 could not open the folder of ".*": Not a directory$', 'nor is a file a folder');
SELECT shell(format('rm -rf %s && ln -s %s/elsewhere %1$s', :'directory', :'top')) \g /dev/null
SELECT is(pg_read_binary_file(playbook_export_artifact(:small)), playbook_artifact(:small), 'the directory itself is what the superuser says, a link, too');

SELECT shell(format('rm -rf %s', :'top')) \g /dev/null
SELECT * FROM finish();
ROLLBACK;
