# shellcheck shell=bash
# What the extension costs before it does anything: installing it, and each backend that loads it.

prepare() { bench_psql -c "CREATE TABLE memory (loaded boolean, kilobytes bigint)"; }

measure() {
	metric "library" "$(($(stat -c %s "$PG_LIBRARIES/playbook.so") / 1024))" kB
	metric "CREATE EXTENSION" "$(milliseconds bench_psql -c 'CREATE EXTENSION playbook')" ms
	metric "DROP EXTENSION" "$(milliseconds bench_psql -c 'DROP EXTENSION playbook')" ms
	metric "CREATE EXTENSION, again" "$(milliseconds bench_psql -c 'CREATE EXTENSION playbook')" ms
	metric "private memory of an idle backend" "$(bench_psql <<-'END'
		SELECT pg_backend_pid() AS pid \gset
		\setenv pid :pid
		\! awk '/^Private_/ { sum += $2 } END { print sum }' "/proc/$pid/smaps_rollup"
	END
	)" kB
}
