# shellcheck shell=bash
# shellcheck disable=SC2154 # database is bench/run's, holder_PID is coproc's
# Whether a session that holds a snapshot, or a transaction that has an id, for BENCH_HOLD (300) seconds slows the
# engine, which works all that time: what is dead cannot be removed meanwhile. The last drain against the first; and a
# bystander's query, on a table that the engine knows nothing of, at both times.

prepare() {
	prepare_owner
	owner_psql -c "CREATE TABLE bystander AS
		SELECT n AS id, md5(n::text) AS text FROM generate_series(1, 100000) AS n" \
		-c "CREATE UNIQUE INDEX ON bystander (id)" -c "ANALYZE bystander"
}

bystander() {
	latency "$1" 2000 <<-'END'
		\set id random(1, 100000)
		SELECT text FROM bystander WHERE id = :id;
	END
}

# hold <begin> <statement>: keeps that transaction open until release.
hold() {
	coproc holder { "$PG_BIN/psql" -XAtq -d "$database" 2>&1; }
	printf '%s\n' "$1" "$2" "SELECT 'held';" >&"${holder[1]}"
	local line
	while read -r -t 30 line <&"${holder[0]}" && [ "$line" != held ]; do :; done
	[ "$line" = held ] || fail "no transaction is held open"
}
release() {
	local pid=$holder_PID
	printf 'ROLLBACK;\n\\q\n' >&"${holder[1]}"
	wait "$pid" || true
}

measure() {
	local kind count=${BENCH_EXECUTIONS:-10000} hold=${BENCH_HOLD:-300} before after p50_before end drained p50=0
	for kind in snapshot xid; do
		drain engine 500 >/dev/null
		bench_psql -c "VACUUM playbook_executions_live, playbook_step_executions_live" -c CHECKPOINT
		before=$(drain engine "$count")
		metric "$kind: executions, before" "$(per_second "$count" "$before")" "1/s"
		bystander "$kind: bystander, before"
		p50_before=$p50
		case $kind in
			snapshot) hold "BEGIN ISOLATION LEVEL REPEATABLE READ;" "SELECT count(*) FROM playbooks;" ;;
			xid) hold "BEGIN;" "SELECT pg_current_xact_id();" ;;
		esac
		end=$((SECONDS + hold)) drained=0
		while [ "$SECONDS" -lt "$end" ]; do
			after=$(drain engine "$count")
			drained=$((drained + count))
		done
		metric "$kind: executions while it is held" "$drained" ""
		metric "$kind: executions, at the end" "$(per_second "$count" "$after")" "1/s"
		metric "$kind: ratio" "$(ratio "$before" "$after")" ""
		bystander "$kind: bystander, at the end"
		metric "$kind: bystander, ratio" "$(ratio "$p50" "$p50_before")" ""
		release
	done
}
