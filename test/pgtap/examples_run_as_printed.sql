-- presales_analysis and my_custom_playbook run as the requirements print them, to the byte, and give the rows, the
-- columns and the types that SQL written by hand gives.
SELECT plan(23);
\ir ../../scripts/sample-data.sql
\ir examples.psql

-- The text is the printed one. A clone has no requirements beside it; it has the copies.
SELECT is(:'presales_copies'::text, 'same'::text, 'library and tests have one presales_analysis');
SELECT is(:'custom_copies'::text, 'same'::text, 'library and tests have one my_custom_playbook');
SELECT CASE WHEN :'requirements' = '' THEN skip('the requirements are not beside this checkout', 2)
            ELSE is(:'presales_printed'::text, 'same', 'which is the printed presales_analysis')
                 || E'\n' || is(:'custom_printed'::text, 'same', 'and the printed my_custom_playbook') END;
\set definition `cat library/presales_analysis.yaml`
SELECT is(playbook_create(:'definition', publish => true), 'presales_analysis',
          'presales_analysis is taken as it is');
\set definition `cat library/my_custom_playbook.yaml`
SELECT is(playbook_create(:'definition', publish => true), 'my_custom_playbook', 'so is my_custom_playbook');

-- presales_analysis: each of its steps.
SELECT playbook_run('presales_analysis') AS document \gset
SELECT is(:'document'::jsonb ->> 'status', 'completed', 'presales_analysis runs');
CREATE TABLE open_deals AS
SELECT dealname, amount, closedate, dealstage, associated_company, deal_id, company_id FROM crm.deals
WHERE dealstage = 'qualifiedtobuy' OR dealstage = 'presentationscheduled' OR dealstage = 'decisionmakerboughtin';
CREATE TABLE account_health AS
SELECT account_id, account_name, health_score, health_status, arr, owner_email FROM analytics.accounts AS a
WHERE EXISTS (SELECT FROM open_deals AS d WHERE d.company_id = a.account_id);
CREATE TABLE combined AS SELECT * FROM open_deals, account_health WHERE company_id = account_id;
SELECT same_rows(:'document', 'open_deals', 'open_deals'),
    same_types('presales_analysis', 'open_deals', 'open_deals');
SELECT same_rows(:'document', 'account_health', 'account_health'),
    same_types('presales_analysis', 'account_health', 'account_health');
SELECT same_rows(:'document', 'combine_results', 'combined'),
    same_types('presales_analysis', 'combine_results', 'combined');
-- The sample would prove little if every deal had an account, and every account one deal.
SELECT cmp_ok((SELECT count(*) FROM open_deals), '>', (SELECT count(*) FROM combined), 'some deals have no account');
SELECT cmp_ok((SELECT count(*) FROM combined), '>', (SELECT count(*) FROM account_health),
              'some accounts have several deals');

-- Its outputs.
SELECT is((SELECT array_agg(o ->> 'name' || ' ' || (o ->> 'type'))
           FROM jsonb_array_elements(:'document'::jsonb -> 'outputs') AS o),
          ARRAY['opportunities_with_health data', 'summary aggregate'], 'both outputs are in the document');
SELECT bag_eq(format('SELECT r FROM jsonb_array_elements(%L::jsonb #> ''{outputs,0,data}'') AS r', :'document'),
              'SELECT to_jsonb(c) FROM combined AS c', 'the first is the joined rows');
SELECT is(:'document'::jsonb #> '{outputs,1,data}', (
    SELECT jsonb_build_array(jsonb_build_object('total_pipeline', sum(amount), 'avg_health_score', avg(health_score),
                                                'at_risk_deals', count(CASE health_status WHEN 'At-Risk' THEN 1 END)))
    FROM combined), 'the second is the three figures');
SELECT cmp_ok((:'document'::jsonb #>> '{outputs,1,data,0,at_risk_deals}')::integer, '>', 0,
              'none of which is trivial');

-- my_custom_playbook: its default, and a value given at start as in the requirements.
SELECT playbook_run('my_custom_playbook') AS document \gset
CREATE TABLE results AS SELECT * FROM analytics.accounts WHERE arr >= 10000;
SELECT same_rows(:'document', 'main_query', 'results'), same_types('my_custom_playbook', 'main_query', 'results');
SELECT playbook_run('my_custom_playbook', parameters => '{"min_value": 50000}') AS document \gset
DELETE FROM results WHERE arr < 50000;
SELECT same_rows(:'document', 'main_query', 'results');
SELECT is(:'document'::jsonb #> '{metadata,parameters_used}', '{"min_value": 50000}',
          'the document says which value was used');

SELECT * FROM finish();
