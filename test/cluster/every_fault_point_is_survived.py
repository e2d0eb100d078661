"""The engine is made to fail, wait, be cancelled or die at each of its fault points (src/fault_points.hpp), in workers and
in a client's session, while a client tells a story of a little of everything. Whatever happens, the story comes to its
end: every execution ends, every step takes effect once, nothing is left over.

The list of the points is the library's own: a new one is visited without being named here. One that no story comes by
fails the test.

PLAYBOOK_FAULT_ACTIONS: which actions, each in workers and in sessions (not set: a kill in one place, an error in the
other where there are two, and an executor asked to end); PLAYBOOK_FAULT_POINTS: which points, as a regular expression.
"""
import contextlib
import glob
import os
import re
import shutil
import tempfile
import threading
import time

import psycopg2
from harness import Cluster, Failure, check, check_equal, run, wait_until
from support.installation import Installation, tree_with_fault_points
from support.mixed_load import OWNER, Story, inspect, install, wait_until_nothing_is_left

ACTIONS = os.environ.get("PLAYBOOK_FAULT_ACTIONS", "").split()
CHOSEN = re.compile(os.environ.get("PLAYBOOK_FAULT_POINTS", ""))
SERVERS = 3

# Points that are reached only when something else has gone wrong before.
AFTER = {
    "alone.given_back": "alone.sql_ended=error*2",
    "alone.found_lost": "alone.claimed=terminate",
    "batch.given_up": "flush.changes=error*2",
    "claim.counted": "advance.step_begun=terminate",
    "claim.count_committed": "advance.step_begun=terminate",
}
# An error of a point, and a cancel where it hits a step that runs alone, become the step's.
MADE = ("s.error ->> 'message' LIKE 'fault point%%' OR s.error ->> 'message' LIKE '%%ended%%times%%' OR s.error ->>"
        " 'message' = 'canceling statement due to user request' AND EXISTS (SELECT FROM pg_settings WHERE name ="
        " 'playbook.fault_point' AND setting LIKE '%%alone.%%=cancel%%')")


class Server:
    """A cluster of the test build."""

    def __init__(self, installation):
        self.cluster = Cluster(installation.binaries, log_min_messages="warning",
                               **{"playbook.executor_idle": "1s", "playbook.step_budget": "500ms"})
        self.cluster.start()
        install(self.cluster)
        self.cluster.query(f'GRANT SET ON PARAMETER "playbook.fault_point" TO {OWNER}')
        self._folder = os.path.join(self.cluster.data, "playbook_fault_points")
        self._told = 0

    def points(self):
        return self.cluster.value("SHOW playbook.fault_points").split()

    def visited(self):
        return {os.path.basename(path).rpartition(".")[0] for path in glob.glob(os.path.join(self._folder, "*.[0-9]"))}

    def arm(self, faults):
        shutil.rmtree(self._folder, ignore_errors=True)
        self.cluster.configure(**{"playbook.fault_point": faults})
        self.cluster.reload()

    def stir_processes(self, launcher):
        """Ends the workers, so that they start again, after five seconds."""
        with contextlib.suppress(psycopg2.Error):
            self.cluster.kill_backends("playbook scheduler", sign=15)
            if launcher:
                self.cluster.kill_backends("playbook launcher", sign=15)

    def tell(self, place, faults=""):
        self._told += 1
        # Views are made when there are none.
        self.cluster.query("DROP VIEW IF EXISTS playbook_outputs.playbook_output_quick_numbers,"
                           " playbook_outputs.playbook_output_quick_numbers_history")
        story = Story(self.cluster, f"story {self._told}", {"playbook.fault_point": faults})
        try:
            story.tell(work=place == "session")
        finally:
            story.close()
        return story.refused

    def let_history_age(self):
        self.cluster.query("UPDATE playbook_history_slots SET ends_at = now() - interval '2 hours' WHERE ends_at IS NOT"
                           " NULL")

    def purge(self, settings=None):
        """The history goes."""
        self.let_history_age()
        story = Story(self.cluster, "purge", settings, role="postgres")
        story.say("CALL playbook_purge('10 s')")
        story.close()

    def clean_restart(self):
        """After a crash executions are advanced one at a time for minutes: an orderly restart ends that."""
        self.arm("")
        self.cluster.restart()
        self.cluster.wait_until_ready()

    def clean_slate(self):
        """Nothing has ever happened. The ledger cannot be compared with a history that a test has made older than it is."""
        self.clean_restart()
        wait_until_nothing_is_left(self.cluster)
        self.cluster.query("TRUNCATE playbook_executions, playbook_step_executions, playbook_step_rows, playbook_artifacts,"
                           " playbook_notifications, ledger")


def meddle(server, point, stop):
    """While somebody waits at the point: others control what is under way, as far as they are let."""
    path = os.path.join(server.cluster.data, "playbook_fault_points", f"{point}.1")
    while not stop.wait(0.01):
        if not os.path.exists(path) or os.path.exists(f"{path}.go"):
            continue
        with contextlib.suppress(psycopg2.Error):
            connection = server.cluster.connect()
            with connection.cursor() as cursor:
                cursor.execute("SET lock_timeout = '100ms'")
                for call in ("playbook_pause(id)", "playbook_resume(id)", "playbook_cancel(id, 'no')"):
                    with contextlib.suppress(psycopg2.Error):
                        cursor.execute(f"SELECT {call} FROM playbook_executions WHERE slot = 0 AND status <> 'pending'"
                                       " ORDER BY id LIMIT 1")
            connection.close()
        with contextlib.suppress(FileNotFoundError), open(f"{path}.go", "w", encoding="ascii"):
            pass
        # What was locked when it was to go on.
        with contextlib.suppress(psycopg2.Error):
            server.cluster.query("SELECT playbook_resume(id) FROM playbook_executions WHERE slot = 0 AND status = 'paused'")


def calibrate(server, points):
    """Which points come by in a client's session, and which in workers."""
    everything = ", ".join(f"{point}=pass" for point in points if point not in AFTER)
    reached = {}
    server.arm("")
    server.tell("session", everything)
    server.purge({"playbook.fault_point": everything})
    reached["session"] = server.visited()
    server.arm(everything)
    wait_until_nothing_is_left(server.cluster)
    server.let_history_age()
    server.stir_processes(True)
    wait_until(lambda: "scheduler.looked" in server.visited(), "launcher and scheduler to come back", 60)
    # A story's session and the workers do some things for each other: who comes by is a matter of luck.
    for _ in range(15):
        server.tell("worker")
        wait_until_nothing_is_left(server.cluster)
        if reached["session"] | server.visited() | set(AFTER) | {"executor.leaving"} >= set(points):
            break
    wait_until(lambda: "executor.leaving" in server.visited(), "an executor to leave", 60)
    reached["worker"] = server.visited()
    reached["worker"] |= set(AFTER)
    server.clean_slate()
    return reached


def places_for(action, point, reached):
    """Where the point is visited with the action."""
    there = [place for place in (("session", "worker") if action == "error" else ("worker", "session"))
             if point in reached[place]]
    if ACTIONS:
        return there
    # Who ends an executor by hand means that process; a kill ends all.
    return there[:1] if action != "terminate" or point.startswith("executor.") else []


def visit(server, place, point, action):
    """One fault; returns an explanation when it was not come by."""
    faults = f"{point}={action}"
    if point in AFTER:
        faults += f", {AFTER[point]}"
    own = {"playbook.fault_point": faults if place == "session" else ""}
    stop = threading.Event()
    other = threading.Thread(target=meddle, args=(server, point, stop), daemon=True)
    came_by = False
    # Another process may be quicker than the one that is meant, above all where something has to go wrong first.
    for _ in range(15):
        server.arm(faults if place == "worker" else "")
        if action == "wait" and other.ident is None:
            other.start()
        if point in ("scheduler.executor_ordered", "executor.started"):
            server.cluster.wait_for("SELECT NOT EXISTS (SELECT FROM playbook_workers WHERE kind = 'executor')",
                                    "the executors of the story before to leave", 60)
        if place == "worker" and point.startswith(("launcher.", "scheduler.started", "scheduler.looked", "purge.")):
            if point.startswith("purge."):
                server.let_history_age()
            server.stir_processes(point.startswith("launcher."))
        if point.startswith(("purge.", "feed.forgotten")) and place == "session":
            server.purge(own)
        else:
            refused = server.tell(place, own["playbook.fault_point"])
            if place == "session" and action == "cancel" and "57014" not in refused and point in server.visited():
                raise Failure(f"{refused}: the cancelled statement did not end")
        wait_until_nothing_is_left(server.cluster)
        if point == "executor.leaving":
            with contextlib.suppress(Failure):
                wait_until(lambda: point in server.visited(), "an executor to leave", 3)
        came_by = point in server.visited()
        if came_by:
            break
    stop.set()
    server.cluster.wait_until_ready()
    if point.startswith(("purge.", "feed.forgotten")):
        return None if came_by else "nobody came by"
    inspect(server.cluster, MADE)
    return None if came_by else "nobody came by"


def work_off(server, visits, may_miss, failures):
    for place, point, action in visits:
        began = time.monotonic()
        try:
            problem = visit(server, place, point, action)
            if problem and (place, point) in may_miss:
                problem = None
        except Exception as failure:  # pylint: disable=broad-except
            problem = f"{type(failure).__name__}: {failure}"
        if problem:
            failures.append(f"{point} in a {place}, {action}: {problem}")
            print(f"# {failures[-1]}")
        took = time.monotonic() - began
        if took > 5 or os.environ.get("PLAYBOOK_FAULT_VERBOSE"):
            print(f"# {place} {point} {action}: {took:.1f} s")
        if problem or action in ("kill", "terminate") or point in AFTER or point.startswith(("purge.", "feed.forgotten")):
            try:
                server.clean_restart()
                if problem:
                    server.cluster.query("SELECT playbook_cancel(id, 'cleared away') FROM playbook_executions WHERE slot ="
                                         " 0")
                if problem or point.startswith(("purge.", "feed.forgotten")):
                    server.clean_slate()
            except Exception as failure:  # pylint: disable=broad-except
                failures.append(f"after {point} in a {place}, {action}: {failure}")
                return


def every_fault_point_is_survived():
    directory = tempfile.mkdtemp(prefix="playbook-faults-", dir="/tmp")
    servers = []
    failures = []
    try:
        installation = Installation(os.path.join(directory, "server"))
        installation.install(tree_with_fault_points())
        os.chmod(directory, 0o755)
        servers = [Server(installation) for _ in range(SERVERS)]
        points = servers[0].points()
        reached = calibrate(servers[0], points)
        check_equal(sorted(set(points) - reached["session"] - reached["worker"]), [], "points that nobody comes by")
        visits = [(place, point, action) for action in ACTIONS or ("error", "kill", "terminate") for point in points
                  if CHOSEN.search(point) for place in places_for(action, point, reached)]
        print(f"# {len(points)} points, {len(visits)} visits")
        # What is due is done by whoever is first.
        may_miss = {("session", point) for point in reached["session"] & reached["worker"]}
        threads = [threading.Thread(target=work_off, args=(server, visits[number::SERVERS], may_miss, failures))
                   for number, server in enumerate(servers)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        check(not failures, "\n".join(failures))
    finally:
        for server in servers:
            if failures and os.environ.get("PLAYBOOK_KEEP") == "1":
                print(f"# {server.cluster.log}")
            server.cluster.remove()
        shutil.rmtree(directory, ignore_errors=True)


run(every_fault_point_is_survived)
