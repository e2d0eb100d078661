-- What must hold for every object of the extension, whatever is added to it: owner, row-level security, privileges,
-- pinned search_path; and the group roles, the script that makes them beforehand, and what the dump holds.
BEGIN;
SELECT plan(13);

CREATE VIEW relations AS
SELECT c.*
FROM pg_class c
JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e'
JOIN pg_extension x ON x.oid = d.refobjid AND d.refclassid = 'pg_extension'::regclass AND x.extname = 'playbook';
CREATE VIEW functions AS
SELECT p.*
FROM pg_proc p
JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
JOIN pg_extension x ON x.oid = d.refobjid AND d.refclassid = 'pg_extension'::regclass AND x.extname = 'playbook';

SELECT cmp_ok((SELECT count(*) FROM relations WHERE relkind IN ('r', 'p')), '>', 50::bigint, 'there are tables to look at');
SELECT is_empty($$SELECT relname, relowner::regrole FROM relations WHERE relowner <> 'playbook_engine'::regrole
                  UNION ALL SELECT proname, proowner::regrole FROM functions WHERE proowner <> 'playbook_engine'::regrole$$,
                'everything belongs to playbook_engine');
SELECT is_empty($$SELECT relname FROM relations WHERE relkind IN ('r', 'p') AND NOT relrowsecurity$$,
                'row-level security is on for every table, partitions included');
SELECT is_empty($$SELECT relname FROM relations WHERE relkind = 'v' AND NOT coalesce('security_invoker=true' = ANY (reloptions), false)
                  AND relname NOT LIKE 'playbook\_analytics\_%'$$,
                'every view is a security_invoker view');
SELECT is_empty($$SELECT relname FROM relations r, aclexplode(r.relacl) a WHERE a.grantee = 0
                  UNION ALL SELECT proname FROM functions f, aclexplode(coalesce(f.proacl, acldefault('f', f.proowner))) a WHERE a.grantee = 0$$,
                'nothing is granted to PUBLIC');
SELECT is_empty($$SELECT r.relname, a.privilege_type FROM relations r, aclexplode(r.relacl) a
                  WHERE a.grantee <> r.relowner AND a.privilege_type <> 'SELECT'
                    AND NOT (r.relname = 'playbook_people' AND a.grantee = 'playbook_admin'::regrole)$$,
                'nobody but the engine writes its tables, except administrators the people');
SELECT is_empty($$SELECT r.relname FROM relations r, aclexplode(r.relacl) a
                  WHERE r.relkind = 'r' AND a.grantee <> r.relowner
                    AND NOT EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = r.oid)$$,
                'no table is open to anybody without a policy');
SELECT is_empty($$SELECT proname FROM functions
                  WHERE prolang <> (SELECT oid FROM pg_language WHERE lanname = 'c')
                    AND prosqlbody IS NULL
                    AND NOT coalesce('search_path=pg_catalog, pg_temp' = ANY (proconfig), false)$$,
                'every function in another language than C pins its search_path');
SELECT is_empty($$SELECT tgname FROM pg_trigger t JOIN relations r ON r.oid = t.tgrelid WHERE NOT t.tgisinternal$$,
                'the engine''s tables have no triggers');
SELECT is_empty($$SELECT conname FROM pg_constraint c JOIN relations r ON r.oid = c.conrelid WHERE c.condeferrable$$,
                'the engine''s tables have no deferrable constraints');
SELECT is_empty($$SELECT r.relname FROM relations r, pg_extension x
                  WHERE x.extname = 'playbook' AND r.relkind IN ('r', 'S') AND NOT r.oid = ANY (x.extconfig)$$,
                'a dump has every table, partition and sequence');

-- scripts/roles.sql makes what CREATE EXTENSION makes. Both are looked at as they are: the cluster's roles are taken
-- away and made again by the script, in this transaction.
CREATE TABLE made_by_extension AS
SELECT r.rolname::text AS role, shobj_description(r.oid, 'pg_authid') AS comment,
       ARRAY(SELECT m.roleid::regrole::text FROM pg_auth_members m WHERE m.member = r.oid ORDER BY 1) AS groups
FROM pg_roles r
WHERE r.rolname LIKE 'playbook\_%' AND NOT r.rolcanlogin;
SELECT cmp_ok((SELECT count(*) FROM made_by_extension), '=', 8::bigint, 'the extension made its roles');
DO $$
DECLARE
    role text;
BEGIN
    -- Renaming frees the names without touching what depends on the roles.
    FOR role IN SELECT m.role FROM made_by_extension m LOOP
        EXECUTE format('ALTER ROLE %I RENAME TO %I', role, 'former_' || role);
    END LOOP;
END
$$;
\o /dev/null
\ir ../../scripts/roles.sql
\o
SELECT set_eq($$SELECT r.rolname::text, shobj_description(r.oid, 'pg_authid'),
                       ARRAY(SELECT m.roleid::regrole::text FROM pg_auth_members m WHERE m.member = r.oid ORDER BY 1)
                FROM pg_roles r WHERE r.rolname LIKE 'playbook\_%' AND NOT r.rolcanlogin$$,
              'TABLE made_by_extension', 'scripts/roles.sql makes the same roles, comments and memberships');

SELECT * FROM finish();
ROLLBACK;
