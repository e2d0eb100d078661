"""playbook.superuser_owners = off: nothing runs with a superuser's rights, neither what is new nor what is under way."""
from harness import Cluster, check_equal, run

WAITS = """{id: waits, steps: [{id: w, type: wait, config: {event: go}}, {id: s, type: sql, config: {template: "INSERT
INTO done VALUES (current_user)"}}]}"""
INVOKER = "{id: invoker, security: invoker, steps: [{id: s, type: query, config: {template: SELECT current_user AS u}}]}"


def define(cluster):
    cluster.query("CREATE EXTENSION playbook")
    cluster.query("CREATE TABLE done (who name)")
    cluster.query("CREATE ROLE reader LOGIN")
    cluster.query("GRANT playbook_user TO reader")
    for text in (WAITS, INVOKER):
        cluster.query("SELECT playbook_create(%s, publish => true)", [text])
    cluster.query("SELECT playbook_share(id, 'reader', 'start') FROM playbooks")


def refused_in_sessions(cluster, execution):
    for role in ("postgres", "reader"):
        for call in ("SELECT playbook_start('waits')", "SELECT playbook_run('waits')", "CALL playbook_execute('waits')",
                     "SELECT * FROM playbook_preview('waits')", f"SELECT playbook_advance({execution})"):
            check_equal(cluster.refusal(call, role=role), "42501", f"{call} by {role}")
    check_equal(cluster.refusal("CALL playbook_work('1 s')"), "42501", "a superuser's own work")
    check_equal(cluster.value("SELECT playbook_run('invoker') -> 'steps' #>> '{0,data,0,u}'", role="reader"), "reader",
                "what runs as its caller")


def without_workers():
    with Cluster(shared_preload_libraries="") as cluster:
        define(cluster)
        execution = cluster.value("SELECT playbook_start('waits')", role="reader")
        cluster.query("CALL playbook_work('1 s')")
        cluster.query("SELECT playbook_signal(%s, 'go')", [execution])
        cluster.configure(**{"playbook.superuser_owners": "off"})
        cluster.query("LOAD 'playbook'")
        cluster.reload()
        refused_in_sessions(cluster, execution)
        check_equal(cluster.query("SELECT who FROM done"), [], "what has run")


def with_workers():
    with Cluster() as cluster:
        define(cluster)
        first, second = (cluster.value("SELECT playbook_start('waits')", role="reader") for _ in range(2))
        cluster.query("SELECT playbook_signal(%s, 'go')", [first])
        check_equal(cluster.value("SELECT status FROM playbook_wait(%s)", [first]), "completed", "while it is on")
        cluster.configure(**{"playbook.superuser_owners": "off"})
        cluster.reload()
        cluster.query("SELECT pg_terminate_backend(pid) FROM playbook_workers WHERE kind = 'executor'")
        cluster.wait_for("SELECT NOT EXISTS (SELECT FROM playbook_workers WHERE kind = 'executor')", "the executor to leave")
        cluster.query("SELECT playbook_signal(%s, 'go')", [second])
        cluster.wait_for("SELECT reason LIKE '%%superuser%%' FROM playbook_executions WHERE id = %s", "the reason", 60, [second])
        refused_in_sessions(cluster, second)
        check_equal(cluster.value("SELECT count(*) FROM done"), 1, "what has run")
        cluster.configure(**{"playbook.superuser_owners": "on"})
        cluster.reload()
        check_equal(cluster.value("SELECT status FROM playbook_wait(%s, '60 s')", [second]), "completed", "when it is on again")


run(without_workers, with_workers)
