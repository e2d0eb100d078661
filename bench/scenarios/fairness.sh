# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # latency reads latency_role and leaves p99
# How long somebody waits for one execution while another role has BENCH_BACKLOG (100,000) that are due: against the
# same on an idle server.

prepare() {
	prepare_owner
	bench_psql <<-'END'
		SELECT 'CREATE ROLE bench_other LOGIN' WHERE to_regrole('bench_other') IS NULL \gexec
		GRANT playbook_author, playbook_operator TO bench_other;
	END
	local steps
	steps=$(three_steps query 'SELECT 1 AS n')
	PGUSER=bench_other bench_psql -v definition="{\"id\": \"single\", \"steps\": [$steps]}" \
		<<<"SELECT playbook_create(:'definition', publish => true)" >/dev/null
	drain engine 100 >/dev/null
}

wait_for_one() {
	local latency_role=bench_other
	latency "$1" 300 <<-'END'
		SELECT playbook_start('single') AS execution \gset
		SELECT 1 / (status = 'completed')::integer FROM playbook_wait(:execution, '60 s');
	END
}

measure() {
	local backlog=${BENCH_BACKLOG:-100000} idle left
	wait_for_one warm >/dev/null
	wait_for_one idle
	idle=$p99
	owner_psql -c "SELECT count(*) FROM playbook_start_many('engine',
		ARRAY(SELECT n::text FROM generate_series(1, $backlog) AS n))" >/dev/null
	wait_for_one "beside $backlog"
	left=$(bench_psql -c "SELECT count(*) FROM playbook_executions_live WHERE playbook_id = 'engine'")
	metric "of these left at its end" "$left" ""
	metric "p99 / idle p99" "$(ratio "$p99" "$idle")" ""
}
