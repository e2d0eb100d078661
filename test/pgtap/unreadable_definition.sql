-- A definition that this version cannot read holds up its own executions, and nobody else's.
SET client_min_messages = error; -- owners of playbooks here may not connect: no background worker interferes
REVOKE CONNECT ON DATABASE :"DBNAME" FROM PUBLIC;
CREATE ROLE unreadable_owner;
GRANT playbook_author TO unreadable_owner;

SET ROLE unreadable_owner;
SELECT playbook_create('{id: strange, steps: [{id: s, type: query, config: {template: SELECT 1 AS one}}]}', publish => true),
       playbook_create('{id: plain, steps: [{id: s, type: query, config: {template: SELECT 2 AS two}}]}', publish => true) \g /dev/null
SELECT playbook_start('strange') AS first, playbook_start('plain') AS second, playbook_start('strange') AS third \gset
RESET ROLE;
UPDATE playbook_snapshots SET definition = jsonb_set(definition, '{steps,0,type}', '"of a later version"') WHERE definition ->> 'id' = 'strange';
\c -
SELECT plan(6); -- in a session that has not read the definition before
SET client_min_messages = error;
SET ROLE unreadable_owner;
CALL playbook_work('5 s') \g /dev/null
RESET ROLE;
SELECT is((SELECT status FROM playbook_executions WHERE id = :second), 'completed', 'another playbook''s execution goes on');
SELECT results_eq('SELECT DISTINCT status, waiting_for, reason LIKE ''this version of playbook cannot read snapshot %of a later version%'' '
                  'FROM playbook_executions WHERE playbook_id = ''strange''',
                  $$VALUES ('pending', NULL, true)$$, 'its own wait and say why');
SELECT ok((SELECT bool_and(due_at BETWEEN now() AND now() + interval '61 seconds') FROM playbook_executions
           WHERE playbook_id = 'strange'), 'to be looked at again in a minute');
SELECT is((SELECT count(*) FROM playbook_executions WHERE playbook_id = 'strange' AND error IS NOT NULL), 0::bigint, 'none failed');

UPDATE playbook_snapshots SET definition = jsonb_set(definition, '{steps,0,type}', '"query"') WHERE definition ->> 'id' = 'strange';
UPDATE playbook_executions SET due_at = now() WHERE playbook_id = 'strange';
SET ROLE unreadable_owner;
CALL playbook_work('5 s') \g /dev/null
RESET ROLE;
SELECT is((SELECT count(*) FROM playbook_executions WHERE playbook_id = 'strange' AND status = 'completed'), 2::bigint,
          'they go on when it can be read');
SELECT is((SELECT count(*) FROM playbook_executions WHERE playbook_id = 'strange' AND reason IS NOT NULL), 0::bigint,
          'and do not say any longer that they wait');

SELECT * FROM finish();
