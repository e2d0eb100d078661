-- A data playbook: open deals beside the health of their accounts
--
-- presales_analysis as it is printed in the requirements, run in this session on the tables of this database.
SELECT set_config('role', 'demo_team', false) \g /dev/null
\set definition `cat library/presales_analysis.yaml`
SELECT '    playbook ' || playbook_create(:'definition', publish => true) || ' is published';
SELECT playbook_run('presales_analysis') AS document \gset
\pset format aligned
\pset tuples_only off
SELECT s ->> 'step_id' AS step, s ->> 'source' AS source, s ->> 'status' AS status,
       (s ->> 'row_count')::integer AS rows, (s ->> 'execution_time_ms')::integer AS ms
FROM jsonb_array_elements(:'document'::jsonb -> 'steps') AS s;
SELECT (o -> 'data' -> 0 ->> 'total_pipeline')::numeric AS total_pipeline,
       (o -> 'data' -> 0 ->> 'avg_health_score')::numeric(5, 2) AS avg_health_score,
       (o -> 'data' -> 0 ->> 'at_risk_deals')::integer AS at_risk_deals
FROM jsonb_array_elements(:'document'::jsonb -> 'outputs') AS o WHERE o ->> 'name' = 'summary';
\pset tuples_only on
\pset format unaligned
SELECT demo.check('total pipeline', (o -> 'data' -> 0 ->> 'total_pipeline')::numeric, (
    SELECT sum(d.amount) FROM crm.deals AS d JOIN analytics.accounts AS a ON a.account_id = d.company_id
    WHERE d.dealstage IN ('qualifiedtobuy', 'presentationscheduled', 'decisionmakerboughtin')))
FROM jsonb_array_elements(:'document'::jsonb -> 'outputs') AS o WHERE o ->> 'name' = 'summary';
SELECT '    “' || insight || '”' FROM jsonb_array_elements_text(:'document'::jsonb -> 'insights') AS insight;
