"""What the extension consists of in a database, as text that two databases can be compared by."""

# Each member of the extension, and each part of a relation, with everything that a user could notice of it.
_OBJECTS = """
WITH member AS (
    SELECT d.classid, d.objid
    FROM pg_depend AS d
    JOIN pg_extension AS e ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid
    WHERE e.extname = 'playbook' AND d.deptype = 'e'
), relation AS (
    SELECT c.* FROM member AS m JOIN pg_class AS c ON m.classid = 'pg_class'::regclass AND c.oid = m.objid
)
SELECT pg_describe_object(classid, objid, 0), 'comment: ' || coalesce(obj_description(objid, classid::regclass::name), '-')
FROM member
UNION ALL
SELECT format('relation %s', oid::regclass),
       concat_ws(' ', relkind, relowner::regrole, relpersistence, relrowsecurity, relforcerowsecurity, reloptions,
                 (SELECT string_agg(a::text, ',' ORDER BY a::text) FROM unnest(relacl) AS a),
                 pg_get_expr(relpartbound, oid), CASE WHEN relkind = 'v' THEN pg_get_viewdef(oid) END)
FROM relation
UNION ALL
SELECT format('column %s.%s', r.oid::regclass, a.attname),
       concat_ws(' ', format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity, a.attgenerated, a.attstorage,
                 a.attacl, a.attcollation::regcollation, pg_get_expr(d.adbin, d.adrelid),
                 'comment: ' || col_description(r.oid, a.attnum))
FROM relation AS r
JOIN pg_attribute AS a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN pg_attrdef AS d ON d.adrelid = r.oid AND d.adnum = a.attnum
UNION ALL
SELECT format('constraint %s of %s', c.conname, r.oid::regclass), pg_get_constraintdef(c.oid)
FROM relation AS r JOIN pg_constraint AS c ON c.conrelid = r.oid
UNION ALL
SELECT format('index %s', i.indexrelid::regclass), pg_get_indexdef(i.indexrelid)
FROM relation AS r JOIN pg_index AS i ON i.indrelid = r.oid
UNION ALL
SELECT format('policy %s of %s', p.polname, r.oid::regclass),
       concat_ws(' ', p.polcmd, p.polpermissive, (SELECT string_agg(o::regrole::text, ',') FROM unnest(p.polroles) AS o),
                 pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid))
FROM relation AS r JOIN pg_policy AS p ON p.polrelid = r.oid
UNION ALL
SELECT format('trigger %s of %s', t.tgname, r.oid::regclass), pg_get_triggerdef(t.oid)
FROM relation AS r JOIN pg_trigger AS t ON t.tgrelid = r.oid AND NOT t.tgisinternal
UNION ALL
SELECT format('function %s', p.oid::regprocedure),
       concat_ws(' ', p.proowner::regrole, (SELECT string_agg(a::text, ',' ORDER BY a::text) FROM unnest(p.proacl) AS a),
                 CASE WHEN p.prokind IN ('f', 'p') THEN pg_get_functiondef(p.oid) END)
FROM member AS m JOIN pg_proc AS p ON m.classid = 'pg_proc'::regclass AND p.oid = m.objid
UNION ALL
SELECT format('type %s', t.oid::regtype),
       concat_ws(' ', t.typowner::regrole, t.typacl,
                 (SELECT string_agg(e.enumlabel, ',' ORDER BY e.enumsortorder) FROM pg_enum AS e WHERE e.enumtypid = t.oid))
FROM member AS m JOIN pg_type AS t ON m.classid = 'pg_type'::regclass AND t.oid = m.objid
UNION ALL
SELECT 'extension', concat_ws(' ', e.extversion, e.extnamespace::regnamespace, e.extowner::regrole)
FROM pg_extension AS e WHERE e.extname = 'playbook'
UNION ALL
SELECT format('dumped %s', c.oid::regclass), c.condition
FROM pg_extension AS e, unnest(e.extconfig, e.extcondition) AS c (oid, condition) WHERE e.extname = 'playbook'
"""


def differences(cluster, one, other):
    """Lines that only one of two databases has, such as `one: index a_b CREATE INDEX …`; none when they are equal."""
    first, second = (set(cluster.query(_OBJECTS, database=database)) for database in (one, other))
    return [f"{name}: {what} {text}" for name, found in ((one, first - second), (other, second - first))
            for what, text in sorted(found)]
