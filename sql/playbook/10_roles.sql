-- Cluster-wide roles: the owner of every object of this extension, and the group roles that open parts of it
-- (doc/security.md). DROP EXTENSION leaves them. On a server without CREATEROLE scripts/roles.sql makes them
-- beforehand.
SET LOCAL search_path = pg_catalog, pg_temp;
DO $roles$
DECLARE
    wanted CONSTANT text[] := ARRAY['playbook_engine', 'playbook_user', 'playbook_viewer', 'playbook_analyst',
                                    'playbook_operator', 'playbook_author', 'playbook_admin', 'playbook_trusted_app'];
    said CONSTANT text[] := ARRAY[
        'Owns every object of the extension playbook; nobody logs in as it.',
        'Extension playbook: calls its functions, each of which checks what it does; sees its own executions.',
        'Extension playbook: sees every playbook and every execution.',
        'Extension playbook: sees the analytics views, no mail body and no customer text.',
        'Extension playbook: pauses, resumes, cancels, retries and holds executions of others.',
        'Extension playbook: may create playbooks.',
        'Extension playbook: all of viewer, analyst, operator and author, and settings of the installation.',
        'Extension playbook: may name its user with SET LOCAL playbook.actor.'];
    -- Who has what another group has: member, group.
    memberships CONSTANT text[] := ARRAY[
        ['playbook_viewer', 'playbook_user'],
        ['playbook_operator', 'playbook_viewer'],
        ['playbook_author', 'playbook_user'],
        ['playbook_trusted_app', 'playbook_user'],
        ['playbook_admin', 'playbook_viewer'],
        ['playbook_admin', 'playbook_analyst'],
        ['playbook_admin', 'playbook_operator'],
        ['playbook_admin', 'playbook_author']];
    membership text[];
    present pg_catalog.pg_authid%ROWTYPE;
BEGIN
    FOR n IN 1 .. pg_catalog.array_length(wanted, 1) LOOP
        SELECT * INTO present FROM pg_catalog.pg_authid WHERE rolname = wanted[n];
        IF NOT FOUND THEN
            EXECUTE pg_catalog.format('CREATE ROLE %I NOLOGIN', wanted[n]);
            EXECUTE pg_catalog.format('COMMENT ON ROLE %I IS %L', wanted[n], said[n]);
        ELSIF present.rolcanlogin OR present.rolsuper OR present.rolcreaterole OR present.rolbypassrls THEN
            RAISE EXCEPTION USING
                ERRCODE = '42710',
                MESSAGE = pg_catalog.format('role "%s" exists and is not a plain group role', wanted[n]),
                DETAIL  = 'A role of that name must have none of LOGIN, SUPERUSER, CREATEROLE and BYPASSRLS.',
                HINT    = 'Rename that role, or take these attributes from it, and create the extension again.';
        END IF;
    END LOOP;
    FOREACH membership SLICE 1 IN ARRAY memberships LOOP
        IF NOT EXISTS (
            SELECT FROM pg_catalog.pg_auth_members m
            JOIN pg_catalog.pg_roles r ON r.oid = m.roleid
            JOIN pg_catalog.pg_roles u ON u.oid = m.member
            WHERE u.rolname = membership[1] AND r.rolname = membership[2]) THEN
            EXECUTE pg_catalog.format('GRANT %I TO %I', membership[2], membership[1]);
        END IF;
    END LOOP;
END
$roles$;

DO $schema$
DECLARE
    others text;
    taken text;
BEGIN
    -- An application's table of one of our names would make CREATE TABLE fail with a message that explains nothing.
    SELECT pg_catalog.string_agg(c.relname, ', ' ORDER BY c.relname) INTO taken
    FROM pg_catalog.pg_class c
    WHERE c.relnamespace = '@extschema@'::pg_catalog.regnamespace
      AND (c.relname IN ('approvals', 'playbooks') OR c.relname LIKE 'playbook\_%');
    IF taken IS NOT NULL THEN
        RAISE EXCEPTION USING
            ERRCODE = '42P07',
            MESSAGE = pg_catalog.format('schema "%s" already holds relations of names that playbook uses: %s',
                                        '@extschema@', taken),
            HINT    = 'Install into a schema of its own: CREATE SCHEMA playbook; '
                      'CREATE EXTENSION playbook SCHEMA playbook.';
    END IF;
    SELECT pg_catalog.string_agg(CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE a.grantee::pg_catalog.regrole::text END, ', ')
    INTO others
    FROM pg_catalog.pg_namespace n, pg_catalog.aclexplode(n.nspacl) a
    WHERE n.oid = '@extschema@'::pg_catalog.regnamespace AND a.privilege_type = 'CREATE' AND a.grantee <> n.nspowner;
    IF others IS NOT NULL THEN
        RAISE WARNING USING
            MESSAGE = pg_catalog.format('others may create objects in schema "%s": %s', '@extschema@', others),
            HINT    = 'REVOKE CREATE ON that SCHEMA, or install into a schema of its own.';
    END IF;
    EXECUTE 'GRANT USAGE ON SCHEMA @extschema@ TO playbook_engine, playbook_user, playbook_viewer, playbook_analyst, '
            'playbook_operator, playbook_author, playbook_admin, playbook_trusted_app';
END
$schema$;
SET LOCAL search_path = @extschema@, pg_temp;
