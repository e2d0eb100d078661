"""pg_dump and restore into another database, as SQL, as an archive, or only the data into a fresh extension: everything
arrives, nothing runs there until playbook_enable(), and then it goes on from where it was."""
import os
import time

from harness import Cluster, check, check_equal, run

DATA = """
id: data
name: Data
steps:
  - id: rows
    type: query
    config:
      template: SELECT n, n * 1.25 AS price, repeat('é', n) AS text, now() AS at FROM generate_series(1, 50) AS n
  - {id: many, type: query, config: {template: "SELECT n, md5(n::text) AS hash FROM generate_series(1, 50000) AS n"}}
  - {id: tell, type: notify, config: {to: [ana, "role:postgres"], message: done}}
"""
WAITS = """
id: waits
name: Waits
steps:
  - {id: before, type: query, config: {template: SELECT 1 AS one}}
  - {id: answer, type: wait, config: {event: answered}}
  - {id: after, type: query, config: {template: SELECT 2 AS two}}
"""
LATER = "{id: later, name: Later, steps: [{id: rest, type: wait, config: {for: 8 s}}]}"
ASKS = """
id: asks
name: Asks
steps:
  - {id: asked, type: approval, config: {approvers: [ana]}}
  - {id: task, type: task, config: {title: Call, assignee: ana}}
"""
TABLES = (
    "SELECT c.relname FROM pg_class c JOIN pg_depend d ON d.objid = c.oid AND d.classid = 'pg_class'::regclass"
    " JOIN pg_extension x ON x.oid = d.refobjid WHERE d.refclassid = 'pg_extension'::regclass AND x.extname = 'playbook'"
    " AND d.deptype = 'e' AND c.relkind = 'r' ORDER BY 1"
)


def dump_as_sql(cluster, database, copy):
    file = os.path.join(cluster.directory, "dump.sql")
    cluster._run("pg_dump", *where_is(cluster), "--file", file, database)
    cluster.psql("-f", file, database=copy)


def dump_as_archive(cluster, database, copy):
    file = os.path.join(cluster.directory, "dump")
    cluster._run("pg_dump", *where_is(cluster), "--format=directory", "--jobs=2", "--file", file, database)
    cluster._run("pg_restore", *where_is(cluster), "--exit-on-error", "--jobs=2", "--dbname", copy, file)


def dump_data_only(cluster, database, copy):
    """Into a database where somebody has just created the extension, so that it has all tables and no rows."""
    file = os.path.join(cluster.directory, "rows")
    cluster.query("CREATE EXTENSION playbook", database=copy)
    cluster._run("pg_dump", *where_is(cluster), "--data-only", "--format=custom", "--file", file, database)
    cluster._run("pg_restore", *where_is(cluster), "--exit-on-error", "--data-only", "--dbname", copy, file)


def where_is(cluster):
    return "--host", cluster.socket, "--port=5432", "--username=postgres"


def contents(cluster, database):
    """A checksum of each table, and what applications read."""
    found = {
        table: cluster.value(
            f"SELECT md5(string_agg(t::text, E'\\n' ORDER BY t::text)) FROM {table} AS t", database=database
        )
        for (table,) in cluster.query(TABLES, database=database)
    }
    for step in ("rows", "many"):
        found[step] = cluster.value(
            (
                "SELECT md5(string_agg(r::text, E'\\n')) FROM playbook_executions AS e, playbook_rows(e.id, %s) AS r"
                " WHERE e.playbook_id = 'data'"
            ),
            [step],
            database=database,
        )
    found["document"] = cluster.value(
        "SELECT md5(playbook_result(id)::text) FROM playbook_executions WHERE playbook_id = 'data'", database=database
    )
    return found


def schedulers(cluster, database):
    return cluster.value(
        "SELECT count(*) FROM pg_stat_activity WHERE backend_type LIKE 'playbook %%' AND datname = %s", [database]
    )


def restored(restore):
    with Cluster() as cluster:
        cluster.query("CREATE DATABASE first")
        where = {"database": "first"}
        cluster.query("CREATE EXTENSION playbook", **where)
        for definition in (DATA, WAITS, LATER, ASKS):
            cluster.query("SELECT playbook_create(%s, publish => true)", [definition], **where)
        for person, manager in (("zoe", None), ("ana", "zoe")):  # the one before the other that it refers to
            cluster.query(
                "SELECT playbook_set_person(id => %s, name => %s, email => %s || '@example.com', manager => %s)",
                [person, person, person, manager],
                **where,
            )
        cluster.value("SELECT playbook_start('data')", **where)
        waits = cluster.value("SELECT playbook_start('waits')", **where)
        cluster.wait_for(
            "SELECT count(*) = 1 FROM playbook_executions WHERE status = 'completed'", "the data", **where
        )
        asks = cluster.value("SELECT playbook_start('asks', idempotency_key => 'once')", **where)
        paused = cluster.value("SELECT playbook_start('waits')", **where)
        cluster.query("SELECT playbook_pause(%s, 'holidays')", [paused], **where)
        cluster.query("SELECT playbook_signal(%s, 'unheard')", [waits], **where)
        later = cluster.value("SELECT playbook_start('later')", **where)  # last: to be dumped before its time comes
        cluster.wait_for(
            "SELECT count(*) = 3 FROM playbook_executions WHERE status = 'waiting'", "the others to wait", **where
        )
        cluster.wait_for(
            "SELECT NOT EXISTS (SELECT FROM playbook_change_batches WHERE first_seq IS NULL)", "the feed", **where
        )
        expected = contents(cluster, "first")
        cluster.query("CREATE DATABASE copy")
        restore(cluster, "first", "copy")
        check_equal(contents(cluster, "copy"), expected, "the copy's contents")
        # The waiting one is over by now in the original; the copy has not moved, whatever happens in it.
        cluster.wait_for(
            "SELECT status = 'completed' FROM playbook_executions WHERE id = %s",
            "the original to go on",
            20,
            [later],
            **where,
        )
        copy = {"database": "copy"}
        cluster.query("SELECT playbook_signal(%s, 'answered')", [waits], **copy)
        said = cluster.connect(database="copy")
        with said.cursor() as cursor:
            cursor.execute("SELECT playbook_start('data')")
            started = cursor.fetchone()[0]
        check("playbooks stand still in this database" in "".join(said.notices), f"the copy does not say so: {said.notices}")
        check(started > max(waits, later, asks, paused), "an execution's number is given a second time")
        check_equal(cluster.refusal("CALL playbook_work()", **copy), "55000", "playbook_work() in the copy")
        cluster.restart()  # a launcher that begins anew has no reason to look there either
        cluster.wait_for(
            (
                "SELECT count(*) = 1 FROM pg_stat_activity WHERE backend_type = 'playbook scheduler' AND datname ="
                " 'first'"
            ),
            "the original's scheduler",
        )
        time.sleep(1)
        check_equal(schedulers(cluster, "copy"), 0, "workers in the copy")
        check_equal(
            dict(cluster.query("SELECT id, status FROM playbook_executions WHERE slot = 0", **copy)),
            {waits: "waiting", later: "waiting", started: "pending", asks: "waiting", paused: "paused"},
            "executions of the copy",
        )
        check_equal(
            cluster.value("SELECT playbook_start('asks', idempotency_key => 'once')", **copy), asks, "a start repeated in the copy"
        )
        cluster.query("SELECT playbook_enable()", **copy)
        cluster.wait_for(
            "SELECT count(*) = 4 FROM playbook_executions WHERE status = 'completed'",
            "the copy to do all that was due",
            20,
            **copy,
        )
        approve_and_do(cluster, asks)
        cluster.query("SELECT playbook_resume(%s), playbook_signal(%s, 'answered')", [paused, paused], **copy)
        cluster.wait_for("SELECT NOT EXISTS (SELECT FROM playbook_executions WHERE slot = 0)", "all to end", 20, **copy)
        cluster.wait_for("SELECT NOT EXISTS (SELECT FROM playbook_change_batches WHERE first_seq IS NULL)", "the feed", **copy)
        check_equal(
            cluster.value("SELECT status FROM playbook_executions WHERE id = %s", [waits], **where),
            "waiting",
            "the original's execution that only the copy was told of",
        )
        check_equal(
            cluster.value(
                "SELECT count(*) = count(DISTINCT seq) AND max(seq) = count(*) FROM playbook_changes(0, 10000)",
                **copy,
            ),
            True,
            "that the copy's feed goes on where it was",
        )



def approve_and_do(cluster, execution):
    """The people of the copy decide what was asked of them in the original."""
    copy = {"database": "copy"}
    cluster.query("SET playbook.actor = 'ana'; SELECT playbook_approve(id) FROM approvals", **copy)
    cluster.wait_for("SELECT EXISTS (SELECT FROM playbook_tasks)", "the task", **copy)
    cluster.query("SET playbook.actor = 'ana'; SELECT playbook_complete_task(id) FROM playbook_tasks", **copy)
    cluster.wait_for("SELECT status = 'completed' FROM playbook_executions WHERE id = %s", "what people end", 20, [execution], **copy)


def a_restored_database_stands_still_until_it_is_enabled():
    restored(dump_as_sql)


def an_archive_restored_by_several_processes_too():
    restored(dump_as_archive)


def data_restored_into_a_fresh_extension_too():
    restored(dump_data_only)


run(
    a_restored_database_stands_still_until_it_is_enabled,
    an_archive_restored_by_several_processes_too,
    data_restored_into_a_fresh_extension_too,
)
