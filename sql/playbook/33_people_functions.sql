-- The people, the customer source, and the engine's permission to work in this database: what an administrator of the
-- installation (playbook_admin) sets. Reading customers is in src/identity/customer.cpp.

CREATE FUNCTION playbook_set_person(
    id         text,
    name       text,
    email      text        DEFAULT NULL,
    role       regrole     DEFAULT NULL,
    time_zone  text        DEFAULT NULL,
    manager    text        DEFAULT NULL,
    deputy     text        DEFAULT NULL,
    away_until timestamptz DEFAULT NULL,
    attributes jsonb       DEFAULT '{}'
) RETURNS void
    LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp
AS $function$
#variable_conflict use_column
DECLARE
    cycle text;
    other text;
BEGIN
    IF trim(playbook_set_person.id) = '' OR trim(playbook_set_person.name) = '' THEN
        RAISE EXCEPTION USING
            ERRCODE = '22023',
            MESSAGE = 'the id and the name of a person must not be empty',
            HINT    = 'Approvers, assignees and recipients are found by them.';
    END IF;
    -- The view reads a file for each zone, so it is asked once for each that people have.
    IF playbook_set_person.time_zone IS NOT NULL
       AND NOT EXISTS (SELECT FROM @extschema@.playbook_people p WHERE p.time_zone = playbook_set_person.time_zone)
       AND NOT EXISTS (SELECT FROM pg_timezone_names z WHERE lower(z.name) = lower(playbook_set_person.time_zone)) THEN
        RAISE EXCEPTION USING
            ERRCODE = '22023',
            MESSAGE = format('unknown time zone "%s"', playbook_set_person.time_zone),
            HINT    = 'Valid names are in the view pg_timezone_names, such as Europe/Berlin.';
    END IF;
    -- As the engine reads addresses, without a name beside it: the people's covering of customers compares it.
    IF playbook_set_person.email !~ '^[^[:space:][:cntrl:]@<>()\[\]\\,;:"]+@[^[:space:][:cntrl:]@<>()\[\]\\,;:"]+$'
       OR playbook_set_person.email ~ '(^|[.@])[.]|[.](@|$)' THEN
        RAISE EXCEPTION USING
            ERRCODE = '22023',
            MESSAGE = format('"%s" is no e-mail address', playbook_set_person.email),
            HINT    = 'Write the address alone, as in ana@example.com.';
    END IF;
    IF jsonb_typeof(playbook_set_person.attributes) <> 'object' THEN
        RAISE EXCEPTION USING
            ERRCODE = '22023',
            MESSAGE = 'attributes must be a JSON object',
            HINT    = 'Give names and values, such as {"phone": "+49 30 1234"}.';
    END IF;
    -- Two administrators could close a circle together, each with one half of it.
    LOCK TABLE @extschema@.playbook_people IN SHARE ROW EXCLUSIVE MODE;
    WITH RECURSIVE above AS (
        SELECT playbook_set_person.manager AS person, playbook_set_person.manager AS path
        UNION ALL
        SELECT p.manager, a.path || ' -> ' || p.manager
        FROM above a
        JOIN @extschema@.playbook_people p ON p.id = a.person
        WHERE p.manager IS NOT NULL AND a.person <> playbook_set_person.id
    )
    SELECT a.path INTO cycle FROM above a WHERE a.person = playbook_set_person.id LIMIT 1;
    IF cycle IS NOT NULL THEN
        RAISE EXCEPTION USING
            ERRCODE = '22023',
            MESSAGE = format('person "%s" would be a manager of its own', playbook_set_person.id),
            DETAIL  = format('The managers would be %s -> %s.', playbook_set_person.id, cycle);
    END IF;
    SELECT p.id INTO other FROM @extschema@.playbook_people p
    WHERE lower(p.email) = lower(playbook_set_person.email) AND p.id <> playbook_set_person.id;
    IF FOUND THEN
        RAISE EXCEPTION USING
            ERRCODE = '23505',
            MESSAGE = format('"%s" is the address of person "%s"', playbook_set_person.email, other),
            HINT    = 'Each person has an address of its own; change or remove that of the other first.';
    END IF;
    INSERT INTO @extschema@.playbook_people AS p
           (id, email, name, role, time_zone, manager, deputy, away_until, attributes)
    VALUES (playbook_set_person.id, playbook_set_person.email, playbook_set_person.name, playbook_set_person.role,
            playbook_set_person.time_zone, playbook_set_person.manager, playbook_set_person.deputy,
            playbook_set_person.away_until, playbook_set_person.attributes)
    ON CONFLICT (id) DO UPDATE
    SET email = EXCLUDED.email, name = EXCLUDED.name, role = EXCLUDED.role, time_zone = EXCLUDED.time_zone,
        manager = EXCLUDED.manager, deputy = EXCLUDED.deputy, away_until = EXCLUDED.away_until,
        attributes = EXCLUDED.attributes;
END
$function$;
COMMENT ON FUNCTION playbook_set_person(text, text, text, regrole, text, text, text, timestamptz, jsonb) IS
    'Adds a person or replaces what is known of one; for members of playbook_admin.';

-- SECURITY DEFINER: the table is written by this function only, and EXECUTE is granted to playbook_admin only.
CREATE FUNCTION playbook_set_customer_source(
    relation regclass,
    key      name  DEFAULT NULL,
    csm      name  DEFAULT NULL,
    mapping  jsonb DEFAULT '{}'
) RETURNS void
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    source  pg_class%ROWTYPE;
    missing text;
    blind   text;
BEGIN
    IF relation IS NULL THEN
        DELETE FROM @extschema@.playbook_customer_source;
        RETURN;
    END IF;
    IF key IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = '22004', MESSAGE = 'argument "key" must not be null';
    END IF;
    SELECT * INTO source FROM pg_class c WHERE c.oid = relation;
    IF source.relkind IS NULL OR source.relkind NOT IN ('r', 'p', 'v', 'm', 'f') THEN
        RAISE EXCEPTION USING
            ERRCODE = '42809',
            MESSAGE = format('"%s" is no table or view', relation),
            HINT    = 'A customer source is a table, a view, a materialized view or a foreign table.';
    END IF;
    IF source.relpersistence = 't' THEN
        RAISE EXCEPTION USING
            ERRCODE = '42809',
            MESSAGE = format('"%s" is a temporary relation', relation),
            HINT    = 'Background workers do not see temporary relations.';
    END IF;
    IF jsonb_typeof(mapping) <> 'object' OR jsonb_path_exists(mapping, '$.* ? (@.type() <> "string")') THEN
        RAISE EXCEPTION USING
            ERRCODE = '22023',
            MESSAGE = 'mapping must be an object of names and columns',
            HINT    = 'Write {"name": "account_name"} to reach the column account_name as customer.name.';
    END IF;
    SELECT string_agg(format('"%s"', w.name), ', ') INTO missing
    FROM (SELECT key::text
          UNION SELECT csm::text WHERE csm IS NOT NULL
          UNION SELECT m.value FROM jsonb_each_text(mapping) m) AS w (name)
    WHERE NOT EXISTS (SELECT FROM pg_attribute a
                      WHERE a.attrelid = relation AND a.attname = w.name AND a.attnum > 0 AND NOT a.attisdropped);
    IF missing IS NOT NULL THEN
        RAISE EXCEPTION USING
            ERRCODE = '42703',
            MESSAGE = format('relation "%s" has no column %s', relation, missing),
            HINT    = (SELECT format('Its columns are: %s.', string_agg(a.attname, ', ' ORDER BY a.attnum))
                       FROM pg_attribute a WHERE a.attrelid = relation AND a.attnum > 0 AND NOT a.attisdropped);
    END IF;
    IF mapping ? 'id' THEN
        RAISE EXCEPTION USING
            ERRCODE = '22023',
            MESSAGE = 'mapping must not name "id"',
            DETAIL  = 'customer.id is always the key.';
    END IF;

    INSERT INTO @extschema@.playbook_customer_source (relation, key_column, csm_column, mapping)
    VALUES (relation, key, csm, mapping)
    ON CONFLICT (singleton) DO UPDATE
    SET relation = EXCLUDED.relation, key_column = EXCLUDED.key_column, csm_column = EXCLUDED.csm_column,
        mapping = EXCLUDED.mapping;

    IF source.relkind IN ('r', 'p', 'm') AND NOT EXISTS (
        SELECT FROM pg_index i
        JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
        WHERE i.indrelid = relation AND i.indisunique AND i.indisvalid AND i.indnkeyatts = 1
          AND i.indpred IS NULL AND a.attname = key) THEN
        RAISE WARNING USING
            MESSAGE = format('column "%s" of "%s" has no unique index', key, relation),
            HINT    = 'A customer with two rows fails its steps, and each look-up reads the whole relation.';
    END IF;
    -- Coverage is asked with the rights of the relation's owner, and a view's functions run as whoever asks.
    IF source.relkind = 'v' AND (SELECT r.rolsuper FROM pg_roles r WHERE r.oid = source.relowner) THEN
        RAISE WARNING USING
            MESSAGE = format('view "%s" belongs to a superuser', relation),
            DETAIL  = 'To find out who may see an execution it is read with the rights of its owner.',
            HINT    = 'Give it to an ordinary role that may select from what it reads.';
    END IF;
    SELECT string_agg(DISTINCT p.owner::text, ', ') INTO blind
    FROM @extschema@.playbooks p
    WHERE NOT has_table_privilege(p.owner, relation, 'SELECT');
    IF blind IS NOT NULL THEN
        RAISE WARNING USING
            MESSAGE = format('owners of playbooks may not read "%s": %s', relation, blind),
            HINT    = 'Steps read customers with the rights of their playbook''s owner: GRANT SELECT to these roles.';
    END IF;
END
$function$;
COMMENT ON FUNCTION playbook_set_customer_source(regclass, name, name, jsonb) IS
    'Names the table or view that customers come from, its key, the column of the CSM, and other names for columns; null: none. For members of playbook_admin.';

CREATE FUNCTION playbook_customer(customer text) RETURNS jsonb
    STABLE PARALLEL RESTRICTED
    LANGUAGE c AS 'MODULE_PATHNAME', 'playbook_customer';
COMMENT ON FUNCTION playbook_customer(text) IS
    'What customer.* means for this customer, read with the caller''s rights; null when there is none.';

CREATE FUNCTION playbook_enable() RETURNS void
    VOLATILE
    LANGUAGE c AS 'MODULE_PATHNAME', 'playbook_enable';
COMMENT ON FUNCTION playbook_enable() IS
    'Lets the engine work in this cluster and database, after a restore or a copy; for members of playbook_admin.';
