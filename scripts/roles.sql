-- The roles of the extension playbook, for servers where CREATE EXTENSION itself may not create roles:
--   psql -X -v ON_ERROR_STOP=1 -f scripts/roles.sql
-- Run it once for the cluster, as a role that may (CREATEROLE). It may run again: what is there already stays. CREATE
-- EXTENSION then finds the roles and checks that they are plain group roles. The same roles and memberships as in
-- sql/playbook/10_roles.sql; a test compares the two. Dropping the extension leaves them.

SELECT format('CREATE ROLE %I NOLOGIN', w.role), format('COMMENT ON ROLE %I IS %L', w.role, w.comment)
FROM (VALUES ('playbook_engine', 'Owns every object of the extension playbook; nobody logs in as it.'),
             ('playbook_user',
              'Extension playbook: calls its functions, each of which checks what it does; sees its own executions.'),
             ('playbook_viewer', 'Extension playbook: sees every playbook and every execution.'),
             ('playbook_analyst', 'Extension playbook: sees the analytics views, no mail body and no customer text.'),
             ('playbook_operator',
              'Extension playbook: pauses, resumes, cancels, retries and holds executions of others.'),
             ('playbook_author', 'Extension playbook: may create playbooks.'),
             ('playbook_admin',
              'Extension playbook: all of viewer, analyst, operator and author, and settings of the installation.'),
             ('playbook_trusted_app',
              'Extension playbook: may name its user with SET LOCAL playbook.actor.')) AS w (role, comment)
WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_roles r WHERE r.rolname = w.role)
\gexec

SELECT format('GRANT %I TO %I', w.role, w.member)
FROM (VALUES ('playbook_viewer', 'playbook_user'),
             ('playbook_operator', 'playbook_viewer'),
             ('playbook_author', 'playbook_user'),
             ('playbook_trusted_app', 'playbook_user'),
             ('playbook_admin', 'playbook_viewer'),
             ('playbook_admin', 'playbook_analyst'),
             ('playbook_admin', 'playbook_operator'),
             ('playbook_admin', 'playbook_author')) AS w (member, role)
WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_auth_members m
                  WHERE m.member = w.member::regrole AND m.roleid = w.role::regrole)
\gexec
