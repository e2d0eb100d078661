"""Commands on the database or the extension are not held up by workers, and whoever may not run them sends none away."""
import time

from harness import Cluster, check, check_equal, run

QUICK = "{id: quick, name: Quick, steps: [{id: only, type: query, config: {template: SELECT 1 AS one}}]}"
SLOW = ("{id: slow, name: Slow, steps: [{id: only, type: query, alone: true, "
        "config: {template: 'SELECT 1 AS one FROM pg_sleep(120)'}}]}")


def install(cluster, database="postgres"):
    cluster.query("CREATE EXTENSION playbook", database=database)
    for definition in (QUICK, SLOW):
        cluster.query("SELECT playbook_create(%s, publish => true)", [definition], database=database)
    completes(cluster, database)


def completes(cluster, database="postgres", seconds=20):
    execution = cluster.value("SELECT playbook_start('quick')", database=database)
    cluster.wait_for("SELECT status = 'completed' FROM playbook_executions WHERE id = %s", "an execution to complete",
                     seconds, [execution], database=database)


def runs_slowly(cluster, database="postgres"):
    """Starts an execution whose step takes two minutes, and waits until the step runs."""
    execution = cluster.value("SELECT playbook_start('slow')", database=database)
    cluster.wait_for("SELECT status = 'running' FROM playbook_step_executions WHERE execution_id = %s", "the slow step to run",
                     20, [execution], database=database)
    return execution


def quickly(cluster, sql, database="postgres"):
    began = time.monotonic()
    cluster.query(sql, database=database)
    took = time.monotonic() - began
    check(took < 5, f"{sql} took {took:.1f} s")


def workers_in(cluster, database):
    return cluster.value("SELECT count(*) FROM pg_stat_activity WHERE backend_type LIKE 'playbook %%' AND datname = %s",
                         [database])


def extension_is_dropped_under_load():
    with Cluster() as cluster:
        install(cluster)
        runs_slowly(cluster)
        quickly(cluster, "DROP EXTENSION playbook")
        check_equal(workers_in(cluster, "postgres"), 0, "workers after DROP EXTENSION")
        install(cluster)


def extension_is_dropped_with_its_schema():
    with Cluster() as cluster:
        cluster.query("CREATE SCHEMA books; CREATE EXTENSION playbook SCHEMA books")
        cluster.query("ALTER DATABASE postgres SET search_path = books, public")
        cluster.query("SELECT playbook_create(%s, publish => true)", [QUICK])
        completes(cluster)
        quickly(cluster, "DROP SCHEMA books CASCADE")
        cluster.wait_for("SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE backend_type IN "
                         "('playbook scheduler', 'playbook executor'))", "the workers to notice", 90)


def a_drop_that_is_rolled_back_changes_nothing():
    with Cluster() as cluster:
        install(cluster)
        connection = cluster.connect(autocommit=False)
        connection.cursor().execute("DROP EXTENSION playbook")
        time.sleep(1)
        check_equal(workers_in(cluster, "postgres"), 0, "workers while the command's transaction is open")
        connection.rollback()
        completes(cluster)


def database_is_dropped_copied_and_renamed():
    with Cluster() as cluster:
        cluster.query("CREATE DATABASE first")
        install(cluster, "first")
        runs_slowly(cluster, "first")
        quickly(cluster, "CREATE DATABASE copy TEMPLATE first")
        completes(cluster, "first")
        quickly(cluster, "ALTER DATABASE first RENAME TO renamed")
        completes(cluster, "renamed")
        quickly(cluster, "DROP DATABASE renamed")
        check_equal(cluster.value("SELECT count(*) FROM pg_database WHERE datname = 'renamed'"), 0, "databases of that name")


def a_copy_stands_still_until_it_is_enabled():
    with Cluster() as cluster:
        cluster.query("CREATE DATABASE first")
        install(cluster, "first")
        cluster.query("CREATE DATABASE copy TEMPLATE first")
        execution = cluster.value("SELECT playbook_start('quick')", database="copy")
        time.sleep(2)
        check_equal(cluster.value("SELECT status FROM playbook_executions WHERE id = %s", [execution], database="copy"),
                    "pending", "status in a copy that was not enabled")
        check_equal(workers_in(cluster, "copy"), 0, "workers in a copy that was not enabled")
        cluster.query("SELECT playbook_enable()", database="copy")
        cluster.wait_for("SELECT status = 'completed' FROM playbook_executions WHERE id = %s", "the copy to work", 20,
                         [execution], database="copy")


def a_stranger_sends_nobody_away():
    with Cluster() as cluster:
        cluster.query("CREATE DATABASE first")
        cluster.query("CREATE ROLE stranger LOGIN CREATEDB")
        install(cluster, "first")
        before = cluster.query("SELECT pid FROM pg_stat_activity WHERE backend_type = 'playbook scheduler'")
        for command in ("DROP DATABASE first", "ALTER DATABASE first RENAME TO second", "CREATE DATABASE mine TEMPLATE first"):
            check_equal(cluster.refusal(command, role="stranger"), "42501", command)
        check_equal(cluster.refusal("DROP EXTENSION playbook", role="stranger", database="first"), "42501", "DROP EXTENSION")
        check_equal(cluster.query("SELECT pid FROM pg_stat_activity WHERE backend_type = 'playbook scheduler'"), before,
                    "the scheduler after refused commands")


def whoever_may_create_databases_copies_a_template():
    with Cluster() as cluster:
        cluster.query("CREATE DATABASE first")
        cluster.query("CREATE ROLE maker LOGIN CREATEDB; CREATE ROLE other LOGIN")
        install(cluster, "first")
        cluster.query("ALTER DATABASE first IS_TEMPLATE true")
        check(workers_in(cluster, "first") > 0, "there are no workers to make way")
        check_equal(cluster.refusal("CREATE DATABASE mine TEMPLATE first", role="other"), "42501", "CREATE DATABASE of another")
        cluster.query("CREATE DATABASE mine TEMPLATE first", role="maker")
        check_equal(workers_in(cluster, "mine"), 0, "workers in a copy that was not enabled")


run(extension_is_dropped_under_load, extension_is_dropped_with_its_schema, a_drop_that_is_rolled_back_changes_nothing,
    database_is_dropped_copied_and_renamed, a_copy_stands_still_until_it_is_enabled, a_stranger_sends_nobody_away,
    whoever_may_create_databases_copies_a_template)
