-- Who works with it: a team that owns playbooks, and the people of the company
--
-- The team's role is an ordinary one: what its playbooks do, they do with its rights and no more.
SELECT 'CREATE ROLE demo_team LOGIN' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'demo_team') \gexec
SET client_min_messages = warning; -- a second run grants again
GRANT playbook_author, playbook_operator, playbook_trusted_app TO demo_team;
GRANT USAGE ON SCHEMA analytics, crm, demo TO demo_team;
GRANT SELECT ON ALL TABLES IN SCHEMA analytics, crm TO demo_team;
SELECT playbook_set_customer_source('analytics.accounts', key => 'account_id', csm => 'csm') \g /dev/null
SELECT playbook_set_person(id => person_id, name => name, email => email, time_zone => time_zone)
FROM analytics.people \g /dev/null
SELECT playbook_set_person(id => person_id, name => name, email => email, time_zone => time_zone, manager => manager)
FROM analytics.people WHERE manager IS NOT NULL \g /dev/null
SELECT '    ' || count(*) || ' people, customers come from analytics.accounts' FROM playbook_people;
