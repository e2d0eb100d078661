-- The result document of the analysis, and what to try next
SELECT set_config('role', 'demo_team', false) \g /dev/null
SELECT jsonb_pretty(playbook_result(id)) FROM playbook_executions WHERE playbook_id = 'rescue_at_risk_accounts';
SELECT format('%L', min(account_id)) AS customer FROM analytics.accounts
WHERE account_id::text NOT IN (SELECT customer_id FROM playbook_executions WHERE customer_id IS NOT NULL) \gset
\echo
\echo '    Try next, in "scripts/demo psql":'
\echo '      SET ROLE demo_team;'
\echo '      SELECT * FROM playbook_preview(''at_risk'', ':customer');   -- what it would do for a customer'
\echo '      SELECT playbook_start(''at_risk'', ':customer');            -- do it'
\echo '      SELECT id, customer_id, status, waiting_for FROM playbook_executions;'
\echo '      SELECT playbook_signal(id, ''response_received'') FROM playbook_executions WHERE waiting_for = ''event'';'
