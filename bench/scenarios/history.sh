# shellcheck shell=bash
# Whether what has finished slows what is under way: a drain beside BENCH_FINISHED (1,000,000) finished executions of
# three steps each, against one in an empty database.

prepare() { prepare_owner; }

# finish_many <playbook> <count>: copies of its last execution, spread over all slots of history.
finish_many() {
	bench_psql -v count="$2" -v playbook="$1" <<-'END'
		SELECT id AS model FROM playbook_executions WHERE playbook_id = :'playbook' ORDER BY id DESC LIMIT 1 \gset
		SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) AS execution_columns FROM pg_attribute
		WHERE attrelid = 'playbook_executions'::regclass AND attnum > 0 AND attname NOT IN ('id', 'slot') \gset
		SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) AS step_columns FROM pg_attribute
		WHERE attrelid = 'playbook_step_executions'::regclass AND attnum > 0
		AND attname NOT IN ('execution_id', 'slot') \gset
		CREATE TEMPORARY TABLE copies AS
		SELECT nextval('playbook_execution_number') << 10 AS new_id, (n % 16 + 1)::smallint AS new_slot
		FROM generate_series(1, :count) AS n;
		INSERT INTO playbook_executions (id, slot, :execution_columns)
		SELECT new_id, new_slot, :execution_columns FROM copies, playbook_executions WHERE id = :model;
		INSERT INTO playbook_step_executions (execution_id, slot, :step_columns)
		SELECT new_id, new_slot, :step_columns FROM copies, playbook_step_executions WHERE execution_id = :model;
	END
	bench_psql -c "VACUUM (ANALYZE, FREEZE) playbook_executions, playbook_step_executions" -c CHECKPOINT
}

measure() {
	local playbook count=${BENCH_EXECUTIONS:-10000} finished=${BENCH_FINISHED:-1000000} before after
	for playbook in engine sql; do
		drain "$playbook" 500 >/dev/null
		before=$(drain "$playbook" "$count")
		eval "${playbook}_before=$before"
		metric "$playbook: executions, empty" "$(per_second "$count" "$before")" "1/s"
	done
	finish_many engine "$finished"
	for playbook in engine sql; do
		drain "$playbook" 500 >/dev/null
		after=$(drain "$playbook" "$count")
		eval "before=\$${playbook}_before"
		metric "$playbook: executions, $finished finished" "$(per_second "$count" "$after")" "1/s"
		metric "$playbook: ratio" "$(ratio "$before" "$after")" ""
	done
}
