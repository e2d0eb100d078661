# shellcheck shell=bash
# Private PostgreSQL clusters for the demo and the tests. Sourced, not run; needs say.sh.
#
# A cluster is a directory: data/ socket/ log. It listens on a unix socket inside that directory and nowhere else,
# and the directory belongs to the user the server runs as, so nobody else gets in. PostgreSQL refuses to run as
# root, so root runs it as "postgres", whom the packages create; every other user runs it as himself. Nothing here
# looks at, or touches, a cluster that it did not make.

# The tools of one server version: PG_CONFIG if it is set, else the oldest supported one that has its headers,
# which is the one that scripts/install-dependencies brings.
postgres_find() {
	local major candidate
	if [ -z "${PG_CONFIG:-}" ]; then
		for major in 15 16 17 18; do
			candidate=/usr/lib/postgresql/$major/bin/pg_config
			if [ -x "$candidate" ] && [ -f "$("$candidate" --pgxs)" ]; then
				PG_CONFIG=$candidate
				break
			fi
		done
		: "${PG_CONFIG:=$(command -v pg_config || true)}"
	fi
	[ -x "$(command -v "$PG_CONFIG" || true)" ] ||
		fail "no pg_config was found" "Run scripts/install-dependencies, or set PG_CONFIG to your server's pg_config."
	export PG_CONFIG
	PG_BIN=$("$PG_CONFIG" --bindir)
	PG_LIBRARIES=$("$PG_CONFIG" --pkglibdir)
	PG_EXTENSIONS=$("$PG_CONFIG" --sharedir)/extension
	PG_DOCUMENTS=$("$PG_CONFIG" --docdir)/extension/playbook
	[ -x "$PG_BIN/initdb" ] ||
		fail "\"$PG_BIN\" has no initdb" \
			"Install the server itself, not only its headers (Debian 12: postgresql-15)."
	export PG_BIN PG_LIBRARIES PG_EXTENSIONS PG_DOCUMENTS
}

# as_server <command…>: runs it as the user the server runs as, in a directory that user can read.
as_server() {
	if [ "$(id -u)" -ne 0 ]; then
		(cd / && exec "$@")
	else
		(cd / && exec setpriv --reuid=postgres --regid=postgres --init-groups env -u XDG_RUNTIME_DIR HOME=/tmp "$@")
	fi
}

# Where clusters that outlive a script are kept.
postgres_home() {
	if [ -n "${PLAYBOOK_STATE:-}" ]; then
		printf '%s\n' "$PLAYBOOK_STATE"
	elif [ "$(id -u)" -eq 0 ]; then
		printf '/var/tmp/playbook-0\n' # root's own directories are closed to the user "postgres"
	else
		printf '%s/playbook\n' "${XDG_CACHE_HOME:-$HOME/.cache}"
	fi
}

# cluster_create <directory> [line of postgresql.conf…]
cluster_create() {
	local directory=$1 owner=postgres
	shift
	if [ "$(id -u)" -ne 0 ]; then owner=$(id -un); fi
	# In a directory such as /var/tmp somebody else may have been first.
	local path present
	for path in "$(dirname "$directory")" "$directory"; do
		present=$(stat -c %U "$path" 2>/dev/null) || continue
		case $present in
		"$owner" | "$(id -un)" | root) ;;
		*)
			fail "\"$path\" exists and belongs to $present, not to $owner" \
				"Remove it, or set PLAYBOOK_STATE to another directory."
			;;
		esac
	done
	# The path of a unix socket is limited to 107 bytes by the system.
	if [ $((${#directory} + 24)) -gt 107 ]; then
		fail "\"$directory\" is too long a path for a unix socket" \
			"Set PLAYBOOK_STATE to a shorter one, such as /tmp/playbook."
	fi
	mkdir -p "$(dirname "$directory")"
	if [ "$(id -u)" -eq 0 ]; then
		install -d -m 0700 -o postgres -g postgres "$directory"
	else
		install -d -m 0700 "$directory"
	fi
	as_server mkdir -p "$directory/socket"
	as_server "$PG_BIN/initdb" --pgdata="$directory/data" --username=postgres --auth=trust --encoding=UTF8 \
		--locale=C.UTF-8 --no-sync --no-instructions >/dev/null ||
		fail "initdb failed in \"$directory\"" "The lines above say why; is there space left on the disk?"
	{
		printf "port = 5432\nlisten_addresses = ''\nunix_socket_directories = '%s/socket'\n" "$directory"
		printf "unix_socket_permissions = 0700\nlogging_collector = off\nlog_line_prefix = '%%m [%%p] %%b %%q%%a '\n"
		if [ $# -gt 0 ]; then printf '%s\n' "$@"; fi
	} | as_server tee -a "$directory/data/postgresql.conf" >/dev/null
}

cluster_is_running() {
	as_server "$PG_BIN/pg_ctl" --pgdata="$1/data" status >/dev/null 2>&1
}

# cluster_start <directory>
cluster_start() {
	local directory=$1
	if cluster_is_running "$directory"; then return 0; fi
	if ! as_server "$PG_BIN/pg_ctl" --pgdata="$directory/data" --log="$directory/log" --wait --timeout=60 start \
		>/dev/null; then
		as_server tail -n 20 "$directory/log" | sed 's/^/    /' >&2
		fail "the server in \"$directory\" did not start" "Its log, \"$directory/log\", ends as shown above."
	fi
}

# cluster_stop <directory>
cluster_stop() {
	if ! cluster_is_running "$1"; then return 0; fi
	as_server "$PG_BIN/pg_ctl" --pgdata="$1/data" --mode=fast --wait --timeout=60 stop >/dev/null ||
		as_server "$PG_BIN/pg_ctl" --pgdata="$1/data" --mode=immediate --wait stop >/dev/null
}

# cluster_remove <directory>: stops the server and removes what cluster_create made, nothing else.
cluster_remove() {
	[ -d "$1" ] || return 0
	cluster_stop "$1" || true
	as_server rm -rf "$1/data" "$1/socket" "$1/log" "$1/library"
	rmdir "$1" 2>/dev/null || true
}

# cluster_use <directory>: psql and friends go there from now on.
cluster_use() {
	export PGHOST=$1/socket PGPORT=5432 PGUSER=postgres
	unset PGDATABASE PGSERVICE PGHOSTADDR PGPASSWORD PGOPTIONS PGSSLMODE
	export PATH="$PG_BIN:$PATH"
}

# query <database> <sql>: one value.
query() { "$PG_BIN/psql" -XAtq -v ON_ERROR_STOP=1 -d "$1" -c "$2"; }
