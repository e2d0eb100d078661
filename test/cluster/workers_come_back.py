"""Workers come when there is work, come back when they were killed, and leave when they are idle."""
import signal
import time

from harness import Cluster, check, check_equal, run

QUICK = "{id: quick, name: Quick, steps: [{id: only, type: query, config: {template: SELECT 1 AS one}}]}"
WORKERS = "SELECT backend_type FROM pg_stat_activity WHERE backend_type LIKE 'playbook %' ORDER BY 1"


def workers(cluster):
    return [kind.removeprefix("playbook ") for (kind,) in cluster.query(WORKERS)]


def install(cluster, database="postgres"):
    cluster.query("CREATE EXTENSION playbook", database=database)
    cluster.query("SELECT playbook_create(%s, publish => true)", [QUICK], database=database)


def finishes(cluster, seconds=20, **where):
    """Starts an execution and waits until executors have completed it; returns how long that took."""
    began = time.monotonic()
    execution = cluster.value("SELECT playbook_start('quick')", **where)
    cluster.wait_for("SELECT status = 'completed' FROM playbook_executions WHERE id = %s", "an execution to complete",
                     seconds, [execution], **where)
    return time.monotonic() - began


def nothing_starts_before_the_first_publish():
    with Cluster() as cluster:
        cluster.query("CREATE EXTENSION playbook")
        time.sleep(1)
        check_equal(workers(cluster), ["launcher"], "workers after CREATE EXTENSION")
        cluster.query("SELECT playbook_create(%s, publish => true)", [QUICK])
        check(finishes(cluster) < 5, "the first execution took too long")
        check_equal(workers(cluster), ["executor", "launcher", "scheduler"], "workers after the first start")


def a_killed_process_of_any_kind_comes_back():
    with Cluster() as cluster:
        install(cluster)
        finishes(cluster)
        for kind in ("executor", "scheduler", "launcher"):
            # The server restarts all its processes after a SIGKILL.
            check_equal(cluster.kill_backends(backend_type=f"playbook {kind}"), 1, f"killed {kind} processes")
            time.sleep(0.5)
            cluster.wait_until_ready()
            finishes(cluster)
            cluster.wait_for("SELECT count(*) = 2 FROM pg_stat_activity WHERE backend_type IN "
                             "('playbook launcher', 'playbook scheduler')", f"the workers after the {kind} was killed")


def a_terminated_process_of_any_kind_comes_back():
    with Cluster() as cluster:
        install(cluster)
        finishes(cluster)
        for kind in ("executor", "scheduler", "launcher"):
            check_equal(cluster.kill_backends(backend_type=f"playbook {kind}", sign=signal.SIGTERM), 1,
                        f"terminated {kind} processes")
            finishes(cluster)
            cluster.wait_for("SELECT count(*) = 2 FROM pg_stat_activity WHERE backend_type IN "
                             "('playbook launcher', 'playbook scheduler')", f"the workers after the {kind} was terminated")


def work_that_was_due_goes_on_after_a_restart():
    with Cluster() as cluster:
        install(cluster)
        finishes(cluster)
        execution = cluster.value("SELECT playbook_start('quick', start_at => now() + interval '3 seconds')")
        cluster.restart()
        cluster.wait_for("SELECT status = 'completed' FROM playbook_executions WHERE id = %s",
                         "the execution that became due after the restart", 20, [execution])
        execution = cluster.value("SELECT playbook_start('quick', start_at => now() + interval '3 seconds')")
        cluster.crash()
        cluster.start()
        cluster.wait_for("SELECT status = 'completed' FROM playbook_executions WHERE id = %s",
                         "the execution that became due after the crash", 20, [execution])


def an_idle_executor_leaves():
    with Cluster(**{"playbook.executor_idle": "1s"}) as cluster:
        install(cluster)
        finishes(cluster)
        cluster.wait_for("SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE backend_type = 'playbook executor')",
                         "the idle executor to leave", 10)
        check_equal(workers(cluster), ["launcher", "scheduler"], "workers of a database without work")
        finishes(cluster)


def due_times_are_met_without_polling():
    with Cluster(**{"playbook.executor_idle": "1s"}) as cluster:
        install(cluster)
        finishes(cluster)
        for seconds in (1, 4):  # one that the executor waits for, one that the scheduler wakes another for
            began = time.monotonic()
            execution = cluster.value("SELECT playbook_start('quick', start_at => now() + %s * interval '1 second')", [seconds])
            cluster.wait_for("SELECT status = 'completed' FROM playbook_executions WHERE id = %s", "a due execution", 20,
                             [execution])
            late = time.monotonic() - began - seconds
            check(-0.1 < late < 1.5, f"what was due after {seconds} s came {late:.2f} s late")


def a_role_that_may_not_log_in_keeps_its_work():
    with Cluster() as cluster:
        cluster.query("CREATE EXTENSION playbook")
        cluster.query("CREATE ROLE reports; GRANT playbook_author TO reports")
        cluster.query("SET ROLE reports; SELECT playbook_create(%s, publish => true)", [QUICK])
        execution = cluster.value("SELECT playbook_start('quick')")
        cluster.wait_for("SELECT count(*) > 0 FROM pg_stat_activity WHERE backend_type = 'playbook scheduler'", "a scheduler")
        # From 17 on a worker may be of any role.
        needs_login = int(cluster.value("SHOW server_version_num")) < 170000
        if needs_login:
            time.sleep(1)
            check_equal(workers(cluster), ["launcher", "scheduler"], "workers for a role without LOGIN")
            cluster.query("ALTER ROLE reports LOGIN")
        cluster.wait_for("SELECT status = 'completed' FROM playbook_executions WHERE id = %s",
                         "the execution after its owner was let in", 45, [execution])
        check_equal(cluster.log_text().count('executions wait, since role "reports" may not log in'), int(needs_login),
                    "lines in the log that say why nothing runs")


def a_lost_step_of_a_paused_execution_stays():
    """Its executor ends; the step is done again only when the execution is resumed."""
    with Cluster() as cluster:
        cluster.query("CREATE EXTENSION playbook; CREATE TABLE pace AS SELECT 60 AS seconds")
        cluster.query("SELECT playbook_create($${id: slow, name: Slow, steps: [{id: s, type: query, alone: true, config:"
                      " {template: SELECT 1 AS one FROM pace WHERE pg_sleep(seconds) IS NOT NULL}}]}$$, publish => true)")
        execution = cluster.value("SELECT playbook_start('slow')")
        step = "SELECT status, due_at IS NULL FROM playbook_step_executions WHERE execution_id = %s"
        cluster.wait_for("SELECT count(*) > 0 FROM pg_stat_activity WHERE wait_event = 'PgSleep'", "the step to run")
        cluster.query("SELECT playbook_pause(%s); UPDATE pace SET seconds = 0", [execution])
        cluster.kill_backends(backend_type="playbook executor", sign=signal.SIGTERM)
        cluster.wait_for("SELECT status = 'pending' FROM playbook_step_executions WHERE execution_id = %s",
                         "the step to be found lost", arguments=[execution])
        finishes(cluster_with_quick(cluster))
        check_equal(cluster.query(step, [execution]), [("pending", True)], "the step while its execution is paused")
        cluster.query("SELECT playbook_resume(%s)", [execution])
        cluster.wait_for("SELECT status = 'completed' FROM playbook_executions WHERE id = %s", "the execution to complete",
                         arguments=[execution])


def cluster_with_quick(cluster):
    cluster.query("SELECT playbook_create(%s, publish => true)", [QUICK])
    return cluster


def works_for_several_databases():
    with Cluster() as cluster:
        for database in ("one", "two", "three"):
            cluster.query(f"CREATE DATABASE {database}")
            install(cluster, database)
            finishes(cluster, database=database)
        cluster.query("CREATE DATABASE without")
        cluster.restart()
        for database in ("one", "two", "three"):
            cluster.wait_for("SELECT count(*) = 1 FROM pg_stat_activity WHERE backend_type = 'playbook scheduler' "
                             "AND datname = current_database()", f"the scheduler of database {database}", database=database)
        time.sleep(1)
        check_equal(workers(cluster).count("scheduler"), 3, "schedulers after a restart")


run(nothing_starts_before_the_first_publish, a_killed_process_of_any_kind_comes_back,
    a_terminated_process_of_any_kind_comes_back, work_that_was_due_goes_on_after_a_restart, an_idle_executor_leaves,
    a_lost_step_of_a_paused_execution_stays, due_times_are_met_without_polling, a_role_that_may_not_log_in_keeps_its_work, works_for_several_databases)
