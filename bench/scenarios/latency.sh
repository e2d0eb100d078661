# shellcheck shell=bash
# How long somebody waits on a server that has nothing else to do: from the start to the end by an executor, and in the
# session itself.

prepare() {
	prepare_owner
	drain engine 100 >/dev/null
	drain sql 100 >/dev/null
}

measure() {
	local playbook k p50
	k=$(yardstick_k)
	metric "K, inserts with commit" "$k" "1/s"
	for playbook in engine sql query; do
		latency "start to end, $playbook" 500 <<-END
			SELECT playbook_start('$playbook', customer => '7') AS execution \gset
			SELECT 1 / (status = 'completed')::integer FROM playbook_wait(:execution, '10 s');
		END
		metric "start to end, $playbook, p50 × K" "$(in_commits "$p50" "$k")" ""
	done
	for playbook in engine sql query; do
		latency "playbook_run, $playbook" 1000 \
			<<<"SELECT 1 / (playbook_run('$playbook', customer => '7') ->> 'status' = 'completed')::integer;"
		metric "playbook_run, $playbook, p50 × K" "$(in_commits "$p50" "$k")" ""
	done
}
