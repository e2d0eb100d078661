"""A client that starts executions while a test does something to the server."""
import threading
import time

import psycopg2

from harness import Failure, check


class Load:
    """Starts what `choose(number)` names, each with a key of its own, until it is told to stop. When the server goes away
    that is the end, unless it `comes_back`: then a start whose answer was lost is repeated with its key."""

    def __init__(self, cluster, name, choose, role="postgres", pause=0.1, comes_back=False):
        self.started = {}  # executions by their keys
        self._cluster, self._name, self._choose, self._role = cluster, name, choose, role
        self._pause, self._comes_back = pause, comes_back
        self._connection = None
        self._failure = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self):
        self._stop.set()
        self._thread.join(60)
        check(not self._thread.is_alive(), "a session that starts executions hangs")
        if self._failure:
            raise Failure(f"an execution could not be started: {self._failure}")

    def _run(self):
        pending = None
        while pending or not self._stop.is_set():
            number = len(self.started)
            pending = pending or (self._choose(number), f"{self._name} {number}")
            try:
                self.started[pending[1]] = self._start(*pending)
                pending = None
            except psycopg2.Error as error:
                # Without a code, or with one of shutting down: the server is away.
                is_away = isinstance(error, psycopg2.OperationalError) or not error.pgcode
                if not is_away:
                    self._failure = error
                if not (is_away and self._comes_back):
                    return
                self._connection = None
                time.sleep(0.1)
            self._stop.wait(self._pause)
        if self._connection is not None:
            self._connection.close()

    def _start(self, playbook, key):
        if self._connection is None or self._connection.closed:
            self._connection = psycopg2.connect(
                host=self._cluster.socket, port=5432, user=self._role, dbname="postgres", connect_timeout=10
            )
            self._connection.autocommit = True
        with self._connection.cursor() as cursor:
            cursor.execute("SELECT playbook_start(%s, idempotency_key => %s)", [playbook, key])
            return cursor.fetchone()[0]
