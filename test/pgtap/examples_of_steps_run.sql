-- The single steps that the requirements print, each inside a small playbook that has what it refers to: their rows are
-- those of SQL written by hand.
SELECT plan(18);
\ir ../../scripts/sample-data.sql
\ir examples.psql

SELECT CASE WHEN :'requirements' = '' THEN skip('the requirements are not beside this checkout', 1)
            ELSE is(:'steps_copied'::text, :'steps_printed', 'the steps are the printed ones') END;
\set definition `cat test/unit/data/step_examples.yaml`
SELECT playbook_create(:'definition') \g /dev/null
CREATE FUNCTION printed(id text) RETURNS jsonb LANGUAGE sql AS $$
    SELECT step FROM playbooks AS p, jsonb_array_elements(coalesce(p.definition, p.draft) -> 'steps') AS step
    WHERE p.id = 'step_examples' AND step ->> 'id' = printed.id
$$;
-- A query that stands for a step of that name.
CREATE FUNCTION rows_of(id text, query text) RETURNS jsonb LANGUAGE sql AS
    $$SELECT jsonb_build_object('id', id, 'type', 'query', 'config', jsonb_build_object('template', query))$$;
CREATE FUNCTION small_playbook(id text, VARIADIC steps jsonb[]) RETURNS jsonb LANGUAGE plpgsql AS $$
BEGIN
    PERFORM playbook_create(jsonb_build_object('id', id, 'name', id, 'steps', to_jsonb(steps))::text,
                            publish => true);
    RETURN playbook_run(id);
END
$$;

-- Query and search: a hundred rows without an order, so any hundred of those that fit.
SELECT small_playbook('only_query', printed('account_data')) AS document \gset
CREATE TABLE account_data AS SELECT * FROM playbook_records(:'document'::jsonb ->> 'run_id', 'account_data')
    AS t (account_id bigint, name text, health_score integer);
SELECT is_empty($$SELECT * FROM account_data EXCEPT
                  SELECT account_id, name, health_score FROM analytics.accounts WHERE health_status = 'At-Risk'$$,
                'query: rows of the accounts at risk'),
       is((SELECT count(DISTINCT account_id) FROM account_data), 100::bigint, 'query: a hundred of them'),
       cmp_ok((SELECT count(*) FROM analytics.accounts WHERE health_status = 'At-Risk'), '>', 100::bigint,
              'query: of more'),
       same_rows(:'document', 'account_data', 'account_data'),
           same_types('only_query', 'account_data', 'account_data');

SELECT small_playbook('only_search', printed('recent_contacts')) AS document \gset
CREATE TABLE recent_contacts AS SELECT * FROM playbook_records(:'document'::jsonb ->> 'run_id', 'recent_contacts')
    AS t (email text, firstname text, lastname text, contact_id bigint, associated_company bigint);
SELECT is_empty($$SELECT * FROM recent_contacts EXCEPT
                  SELECT email, firstname, lastname, contact_id, associated_company FROM crm.contacts
                      WHERE lifecyclestage = 'customer'$$,
                'search: the properties of customers, and what they are associated with'),
       is((SELECT count(DISTINCT contact_id) FROM recent_contacts), 100::bigint, 'search: a hundred of them'),
       same_rows(:'document', 'recent_contacts', 'recent_contacts'),
       same_types('only_search', 'recent_contacts', 'recent_contacts');

-- Join: over the two printed steps, as they are.
SELECT small_playbook('only_join', printed('account_data'), printed('recent_contacts'),
                      printed('enriched_data')) AS document \gset
CREATE TABLE enriched AS
SELECT * FROM playbook_records(:'document'::jsonb ->> 'run_id',
                               'account_data') AS a (account_id bigint, name text, health_score integer)
LEFT JOIN playbook_records(:'document'::jsonb ->> 'run_id', 'recent_contacts')
    AS c (email text, firstname text, lastname text, contact_id bigint,
          associated_company bigint) ON account_id = associated_company;
SELECT same_rows(:'document', 'enriched_data', 'enriched'), same_types('only_join', 'enriched_data', 'enriched'),
       cmp_ok((SELECT count(contact_id) FROM enriched), '>', 0::bigint,
              'join: some accounts have a contact among the hundred'),
       cmp_ok((SELECT count(*) FROM enriched WHERE contact_id IS NULL), '>', 0::bigint, 'join: others stay without');

-- Aggregate and filter: the printed ones name columns that the printed query does not have.
SELECT small_playbook('only_aggregate', rows_of('enriched_data', 'SELECT * FROM analytics.accounts'),
                      printed('summary_stats')) AS document \gset
CREATE TABLE summary_stats AS
SELECT health_status, count(*) AS count, sum(arr) AS total_arr, avg(health_score) AS avg_health
    FROM analytics.accounts GROUP BY 1;
SELECT same_rows(:'document', 'summary_stats', 'summary_stats'),
    same_types('only_aggregate', 'summary_stats', 'summary_stats');

SELECT small_playbook('only_filter',
                      rows_of('account_data', 'SELECT account_id, name, arr, health_score FROM analytics.accounts'),
                      printed('high_value_only')) AS document \gset
CREATE TABLE high_value_only AS
SELECT account_id, name, arr, health_score FROM analytics.accounts WHERE NOT (arr < 50000 OR health_score >= 50);
SELECT same_rows(:'document', 'high_value_only', 'high_value_only'),
    same_types('only_filter', 'high_value_only', 'high_value_only');

SELECT * FROM finish();
