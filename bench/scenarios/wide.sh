# shellcheck shell=bash
# What a step costs in a large playbook, 200 steps in 20 levels of branches, against one in a playbook of three: the
# same kinds of steps, executed by two executors that know the definitions.

# level <number>: nine steps of the three kinds, and a condition whose branch is the next level
level() {
	local n steps="" message='"config": {"to": "bench_owner", "message": "Hello {{customer.id}}"}' inner=""
	for n in 1 2 3; do
		steps+="{\"id\": \"choose_$1_$n\", \"type\": \"condition\",
			\"config\": {\"if\": \"execution.elapsed < interval '1 year'\", \"then\": []}},
			{\"id\": \"tell_$1_$n\", \"type\": \"notify\", $message},
			{\"id\": \"rest_$1_$n\", \"type\": \"wait\", \"config\": {\"for\": 0}},"
	done
	if [ "$1" -lt 20 ]; then inner=$(level $(($1 + 1))); fi
	echo "$steps {\"id\": \"branch_$1\", \"type\": \"condition\",
		\"config\": {\"if\": \"execution.elapsed < interval '1 year'\", \"then\": [$inner]}}"
}

prepare() {
	prepare_owner
	create_playbook wide "$(level 1)"
}

measure() {
	local narrow wide count=${BENCH_EXECUTIONS:-10000}
	use_executors 2
	# As many steps of the one as of the other.
	local large=$((count * 3 / 200 > 0 ? count * 3 / 200 : 1))
	drain engine 500 >/dev/null
	drain wide 20 >/dev/null
	bench_psql -c CHECKPOINT
	narrow=$(drain engine "$count")
	wide=$(drain wide "$large")
	[ "$(bench_psql -c "SELECT max(steps) FROM (SELECT count(*) AS steps FROM playbook_step_executions s
		JOIN playbook_executions e ON e.id = s.execution_id AND e.slot = s.slot
		WHERE e.playbook_id = 'wide' AND s.status = 'completed' GROUP BY e.id) AS of_one")" = 200 ] ||
		fail "not all 200 steps were executed"
	metric "three steps: steps" "$(per_second $((count * 3)) "$narrow")" "1/s"
	metric "200 steps: steps" "$(per_second $((large * 200)) "$wide")" "1/s"
	metric "cost of a step, 200 / three" \
		"$(awk -v n="$narrow" -v w="$wide" -v c="$count" -v l="$large" \
			'BEGIN { printf "%.3f", w / (l * 200) / (n / (c * 3)) }')" ""
}
