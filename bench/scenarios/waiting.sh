# shellcheck shell=bash
# Whether what waits slows what is due: a drain beside BENCH_WAITING (1,000,000) executions of the same role that wait,
# of five priorities, due in an hour to a month; against one in an empty database.

prepare() { prepare_owner; }

# wait_many <count>: copies of one that waits.
wait_many() {
	owner_psql -c "SELECT playbook_start('waits')" >/dev/null
	until_idle "SELECT id FROM playbook_executions_live WHERE playbook_id = 'waits' AND status = 'waiting'" >/dev/null
	bench_psql -v count="$1" <<-'END'
		SELECT id AS model FROM playbook_executions_live WHERE playbook_id = 'waits' AND status = 'waiting' \gset
		SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) AS execution_columns FROM pg_attribute
		WHERE attrelid = 'playbook_executions'::regclass AND attnum > 0
		AND attname NOT IN ('id', 'priority', 'due_at') \gset
		SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) AS step_columns FROM pg_attribute
		WHERE attrelid = 'playbook_step_executions'::regclass AND attnum > 0 AND attname <> 'execution_id' \gset
		CREATE TEMPORARY TABLE copies AS
		SELECT nextval('playbook_execution_number') << 10 AS new_id, n % 5 AS new_priority,
			now() + interval '1 h' + n * interval '30 days' / :count AS new_due_at
		FROM generate_series(1, :count) AS n;
		INSERT INTO playbook_executions_live (id, priority, due_at, :execution_columns)
		SELECT new_id, new_priority, new_due_at, :execution_columns
		FROM copies, playbook_executions_live WHERE id = :model;
		INSERT INTO playbook_step_executions_live (execution_id, :step_columns)
		SELECT new_id, :step_columns FROM copies, playbook_step_executions_live WHERE execution_id = :model;
	END
	bench_psql -c "VACUUM ANALYZE playbook_executions_live, playbook_step_executions_live" -c CHECKPOINT
}

measure() {
	local playbook count=${BENCH_EXECUTIONS:-10000} waiting=${BENCH_WAITING:-1000000} before after
	for playbook in engine sql; do
		drain "$playbook" 500 >/dev/null
		before=$(drain "$playbook" "$count")
		eval "${playbook}_before=$before"
		metric "$playbook: executions, empty" "$(per_second "$count" "$before")" "1/s"
	done
	wait_many "$waiting"
	for playbook in engine sql; do
		drain "$playbook" 500 >/dev/null
		after=$(drain "$playbook" "$count")
		eval "before=\$${playbook}_before"
		metric "$playbook: executions, $waiting waiting" "$(per_second "$count" "$after")" "1/s"
		metric "$playbook: ratio" "$(ratio "$before" "$after")" ""
	done
}
