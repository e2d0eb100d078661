# shellcheck shell=bash
# What an execution of three steps leaves: bytes of WAL from its start to its end, and of tables with their indexes when
# it has ended; engine-only, and with three outputs of 100 bytes. The live tables do not count: they are as large as
# what is under way. There is no checkpoint meanwhile, so that few pages are written whole.

prepare() { prepare_owner; }

# Every table of the extension but the live ones.
stored_bytes() {
	bench_psql -c "SELECT sum(pg_total_relation_size(c.oid)) FROM pg_class c JOIN pg_depend d ON d.objid = c.oid
		AND d.classid = 'pg_class'::regclass AND d.deptype = 'e' AND d.refobjid =
			(SELECT oid FROM pg_extension WHERE extname = 'playbook')
		WHERE c.relkind = 'r' AND c.relname !~ '_live$'"
}
wal_position() { bench_psql -c "SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn"; }
whole_pages() { bench_psql -c "SELECT wal_fpi FROM pg_stat_wal"; }

measure() {
	local playbook count=${BENCH_EXECUTIONS:-10000} before ended bytes pages
	for playbook in engine text; do
		bench_psql -c CHECKPOINT
		drain "$playbook" "$count" >/dev/null
		bytes=$(stored_bytes) pages=$(whole_pages) before=$(wal_position)
		start_many "$playbook" "$count" >/dev/null
		until_idle "SELECT true WHERE NOT EXISTS (SELECT FROM playbook_executions_live)" >/dev/null
		ended=$(wal_position)
		metric "$playbook: WAL" $(((ended - before) / count)) bytes
		metric "$playbook: tables and indexes" $((($(stored_bytes) - bytes) / count)) bytes
		metric "$playbook: whole pages in WAL" $(($(whole_pages) - pages)) ""
	done
}
