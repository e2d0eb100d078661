-- Every object that CREATE EXTENSION makes says what it is for: \d+ is documentation.
BEGIN;
SELECT plan(4);

CREATE TEMP VIEW member AS
SELECT d.classid, d.objid
FROM pg_depend AS d
JOIN pg_extension AS e ON e.oid = d.refobjid AND d.refclassid = 'pg_extension'::regclass
WHERE e.extname = 'playbook' AND d.deptype = 'e';

SELECT cmp_ok((SELECT count(*) FROM member), '>', 10::bigint, 'the extension has objects to look at');

-- A partition is described by its parent, the sequence of an identity column by that column; the types that come with
-- a table, and arrays, which some versions count as members, by what they come with.
SELECT is_empty($$
    SELECT pg_describe_object(m.classid, m.objid, 0)
    FROM member AS m
    LEFT JOIN pg_class AS c ON m.classid = 'pg_class'::regclass AND c.oid = m.objid
    WHERE c.relispartition IS NOT TRUE
      AND NOT EXISTS (SELECT FROM pg_type AS y LEFT JOIN pg_class AS r ON r.oid = y.typrelid
                      WHERE m.classid = 'pg_type'::regclass AND y.oid = m.objid
                        AND (r.relkind <> 'c' OR y.typcategory = 'A'))
      AND NOT EXISTS (SELECT FROM pg_depend AS i
                      WHERE c.relkind = 'S' AND i.classid = m.classid AND i.objid = m.objid
                        AND i.deptype = 'i' AND i.refobjsubid > 0)
      AND NOT EXISTS (SELECT FROM pg_description AS t
                      WHERE t.classoid = m.classid AND t.objoid = m.objid AND t.objsubid = 0 AND t.description <> '')
    ORDER BY 1
$$, 'every object has a comment');

SELECT is_empty($$
    SELECT pg_describe_object(m.classid, m.objid, a.attnum)
    FROM member AS m
    JOIN pg_class AS c ON m.classid = 'pg_class'::regclass AND c.oid = m.objid
    JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'c') AND NOT c.relispartition
      AND coalesce(col_description(c.oid, a.attnum), '') = ''
    ORDER BY c.relname, a.attnum
$$, 'every column of every table, view and type has a comment');

SELECT is_empty($$
    SELECT rolname FROM pg_roles
    WHERE rolname IN ('playbook_engine', 'playbook_viewer', 'playbook_analyst', 'playbook_operator', 'playbook_author',
                      'playbook_admin', 'playbook_trusted_app')
      AND coalesce(shobj_description(oid, 'pg_authid'), '') = ''
$$, 'every group role has a comment');

SELECT * FROM finish();
ROLLBACK;
