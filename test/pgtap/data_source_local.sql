-- "local" as data warehouse or CRM is this database, as the result document calls it; another name is a connection.
BEGIN;
SELECT plan(4);
SELECT playbook_create('{"id": "local", "steps": [{"id": "one", "type": "query", "config": {"template": "SELECT 1"}}]}',
    publish => true) \g /dev/null

SELECT is(playbook_run('local', data_warehouse => 'local') ->> 'status', 'completed',
    'local at start is this database');
SET LOCAL playbook.data_warehouse = 'local';
SELECT is(playbook_run('local') #>> '{metadata,data_warehouse}', 'local', 'the document names what was used');
SELECT is(playbook_run('local') ->> 'status', 'completed', 'local as a setting is this database');
SELECT is(playbook_run('local', data_warehouse => 'snow') #>> '{steps,0,error,sqlstate}', '0A000',
    'another name is a connection');

SELECT * FROM finish();
ROLLBACK;
