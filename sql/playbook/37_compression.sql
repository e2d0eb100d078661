-- Row sets, in chunks or beside a step, and the changes of a transaction are compressed with lz4 where the server was
-- built with it, else as it does by default. Used by src/result/row_set_store.cpp and src/notification/publisher.cpp.
SET LOCAL search_path = pg_catalog, pg_temp;
DO $compression$
DECLARE
    part record;
BEGIN
    FOR part IN
        SELECT c.oid::pg_catalog.regclass AS relation, a.attname AS name
        FROM pg_catalog.pg_class c
        JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid
        WHERE c.relnamespace = '@extschema@'::pg_catalog.regnamespace
          AND c.relkind IN ('r', 'p')
          AND (c.relname LIKE 'playbook\_step\_rows%' AND a.attname = 'data'
               OR c.relname LIKE 'playbook\_step\_executions%' AND a.attname = 'rows'
               OR c.relname = 'playbook_change_batches' AND a.attname = 'content')
    LOOP
        EXECUTE pg_catalog.format('ALTER TABLE %s ALTER COLUMN %I SET COMPRESSION lz4', part.relation, part.name);
    END LOOP;
EXCEPTION WHEN feature_not_supported OR invalid_parameter_value THEN
    NULL; -- a server built without lz4
END
$compression$;
SET LOCAL search_path = @extschema@, pg_temp;
