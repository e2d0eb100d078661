"""playbook_health says when nobody works, with and without preload, and when everything is well again; so does a start."""
from harness import Cluster, check, check_equal, run, wait_until

QUICK = "{id: quick, steps: [{id: only, type: query, config: {template: SELECT 1 AS one}}]}"
WORKERS = "SELECT status FROM playbook_health WHERE \"check\" = 'workers'"


def start_long_ago(cluster):
    cluster.query("SELECT playbook_start('quick')")
    cluster.query("UPDATE playbook_executions SET due_at = due_at - interval '61 seconds' WHERE status = 'pending'")


def without_preload():
    with Cluster(shared_preload_libraries="") as cluster:
        cluster.query("CREATE EXTENSION playbook")
        cluster.query("SELECT playbook_create(%s, publish => true)", [QUICK])
        check_equal(cluster.value(WORKERS), "ok", "while nothing is due")
        start_long_ago(cluster)
        check_equal(cluster.value(WORKERS), "critical", "when something has been due for a minute")
        cluster.query("CALL playbook_work()")
        check_equal(cluster.value(WORKERS), "ok", "when somebody works")
        start_long_ago(cluster)
        check_equal(cluster.value(WORKERS), "ok", "when somebody worked a moment ago")
        check_equal(cluster.value("SELECT count(*) > 50 AND sum(value) = 0 FROM playbook_stat"), True,
                    "a session's own counters")


def a_start_says_so_once():
    def warnings(session):
        """Of two starts in one session."""
        with session.cursor() as cursor:
            for _ in range(2):
                cursor.execute("SELECT playbook_start('quick')")
        return [notice for notice in session.notices if "nothing works" in notice]

    with Cluster(shared_preload_libraries="") as cluster:
        cluster.query("CREATE EXTENSION playbook")
        cluster.query("SELECT playbook_create(%s, publish => true)", [QUICK])
        session = cluster.connect()
        said = warnings(session)
        check_equal(len(said), 1, "warnings of a session")
        for part in ("WARNING", "playbook_work() has not run for a minute", "shared_preload_libraries", "call playbook_work()"):
            check(part in said[0], f"no word of {part}: {said[0]}")
        cluster.query("CALL playbook_work()")
        check_equal(warnings(cluster.connect()), [], "warnings when somebody worked a moment ago")
        cluster.query("UPDATE playbook_work_log SET worked_at = worked_at - interval '61 seconds'")
        check_equal(len(warnings(cluster.connect())), 1, "warnings when that was a minute ago")
    with Cluster() as cluster:
        cluster.query("CREATE EXTENSION playbook")
        cluster.query("SELECT playbook_create(%s, publish => true)", [QUICK])
        check_equal(warnings(cluster.connect()), [], "warnings with workers")


def with_preload():
    # No worker process is left for a scheduler.
    with Cluster(max_worker_processes="1") as cluster:
        cluster.query("CREATE EXTENSION playbook")
        cluster.query("SELECT playbook_create(%s, publish => true)", [QUICK])
        start_long_ago(cluster)
        check_equal(cluster.value(WORKERS), "critical", "without a scheduler")
        cluster.configure(max_worker_processes="8")
        cluster.restart()
        cluster.wait_for("SELECT NOT EXISTS (SELECT FROM playbook_executions WHERE status = 'pending')", "work to be done", 30)
        check_equal(cluster.query("SELECT \"check\", hint FROM playbook_health WHERE status <> 'ok'"), [], "what is wrong")
        check_equal(cluster.value("SELECT value FROM playbook_stat WHERE name = 'executors_started'"), 1, "executors")
        cluster.kill_backends("playbook executor")
        # A connection made before the server has noticed would be torn down.
        wait_until(lambda: "terminating any other active server processes" in cluster.log_text(), "the crash to be noticed", 30)
        cluster.wait_until_ready()
        cluster.wait_for("SELECT sum(value) = 0 FROM playbook_stat WHERE name = 'executions_started'",
                         "the counters to begin anew after a crash", 30)


run(without_preload, a_start_says_so_once, with_preload)
