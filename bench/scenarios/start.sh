# shellcheck shell=bash
# What a start costs who starts: one statement for each, against a plain INSERT of the same row into a table with the
# indexes of the live one; and BENCH_STARTS (10,000) in one statement, against C.

prepare() { prepare_owner; }

# Rows that are due tomorrow, so that nobody executes them meanwhile.
prepare_inserts() {
	bench_psql <<-'END'
		CREATE TABLE one_execution AS SELECT * FROM playbook_executions_live WHERE playbook_id = 'engine' LIMIT 1;
		CREATE TABLE like_executions (LIKE playbook_executions_live INCLUDING ALL);
		CREATE SEQUENCE execution_number;
		GRANT SELECT ON one_execution TO bench_owner;
		GRANT INSERT ON like_executions TO bench_owner;
		GRANT USAGE ON execution_number TO bench_owner;
	END
	insert_columns=$(bench_psql -c "SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute
		WHERE attrelid = 'one_execution'::regclass AND attnum > 1 AND NOT attisdropped")
}

# many <name> <statement>: starts all at once; metric, and its rate in $rate
many() {
	local took
	bench_psql -c "VACUUM playbook_executions_live, playbook_step_executions_live" -c CHECKPOINT
	took=$(milliseconds owner_psql -c "$2")
	rate=$(per_second $((count * 1000)) "$took")
	metric "playbook_start_many, $1" "$rate" "1/s"
	until_idle "SELECT true WHERE NOT EXISTS (SELECT FROM playbook_executions_live WHERE due_at < now())" >/dev/null
}

measure() {
	local c k rate one start insert clients insert_columns count=${BENCH_STARTS:-10000}
	start="SELECT playbook_start('engine', customer => '7', start_at => now() + interval '1 day');"
	latency "playbook_start" 3000 <<<"$start"
	prepare_inserts
	insert="INSERT INTO like_executions (id, $insert_columns)
		SELECT nextval('execution_number'), $insert_columns FROM one_execution;"
	for clients in 1 4; do
		one=$(PGUSER=bench_owner tps -c $clients -j 1 <<<"$start")
		metric "playbook_start, connections: $clients" "$one" "1/s"
		rate=$(PGUSER=bench_owner tps -c $clients -j 1 <<<"$insert")
		metric "INSERT, connections: $clients" "$rate" "1/s"
		metric "playbook_start / INSERT, connections: $clients" "$(ratio "$one" "$rate")" ""
	done
	drain engine "$count" >/dev/null # step rows for the yardsticks
	c=$(yardstick_c engine "$count")
	k=$(yardstick_k)
	metric "C, COPY of step rows" "$c" "1/s"
	metric "K, inserts with commit" "$k" "1/s"
	many "array of $count" "SELECT count(*) FROM playbook_start_many('engine',
		ARRAY(SELECT n::text FROM generate_series(1, $count) AS n))"
	metric "playbook_start_many, array / C" "$(ratio "$rate" "$c")" ""
	many "jsonb of $count" "SELECT count(*) FROM playbook_start_many('engine', (
		SELECT jsonb_agg(jsonb_build_object('customer', n::text)) FROM generate_series(1, $count) AS n))"
	metric "playbook_start_many, jsonb / C" "$(ratio "$rate" "$c")" ""
}
