# An analysis that starts a playbook for each account it finds, shown live
#
# Executors work in the background; what they do arrives over NOTIFY (scripts/watch).
demo_psql -qAt <<-'END' || fail "the playbooks could not be published" "The lines above say why."
	SET ROLE demo_team;
	\set definition `cat library/at_risk.yaml`
	SELECT '    playbook ' || playbook_create(:'definition', publish => true) || ' is published';
	\set definition `cat library/rescue_at_risk_accounts.yaml`
	SELECT '    playbook ' || playbook_create(:'definition', publish => true) || ' is published';
END
PGDATABASE=$database PG_BIN=$PG_BIN scripts/watch 2>/dev/null > >(tee "$log/demo-watch.log" | sed -u 's/^/    /') &
watcher=$!
sleep 0.5
analysis=$(demo_psql -qAt -c "SET ROLE demo_team; SELECT playbook_start('rescue_at_risk_accounts')") ||
	fail "the analysis could not be started" "The lines above say why."
say "execution $analysis is started; waiting until every rescue waits for its approval"
demo_psql -qAt <<-END || fail "waiting failed" "The lines above say why."
	SELECT '    the analysis is ' || status FROM playbook_wait($analysis, '20 s');
	SELECT count(playbook_wait(id, '20 s', 'person'))
	FROM playbook_executions WHERE playbook_id = 'at_risk' \g /dev/null
END
sleep 0.6
pkill -P "$watcher" 2>/dev/null || true
wait "$watcher" 2>/dev/null || true
[ -s "$log/demo-watch.log" ] || fail "no notification arrived" "The server's log is in $cluster/log."
demo_psql -qAt <<-'END' || fail "the figures differ" "The lines above say how."
	CREATE TEMPORARY TABLE worst AS
	SELECT account_id::text FROM analytics.accounts WHERE health_score < 40 ORDER BY arr DESC, account_id LIMIT 5;
	SELECT demo.check('customers started', count(*), (SELECT count(*) FROM worst))
	FROM playbook_executions WHERE playbook_id = 'at_risk';
	SELECT demo.check('customers started that should not have been', count(*), 0)
	FROM playbook_executions WHERE playbook_id = 'at_risk' AND customer_id NOT IN (SELECT account_id FROM worst);
END
