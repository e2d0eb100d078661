# shellcheck shell=bash
# Whether an executor grows: its private memory, and all of it that is resident (which has the shared buffers that it
# has touched), after a tenth of BENCH_EXECUTIONS_OF_ONE (1,000,000) executions, after half and after all of them. What
# grows in the first half may be what the C library keeps of the largest batches; a leak grows in the second half, too.

prepare() { prepare_owner; }

# executor_memory: pid, private and resident kB of the only one
executor_memory() {
	local pid
	pid=$(bench_psql -c "SELECT pid FROM playbook_workers
		WHERE kind = 'executor' AND role = 'bench_owner'::regrole")
	awk -v pid="$pid" '/^Pss_Anon:/ { anonymous = $2 } /^Rss:/ { resident = $2 }
		END { print pid, anonymous, resident }' "/proc/$pid/smaps_rollup"
}

# executed <count>: of all kinds in turn, 10,000 at a time
executed() {
	local left part playbooks=(engine text sql query) turn=0
	for ((left = $1; left > 0; left -= 10000)); do
		part=$((left < 10000 ? left : 10000))
		drain "${playbooks[turn++ % 4]}" "$part" >/dev/null
	done
}

# after <count>: metrics, and the process and its private memory in $process and $private
after() {
	local was=${process:-} resident
	read -r process private resident < <(executor_memory)
	[ "${was:-$process}" = "$process" ] || fail "it is another executor now"
	metric "private, after $1" "$private" kB
	metric "resident, after $1" "$resident" kB
}

# growth <from> <to>
growth() { awk -v a="$1" -v b="$2" 'BEGIN { printf "%.1f", (b / a - 1) * 100 }'; }

measure() {
	local most=${BENCH_EXECUTIONS_OF_ONE:-1000000} playbook early half process="" private
	use_executors 1
	server_set playbook.executor_idle 3600
	for playbook in engine text sql query; do drain "$playbook" 10 >/dev/null; done
	executed $((most / 10))
	after $((most / 10))
	early=$private
	executed $((most / 2 - most / 10))
	after $((most / 2))
	half=$private
	executed $((most - most / 2))
	after "$most"
	metric "private, growth from a tenth" "$(growth "$early" "$private")" %
	metric "private, growth from half" "$(growth "$half" "$private")" %
}
