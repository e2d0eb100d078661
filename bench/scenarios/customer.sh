# shellcheck shell=bash
# How long it takes to see what is under way for a customer, and the last 20 executions: one of BENCH_CUSTOMERS (50,000)
# with one execution that waits each, among BENCH_FINISHED (5,000,000) that have finished.

prepare() {
	prepare_owner
	local customers=${BENCH_CUSTOMERS:-50000}
	start_many waits "$customers" >/dev/null
	drain engine 1 >/dev/null
	finish_many engine "${BENCH_FINISHED:-5000000}" 0 "$customers"
}

measure() {
	local customer="\\set customer random(1, ${BENCH_CUSTOMERS:-50000} - 1)" active=0 p50
	latency "playbook_active" 2000 <<-END
		$customer
		SELECT execution_id, playbook_id, step_id, sentence, next_at FROM playbook_active
		WHERE customer_id = :customer::text;
	END
	active=$p50
	latency "the last 20 executions" 2000 <<-END
		$customer
		SELECT id, playbook_id, status, created_at, finished_at, error FROM playbook_executions
		WHERE customer_id = :customer::text ORDER BY id DESC LIMIT 20;
	END
	metric "both, sum of p50" "$(awk -v a="$active" -v b="$p50" 'BEGIN { printf "%.3f", a + b }')" ms
}
