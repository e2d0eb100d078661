-- What users put into these tables belongs into a dump: every table of the extension, each partition for itself, and
-- every sequence, identity columns' included.

SET LOCAL search_path = pg_catalog, pg_temp;
DO $dump$
DECLARE
    relation regclass;
BEGIN
    FOR relation IN
        SELECT c.oid::pg_catalog.regclass
        FROM pg_catalog.pg_depend d
        JOIN pg_catalog.pg_extension x ON x.oid = d.refobjid AND x.extname = 'playbook'
        JOIN pg_catalog.pg_class c ON c.oid = d.objid
        WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.deptype = 'e'
          AND d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass AND c.relkind IN ('r', 'S')
        ORDER BY c.relkind DESC, c.oid
    LOOP
        PERFORM pg_catalog.pg_extension_config_dump(relation, '');
    END LOOP;
END
$dump$;
SET LOCAL search_path = @extschema@, pg_temp;
