-- The sample data is the same after every load, and fits together as the analyses of the demo expect.
SELECT plan(9);

\ir ../../scripts/sample-data.sql
CREATE TABLE first_load AS
SELECT md5(string_agg(a::text, '|' ORDER BY account_id)) AS accounts,
       (SELECT md5(string_agg(d::text, '|' ORDER BY deal_id)) FROM crm.deals AS d) AS deals,
       (SELECT md5(string_agg(h::text, '|' ORDER BY account_id, observed_on))
        FROM analytics.health_history AS h) AS health
FROM analytics.accounts AS a;
UPDATE analytics.accounts SET health_score = 1 WHERE account_id = 10000;
DELETE FROM crm.deals WHERE dealtype = 'renewal';

\ir ../../scripts/sample-data.sql
SELECT results_eq($$
    SELECT md5(string_agg(a::text, '|' ORDER BY account_id)),
           (SELECT md5(string_agg(d::text, '|' ORDER BY deal_id)) FROM crm.deals AS d),
           (SELECT md5(string_agg(h::text, '|' ORDER BY account_id, observed_on))
        FROM analytics.health_history AS h)
    FROM analytics.accounts AS a
$$, 'SELECT accounts, deals, health FROM first_load', 'a second load restores every row');

SELECT is((SELECT count(*) FROM analytics.accounts), 2000::bigint, 'there are 2,000 customers');
SELECT is((SELECT count(DISTINCT account_name) FROM analytics.accounts), 2000::bigint, 'each has a name of its own');
SELECT is((SELECT count(DISTINCT health_status) FROM analytics.accounts), 5::bigint, 'every health status occurs');
SELECT is_empty($$
    SELECT a.account_id FROM analytics.accounts AS a
    LEFT JOIN analytics.health_history AS h
           ON h.account_id = a.account_id AND h.observed_on = (SELECT max(observed_on) FROM analytics.health_history)
    WHERE (h.health_score, h.health_status) IS DISTINCT FROM (a.health_score, a.health_status)
$$, 'the history ends with the present score');
SELECT is_empty($$
    SELECT a.account_id FROM analytics.accounts AS a
    LEFT JOIN analytics.people AS csm ON csm.person_id = a.csm AND csm.email = a.owner_email
    LEFT JOIN analytics.people AS manager ON manager.person_id = csm.manager
    WHERE manager.role IS DISTINCT FROM 'manager'
$$, 'each customer has a CSM, and each CSM a manager');
SELECT is((SELECT atttypid::regtype::text FROM pg_attribute
           WHERE attrelid = 'crm.deals'::regclass AND attname = 'company_id'),
          (SELECT atttypid::regtype::text FROM pg_attribute
           WHERE attrelid = 'analytics.accounts'::regclass AND attname = 'account_id'),
          'deals and accounts join by one type');
SELECT cmp_ok((SELECT count(*) FROM crm.deals WHERE company_id IS NULL), '>', 0::bigint, 'some deals have no company');

-- In a database that has such a schema of its own, the script must not touch it.
SET client_min_messages = warning;
DROP SCHEMA analytics, crm CASCADE;
CREATE SCHEMA crm;
CREATE TABLE crm.companies (id integer);
\setenv PGDATABASE :DBNAME
\set refusal `psql -Xq -f scripts/sample-data.sql 2>&1`
SELECT matches(:'refusal'::text, 'this database has its own schema crm', 'somebody else''s schema is left alone, and named');

SELECT * FROM finish();
