# shellcheck shell=bash
# shellcheck disable=SC2154 # cluster and database are bench/run's
# What several scenarios measure with. Sourced by bench/run; needs its bench_psql and metric.
#
# Playbooks belong to bench_owner, who is no superuser, and start as his. The two yardsticks are taken in the same run,
# on the same server and tables, so that a ratio says something on any machine:
#   C  step rows a second that one server-side COPY writes into a table like playbook_step_executions, with its indexes
#   K  commits a second of one connection that inserts one such row in each transaction

prepare_owner() {
	bench_psql <<-'END'
		SET client_min_messages = warning;
		CREATE EXTENSION playbook;
		SELECT 'CREATE ROLE bench_owner LOGIN' WHERE to_regrole('bench_owner') IS NULL \gexec
		GRANT playbook_author, playbook_operator TO bench_owner;
		GRANT CREATE ON SCHEMA public TO bench_owner;
	END
	owner_psql -c "CREATE TABLE ledger (execution text NOT NULL, step text NOT NULL)"
	create_playbook engine '
		{"id": "choose", "type": "condition",
		 "config": {"if": "execution.elapsed < interval '"'1 year'"'", "then": []}},
		{"id": "tell", "type": "notify", "config": {"to": "bench_owner", "message": "Hello {{customer.id}}"}},
		{"id": "rest", "type": "wait", "config": {"for": 0}}'
	create_playbook sql "$(three_steps sql "INSERT INTO public.ledger VALUES ({{execution.id}}, 'done')")"
	create_playbook text "$(three_steps sql "SELECT repeat('x', 100) AS text")"
	create_playbook query "$(three_steps query "SELECT {{customer.id}} AS id, 1 AS n")"
	create_playbook waits '{"id": "rest", "type": "wait", "config": {"for": "30 days"}}'
}
# three_steps <type> <template>: as JSON
three_steps() {
	printf '{"id": "%s", "type": "%s", "config": {"template": "%s"}}' a "$1" "$2"
	printf ', {"id": "%s", "type": "%s", "config": {"template": "%s"}}' b "$1" "$2" c "$1" "$2"
}
owner_psql() { PGUSER=bench_owner bench_psql "$@"; }

# create_playbook <id> <steps as JSON>
create_playbook() {
	owner_psql -v definition="{\"id\": \"$1\", \"steps\": [$2]}" \
		<<<"SELECT playbook_create(:'definition', publish => true)" >/dev/null
}

# per_second <count> <seconds>, ratio <a> <b>, median (of the lines of its input), in_commits <milliseconds> <K>: how
# many commits would have fitted into it
per_second() { awk -v n="$1" -v s="$2" 'BEGIN { printf "%.0f", n / s }'; }
ratio() { awk -v a="$1" -v b="$2" 'BEGIN { printf "%.3f", a / b }'; }
median() { sort -g | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }
in_commits() { awk -v ms="$1" -v k="$2" 'BEGIN { printf "%.2f", ms * k / 1000 }'; }

# server_set <setting> <value>: for the whole server, until the scenario ends.
server_set() {
	bench_psql -c "ALTER SYSTEM SET $1 = '$2'" -c "SELECT pg_reload_conf()" >/dev/null
	local left
	for ((left = 100; left > 0; --left)); do
		if [ "$(bench_psql -c "SELECT setting = '$2' FROM pg_settings WHERE name = '$1'")" = t ]; then return 0; fi
		sleep 0.1
	done
	fail "\"$1\" does not become \"$2\""
}

# executors: how many work for bench_owner, or have lately
executors() {
	bench_psql -c "SELECT count(*) FROM playbook_workers WHERE kind = 'executor' AND role = 'bench_owner'::regrole"
}
# use_executors <count>: no more than that from now on; those that are there leave.
use_executors() {
	server_set playbook.max_executors "$1"
	bench_psql -c "SELECT pg_terminate_backend(pid, 10000) FROM playbook_workers WHERE kind = 'executor'" >/dev/null
}

# until_idle <sql>: waits until no executor of bench_owner works and the query gives a value, and prints that. Asked
# of the workers first, not of the tables: those may be large, or full of what is dead.
until_idle() {
	local left value failed
	for ((left = 14400; left > 0; --left)); do
		sleep 0.25
		[ "$(bench_psql -c "SELECT count(*) FROM playbook_workers
			WHERE kind = 'executor' AND role = 'bench_owner'::regrole AND state <> 'idle'")" = 0 ] || continue
		value=$(bench_psql -c "$1")
		if [ -n "$value" ]; then
			echo "$value"
			return 0
		fi
		failed=$(bench_psql -c "SELECT error FROM playbook_executions WHERE status = 'failed' LIMIT 1")
		[ -z "$failed" ] || fail "an execution failed" "$failed"
	done
	fail "executions did not end within an hour" "$1"
}

# start_many <playbook> <executions>: starts them in one transaction, so that none can begin before, and prints the
# time of its commit.
start_many() {
	local committed
	committed=$(
		owner_psql <<-END
			SELECT outcome || coalesce(': ' || detail, '') AS outcome
			FROM playbook_start_many('$1', ARRAY(SELECT n::text FROM generate_series(1, $2) AS n))
			WHERE outcome <> 'started' LIMIT 3;
			SELECT clock_timestamp();
		END
	)
	[ "$(wc -l <<<"$committed")" -eq 1 ] || fail "not every execution was started" "$committed"
	echo "$committed"
}

# drain <playbook> <executions>: starts them, and prints the seconds from the commit to the end of the last.
drain() {
	local committed
	committed=$(start_many "$1" "$2")
	until_idle "SELECT extract(epoch FROM max(finished_at) - '$committed')
		FROM (SELECT * FROM playbook_executions WHERE playbook_id = '$1' ORDER BY id DESC LIMIT $2) AS e
		HAVING count(*) = $2 AND bool_and(status = 'completed')"
}

# finish_many <playbook> <count> [<slot> [<customers>]]: copies of its last execution, which are finished as it is: in
# that slot of history, else spread over all; each for one of so many customers in turn, else for that execution's.
finish_many() {
	local left part most=1000000
	for ((left = $2; left > 0; left -= most)); do
		part=$((left < most ? left : most))
		bench_psql -v count="$part" -v playbook="$1" -v slot="${3:-0}" -v customers="${4:-0}" <<-'END'
			SELECT id AS model FROM playbook_executions WHERE playbook_id = :'playbook' AND slot > 0
			ORDER BY finished_at LIMIT 1 \gset
			SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) AS execution_columns FROM pg_attribute
			WHERE attrelid = 'playbook_executions'::regclass AND attnum > 0
			AND attname NOT IN ('id', 'slot', 'customer_id') \gset
			SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) AS step_columns FROM pg_attribute
			WHERE attrelid = 'playbook_step_executions'::regclass AND attnum > 0
			AND attname NOT IN ('execution_id', 'slot') \gset
			CREATE TEMPORARY TABLE copies AS
			SELECT nextval('playbook_execution_number') << 10 AS new_id,
				CASE :slot WHEN 0 THEN n % 16 + 1 ELSE :slot END::smallint AS new_slot,
				(n % nullif(:customers, 0))::text AS new_customer
			FROM generate_series(1, :count) AS n;
			INSERT INTO playbook_executions (id, slot, customer_id, :execution_columns)
			SELECT new_id, new_slot, coalesce(new_customer, customer_id), :execution_columns
			FROM copies, playbook_executions WHERE id = :model;
			INSERT INTO playbook_step_executions (execution_id, slot, :step_columns)
			SELECT new_id, new_slot, :step_columns FROM copies, playbook_step_executions WHERE execution_id = :model;
		END
	done
	bench_psql -c "VACUUM (ANALYZE, FREEZE) playbook_executions, playbook_step_executions" -c CHECKPOINT
}

# yardstick_c <playbook> <executions>: of the step rows of its last executions.
yardstick_c() {
	local file=$cluster/step_rows
	bench_psql -v playbook="$1" -v executions="$2" -v file="$file" <<-'END'
		SET client_min_messages = warning;
		DROP TABLE IF EXISTS like_steps;
		CREATE TABLE like_steps (LIKE playbook_step_executions INCLUDING ALL);
		SELECT min(id) AS first FROM (SELECT id FROM playbook_executions WHERE playbook_id = :'playbook'
			ORDER BY id DESC LIMIT :executions) AS e \gset
		COPY (SELECT s.* FROM playbook_step_executions s, playbook_executions e
			WHERE s.execution_id >= :first AND e.id = s.execution_id AND e.playbook_id = :'playbook')
			TO :'file' (FORMAT binary);
		CHECKPOINT;
		SELECT clock_timestamp() AS began \gset
		COPY like_steps FROM :'file' (FORMAT binary);
		SELECT extract(epoch FROM clock_timestamp() - :'began') AS seconds \gset
		SELECT round(count(*) / :seconds) FROM like_steps;
	END
	as_server rm -f "$file"
}

# yardstick_k: one row of the same shape in each transaction, for BENCH_SECONDS (3).
yardstick_k() {
	bench_psql <<-'END'
		CREATE TABLE one_row AS SELECT * FROM playbook_step_executions LIMIT 1;
		CREATE TABLE like_steps_k (LIKE playbook_step_executions INCLUDING DEFAULTS INCLUDING STORAGE);
		CREATE UNIQUE INDEX ON like_steps_k (execution_id, position, item);
		CREATE SEQUENCE k_number;
	END
	local columns
	columns=$(bench_psql -c "SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute
		WHERE attrelid = 'one_row'::regclass AND attnum > 1 AND NOT attisdropped")
	tps -c 1 <<<"INSERT INTO like_steps_k (execution_id, $columns)
		SELECT nextval('k_number'), $columns FROM one_row;"
}

# tps <pgbench options…>: runs the script on its input as the present user for BENCH_SECONDS (3), and prints
# transactions a second.
tps() {
	pgbench -n -M prepared -T "${BENCH_SECONDS:-3}" -f /dev/stdin "$@" "$database" 2>&1 |
		awk '/^tps/ { printf "%.0f", $3; found = 1 } { text = text $0 "\n" }
			END { if (!found) { print text > "/dev/stderr"; exit 1 } }'
}

# latency <name> <transactions>: the script on its input by one connection of $latency_role, else bench_owner; metrics
# <name>, p50 and p99. Leaves them in $p50 and $p99. BENCH_LATENCIES, if it is set, takes the place of the number.
latency() {
	local directory values
	directory=$(mktemp -d)
	(cd "$directory" &&
		PGUSER=${latency_role:-bench_owner} \
			pgbench -n -c 1 -t "${BENCH_LATENCIES:-$2}" -l -f /dev/stdin "$database" >out 2>&1) ||
		fail "pgbench failed" "$(cat "$directory/out")"
	read -r -a values < <(sort -n -k 3,3 "$directory"/pgbench_log.* |
		awk '{ v[NR] = $3 } END { printf "%.3f %.3f\n", v[int((NR + 1) / 2)] / 1000, v[int(NR * 0.99 + 0.5)] / 1000 }')
	rm -rf "$directory"
	p50=${values[0]}
	# shellcheck disable=SC2034 # for the scenario
	p99=${values[1]}
	metric "$1, p50" "$p50" ms
	metric "$1, p99" "${values[1]}" ms
}
