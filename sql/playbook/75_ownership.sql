-- Everything belongs to playbook_engine, a role that nobody logs in as: so no object of the extension ever runs, or is
-- checked, with the rights of the superuser who installed it. Before any GRANT, so that the engine is every grantor.

SET LOCAL search_path = pg_catalog, pg_temp;
DO $ownership$
DECLARE
    change text;
BEGIN
    FOR change IN
        WITH members AS (
            SELECT d.classid, d.objid
            FROM pg_catalog.pg_depend d
            JOIN pg_catalog.pg_extension x ON x.oid = d.refobjid AND x.extname = 'playbook'
            WHERE d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass AND d.deptype = 'e')
        SELECT pg_catalog.format('ALTER %s %s OWNER TO playbook_engine',
                                 CASE c.relkind WHEN 'S' THEN 'SEQUENCE' WHEN 'v' THEN 'VIEW' ELSE 'TABLE' END,
                                 c.oid::pg_catalog.regclass)
        FROM members m
        JOIN pg_catalog.pg_class c ON c.oid = m.objid AND m.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
        WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S')
          -- The sequence of an identity column follows its table.
          AND NOT (c.relkind = 'S' AND EXISTS (
                          SELECT FROM pg_catalog.pg_depend d
                          WHERE d.classid = m.classid AND d.objid = m.objid AND d.deptype IN ('a', 'i')
                            AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass))
        UNION ALL
        SELECT pg_catalog.format('ALTER ROUTINE %s OWNER TO playbook_engine', p.oid::pg_catalog.regprocedure)
        FROM members m
        JOIN pg_catalog.pg_proc p ON p.oid = m.objid AND m.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass
        UNION ALL
        SELECT pg_catalog.format('ALTER TYPE %s OWNER TO playbook_engine', t.oid::pg_catalog.regtype)
        FROM members m
        JOIN pg_catalog.pg_type t ON t.oid = m.objid AND m.classid = 'pg_catalog.pg_type'::pg_catalog.regclass
        LEFT JOIN pg_catalog.pg_class c ON c.oid = t.typrelid
        WHERE t.typtype IN ('e', 'd', 'r') OR t.typtype = 'c' AND c.relkind = 'c'
    LOOP
        EXECUTE change;
    END LOOP;
END
$ownership$;
SET LOCAL search_path = @extschema@, pg_temp;
