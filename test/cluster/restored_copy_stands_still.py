"""pg_dump and restore into another database: everything arrives, nothing runs there until playbook_enable()."""
import os
import time

from harness import Cluster, check_equal, run

DATA = """
id: data
name: Data
steps:
  - id: rows
    type: query
    config:
      template: SELECT n, n * 1.25 AS price, repeat('é', n) AS text, now() AS at FROM generate_series(1, 50) AS n
  - {id: many, type: query, config: {template: "SELECT n, md5(n::text) AS hash FROM generate_series(1, 50000) AS n"}}
"""
WAITS = """
id: waits
name: Waits
steps:
  - {id: before, type: query, config: {template: SELECT 1 AS one}}
  - {id: answer, type: wait, config: {event: answered}}
  - {id: after, type: query, config: {template: SELECT 2 AS two}}
"""
LATER = "{id: later, name: Later, steps: [{id: rest, type: wait, config: {for: 6 s}}]}"
TABLES = (
    "playbooks",
    "playbook_snapshots",
    "playbook_executions",
    "playbook_step_executions",
    "playbook_step_rows",
    "playbook_change_batches",
    "playbook_people",
)


def dump_and_restore(cluster, database, copy):
    file = os.path.join(cluster.directory, "dump.sql")
    cluster._run("pg_dump", "--host", cluster.socket, "--port=5432", "--username=postgres", "--file", file, database)
    cluster.query(f"CREATE DATABASE {copy}")
    cluster.psql("-f", file, database=copy)


def contents(cluster, database):
    """A checksum of each table, and what applications read."""
    found = {
        table: cluster.value(
            f"SELECT md5(string_agg(t::text, E'\\n' ORDER BY t::text)) FROM {table} AS t", database=database
        )
        for table in TABLES
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


def a_restored_database_stands_still_until_it_is_enabled():
    with Cluster() as cluster:
        cluster.query("CREATE DATABASE first")
        where = {"database": "first"}
        cluster.query("CREATE EXTENSION playbook", **where)
        for definition in (DATA, WAITS, LATER):
            cluster.query("SELECT playbook_create(%s, publish => true)", [definition], **where)
        for person, manager in (("zoe", None), ("ana", "zoe")):  # the one before the other that it refers to
            cluster.query(
                "SELECT playbook_set_person(id => %s, name => %s, email => %s || '@example.com', manager => %s)",
                [person, person, person, manager],
                **where,
            )
        cluster.value("SELECT playbook_start('data')", **where)
        waits = cluster.value("SELECT playbook_start('waits')", **where)
        later = cluster.value("SELECT playbook_start('later')", **where)
        cluster.wait_for(
            "SELECT count(*) = 1 FROM playbook_executions WHERE status = 'completed'", "the data", **where
        )
        cluster.wait_for(
            "SELECT count(*) = 2 FROM playbook_executions WHERE status = 'waiting'", "the others to wait", **where
        )
        cluster.wait_for(
            "SELECT NOT EXISTS (SELECT FROM playbook_change_batches WHERE first_seq IS NULL)", "the feed", **where
        )
        expected = contents(cluster, "first")
        dump_and_restore(cluster, "first", "copy")
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
        started = cluster.value("SELECT playbook_start('data')", **copy)
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
            {waits: "waiting", later: "waiting", started: "pending"},
            "executions of the copy",
        )
        cluster.query("SELECT playbook_enable()", **copy)
        cluster.wait_for(
            "SELECT count(*) = 4 FROM playbook_executions WHERE status = 'completed'",
            "the copy to do all that was due",
            20,
            **copy,
        )
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


run(a_restored_database_stands_still_until_it_is_enabled)
