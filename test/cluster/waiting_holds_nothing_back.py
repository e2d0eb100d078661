"""A session that waits in playbook_wait holds no snapshot where its statement does nothing else, so vacuum goes on; where
it keeps one it is right all the same, and the session is as good as before in either case."""
import contextlib
import os
import threading

import psycopg2

from harness import Cluster, check_equal, run

WAITS = "{id: waits, name: Waits, steps: [{id: answer, type: wait, config: {event: answered}}]}"
WHILE_WAITING = (
    "SELECT backend_xmin IS NULL FROM pg_stat_activity"
    " WHERE pid = %s AND state = 'active' AND wait_event = 'Extension'"
)
# How a client may ask, and whether that gives the snapshot back.
RELEASED = {
    "a row": "SELECT * FROM playbook_wait({id}, '20 s')",
    "by its run id": "SELECT * FROM playbook_wait('{run_id}', '20 s')",
    "one value": "SELECT playbook_wait({id}, '20 s')",
    "a column of a value": "SELECT (playbook_wait({id}, '20 s')).status",
    "columns": "SELECT status || '!', waiting_for IS NULL FROM playbook_wait({id}, '20 s') WHERE status <> 'failed'",
    "a cursor": "FETCH ALL FROM waiting",
}
KEPT = {
    "with something else that may look at data": "SELECT status, version() FROM playbook_wait({id}, '20 s')",
    "with a subquery": "SELECT * FROM playbook_wait((SELECT max(id) FROM playbook_executions), '20 s')",
    "with a table": "SELECT playbook_wait(id, '20 s') FROM playbook_executions WHERE id = {id}",
    "in order": "SELECT status FROM playbook_wait({id}, '20 s') ORDER BY 1",
    "a statement prepared before": "EXECUTE waits({id})",
    "in a function": "SELECT waits_in_a_function({id})",
    "in a block": "DO $$ BEGIN PERFORM playbook_wait({id}, '20 s'); END $$",
    "into a table": "CREATE TEMP TABLE waited AS SELECT status FROM playbook_wait({id}, '20 s')",
}


def install(cluster):
    cluster.query("CREATE EXTENSION playbook")
    cluster.query("SELECT playbook_create(%s, publish => true)", [WAITS])
    cluster.query(
        "CREATE FUNCTION waits_in_a_function(id bigint) RETURNS text LANGUAGE plpgsql AS"
        " $$ DECLARE r record; BEGIN SELECT * INTO r FROM playbook_wait(id, '20 s'); RETURN r.status; END $$"
    )


def waiting_execution(cluster):
    execution = cluster.value("SELECT playbook_start('waits')")
    cluster.wait_for(
        "SELECT status = 'waiting' FROM playbook_executions WHERE id = %s", "it to wait", 20, [execution]
    )
    return execution


class Waiting:
    """A statement in a thread, and what came of it."""

    def __init__(self, connection, statement):
        self.answer = self.error = None
        self._cursor = connection.cursor()
        self._statement = statement
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        try:
            self._cursor.execute(self._statement)
            self.answer = self._cursor.fetchall() if self._cursor.description else []
        except psycopg2.Error as error:
            self.error = error

    def end(self):
        self._thread.join(30)
        return self.answer


def prepare(connection, form, execution):
    """What must precede the statement of this form."""
    with connection.cursor() as cursor:
        if form == "a statement prepared before":
            cursor.execute("PREPARE waits(bigint) AS SELECT * FROM playbook_wait($1, '20 s')")
        elif form == "a cursor":
            cursor.execute(f"DECLARE waiting CURSOR FOR SELECT * FROM playbook_wait({execution}, '20 s')")


def is_as_good_as_before(connection, execution, form):
    """In the same transaction: it sees what was committed meanwhile, writes, and waits again."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT status FROM playbook_executions WHERE id = %s", [execution])
        check_equal(cursor.fetchone()[0], "completed", f"what the session sees afterwards, {form}")
        cursor.execute("CREATE TEMP TABLE scratch AS SELECT count(*) AS n FROM playbook_executions")
        cursor.execute("SELECT n > 0, (SELECT status FROM playbook_wait(%s)) FROM scratch", [execution])
        check_equal(cursor.fetchone(), (True, "completed"), f"what the session does afterwards, {form}")
        cursor.execute("DROP TABLE scratch")


def what_a_waiting_session_holds(cluster, form, statement, released, in_block):
    execution = waiting_execution(cluster)
    connection = cluster.connect(autocommit=not in_block)
    prepare(connection, form, execution)
    run_id = cluster.value("SELECT playbook_run_id(%s)", [execution])
    waiting = Waiting(connection, statement.format(id=execution, run_id=run_id))
    held = cluster.wait_for(
        f"SELECT ({WHILE_WAITING})::text", f"the session to wait, {form}", 20, [connection.info.backend_pid]
    )
    check_equal(held, "true" if released else "false", f"whether the snapshot was given back, {form}")
    cluster.query("SELECT playbook_signal(%s, 'answered')", [execution])
    answer = waiting.end()
    check_equal(waiting.error, None, f"the error, {form}")
    if answer and form != "with a table":
        check_equal("completed" in str(answer[0]), True, f"the answer {answer[0]}, {form}")
    is_as_good_as_before(connection, execution, form)
    if in_block:
        connection.commit()
    connection.close()


def a_waiting_session_holds_no_snapshot():
    with Cluster() as cluster:
        install(cluster)
        for form, statement in RELEASED.items():
            for in_block in (False, True):
                if in_block or form != "a cursor":
                    what_a_waiting_session_holds(cluster, form, statement, True, in_block)


def where_it_must_keep_it_nothing_goes_wrong():
    with Cluster() as cluster:
        install(cluster)
        for form, statement in KEPT.items():
            what_a_waiting_session_holds(cluster, form, statement, False, False)
        # A subtransaction, and a cursor that outlives its transaction.
        execution = waiting_execution(cluster)
        connection = cluster.connect(autocommit=False)
        with connection.cursor() as cursor:
            cursor.execute("SAVEPOINT inner_one")
            cursor.execute("SELECT status FROM playbook_wait(%s, '0.2 s')", [execution])
            check_equal(cursor.fetchone()[0], "waiting", "the state in a subtransaction")
            cursor.execute("RELEASE inner_one")
            cursor.execute("DECLARE held CURSOR WITH HOLD FOR SELECT * FROM playbook_wait(%s, '0.2 s')", [execution])
            connection.commit()
            cursor.execute("FETCH ALL FROM held")
            check_equal(cursor.fetchall()[0][0], "waiting", "the state in a held cursor")


def drivers_that_send_parameters_apart_hold_no_snapshot_either():
    with Cluster() as cluster:
        install(cluster)
        script = os.path.join(cluster.directory, "script")
        with open(script, "w", encoding="utf-8") as file:
            file.write("SELECT status FROM playbook_wait(:id, '20 s') \\gset\n")
            file.write("SELECT 1 / count(*) FROM playbook_executions WHERE id = :id AND status = :status;\n")
        for protocol in ("extended", "prepared"):
            execution = waiting_execution(cluster)
            done = []
            arguments = ["--no-vacuum", "--transactions=1", "--protocol", protocol, "--file", script]
            arguments += ["--define", f"id={execution}", "--host", cluster.socket, "--username=postgres", "postgres"]
            client = threading.Thread(target=lambda given: done.append(cluster._run("pgbench", *given)), args=[arguments])
            client.start()
            cluster.wait_for(
                "SELECT backend_xmin IS NULL FROM pg_stat_activity"
                " WHERE application_name = 'pgbench' AND state = 'active' AND wait_event = 'Extension'",
                f"a session to wait without a snapshot, protocol {protocol}",
            )
            cluster.query("SELECT playbook_signal(%s, 'answered')", [execution])
            client.join(30)
            check_equal("ERROR" in done[0].stdout, False, f"an error, protocol {protocol}: {done[0].stdout}")


def vacuum_is_not_held_up():
    with Cluster(autovacuum="off") as cluster:
        install(cluster)
        execution = waiting_execution(cluster)
        cluster.query("CREATE TABLE churn AS SELECT n FROM generate_series(1, 1000) AS n")
        connection = cluster.connect()
        waiting = Waiting(connection, f"SELECT * FROM playbook_wait({execution}, '20 s')")
        cluster.wait_for(WHILE_WAITING, "the session to wait", 20, [connection.info.backend_pid])
        cluster.query("DELETE FROM churn")
        cluster.query("VACUUM churn")
        check_equal(cluster.value("SELECT pg_relation_size('churn')"), 0, "bytes left of a table emptied meanwhile")
        cluster.query("SELECT playbook_signal(%s, 'answered')", [execution])
        check_equal(waiting.end()[0][0], "completed", "the answer")


def an_interrupted_wait_leaves_a_good_session():
    with Cluster() as cluster:
        install(cluster)
        for in_block in (False, True):
            execution = waiting_execution(cluster)
            connection = cluster.connect(autocommit=not in_block)
            waiting = Waiting(connection, f"SELECT * FROM playbook_wait({execution}, '20 s')")
            cluster.wait_for(WHILE_WAITING, "the session to wait", 20, [connection.info.backend_pid])
            connection.cancel()
            waiting.end()
            check_equal(waiting.error.pgcode, "57014", "the error of a cancelled wait")
            with contextlib.suppress(psycopg2.Error):
                connection.rollback()
            cluster.query("SELECT playbook_signal(%s, 'answered')", [execution])
            with connection.cursor() as cursor:
                cursor.execute("SELECT status FROM playbook_wait(%s, '20 s')", [execution])
                check_equal(cursor.fetchone()[0], "completed", "the next wait of the same session")
            is_as_good_as_before(connection, execution, "after a cancel")
            connection.close()
        check_equal("snapshot" in cluster.log_text(), False, "words about snapshots in the log")


run(
    a_waiting_session_holds_no_snapshot,
    where_it_must_keep_it_nothing_goes_wrong,
    drivers_that_send_parameters_apart_hold_no_snapshot_either,
    vacuum_is_not_held_up,
    an_interrupted_wait_leaves_a_good_session,
)
