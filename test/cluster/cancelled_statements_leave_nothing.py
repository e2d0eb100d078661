"""A client cancels its statement, or its session is ended, at any instant: what the statement did is gone, or all of it is
there; nothing is taken for the failure of a step, and what was committed goes on.
"""
import os
import random
import threading
import time

import psycopg2
from harness import Cluster, check, check_equal, run
from support.mixed_load import OWNER, Story, inspect, install, wait_until_nothing_is_left

SECONDS = float(os.environ.get("PLAYBOOK_CANCEL_SECONDS", "12"))
SEED = int(os.environ.get("PLAYBOOK_CANCEL_SEED", str(random.randrange(1_000_000))))

STATEMENTS = (
    "SELECT playbook_start('quick')",
    "SELECT playbook_run('quick')",
    "SELECT playbook_run('mixed', 'customer ' || pg_backend_pid())",
    "CALL playbook_execute('quick', wait_at_most => '5 s')",
    "CALL playbook_work('1 s')",
    "SELECT count(*) FROM playbook_start_many('quick', (SELECT jsonb_agg('{}'::jsonb) FROM generate_series(1, 30)))",
    "SELECT playbook_approve(id) FROM approvals WHERE status = 'pending'",
    "SELECT playbook_cancel(id) FROM playbook_executions WHERE slot = 0 AND playbook_id = 'mixed' LIMIT 5",
)


class Client:
    """Says one statement after the other, until the time is over; another thread ends them."""

    def __init__(self, cluster, number, stop):
        self.outcomes = {}
        self.pid = None
        self._cluster, self._stop = cluster, stop
        self._chance = random.Random(f"{SEED} {number}")
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        connection = None
        while not self._stop.is_set():
            try:
                if connection is None or connection.closed:
                    connection = psycopg2.connect(host=self._cluster.socket, port=5432, user=OWNER, dbname="postgres",
                                                  connect_timeout=10)
                    connection.autocommit = True
                    self.pid = connection.info.backend_pid
                with connection.cursor() as cursor:
                    cursor.execute(self._chance.choice(STATEMENTS))
                outcome = "done"
            except psycopg2.Error as error:
                outcome = error.pgcode or "lost"
            self.outcomes[outcome] = self.outcomes.get(outcome, 0) + 1
        if connection is not None:
            connection.close()


def ended_at_random_instants():
    print(f"# PLAYBOOK_CANCEL_SEED={SEED}, {SECONDS:.0f} seconds")
    chance = random.Random(SEED)
    with Cluster(log_min_messages="fatal") as cluster:
        install(cluster)
        stop = threading.Event()
        clients = [Client(cluster, number, stop) for number in range(3)]
        with cluster.connect().cursor() as cursor:
            timer = threading.Timer(SECONDS, stop.set)
            timer.start()
            while not stop.wait(chance.uniform(0, 0.04)):
                pid = chance.choice(clients).pid
                if pid is not None:
                    cursor.execute("SELECT pg_cancel_backend(%s)" if chance.random() < 0.8 else
                                   "SELECT pg_terminate_backend(%s)", [pid])
        for client in clients:
            client.thread.join(60)
            check(not client.thread.is_alive(), "a client's statement hangs")
        outcomes = {}
        for client in clients:
            for outcome, count in client.outcomes.items():
                outcomes[outcome] = outcomes.get(outcome, 0) + count
        # Whoever waits for somebody waits in vain.
        cancel = ("SELECT count(playbook_cancel(id)) = 0 FROM playbook_executions WHERE slot = 0 AND waiting_for IN"
                  " ('approval', 'task', 'event')")
        while cluster.value("SELECT count(*) > 0 FROM playbook_executions WHERE slot = 0 AND playbook_id = 'mixed'"):
            cluster.query(cancel, role=OWNER)
            time.sleep(0.1)
        wait_until_nothing_is_left(cluster)
        inspect(cluster)
        print(f"# {outcomes}")
        allowed = {"done", "lost", "57014", "57P01", "23505", "55000", "40P01"}
        check_equal(set(outcomes) - allowed, set(), "other outcomes of statements")
        check(outcomes.get("57014", 0) > SECONDS and outcomes["done"] > SECONDS, f"too little was shown: {outcomes}")


def cancelled_work_gives_its_step_back():
    """A pooled session lives on after CALL playbook_work was cancelled in a step that runs alone: so the step does not wait
    for the session's end."""
    with Cluster(shared_preload_libraries="") as cluster:
        install(cluster)
        cluster.query("SELECT playbook_create($$id: slow\nname: Slow\nsteps: [{id: s, type: sql, alone: true, config:"
                      " {template: \"INSERT INTO public.ledger SELECT {{execution.id}}, 's', 0 FROM pg_sleep((SELECT count(*)"
                      " FROM public.mended) * 60)\"}}]$$, publish => true); INSERT INTO mended DEFAULT VALUES; SELECT"
                      " playbook_start('slow')", role=OWNER)
        session = cluster.connect(OWNER)
        cancel = threading.Thread(target=lambda: (
            cluster.wait_for("SELECT count(*) > 0 FROM pg_stat_activity WHERE query LIKE 'CALL%%' AND wait_event ="
                             " 'PgSleep'", "the step to run"), session.cancel()), daemon=True)
        cancel.start()
        with session.cursor() as cursor:
            try:
                cursor.execute("CALL playbook_work()")
                check(False, "the cancelled statement went on")
            except psycopg2.errors.QueryCanceled:
                pass
        cancel.join(30)
        check_equal(cluster.query("SELECT status, attempt, worker FROM playbook_step_executions"), [("pending", 0, None)],
                    "the step that was given back")
        cluster.query("DELETE FROM mended")
        cluster.query("CALL playbook_work()", role=OWNER)
        check_equal(cluster.value("SELECT status FROM playbook_executions"), "completed", "the execution")
        inspect(cluster)


def cancelled_start_many_starts_none():
    """The cancel means the statement, and is not the refusal of the one start that it met."""
    with Cluster(shared_preload_libraries="") as cluster:
        install(cluster)
        session = cluster.connect(OWNER)
        with session.cursor() as cursor:
            cursor.execute("SET statement_timeout = '50ms'")
            try:
                cursor.execute("SELECT count(*) FROM playbook_start_many('quick', (SELECT jsonb_agg('{\"customer\": \"c\"}'::"
                               "jsonb) FROM generate_series(1, 20000)))")
                check(False, "20,000 starts took less than 50 ms")
            except psycopg2.errors.QueryCanceled as error:
                check("statement timeout" in str(error), f"it says why: {error}")
        check_equal(cluster.value("SELECT count(*) FROM playbook_executions"), 0, "executions")


run(ended_at_random_instants, cancelled_work_gives_its_step_back, cancelled_start_many_starts_none)
