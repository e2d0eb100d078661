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
	create_playbook query "$(three_steps query "SELECT {{customer.id}} AS id, 1 AS n")"
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

# per_second <count> <seconds>, ratio <a> <b>
per_second() { awk -v n="$1" -v s="$2" 'BEGIN { printf "%.0f", n / s }'; }
ratio() { awk -v a="$1" -v b="$2" 'BEGIN { printf "%.3f", a / b }'; }

# drain <playbook> <executions>: starts them in one transaction, so that none can begin before, and prints the seconds
# from its commit to the end of the last.
drain() {
	local playbook=$1 count=$2 committed left seconds
	committed=$(
		owner_psql <<-END
			SELECT outcome || coalesce(': ' || detail, '') AS outcome
			FROM playbook_start_many('$playbook', ARRAY(SELECT n::text FROM generate_series(1, $count) AS n))
			WHERE outcome <> 'started' LIMIT 3;
			SELECT clock_timestamp();
		END
	)
	[ "$(wc -l <<<"$committed")" -eq 1 ] || fail "not every execution was started" "$committed"
	# Asked of the workers, not of the tables: those may be large, or full of what is dead.
	for ((left = 2400; left > 0; --left)); do
		sleep 0.25
		[ "$(bench_psql -c "SELECT count(*) FROM playbook_workers
			WHERE kind = 'executor' AND role = 'bench_owner'::regrole AND state <> 'idle'")" = 0 ] || continue
		seconds=$(
			bench_psql <<-END
				SELECT extract(epoch FROM max(finished_at) - '$committed')
				FROM (SELECT * FROM playbook_executions WHERE playbook_id = '$playbook'
					ORDER BY id DESC LIMIT $count) AS e
				HAVING count(*) = $count AND bool_and(status = 'completed');
			END
		)
		[ -z "$seconds" ] || break
	done
	[ "$left" -gt 0 ] || fail "executions of \"$playbook\" did not end within ten minutes"
	echo "$seconds"
}

# yardstick_c: of the step rows that are there now.
yardstick_c() {
	local file rows took
	file=$cluster/step_rows
	bench_psql -c "CREATE TABLE like_steps (LIKE playbook_step_executions INCLUDING ALL)" \
		-c "COPY (SELECT * FROM playbook_step_executions) TO '$file' (FORMAT binary)" -c CHECKPOINT
	rows=$(bench_psql -c "SELECT count(*) FROM playbook_step_executions")
	took=$(milliseconds bench_psql -c "COPY like_steps FROM '$file' (FORMAT binary)")
	as_server rm -f "$file"
	awk -v n="$rows" -v ms="$took" 'BEGIN { printf "%.0f", n * 1000 / ms }'
}

# yardstick_k: one row of the same shape in each transaction, for three seconds.
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
	tps -T 3 -c 1 <<<"INSERT INTO like_steps_k (execution_id, $columns)
		SELECT nextval('k_number'), $columns FROM one_row;"
}

# tps <pgbench options…>: runs the script on its input as the present user and prints transactions a second.
tps() {
	pgbench -n -M prepared -f /dev/stdin "$@" "$database" 2>&1 |
		awk '/^tps/ { printf "%.0f", $3; found = 1 } { text = text $0 "\n" }
			END { if (!found) { print text > "/dev/stderr"; exit 1 } }'
}

# latency <name> <transactions>: the script on its input by one connection of $latency_role, else bench_owner; metrics
# <name>, p50 and p99. Leaves them in $p50 and $p99.
latency() {
	local directory values
	directory=$(mktemp -d)
	(cd "$directory" &&
		PGUSER=${latency_role:-bench_owner} pgbench -n -c 1 -t "$2" -l -f /dev/stdin "$database" >out 2>&1) ||
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
