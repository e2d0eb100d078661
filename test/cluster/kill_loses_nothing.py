"""Executors, the scheduler, the launcher, clients in playbook_run and playbook_execute and the postmaster are killed or
terminated at random under load, and some steps want more memory than there is; no execution is lost, none is stuck, every
step inside PostgreSQL takes effect exactly once, and no worker is gone for longer than its restart takes.

PLAYBOOK_KILL_SECONDS: for how long (60). PLAYBOOK_KILL_SEED: the seed of a former run, to repeat its choices.
"""
import contextlib
import os
import random
import signal
import threading
import time

import psycopg2

from harness import Cluster, Failure, check, check_equal, run, wait_until
from support.load import Load

SECONDS = float(os.environ.get("PLAYBOOK_KILL_SECONDS", "60"))
SEED = int(os.environ.get("PLAYBOOK_KILL_SEED", str(random.randrange(1_000_000))))
OWNERS = ("alpha", "beta", "gamma")
DRAIN_SECONDS = 60


def entry(step, item="0", rows="generate_series(1, 1)"):
    """A statement that leaves one line in the ledger: its execution, its step, the item of its for_each."""
    return (
        "INSERT INTO public.ledger (execution, step, item, pid) "
        f"SELECT {{{{execution.id}}}}, '{step}', {item}, pg_backend_pid() FROM {rows}"
    )


CHILD = f"""
id: child_of_OWNER
name: Child
steps:
  - {{id: child_first, type: sql, config: {{template: "{entry('child_first')}"}}}}
  - {{id: child_rest, type: wait, config: {{for: 200ms}}}}
  - {{id: child_last, type: sql, config: {{template: "{entry('child_last')}"}}}}
"""

# What is quick, in one batch and over a wait, with data steps between and one statement for each of their rows.
QUICK = f"""
id: quick_of_OWNER
name: Quick
conflict: allow
steps:
  - {{id: first, type: sql, config: {{template: "{entry('first')}"}}}}
  - {{id: found, type: query, config: {{template: "SELECT n, n % 2 AS half FROM generate_series(1, 5) AS n"}}}}
  - id: odd
    type: filter
    config: {{input: "${{steps.found}}", condition: "half = 1"}}
  - id: each
    type: sql
    for_each: "${{steps.odd}}"
    config: {{template: "{entry('each', '{{item.n}}')}"}}
  - {{id: rest, type: wait, config: {{for: 400ms}}}}
  - {{id: last, type: sql, config: {{template: "{entry('last')}"}}}}
"""

# A step that overruns the budget and is done again alone, one that begins alone, and a playbook within the playbook.
SLOW = f"""
id: slow_of_OWNER
name: Slow
conflict: allow
steps:
  - {{id: overruns, type: sql, config: {{template: "{entry('overruns', rows='pg_sleep(0.15)')}"}}}}
  - {{id: alone, type: sql, alone: true, config: {{template: "{entry('alone', rows='pg_sleep(0.05)')}"}}}}
  - {{id: inner, type: playbook, config: {{playbook: child_of_OWNER}}}}
  - {{id: last, type: sql, config: {{template: "{entry('last')}"}}}}
"""

# Playbooks for each row of a result, two at a time.
MANY = f"""
id: many_of_OWNER
name: Many
conflict: allow
steps:
  - {{id: found, type: query, config: {{template: "SELECT n FROM generate_series(1, 3) AS n"}}}}
  - id: inner
    type: playbook
    for_each: "${{steps.found}}"
    concurrency: 2
    config: {{playbook: child_of_OWNER, customer: "customer {{{{item.n}}}}"}}
  - {{id: last, type: sql, config: {{template: "{entry('last')}"}}}}
"""

# A step that wants more memory than its process may have.
GREEDY = """
id: greedy_of_OWNER
name: Greedy
conflict: allow
steps:
  - {id: first, type: query, config: {template: "SELECT length(repeat('x', 1000000000))"}}
"""
MEMORY = 1024 * 1024 * 1024  # bytes of address space for each process of the server
# How long each may be away, beyond what the server needs to restart: the launcher comes back after five seconds, a
# scheduler after as many, and later only when it ends again and again.
RESTART_SECONDS = {"launcher": 15, "scheduler": 30}


def install(cluster):
    cluster.query("CREATE EXTENSION playbook")
    cluster.query("CREATE TABLE ledger (execution bigint, step text, item integer, pid integer)")
    for owner in OWNERS:
        cluster.query(
            f"CREATE ROLE {owner} LOGIN; GRANT playbook_author TO {owner}; GRANT INSERT ON ledger TO {owner}"
        )
        for definition in (CHILD, QUICK, SLOW, MANY, GREEDY):
            cluster.query(
                "SELECT playbook_create(%s, publish => true)", [definition.replace("OWNER", owner)], role=owner
            )


def start_load(cluster, owner):
    """A client that starts the owner's playbooks, whatever becomes of the server."""
    chance = random.Random(f"{SEED} {owner}")
    return Load(
        cluster,
        owner,
        lambda _: f"{chance.choices(('quick', 'slow', 'many', 'greedy'), (16, 4, 2, 1))[0]}_of_{owner}",
        role=owner,
        pause=0.2,
        comes_back=True,
    )


class Runner:
    """A session that runs playbooks itself, until it is told to stop; whatever happens to it, it goes on."""

    def __init__(self, cluster, owner):
        self.done = 0
        self._cluster, self._owner = cluster, owner
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self):
        self._stop.set()
        self._thread.join(60)
        check(not self._thread.is_alive(), "a session that runs playbooks hangs")

    def _run(self):
        connection = None
        turn = 0
        while not self._stop.is_set():
            turn += 1
            try:
                if connection is None or connection.closed:
                    connection = psycopg2.connect(
                        host=self._cluster.socket, port=5432, user=self._owner, dbname="postgres", connect_timeout=10,
                        application_name="runner",
                    )
                    connection.autocommit = True
                with connection.cursor() as cursor:
                    if turn % 2 == 0:
                        cursor.execute("SELECT playbook_run(%s)", [f"quick_of_{self._owner}"])
                    else:
                        cursor.execute("CALL playbook_execute(%s, wait_at_most => '5 s')", [f"slow_of_{self._owner}"])
                self.done += 1
            except psycopg2.Error:
                connection = None
                self._stop.wait(0.2)
        if connection is not None:
            connection.close()


class Watch:
    """Sees for how long launcher and scheduler were away while the server took connections."""

    def __init__(self, cluster):
        self.longest = dict.fromkeys(RESTART_SECONDS, 0.0)
        self._cluster = cluster
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self):
        self._stop.set()
        self._thread.join(60)

    def _run(self):
        missing = {}
        while not self._stop.wait(0.25):
            now = time.monotonic()
            try:
                present = {kind for (kind,) in self._cluster.query(
                    "SELECT substr(backend_type, 10) FROM pg_stat_activity WHERE backend_type LIKE 'playbook %%'")}
            except psycopg2.Error:
                missing.clear()  # the server restarts
                continue
            for kind in RESTART_SECONDS:
                since = missing.setdefault(kind, now)
                self.longest[kind] = max(self.longest[kind], now - since)
                if kind in present:
                    del missing[kind]


def kill_one(cluster, chance, killed):
    """Kills one process, or asks it to end; returns when the server takes connections again."""
    kind = chance.choices(("executor", "scheduler", "launcher", "runner", "postmaster"), (6, 2, 1, 3, 2))[0]
    if kind == "postmaster":
        cluster.crash()
        cluster.start()
        cluster.limit_memory(MEMORY)
    else:
        pids = [
            pid
            for (pid,) in cluster.query(
                "SELECT pid FROM pg_stat_activity WHERE backend_type = %s OR application_name = %s ORDER BY pid",
                [f"playbook {kind}", kind],
            )
        ]
        if not pids:
            return
        pid = chance.choice(pids)
        if chance.random() < 0.4:
            cluster.query("SELECT pg_terminate_backend(%s)", [pid])
            killed[f"{kind} asked"] = killed.get(f"{kind} asked", 0) + 1
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        # The connections of the children that the postmaster ends may still be accepted for a moment.
        wait_until(lambda: not os.path.exists(f"/proc/{pid}"), f"the killed {kind} to be reaped", 30)
    killed[kind] = killed.get(kind, 0) + 1
    cluster.wait_until_ready()


def wait_until_drained(cluster):
    def live():
        with contextlib.suppress(psycopg2.Error):
            return cluster.value("SELECT count(*) FROM playbook_executions WHERE slot = 0") == 0
        return False

    try:
        wait_until(live, "all executions to end", DRAIN_SECONDS)
    except Failure:
        for row in cluster.query(
            "SELECT e.id, e.playbook_id, e.status, e.waiting_for, e.due_at - now(), e.attempt, s.step_id, s.item,"
            " s.status, s.waiting_for, s.due_at - now(), s.alone, s.worker, s.attempt FROM playbook_executions e LEFT"
            " JOIN playbook_step_executions s ON s.execution_id = e.id AND s.status NOT IN ('completed', 'failed',"
            " 'skipped') WHERE e.slot = 0 ORDER BY e.id LIMIT 20"
        ):
            print("# stuck:", *row)
        for row in cluster.query("SELECT kind, role, state, execution, since FROM playbook_workers"):
            print("# worker:", *row)
        raise


# An execution or a step that saw its process end three times is given up, since it may be what ended it. That is the
# only failure there may be, and what failed so has done nothing.
GIVEN_UP = "error ->> 'sqlstate' = 'XX000' AND error ->> 'message' LIKE '%%ended%%times%%'"


def inspect(cluster, started):
    executions = cluster.query(
        "SELECT idempotency_key, id FROM playbook_executions WHERE idempotency_key IS NOT NULL"
    )
    check_equal(dict(executions), started, "the executions by their keys")
    check_equal(len(executions), len(started), "executions")
    check_equal(
        cluster.query("SELECT DISTINCT status FROM playbook_executions WHERE status NOT IN ('completed', 'failed')"),
        [],
        "states besides completed and failed",
    )
    check_equal(
        cluster.query(
            "SELECT execution_id, step_id, status FROM playbook_step_executions"
            " WHERE status NOT IN ('completed', 'failed', 'skipped') OR worker IS NOT NULL OR due_at IS NOT NULL"
        ),
        [],
        "steps of ended executions that have not ended",
    )
    check_equal(
        cluster.query(
            "SELECT e.id FROM playbook_executions e JOIN playbook_step_executions s ON s.execution_id = e.id"
            " WHERE e.slot <> s.slot"
        ),
        [],
        "steps that lie elsewhere than their execution",
    )
    # Every step of every execution has a row, and a completed execution only completed ones.
    check_equal(
        cluster.query(
            "SELECT e.id, e.playbook_id, count(s) FROM playbook_executions e LEFT JOIN playbook_step_executions s"
            " ON s.execution_id = e.id AND s.item = 0 JOIN playbooks p ON p.id = e.playbook_id"
            " GROUP BY e.id, e.playbook_id, p.id HAVING count(s) <> jsonb_array_length(p.steps)"
        ),
        [],
        "executions without a row for each of their steps",
    )
    check_equal(
        cluster.query(
            "SELECT e.id, s.step_id, s.item, s.status FROM playbook_executions e"
            " JOIN playbook_step_executions s ON s.execution_id = e.id"
            " WHERE e.status = 'completed' AND s.status <> 'completed'"
        ),
        [],
        "steps of completed executions that have not completed",
    )
    check_equal(
        cluster.query(
            "SELECT execution_id, step_id, error FROM playbook_step_executions"
            f" WHERE status = 'failed' AND type <> 'playbook' AND NOT ({GIVEN_UP}) AND NOT (execution_id IN (SELECT id"
            " FROM playbook_executions WHERE playbook_id LIKE 'greedy%%') AND error ->> 'sqlstate' IN ('53200', '54000'))"
        ),
        [],
        "steps that failed for another reason",
    )
    # The heart of it: one line for each sql step that completed, none for any other, and no line of nobody.
    done = (
        "SELECT execution_id, step_id, CASE WHEN item = 0 THEN 0 ELSE 2 * item - 1 END AS item FROM"
        " playbook_step_executions s WHERE type = 'sql' AND status = 'completed' AND NOT (step_id = 'each' AND item"
        " = 0)"
    )
    check_equal(
        cluster.query(f"SELECT * FROM ({done}) AS done EXCEPT ALL SELECT execution, step, item FROM ledger"),
        [],
        "steps that completed without effect",
    )
    check_equal(
        cluster.query(f"SELECT execution, step, item FROM ledger EXCEPT ALL {done}"),
        [],
        "effects without a completed step",
    )
    # Children: each was started by a step of an execution that exists, once for each item.
    check_equal(
        cluster.query(
            "SELECT parent_execution, parent_position, parent_item, count(*) FROM playbook_executions"
            " WHERE parent_execution IS NOT NULL GROUP BY 1, 2, 3 HAVING count(*) > 1"
        ),
        [],
        "children that were started twice",
    )
    check_equal(
        cluster.query(
            "SELECT s.execution_id, s.item FROM playbook_step_executions s WHERE s.type = 'playbook' AND s.status ="
            " 'completed' AND s.output ? 'execution' AND NOT EXISTS (SELECT FROM playbook_executions c WHERE"
            " c.parent_execution = s.execution_id AND c.parent_position = s.position AND c.parent_item = s.item AND"
            " c.status = 'completed')"
        ),
        [],
        "completed playbook steps without a completed child",
    )
    # The feed tells of each end exactly once, and has no gaps.
    ends = dict(cluster.query("SELECT id, status FROM playbook_executions"))
    changes = wait_until(lambda: feed_that_tells(cluster, ends), "all ends to be announced", 15)
    check_equal([seq for seq, *_ in changes], list(range(1, len(changes) + 1)), "numbers of the feed")
    told = [execution for _, execution, step, status in changes if step is None and status in ("completed", "failed")]
    check_equal(sorted(told), sorted(ends), "ends that were announced")


def feed_that_tells(cluster, ends):
    """The whole feed, page by page, once it tells how each execution ended."""
    changes = []
    while page := cluster.query(
        "SELECT seq, execution, step, status FROM playbook_changes(%s, 10000)", [changes[-1][0] if changes else 0]
    ):
        changes += page
    told = {execution: status for _, execution, step, status in changes if step is None}
    return changes if told == ends else None


def killed_processes_lose_nothing():
    print(f"# PLAYBOOK_KILL_SEED={SEED}, {SECONDS:.0f} seconds")
    chance = random.Random(SEED)
    with Cluster(restart_after_crash="on", log_min_messages="warning", **{"playbook.max_executors": "6"}) as cluster:
        install(cluster)
        cluster.limit_memory(MEMORY)
        cluster.kill_backends("playbook %", sign=signal.SIGTERM)  # those of the time before
        runners = [Runner(cluster, owner) for owner in OWNERS[:2]]
        watch = Watch(cluster)
        loads = [start_load(cluster, owner) for owner in OWNERS]
        killed = {}
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            time.sleep(chance.uniform(0.5, 3))
            kill_one(cluster, chance, killed)
        for worker in (*loads, *runners, watch):
            worker.stop()
        began = time.monotonic()
        wait_until_drained(cluster)
        drained = time.monotonic() - began
        started = {key: execution for load in loads for key, execution in load.started.items()}
        inspect(cluster, started)
        counts = dict(cluster.query("SELECT status, count(*)::integer FROM playbook_executions GROUP BY 1"))
        lines = cluster.value("SELECT count(*) FROM ledger")
        longest = {kind: round(seconds, 1) for kind, seconds in watch.longest.items()}
        print(f"# {sum(runner.done for runner in runners)} runs in sessions; away at most {longest} s")
        print(f"# killed {killed}; executions {counts}; {lines} statements took effect; drained in {drained:.1f} s")
        # Otherwise nothing was shown.
        check(all(killed.get(kind, 0) > 0 for kind in ("executor", "postmaster")), f"too little was killed: {killed}")
        check(counts.get("completed", 0) > 5 * SECONDS, f"too little was done: {counts}")
        for kind, seconds in RESTART_SECONDS.items():
            check(watch.longest[kind] <= seconds, f"the {kind} was away for {watch.longest[kind]:.1f} s")
        greedy = cluster.value("SELECT count(*) FROM playbook_executions WHERE playbook_id LIKE 'greedy%%'")
        check(greedy > 0, "nobody wanted too much memory")
        check(counts.get("failed", 0) - greedy < counts["completed"] / 10, f"too much was given up: {counts}")


run(killed_processes_lose_nothing)
