-- What data sources resolve to. "local" as data warehouse or CRM is this database, as the result document calls it; another name is a connection.
BEGIN;
SELECT plan(10);
SELECT playbook_create('{"id": "local", "steps": [{"id": "one", "type": "query", "config": {"template": "SELECT 1"}}]}',
    publish => true) \g /dev/null

SELECT is(playbook_run('local', data_warehouse => 'local') ->> 'status', 'completed',
    'local at start is this database');
SET LOCAL playbook.data_warehouse = 'local';
SELECT is(playbook_run('local') #>> '{metadata,data_warehouse}', 'local', 'the document names what was used');
SELECT is(playbook_run('local') ->> 'status', 'completed', 'local as a setting is this database');
SELECT is(playbook_run('local', data_warehouse => 'snow') #>> '{steps,0,error,sqlstate}', '0A000',
    'another name is a connection');

-- A connection that does not exist, declared under data_sources: required it refuses the start, optional it skips its steps.
CREATE FUNCTION with_helpdesk(required text) RETURNS text LANGUAGE sql AS $$
    SELECT format('{"id": "tickets_%1$s", "data_sources": [{"type": "helpdesk", "required": %1$s}, {"type": "api", "required": false}],
        "steps": [{"id": "tickets", "type": "search", "source": "helpdesk", "config": {"object": "tickets"}},
                  {"id": "asked", "type": "request", "config": {"path": "/tickets"}},
                  {"id": "one", "type": "query", "config": {"template": "SELECT 1"}}]}', required)
$$;
SELECT playbook_create(with_helpdesk('true'), publish => true), playbook_create(with_helpdesk('false'), publish => true) \g /dev/null
SELECT throws_ok($$SELECT playbook_run('tickets_true')$$, '42704',
    'data source "helpdesk" does not resolve: there is no server "helpdesk"', 'a connection that is required must exist');
SELECT is(jsonb_path_query_array(playbook_run('tickets_false'), '$.steps[*].reason'),
    '["data source \"helpdesk\" does not resolve: there is no server \"helpdesk\"", "data source \"api\" does not resolve: '
    'this version makes no connections to an API"]', 'one that is not skips its steps');
CREATE FOREIGN DATA WRAPPER nothing;
CREATE SERVER helpdesk FOREIGN DATA WRAPPER nothing;
SELECT is(playbook_run('tickets_true') #>> '{steps,0,error,sqlstate}', '0A000', 'once it is there the step tries to use it');
SELECT is(playbook_run('tickets_true') #>> '{steps,2,status}', 'success', 'and the others run');
-- No setting stands for an API, and nothing of this database does.
SELECT playbook_create('{"id": "asks_api", "data_sources": [{"type": "api", "required": true}], "steps": [{"id": "asked", "type": '
    '"query", "source": "api", "config": {"query": "{ tickets { id } }"}}]}', publish => true) \g /dev/null
SELECT throws_ok($$SELECT playbook_start('asks_api')$$, '42704',
    'data source "api" does not resolve: this version makes no connections to an API', 'an API that is required refuses the start');
SELECT is((SELECT problem FROM playbook_preview('asks_api')),
    'data source "api" does not resolve: this version makes no connections to an API', 'a preview says so');

SELECT * FROM finish();
ROLLBACK;
