# shellcheck shell=bash
# What a start costs who starts: one statement for each, and many in one. They are due tomorrow, so that nobody executes
# them meanwhile.

prepare() { prepare_owner; }

measure() {
	local k rate took count=10000
	local start="SELECT playbook_start('engine', customer => '7', start_at => now() + interval '1 day');"
	latency "playbook_start" 3000 <<<"$start"
	local clients
	for clients in 1 4; do
		rate=$(PGUSER=bench_owner tps -T 4 -c $clients -j 1 <<<"$start")
		metric "playbook_start, connections: $clients" "$rate" "1/s"
		if [ $clients = 1 ]; then eval "one=$rate"; fi
	done
	took=$(milliseconds owner_psql -c "SELECT count(*) FROM playbook_start_many('engine', (
		SELECT jsonb_agg(jsonb_build_object('customer', n::text, 'start_at', now() + interval '1 day'))
		FROM generate_series(1, $count) AS n))")
	metric "playbook_start_many of $count" "$(per_second $((count * 1000)) "$took")" "1/s"
	drain query 1 >/dev/null # a step row for the yardstick
	k=$(yardstick_k)
	metric "K, inserts with commit" "$k" "1/s"
	# shellcheck disable=SC2154
	metric "playbook_start, 1 connection / K" "$(ratio "$one" "$k")" ""
}
