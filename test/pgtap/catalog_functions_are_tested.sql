-- Every function and procedure of the extension is called by some file of test/pgtap: none stays untested. Run from the
-- top of the tree, as test/run-pgtap does. Comments do not count.
BEGIN;
SELECT plan(3);
\set calls `sed 's/^ *--.*//; s/ -- .*//' test/pgtap/*sql | grep -oE '\bplaybook_[a-z_]+ *\(' | tr -d ' (' | sort -u`
CREATE TABLE called AS SELECT string_to_table(:'calls', E'\n') AS function;
CREATE TABLE members AS
SELECT p.proname::text AS function
FROM pg_proc p
JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
JOIN pg_extension x ON x.oid = d.refobjid AND d.refclassid = 'pg_extension'::regclass AND x.extname = 'playbook';

SELECT cmp_ok((SELECT count(*) FROM members), '>', 50::bigint, 'the extension has functions');
SELECT cmp_ok((SELECT count(*) FROM called), '>', 50::bigint, 'the tests call functions');
SELECT is_empty('SELECT DISTINCT function FROM members EXCEPT SELECT function FROM called ORDER BY 1',
    'the tests call each of them');

SELECT * FROM finish();
ROLLBACK;
