# shellcheck shell=bash
# Whether an executor grows: its private memory, and all of it that is resident (which has the shared buffers that it
# has touched), after a tenth of BENCH_EXECUTIONS_OF_ONE (1,000,000) executions and after all of them.

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

measure() {
	local most=${BENCH_EXECUTIONS_OF_ONE:-1000000} playbook early late
	use_executors 1
	server_set playbook.executor_idle 3600
	for playbook in engine text sql query; do drain "$playbook" 10 >/dev/null; done
	executed $((most / 10))
	read -r -a early < <(executor_memory)
	metric "private, after $((most / 10))" "${early[1]}" kB
	metric "resident, after $((most / 10))" "${early[2]}" kB
	executed $((most - most / 10))
	read -r -a late < <(executor_memory)
	[ "${early[0]}" = "${late[0]}" ] || fail "it is another executor now"
	metric "private, after $most" "${late[1]}" kB
	metric "resident, after $most" "${late[2]}" kB
	metric "private, growth" \
		"$(awk -v a="${early[1]}" -v b="${late[1]}" 'BEGIN { printf "%.1f", (b / a - 1) * 100 }')" %
}
