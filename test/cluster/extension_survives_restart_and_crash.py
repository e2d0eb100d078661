"""The extension is made, survives restarts and crashes of the server, and goes without leaving anything behind."""
from harness import Cluster, check, check_equal, run, wait_until

OBJECTS = """
    SELECT count(*) FROM pg_depend
    WHERE deptype = 'e' AND refclassid = 'pg_extension'::regclass
      AND refobjid = (SELECT oid FROM pg_extension WHERE extname = 'playbook')"""
# What is in the database and in no extension and no schema of the system's.
REMAINS = """
    SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')"""


def create_and_drop_leave_nothing():
    with Cluster() as cluster:
        before = cluster.value(REMAINS)
        cluster.query("CREATE EXTENSION playbook")
        check(cluster.value(OBJECTS) > 0, "the extension has no objects")
        cluster.query("DROP EXTENSION playbook")
        check_equal(cluster.value(REMAINS), before, "relations after DROP EXTENSION")
        cluster.query("CREATE EXTENSION playbook")
        check(cluster.value(OBJECTS) > 0, "the extension could not be made a second time")


def restart_and_crash_keep_it():
    with Cluster() as cluster:
        cluster.query("CREATE EXTENSION playbook")
        objects = cluster.value(OBJECTS)
        cluster.restart()
        check_equal(cluster.value(OBJECTS), objects, "objects after a restart")
        cluster.crash()
        cluster.start()
        check_equal(cluster.value(OBJECTS), objects, "objects after a crash")
        check("database system was not properly shut down" in cluster.log_text(), "the server was not really killed")


def killed_backend_restarts_the_server():
    with Cluster() as cluster:
        cluster.query("CREATE EXTENSION playbook")
        cluster.connect(application_name="victim")
        check_equal(cluster.kill_backends(application_name="victim"), 1, "killed backends")
        # Until the postmaster has noticed it still takes connections, only to end them.
        wait_until(lambda: "reinitializing" in cluster.log_text(), "the postmaster to notice", 30)
        cluster.wait_until_ready()
        check(cluster.value(OBJECTS) > 0, "the extension is gone after the server restarted itself")


def works_without_preload():
    with Cluster(shared_preload_libraries="") as cluster:
        cluster.query("CREATE EXTENSION playbook")
        check(cluster.value(OBJECTS) > 0, "the extension has no objects")


run(create_and_drop_leave_nothing, restart_and_crash_keep_it, killed_backend_restarts_the_server,
    works_without_preload)
