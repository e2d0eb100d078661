# shellcheck shell=bash
# How fast executions that are due are executed: three steps that are the engine's alone (condition, notify, wait for
# nothing), three sql steps that return 100 bytes each ("text"), three that insert a row each ("sql"), three queries.
# One role owns them, and two executors work for it.

prepare() { prepare_owner; }

measure() {
	local playbook seconds c k executions count=${BENCH_EXECUTIONS:-10000}
	use_executors 2
	for playbook in engine text sql query; do
		drain "$playbook" 500 >/dev/null # executors and their plans are there
		bench_psql -c CHECKPOINT
		seconds=$(drain "$playbook" "$count")
		executions=$(per_second "$count" "$seconds")
		metric "$playbook: executions" "$executions" "1/s"
		metric "$playbook: steps" "$(per_second $((count * 3)) "$seconds")" "1/s"
		metric "$playbook: executors" "$(executors)" ""
		eval "${playbook}_rate=$executions"
	done
	c=$(yardstick_c)
	k=$(yardstick_k)
	metric "C, COPY of step rows" "$c" "1/s"
	metric "K, inserts with commit" "$k" "1/s"
	for playbook in engine text sql query; do
		eval "executions=\$${playbook}_rate"
		metric "$playbook: steps / C" "$(ratio $((executions * 3)) "$c")" ""
		metric "$playbook: executions / K" "$(ratio "$executions" "$k")" ""
	done
}
