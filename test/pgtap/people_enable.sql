-- The engine works only where it was enabled: the first publish enables it, a copy warns and stands still, and an
-- administrator enables it there.
BEGIN;
SELECT plan(12);

CREATE ROLE enable_author;   GRANT playbook_author TO enable_author;
CREATE ROLE enable_admin;    GRANT playbook_admin TO enable_admin;
CREATE VIEW here AS
SELECT (SELECT system_identifier FROM pg_control_system()) AS system_identifier,
       (SELECT oid FROM pg_database WHERE datname = current_database()) AS database;

SELECT is((SELECT count(*) FROM playbook_installation), 0::bigint, 'CREATE EXTENSION enables nothing');
SET LOCAL ROLE enable_author;
SELECT playbook_create('{"id": "enable", "name": "E", "steps": [{"id": "a", "type": "wait", "config": {"for": "1 day"}}]}') \g /dev/null
RESET ROLE;
SELECT is((SELECT count(*) FROM playbook_installation), 0::bigint, 'nor does a draft');
SAVEPOINT undone;
SET LOCAL ROLE enable_author;
SELECT playbook_publish('enable') \g /dev/null
RESET ROLE;
SELECT is((SELECT count(*) FROM playbook_installation), 1::bigint, 'the first publish does');
ROLLBACK TO undone;
SELECT is((SELECT count(*) FROM playbook_installation), 0::bigint, 'unless it is rolled back');
SET LOCAL ROLE enable_author;
SELECT playbook_publish('enable') \g /dev/null
RESET ROLE;
SELECT results_eq('SELECT i.system_identifier, i.database, i.enabled_by FROM playbook_installation i',
                  $$SELECT system_identifier, database, 'enable_author' FROM here$$, 'then the next one does, here');

UPDATE playbook_installation SET system_identifier = 1, enabled_by = 'elsewhere';
SET LOCAL ROLE enable_author;
SELECT lives_ok($$SELECT playbook_start('enable')$$, 'in a copy an execution can be started all the same');
SELECT throws_ok($$SELECT playbook_enable()$$, '42501');
RESET ROLE;
SELECT is((SELECT enabled_by FROM playbook_installation), 'elsewhere', 'which does not enable the copy');
UPDATE playbook_installation SET system_identifier = (SELECT system_identifier FROM here), database = 1;
SET LOCAL ROLE enable_author;
SELECT lives_ok($$SELECT playbook_start('enable')$$, 'a template copy is a copy');
RESET ROLE;
SELECT is((SELECT enabled_by FROM playbook_installation), 'elsewhere', 'which a start does not enable either');
SET LOCAL ROLE enable_admin;
SELECT lives_ok($$SELECT playbook_enable()$$, 'an administrator does');
RESET ROLE;
SELECT results_eq('SELECT i.system_identifier, i.database, i.enabled_by FROM playbook_installation i',
                  $$SELECT system_identifier, database, 'enable_admin' FROM here$$, 'now it is enabled here');

SELECT * FROM finish();
ROLLBACK;
