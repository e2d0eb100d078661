-- Nothing of ours may use what others put into the schema: a function or an operator there that fits the types better
-- than pg_catalog's would run with the rights of whoever reads a view, or the engine's.
SET LOCAL search_path = pg_catalog, pg_temp;
DO $bindings$
DECLARE
    strange text;
BEGIN
    WITH members AS (
        SELECT d.classid, d.objid
        FROM pg_catalog.pg_depend d
        JOIN pg_catalog.pg_extension x ON x.oid = d.refobjid AND x.extname = 'playbook'
        WHERE d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass AND d.deptype = 'e'),
    relations AS (
        SELECT objid FROM members WHERE classid = 'pg_catalog.pg_class'::pg_catalog.regclass),
    parts AS (
        SELECT classid, objid FROM members
        UNION ALL
        SELECT 'pg_catalog.pg_rewrite'::pg_catalog.regclass, oid FROM pg_catalog.pg_rewrite
        WHERE ev_class IN (SELECT objid FROM relations)
        UNION ALL
        SELECT 'pg_catalog.pg_policy'::pg_catalog.regclass, oid FROM pg_catalog.pg_policy
        WHERE polrelid IN (SELECT objid FROM relations)
        UNION ALL
        SELECT 'pg_catalog.pg_attrdef'::pg_catalog.regclass, oid FROM pg_catalog.pg_attrdef
        WHERE adrelid IN (SELECT objid FROM relations)
        UNION ALL
        SELECT 'pg_catalog.pg_constraint'::pg_catalog.regclass, oid FROM pg_catalog.pg_constraint
        WHERE conrelid IN (SELECT objid FROM relations)
        UNION ALL
        SELECT 'pg_catalog.pg_class'::pg_catalog.regclass, indexrelid FROM pg_catalog.pg_index
        WHERE indrelid IN (SELECT objid FROM relations)),
    used AS (
        SELECT DISTINCT d.refclassid, d.refobjid
        FROM parts p
        JOIN pg_catalog.pg_depend d ON d.classid = p.classid AND d.objid = p.objid)
    SELECT pg_catalog.string_agg(pg_catalog.pg_describe_object(u.refclassid, u.refobjid, 0), ', ') INTO strange
    FROM used u
    WHERE (u.refclassid = 'pg_catalog.pg_proc'::pg_catalog.regclass
               AND u.refobjid IN (SELECT oid FROM pg_catalog.pg_proc
                                  WHERE pronamespace = '@extschema@'::pg_catalog.regnamespace)
           OR u.refclassid = 'pg_catalog.pg_operator'::pg_catalog.regclass
               AND u.refobjid IN (SELECT oid FROM pg_catalog.pg_operator
                                  WHERE oprnamespace = '@extschema@'::pg_catalog.regnamespace)
           OR u.refclassid = 'pg_catalog.pg_type'::pg_catalog.regclass
               AND u.refobjid IN (SELECT oid FROM pg_catalog.pg_type
                                  WHERE typnamespace = '@extschema@'::pg_catalog.regnamespace AND typrelid = 0))
      AND NOT EXISTS (SELECT FROM members m WHERE m.classid = u.refclassid AND m.objid = u.refobjid);
    IF strange IS NOT NULL THEN
        RAISE EXCEPTION USING
            ERRCODE = '42710',
            MESSAGE = pg_catalog.format('schema "%s" holds what objects of playbook would use by mistake: %s',
                                        '@extschema@', strange),
            HINT    = 'Install into a schema of its own: CREATE SCHEMA playbook; '
                      'CREATE EXTENSION playbook SCHEMA playbook.';
    END IF;
END
$bindings$;
