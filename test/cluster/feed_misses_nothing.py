"""playbook_changes: sixteen sessions and executors write, readers poll all the while, each statement through another
connection as behind a transaction pooler: every reader gets every change once, under one number, without a gap."""
import random
import threading
import time

from harness import Cluster, check, check_equal, run, wait_until

WRITERS = 16
SECONDS = 6
QUICK = """
id: quick
name: Quick
conflict: allow
steps:
  - {id: first, type: query, config: {template: "SELECT n FROM generate_series(1, 3) AS n"}}
  - {id: each, type: notify, for_each: "${steps.first}", config: {to: someone, message: "{{item.n}}"}}
  - {id: last, type: sql, config: {template: "SELECT 1"}}
"""
WAITS = "{id: waits, name: Waits, conflict: allow, steps: [{id: answer, type: wait, config: {event: answered}}]}"
FINAL = ("completed", "failed", "cancelled", "skipped")


def install(cluster):
    cluster.query("CREATE EXTENSION playbook")
    for definition in (QUICK, WAITS):
        cluster.query("SELECT playbook_create(%s, publish => true)", [definition])


class Threads:
    """Threads that do the same until they are told to stop; the first failure is the test's."""

    def __init__(self):
        self.stopped = threading.Event()
        self._failures = []
        self._threads = []

    def add(self, work, *arguments):
        def guarded():
            try:
                work(*arguments)
            except Exception as failure:  # pylint: disable=broad-except
                self._failures.append(failure)
                self.stopped.set()

        thread = threading.Thread(target=guarded, daemon=True)
        self._threads.append(thread)
        thread.start()

    def run_for(self, seconds):
        self.stopped.wait(seconds)
        self.stopped.set()
        for thread in self._threads:
            thread.join(60)
            check(not thread.is_alive(), "a session hangs")
        if self._failures:
            raise self._failures[0]


def write(cluster, stopped, number):
    """Runs, starts, signals, cancels; also in longer transactions, some of which come to nothing."""
    chance = random.Random(number)
    connection = cluster.connect(autocommit=False)
    with connection.cursor() as cursor:
        while not stopped.is_set():
            for _ in range(chance.choice((1, 1, 1, 3))):
                if chance.random() < 0.5:
                    cursor.execute("SELECT playbook_run('quick')")
                elif chance.random() < 0.5:
                    cursor.execute("SELECT playbook_start('quick')")
                else:
                    cursor.execute("SELECT playbook_run('waits') ->> 'execution'")
                    cursor.execute("SELECT playbook_cancel(%s::bigint)", [cursor.fetchone()[0]])
            stopped.wait(chance.uniform(0, 0.02))
            if chance.random() < 0.1:
                connection.rollback()
            else:
                connection.commit()
            stopped.wait(chance.uniform(0, 0.05))


class Reader:
    """Polls from the last number it has; each statement through another of its connections."""

    def __init__(self, cluster, connections=3):
        self.changes = []
        self._connections = [cluster.connect() for _ in range(connections)]
        self._turn = 0

    def poll(self, limit):
        self._turn += 1
        connection = self._connections[self._turn % len(self._connections)]
        with connection.cursor() as cursor:
            after = self.changes[-1][0] if self.changes else 0
            cursor.execute("SELECT * FROM playbook_changes(%s, %s)", [after, limit])
            page = cursor.fetchall()
        self.changes += page
        return page

    def read(self, stopped, limit):
        while not stopped.is_set():
            self.poll(limit)
            time.sleep(0.01)

    def read_in_transactions(self, stopped):
        """Transactions of several polls, every other one rolled back: what was read counts all the same."""
        connection = self._connections[0]
        connection.autocommit = False
        while not stopped.is_set():
            for _ in range(3):
                self._turn = -1
                self.poll(50)
                stopped.wait(0.02)
            connection.rollback()
        connection.autocommit = True

    def read_to(self, last):
        wait_until(lambda: self.poll(1000) is not None and self.changes[-1][0] >= last, f"change {last}", 30)


def inspect(cluster, readers):
    """All readers have the same, without gap, and it is what the tables say."""
    last = wait_until(
        lambda: cluster.value(
            "SELECT max(first_seq + changes) - 1 FROM playbook_change_batches"
            " HAVING count(*) = count(first_seq) AND count(*) > 0"
        ),
        "all changes to have numbers",
        30,
    )
    for reader in readers:
        reader.read_to(last)
    first = readers[0].changes
    check_equal([change[0] for change in first], list(range(1, last + 1)), "the numbers")
    for reader in readers[1:]:
        check(reader.changes == first, "two readers saw different changes under one number")
    check_equal(cluster.value("SELECT sum(changes) FROM playbook_change_batches"), last, "changes in the tables")
    told = {}
    for _, execution, _, step, item, status, waiting_for, _ in first:
        check_equal(waiting_for is not None, status == "waiting", "that what waits says for what")
        told.setdefault((execution, step, item), []).append(status)
    for subject, states in told.items():
        check_equal([state for state in states if state in FINAL], states[-1:], f"how {subject} ended, of {states}")
    truth = {
        (execution, step, item): status
        for execution, step, item, status in cluster.query(
            "SELECT id, NULL, NULL, status FROM playbook_executions UNION ALL"
            " SELECT execution_id, step_id, nullif(item, 0) - 1, status FROM playbook_step_executions"
        )
    }
    check(set(truth) == set(told), "what the feed tells of is not what there is")
    check_equal(
        [key for key, status in truth.items() if told[key][-1] != status], [], "what the feed and the tables differ in"
    )
    return last


def every_reader_gets_every_change_once():
    with Cluster(max_connections="80") as cluster:
        install(cluster)
        threads = Threads()
        readers = [Reader(cluster) for _ in range(4)]
        for number in range(WRITERS):
            threads.add(write, cluster, threads.stopped, number)
        for reader, limit in zip(readers[:3], (1, 7, 1000)):
            threads.add(reader.read, threads.stopped, limit)
        threads.add(readers[3].read_in_transactions, threads.stopped)
        threads.run_for(SECONDS)
        cluster.wait_for("SELECT NOT EXISTS (SELECT FROM playbook_executions WHERE slot = 0)", "all to end", 60)
        last = inspect(cluster, readers)
        check(last > 100 * SECONDS, f"only {last} changes: too few to show anything")
        print(f"# {last} changes")


def without_workers_too():
    with Cluster(max_connections="80", shared_preload_libraries="") as cluster:
        install(cluster)
        threads = Threads()
        readers = [Reader(cluster) for _ in range(4)]
        for number in range(WRITERS):
            threads.add(write, cluster, threads.stopped, number)
        for reader, limit in zip(readers[:3], (1, 7, 1000)):
            threads.add(reader.read, threads.stopped, limit)
        threads.add(readers[3].read_in_transactions, threads.stopped)
        threads.run_for(SECONDS)
        while cluster.value("SELECT EXISTS (SELECT FROM playbook_executions WHERE slot = 0)"):
            cluster.query("CALL playbook_work('5 s')")
        last = inspect(cluster, readers)
        check(last > 100 * SECONDS, f"only {last} changes: too few to show anything")
        print(f"# {last} changes")


def a_number_is_shown_once_it_is_committed():
    """Without workers a reader numbers what it finds, for whoever reads next, also itself."""
    with Cluster(shared_preload_libraries="") as cluster:
        install(cluster)
        numbers = "SELECT array_agg(seq) FROM playbook_changes()"
        cluster.value("SELECT playbook_run('quick')")
        check_equal(cluster.value(numbers), None, "what the reader that numbers shows")
        check_equal(cluster.value(numbers), list(range(1, 8)), "what the next one shows")
        # Neither a longer transaction nor one that has changed something numbers anything.
        connection = cluster.connect(autocommit=False)
        with connection.cursor() as cursor:
            cursor.execute("SELECT playbook_run('quick')")
            for _ in range(3):
                cursor.execute(numbers)
                check_equal(cursor.fetchone()[0], list(range(1, 8)), "what the session that changes something shows")
            check_equal(cluster.value(numbers), list(range(1, 8)), "what others show meanwhile")
            connection.rollback()
            cluster.value("SELECT playbook_run('waits')")
            cursor.execute(numbers)
            connection.rollback()
        check_equal(cluster.value("SELECT count(*) FROM playbook_change_batches WHERE first_seq IS NULL"), 1, "unnumbered")
        connection.set_session(isolation_level="REPEATABLE READ", autocommit=True)
        with connection.cursor() as cursor:
            cursor.execute(numbers)
            cursor.execute(numbers)
            check_equal(cursor.fetchone()[0], list(range(1, 8)), "what repeatable read shows")
        cluster.value(numbers)
        check_equal(cluster.value(numbers), list(range(1, 10)), "all in the end")
        # playbook_work numbers what it has done.
        cluster.value("SELECT playbook_start('quick')")
        cluster.query("CALL playbook_work('5 s')")
        # How many there are is for the clock to say: a batch whose time is up goes on in another, and says "running".
        last = cluster.value("SELECT sum(changes)::integer FROM playbook_change_batches")
        check(last > 15, f"playbook_work changed nothing: {last}")
        check_equal(cluster.value(numbers), list(range(1, last + 1)), "after playbook_work")
        refused = cluster.refusal(f"SELECT * FROM playbook_changes({last + 1})")
        check_equal(refused, "55000", "a number that the feed has not come to")


def what_commits_late_is_told_at_once_and_in_its_order():
    with Cluster() as cluster:
        install(cluster)
        all_told = "SELECT bool_and(first_seq IS NOT NULL) FROM playbook_change_batches"
        late = cluster.connect(autocommit=False)
        with late.cursor() as cursor:
            cursor.execute("SELECT (playbook_run('waits') ->> 'execution')::bigint")
            execution = cursor.fetchone()[0]
            # Its batch has its id, and many with a higher one are told before it commits.
            for _ in range(20):
                cluster.value("SELECT playbook_run('quick')")
                cluster.wait_for(all_told, "the others to be told", 10)
        late.commit()
        cluster.query("SELECT playbook_signal(%s, 'answered')", [execution])
        told = "SELECT array_agg(status ORDER BY seq) FROM playbook_changes(0, 1000) WHERE execution = %s AND step IS NULL"
        ended = f"SELECT 'completed' = ANY (({told})::text[])"
        cluster.wait_for(ended, "what became of it to be told", 10, [execution])
        check_equal(cluster.value(told, [execution])[0], "waiting", "what is told of it first")


run(
    every_reader_gets_every_change_once,
    without_workers_too,
    a_number_is_shown_once_it_is_committed,
    what_commits_late_is_told_at_once_and_in_its_order,
)
