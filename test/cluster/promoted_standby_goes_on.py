"""A streaming standby: its views are readable while the primary works; promoted, it goes on where the primary stopped,
nothing is done twice, and readers of the feed that kept their number miss nothing."""
import threading
import time

import psycopg2

from harness import Cluster, Standby, check, check_equal, run, wait_until
from support.ledger import inspect, install, start_load, wait_until_drained

SETTINGS = {"playbook.executor_idle": "5s", "hot_standby_feedback": "on"}
SECONDS = 6
READABLE = (
    "SELECT count(*) FROM playbook_active",
    "SELECT count(*) FROM playbook_my_work",
    "SELECT count(*) FROM playbook_my_notifications()",
    "SELECT count(*) FROM playbook_executions",
    "SELECT count(*) FROM playbook_workers",
    "SELECT count(*) FROM playbook_progress((SELECT max(id) FROM playbook_executions))",
    "SELECT count(*) FROM playbook_rows((SELECT min(id) FROM playbook_executions WHERE status = 'completed'"
    " AND playbook_id = 'quick'), 'found')",
    "SELECT length(playbook_result(max(id))::text) FROM playbook_executions",
    "SELECT basis FROM playbook_estimate((SELECT max(id) FROM playbook_executions WHERE playbook_id = 'waits'))",
    "SELECT count(*) FROM playbook_changes(0, 10)",
    "SELECT playbook_export('quick')",
)


class Reader:
    """Polls the feed of a server; goes on with another from the number it has."""

    def __init__(self, cluster):
        self.changes = []
        self._cluster = cluster
        self._stop = threading.Event()
        self._thread = None

    def start(self, cluster=None):
        self._cluster = cluster or self._cluster
        self._stop.clear()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self):
        self._stop.set()
        self._thread.join(30)

    def _run(self):
        try:
            connection = psycopg2.connect(host=self._cluster.socket, port=5432, user="postgres", dbname="postgres")
            connection.autocommit = True
            with connection.cursor() as cursor:
                while not self._stop.wait(0.02):
                    after = self.changes[-1][0] if self.changes else 0
                    cursor.execute("SELECT seq, execution, step, status FROM playbook_changes(%s, 1000)", [after])
                    self.changes += cursor.fetchall()
        except psycopg2.Error:
            pass  # the server has gone; what it told is kept


def read_all(standby):
    for statement in READABLE:
        check(standby.query(statement), f"no answer from the standby: {statement}")


def wait_until_replayed(primary, standby):
    position = primary.value("SELECT pg_current_wal_lsn()")
    standby.wait_for(
        "SELECT pg_last_wal_replay_lsn() >= %s::pg_lsn", "the standby to have replayed it", 30, [position]
    )


def a_promoted_standby_goes_on():
    with Cluster(**SETTINGS) as primary:
        install(primary)
        waits = [primary.value("SELECT playbook_start('waits')") for _ in range(3)]
        asks = primary.value("SELECT playbook_start('asks')")
        primary.value("SELECT playbook_start('quick')")
        with Standby(primary, **SETTINGS) as standby:
            loads = [start_load(primary, number) for number in range(3)]
            readers = [Reader(primary), Reader(standby)]
            for reader in readers:
                reader.start()
            primary.wait_for("SELECT count(*) > 5 FROM playbook_executions WHERE status = 'completed'", "some to complete")
            wait_until_replayed(primary, standby)
            end = time.monotonic() + SECONDS
            while time.monotonic() < end:
                read_all(standby)
                time.sleep(0.3)
            check_equal(
                standby.value("SELECT count(*) FROM pg_stat_activity WHERE backend_type LIKE 'playbook %%'"),
                0,
                "workers on the standby",
            )
            check_equal(standby.refusal("SELECT playbook_start('quick')"), "25006", "a start on the standby")
            waited_on_a_standby(primary, standby, waits[0])
            wait_until(
                lambda: primary.value("SELECT EXISTS (SELECT FROM playbook_step_executions WHERE status = 'running')"),
                "a step that runs alone",
                30,
            )
            primary.stop("fast")
            for load in loads:
                load.stop()
            for reader in readers:
                reader.stop()
            cut = standby.value("SELECT count(*) FROM playbook_executions WHERE slot = 0 AND status <> 'waiting'")
            standby.promote()
            for reader in readers:
                reader.start(standby)
            began = time.monotonic()
            wait_until_drained(standby)
            print(f"# {cut} executions were cut off, and ended {time.monotonic() - began:.1f} s after the promotion")
            for execution in waits[1:]:
                standby.query("SELECT playbook_signal(%s, 'answered')", [execution])
            standby.query("SELECT playbook_approve(id) FROM approvals WHERE execution_id = %s", [asks])
            # A client that does not know whether its last start arrived repeats it.
            started = {}
            for load in loads:
                started.update(load.started)
            for key, execution in list(started.items())[-10:]:
                playbook = standby.value("SELECT playbook_id FROM playbook_executions WHERE id = %s", [execution])
                again = standby.value("SELECT playbook_start(%s, idempotency_key => %s)", [playbook, key])
                check_equal(again, execution, "a start that is repeated after the promotion")
            standby.wait_for(
                "SELECT NOT EXISTS (SELECT FROM playbook_executions WHERE slot = 0)", "all to end after the promotion", 60
            )
            check(cut > 0, "nothing was under way when the primary stopped")
            inspect(standby)
            known = dict(standby.query("SELECT idempotency_key, id FROM playbook_executions WHERE idempotency_key IS NOT NULL"))
            check_equal({key: known.get(key) for key in started}, started, "the executions by their keys")
            feed_went_on(standby, readers)


def waited_on_a_standby(primary, standby, execution):
    """Nobody there is told of commits: it looks."""
    answers = []
    statement = "SELECT status FROM playbook_wait(%s, '20 s')"
    thread = threading.Thread(target=lambda: answers.append(standby.value(statement, [execution])))
    thread.start()
    time.sleep(0.3)
    began = time.monotonic()
    primary.query("SELECT playbook_signal(%s, 'answered')", [execution])
    thread.join(30)
    check_equal(answers, ["completed"], "what playbook_wait says on a standby")
    check(time.monotonic() - began < 4, "playbook_wait on a standby looks too seldom")


def feed_went_on(standby, readers):
    last = wait_until(
        lambda: standby.value(
            "SELECT max(first_seq + changes) - 1 FROM playbook_change_batches HAVING count(*) = count(first_seq)"
        ),
        "all changes to have numbers",
        30,
    )
    truth = standby.query("SELECT seq, execution, step, status FROM playbook_changes(0, 100000)")
    check_equal([seq for seq, *_ in truth], list(range(1, last + 1)), "the numbers")
    for reader in readers:
        wait_until(lambda one=reader: one.changes and one.changes[-1][0] >= last, "a reader to have all", 30)
        reader.stop()
        check(reader.changes == truth, "a reader that went on after the promotion has something else than the feed")
    ends = [execution for _, execution, step, status in truth if step is None and status == "completed"]
    check_equal(
        sorted(ends), [row[0] for row in standby.query("SELECT id FROM playbook_executions ORDER BY id")], "ends told"
    )


def a_process_of_before_is_not_taken_for_one_of_now():
    """The number of a process that ran a step alone may be another one's after a crash, or on a promoted standby."""
    with Cluster() as primary:
        install(primary)
        execution = primary.value("SELECT playbook_start('waits')")
        primary.wait_for("SELECT status = 'waiting' FROM playbook_executions WHERE id = %s", "it to wait", 20, [execution])
        with Standby(primary) as standby:
            moment = primary.value("SELECT clock_timestamp()")
            wait_until_replayed(primary, standby)
            primary.stop("fast")
            standby.promote()
            standby.wait_for(
                "SELECT count(*) > 0 FROM pg_stat_activity WHERE backend_type = 'playbook scheduler'", "a scheduler"
            )
            connection = standby.connect()
            with connection.cursor() as cursor:
                cursor.execute(
                    "UPDATE playbook_step_executions_live SET status = 'running', alone = true, worker = pg_backend_pid(),"
                    " attempt = 1, owner = 'postgres'::regrole, started_at = %s WHERE execution_id = %s AND step_id = 'answer'",
                    [moment, execution],
                )
                cursor.execute("CALL playbook_work('1 s')")
            check_equal(
                standby.value(
                    "SELECT worker = %s FROM playbook_step_executions WHERE execution_id = %s AND step_id = 'answer'"
                    " AND status = 'running'",
                    [connection.info.backend_pid, execution],
                ),
                None,
                "a step whose process was another server's",
            )


run(a_promoted_standby_goes_on, a_process_of_before_is_not_taken_for_one_of_now)
