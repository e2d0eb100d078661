# shellcheck shell=bash
# How fast executions that are due are executed: three steps that are the engine's alone (condition, notify, wait for
# nothing), three sql steps that return 100 bytes each ("text"), three that insert a row each ("sql"), three queries.
# One role owns them, and two executors work for it. The median of BENCH_ROUNDS (3); each against C of its own step
# rows, taken right after it.

prepare() { prepare_owner; }

# One round: each playbook's executions, then C of the step rows that they left; to the end of its figures.
round() {
	local playbook count=$1 executions c
	for playbook in engine text sql query; do
		bench_psql -c CHECKPOINT
		executions=$(per_second "$count" "$(drain "$playbook" "$count")")
		c=$(yardstick_c "$playbook" "$count")
		rates[$playbook]+="$executions"$'\n'
		yardsticks[$playbook]+="$c"$'\n'
		ratios[$playbook]+="$(ratio $((executions * 3)) "$c")"$'\n'
	done
}

measure() {
	local playbook k executions lowest highest rounds count=${BENCH_EXECUTIONS:-10000}
	local -A rates=() yardsticks=() ratios=()
	use_executors 2
	for playbook in engine text sql query; do
		drain "$playbook" 500 >/dev/null # executors and their plans are there
	done
	for ((rounds = ${BENCH_ROUNDS:-3}; rounds > 0; --rounds)); do round "$count"; done
	k=$(yardstick_k)
	metric "K, inserts with commit" "$k" "1/s"
	metric "executors" "$(executors)" ""
	for playbook in engine text sql query; do
		executions=$(median <<<"${rates[$playbook]%$'\n'}")
		metric "$playbook: executions" "$executions" "1/s"
		metric "$playbook: steps" $((executions * 3)) "1/s"
		metric "$playbook: C, COPY of its step rows" "$(median <<<"${yardsticks[$playbook]%$'\n'}")" "1/s"
		metric "$playbook: steps / C" "$(median <<<"${ratios[$playbook]%$'\n'}")" ""
		lowest=$(sort -g <<<"${ratios[$playbook]%$'\n'}" | head -n 1)
		highest=$(sort -g <<<"${ratios[$playbook]%$'\n'}" | tail -n 1)
		metric "$playbook: steps / C, lowest round" "$lowest" ""
		metric "$playbook: steps / C, highest round" "$highest" ""
		metric "$playbook: executions / K" "$(ratio "$executions" "$k")" ""
	done
}
