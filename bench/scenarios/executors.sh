# shellcheck shell=bash
# What further executors bring: a drain of engine-only executions with playbook.max_executors 1, 2 and 4. The executors
# of one role are no more than the machine has processors.

prepare() { prepare_owner; }

measure() {
	local most seconds one=0 count=${BENCH_EXECUTIONS:-10000}
	for most in 1 2 4; do
		use_executors $most
		drain engine 500 >/dev/null
		drain engine "$count" >/dev/null # until there are so many
		bench_psql -c "VACUUM playbook_executions_live, playbook_step_executions_live" -c CHECKPOINT
		seconds=$(drain engine "$count")
		metric "max_executors $most: executions" "$(per_second "$count" "$seconds")" "1/s"
		metric "max_executors $most: executors" "$(executors)" ""
		if [ $most = 1 ]; then one=$seconds; fi
		metric "max_executors $most, against 1" "$(ratio "$one" "$seconds")" ""
	done
}
