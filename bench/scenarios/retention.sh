# shellcheck shell=bash
# shellcheck disable=SC2154 # database is bench/run's
# How long playbook_purge takes to drop BENCH_FINISHED (10,000,000) finished executions whose retention is over, and
# what a drain of BENCH_EXECUTIONS (100,000) notices of it, while a session holds a snapshot in which it has read the
# live executions, and a pg_dump of another table is under way. (Who holds the slot itself is waited for:
# doc/operations.md.)

slot=16 # one that is not given out otherwise

prepare() {
	prepare_owner
	owner_psql -c "CREATE TABLE bystander AS SELECT n, md5(n::text) FROM generate_series(1, 100000) AS n"
	drain engine 500 >/dev/null
	finish_many engine "${BENCH_FINISHED:-10000000}" "$slot"
	bench_psql -c "INSERT INTO playbook_history_slots (slot, ends_at) VALUES ($slot, now() - interval '2 hours')
		ON CONFLICT (slot) DO UPDATE SET ends_at = excluded.ends_at"
}

# The dump stands still when the pipe is full, as nobody reads on.
open_reader_and_dump() {
	coproc reader { "$PG_BIN/psql" -XAtq -d "$database" 2>&1; }
	printf '%s\n' "BEGIN ISOLATION LEVEL REPEATABLE READ;" "SELECT 1 FROM playbook_executions_live LIMIT 1;" \
		"SELECT 'held';" >&"${reader[1]}"
	local line
	while read -r -t 30 line <&"${reader[0]}" && [ "$line" != held ]; do :; done
	[ "$line" = held ] || fail "no transaction is held open"
	exec {dump}< <(exec "$PG_BIN/pg_dump" -d "$database" -t bystander 2>/dev/null)
	read -r -t 30 <&"$dump" || fail "pg_dump does not begin"
}
close_reader_and_dump() {
	exec {dump}<&-
	local pid=$reader_PID
	printf 'ROLLBACK;\n\\q\n' >&"${reader[1]}"
	wait "$pid" || true
}

measure() {
	local finished=${BENCH_FINISHED:-10000000} count=${BENCH_EXECUTIONS:-100000}
	local before during took calls dump work left=0
	drain engine 500 >/dev/null
	before=$(drain engine "$count")
	metric "executions, before" "$(per_second "$count" "$before")" "1/s"
	bench_psql -c CHECKPOINT
	open_reader_and_dump
	exec {work}< <(drain engine "$count")
	until [ "$(bench_psql -c "SELECT bool_or(state <> 'idle') FROM playbook_workers WHERE kind = 'executor'")" = t ] ||
		[ $((++left)) -gt 1000 ]; do sleep 0.01; done
	# An autovacuum of the slot, say, may be in the way of one call.
	for ((calls = 1; calls <= 20; ++calls)); do
		took=$(milliseconds bench_psql -c "CALL playbook_purge()" 2>/dev/null)
		[ "$(bench_psql -c "SELECT ends_at IS NULL FROM playbook_history_slots WHERE slot = $slot")" = f ] || break
	done
	read -r during <&"$work"
	close_reader_and_dump
	[ "$(bench_psql -c "SELECT count(*) FROM playbook_executions WHERE slot = $slot")" = 0 ] ||
		fail "the slot was not dropped"
	metric "playbook_purge of $finished" "$took" ms
	metric "calls of it until the slot was free" "$calls" ""
	metric "executions, during it" "$(per_second "$count" "$during")" "1/s"
	metric "ratio" "$(ratio "$before" "$during")" ""
	metric "bytes left in the slot" "$(bench_psql -c "SELECT sum(pg_total_relation_size(name::regclass))
		FROM unnest('{playbook_executions_$slot,playbook_step_executions_$slot}'::text[]) AS name")" bytes
}
