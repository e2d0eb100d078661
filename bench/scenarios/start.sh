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

# many <statement>: starts all at once, in a session that has started before; $rate, a second, and $share of a C that
# is taken right after it.
many() {
	bench_psql -c "VACUUM playbook_executions_live, playbook_step_executions_live" -c CHECKPOINT
	rate=$(owner_psql <<-END
		SELECT count(*) FROM playbook_start_many('engine', ARRAY['0']) \\g /dev/null
		SELECT clock_timestamp() AS began \\gset
		$1 \\g /dev/null
		SELECT round($count / extract(epoch FROM clock_timestamp() - :'began'));
	END
	)
	until_idle "SELECT true WHERE NOT EXISTS (SELECT FROM playbook_executions_live WHERE due_at < now())" >/dev/null
	share=$(ratio "$rate" "$(yardstick_c engine "$count")")
}

# rounds_of <name> <statement>: the median of BENCH_ROUNDS (3)
rounds_of() {
	local rounds rate share rates="" shares=""
	for ((rounds = ${BENCH_ROUNDS:-3}; rounds > 0; --rounds)); do
		many "$2"
		rates+="$rate"$'\n' shares+="$share"$'\n'
	done
	metric "playbook_start_many, $1" "$(median <<<"${rates%$'\n'}")" "1/s"
	metric "playbook_start_many, $1 / C" "$(median <<<"${shares%$'\n'}")" ""
	metric "playbook_start_many, $1 / C, lowest round" "$(sort -g <<<"${shares%$'\n'}" | head -n 1)" ""
	metric "playbook_start_many, $1 / C, highest round" "$(sort -g <<<"${shares%$'\n'}" | tail -n 1)" ""
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
	rounds_of "array of $count" "SELECT count(*) FROM playbook_start_many('engine',
		ARRAY(SELECT n::text FROM generate_series(1, $count) AS n))"
	rounds_of "jsonb of $count" "SELECT count(*) FROM playbook_start_many('engine', (
		SELECT jsonb_agg(jsonb_build_object('customer', n::text)) FROM generate_series(1, $count) AS n))"
}
