"""Retention drops a slot of history without being in anybody's way: long readers and a pg_dump keep what they read, the
engine goes on meanwhile, and when they have left the slot goes at once. Time is what playbook_history_slots says."""
import threading
import time

from harness import Cluster, check, check_equal, run

QUICK = "{id: quick, steps: [{id: only, type: query, config: {template: SELECT 1 AS one}}]}"
WAITS = "{id: waits, steps: [{id: only, type: wait, config: {event: go}}]}"
FINISHED = 100000
SLOT = 9  # one that the ring has not given out


def install(cluster):
    cluster.query("CREATE EXTENSION playbook")
    for definition in (QUICK, WAITS):
        cluster.query("SELECT playbook_create(%s, publish => true)", [definition])
    completes(cluster)


def completes(cluster):
    execution = cluster.value("SELECT playbook_start('quick')")
    return cluster.wait_for("SELECT extract(epoch FROM finished_at - created_at)::float8 FROM playbook_executions "
                            "WHERE id = %s AND status = 'completed'", "an execution to complete", 20, [execution])


def fill(cluster):
    """Finished executions in a slot whose time is over."""
    cluster.query(f"""
        INSERT INTO playbook_executions (id, slot, home, playbook_id, snapshot, owner, starter, actor, customer_id,
                                         status, created_at, finished_at)
        SELECT n, {SLOT}, 0, 'old', 0, 10, 10, 'ana', n::text, 'completed', now(), now()
        FROM generate_series(1, {FINISHED}) AS n;
        INSERT INTO playbook_step_executions (execution_id, slot, position, home, step_id, type, status, output)
        SELECT n, {SLOT}, p, 0, 's', 'query', 'completed', '{{"one": 1}}'
        FROM generate_series(1, {FINISHED}) AS n, generate_series(0, 2) AS p;
        INSERT INTO playbook_history_slots VALUES ({SLOT}, now() - interval '2 hours')
        ON CONFLICT (slot) DO UPDATE SET ends_at = excluded.ends_at""")


def left(cluster):
    return cluster.value(f"SELECT count(*) FROM playbook_executions WHERE slot = {SLOT}")


def purge(cluster):
    """Slots dropped, and the seconds it took."""
    began = time.monotonic()
    (slots, _), = cluster.query("CALL playbook_purge('20 s')")
    return slots, time.monotonic() - began


class Work:
    """Executions one after the other, in a thread; the longest time that one took, start to end."""

    def __init__(self, cluster):
        self._cluster, self._end, self.longest, self.number = cluster, threading.Event(), 0.0, 0
        self._thread = threading.Thread(target=self._run)

    def _run(self):
        while not self._end.is_set():
            began = time.monotonic()
            completes(self._cluster)
            self.longest = max(self.longest, time.monotonic() - began)
            self.number += 1

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._end.set()
        self._thread.join(60)


def holds_nobody_up_and_comes_back():
    # The scheduler's own purge is at the beginning and once an hour: what happens here is the procedure's doing.
    with Cluster() as cluster:
        install(cluster)
        waiting = cluster.value("SELECT playbook_start('waits')")
        fill(cluster)
        reader = cluster.connect(autocommit=False)
        rows = reader.cursor(name="reader")
        rows.itersize = 10
        rows.execute(f"SELECT id FROM playbook_executions WHERE slot = {SLOT}")
        rows.fetchmany(10)
        dump = cluster.connect(autocommit=False)
        with dump.cursor() as cursor:  # as pg_dump begins
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            cursor.execute("LOCK TABLE playbook_executions, playbook_step_executions, playbook_step_rows "
                           "IN ACCESS SHARE MODE")
        with Work(cluster) as work:
            slots, took = purge(cluster)
            check_equal(slots, 0, "slots dropped under a reader and a dump")
            check(took < 5, f"the purge gives up for now: it took {took:.1f} s")
            time.sleep(1)
        check(work.number > 5 and work.longest < 2, f"the engine went on: {work.number}, {work.longest:.2f} s at most")
        check_equal(left(cluster), FINISHED, "executions that the reader and the dump may still read")
        cluster.query(f"UPDATE playbook_history_slots SET ends_at = now() - interval '8 days' WHERE slot = {SLOT}")
        check_equal(cluster.value("SELECT status || ' ' || (hint ~ %s) FROM playbook_health WHERE \"check\" = 'retention'",
                                  [str(dump.info.backend_pid)]), "critical true", "health, which names who is in the way")
        check_equal(len(rows.fetchall()), FINISHED - 10, "rows that the reader goes on to read")
        reader.rollback()
        slots, _ = purge(cluster)
        check_equal(slots, 0, "slots dropped under the dump")
        with dump.cursor() as cursor:
            cursor.execute(f"SELECT count(*) FROM playbook_step_executions WHERE slot = {SLOT}")
            check_equal(cursor.fetchone()[0], 3 * FINISHED, "steps that the dump reads")
        dump.commit()
        with Work(cluster) as work:
            slots, took = purge(cluster)
        check_equal(slots, 1, "slots dropped when they have left")
        check(took < 5, f"at once: it took {took:.1f} s")
        check(work.longest < 2, f"and the engine does not notice: {work.longest:.2f} s at most")
        check_equal(left(cluster), 0, "executions left")
        check_equal(cluster.value(f"SELECT pg_total_relation_size('playbook_step_executions_{SLOT:02}') < 131072"), True,
                    "no bloat is left")
        check_equal(cluster.value("SELECT status FROM playbook_executions WHERE id = %s", [waiting]), "waiting",
                    "an execution that is under way all the time")
        cluster.query("SELECT playbook_signal(%s, 'go')", [waiting])
        cluster.wait_for("SELECT status = 'completed' FROM playbook_executions WHERE id = %s", "it to go on", 20, [waiting])


def passes_over_what_somebody_has_locked():
    """Who marks notifications as read and does not commit: the rest goes, and that at the next call."""
    with Cluster() as cluster:
        install(cluster)
        fill(cluster)
        cluster.query("INSERT INTO playbook_notifications (person, created_at, execution_id, position, home) "
                      "SELECT 'ana', now(), n, 0, 0 FROM generate_series(1, 3) AS n")
        marking = cluster.connect(autocommit=False)
        with marking.cursor() as cursor:
            cursor.execute("UPDATE playbook_notifications SET read_at = now() WHERE execution_id = 2")
        slots, took = purge(cluster)
        check_equal(slots, 1, "slots dropped")
        check(took < 5, f"nobody is waited for: it took {took:.1f} s")
        swept = f"SELECT swept FROM playbook_history_slots WHERE slot = {SLOT}"
        check_equal(cluster.query("SELECT execution_id FROM playbook_notifications"), [(2,)], "what is locked stays")
        check_equal(cluster.value(swept), False, "swept, while something is left")
        marking.commit()
        purge(cluster)
        check_equal(cluster.value("SELECT count(*) FROM playbook_notifications"), 0, "notifications left at last")
        check_equal(cluster.value(swept), True, "swept at last")


def gets_through_between_short_readers():
    with Cluster() as cluster:
        install(cluster)
        fill(cluster)
        end = threading.Event()

        def read():
            connection = cluster.connect(autocommit=False)
            with connection.cursor() as cursor:
                while not end.is_set():
                    cursor.execute(f"SELECT count(*) FROM playbook_executions WHERE slot = {SLOT} AND id < 100")
                    time.sleep(0.02)  # with the lock
                    connection.rollback()

        readers = [threading.Thread(target=read) for _ in range(4)]
        for reader in readers:
            reader.start()
        try:
            # A reader that is slow on a busy machine counts as one who stays; the next call finds it gone.
            took = 0.0
            while left(cluster) > 0 and took < 60:
                took += purge(cluster)[1]
        finally:
            end.set()
            for reader in readers:
                reader.join(30)
        check_equal(left(cluster), 0, f"executions left between readers, one of whom is always there, after {took:.1f} s")


def scheduler_does_it_by_itself():
    with Cluster() as cluster:
        install(cluster)
        fill(cluster)
        cluster.restart()
        cluster.wait_for(f"SELECT NOT EXISTS (SELECT FROM playbook_executions WHERE slot = {SLOT})",
                         "the scheduler to drop the slot", 30)
        cluster.wait_for("SELECT count(*) = 1 FROM playbook_history_slots WHERE truncated_at IS NOT NULL AND swept",
                         "it to sweep", 30)
        lines = [line for line in cluster.log_text().splitlines() if "slot 9 of the history was dropped" in line]
        check_equal(len(lines), 1, "log lines")
        check_equal(cluster.value("SELECT value FROM playbook_stat WHERE name = 'history_slots_dropped'"), 1, "the counter")
        cluster.wait_for("SELECT count(*) >= 1 FROM playbook_history_slots WHERE ends_at > now() + interval '90 days'",
                         "slots to be there ahead of time", 30)


run(holds_nobody_up_and_comes_back, passes_over_what_somebody_has_locked, gets_through_between_short_readers, scheduler_does_it_by_itself)
