# shellcheck shell=bash
# shellcheck disable=SC2016,SC2154 # ${…} is the engine's; latency leaves p50
# How long an execution takes, start to end, that reads BENCH_ITEMS (1,000) rows, runs a step for each of them, and one
# that puts together what came of these: where the step is the engine's own, and where it is a query.

prepare() {
	prepare_owner
	local items=${BENCH_ITEMS:-1000} found
	found='{"id": "found", "type": "query",
		"config": {"template": "SELECT n FROM generate_series(1, '"$items"') AS n"}}'
	create_playbook fan_engine "$found"',
		{"id": "each", "type": "wait", "for_each": "${steps.found}", "concurrency": 1000, "config": {"for": 0}},
		{"id": "joined", "type": "condition",
		 "config": {"if": "steps.each.status = '"'completed'"'", "then": []}}'
	create_playbook fan_query "$found"',
		{"id": "each", "type": "query", "for_each": "${steps.found}", "concurrency": 1000,
		 "config": {"template": "SELECT {{item.n}}::integer AS n"}},
		{"id": "joined", "type": "aggregate", "config": {"input": "${steps.each}", "group_by": "status",
		 "metrics": [{"name": "items", "expression": "COUNT(*)"}]}}'
	drain query 1 >/dev/null # a step row for the yardstick
}

measure() {
	local playbook k p50
	k=$(yardstick_k)
	metric "K, inserts with commit" "$k" "1/s"
	for playbook in fan_engine fan_query; do
		drain $playbook 2 >/dev/null
		latency "$playbook" 30 <<-END
			SELECT playbook_start('$playbook', customer => '7') AS execution \gset
			SELECT 1 / (status = 'completed')::integer FROM playbook_wait(:execution, '60 s');
		END
		metric "$playbook, p50 × K" "$(in_commits "$p50" "$k")" ""
	done
}
