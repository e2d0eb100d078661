# shellcheck shell=bash
# Whether what has finished slows what is under way: a drain beside BENCH_FINISHED (5,000,000) finished executions of
# three steps each, against one in an empty database.

prepare() { prepare_owner; }

measure() {
	local playbook count=${BENCH_EXECUTIONS:-10000} finished=${BENCH_FINISHED:-5000000} before after
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
