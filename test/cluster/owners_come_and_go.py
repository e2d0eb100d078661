"""Owner roles: many of them, one that may not connect any longer, one that was dropped. Whose work waits says so, health
is critical, and playbook_set_owner moves it on; nothing fails or is lost. Two databases with two schemas' names, and a
setting that changes on reload."""
from harness import Cluster, check, check_equal, run

WHO = "{id: %s, name: Who, steps: [{id: who, type: query, config: {template: 'SELECT current_user::text AS role'}}]}"
HEALTH = 'SELECT status, value FROM playbook_health WHERE "check" = \'owners\''


def add_owner(cluster, role, playbook, definition=WHO):
    cluster.query(f"CREATE ROLE {role} LOGIN; GRANT playbook_author TO {role}")
    cluster.query("SELECT playbook_create(%s, publish => true)", [definition % playbook], role=role)


def completes(cluster, execution, seconds=45, **where):
    cluster.wait_for("SELECT status = 'completed' FROM playbook_executions WHERE id = %s", f"execution {execution} to complete",
                     seconds, [execution], **where)


def ran_as(cluster, execution, step="who"):
    return cluster.value("SELECT r ->> 'role' FROM playbook_rows(%s, %s) AS r", [execution, step])


def waits(cluster, execution, reason):
    cluster.wait_for("SELECT reason = %s FROM playbook_executions WHERE id = %s", f"the reason \"{reason}\"", 45,
                     [reason, execution])
    check_equal(cluster.value("SELECT status FROM playbook_executions WHERE id = %s", [execution]), "pending", "its status")


def fifty_owners_all_get_their_turn():
    with Cluster(**{"playbook.max_executors": "8", "playbook.executor_idle": "1s"}) as cluster:
        cluster.query("CREATE EXTENSION playbook")
        roles = [f"owner_{n:02}" for n in range(50)]
        for role in roles:
            add_owner(cluster, role, f"of_{role}")
        executions = {(role, cluster.value("SELECT playbook_start(%s)", [f"of_{role}"])) for role in roles for _ in range(3)}
        cluster.wait_for("SELECT NOT EXISTS (SELECT FROM playbook_executions WHERE slot = 0)", "all to end", 120)
        for role, execution in executions:
            check_equal(ran_as(cluster, execution), role, f"who ran execution {execution}")
        check_equal(cluster.value("SELECT count(*) FROM playbook_executions WHERE status = 'completed'"), 150, "completed")


def a_revoked_connect_holds_up_its_role_only():
    with Cluster(**{"playbook.executor_idle": "1s"}) as cluster:
        cluster.query("CREATE EXTENSION playbook; REVOKE CONNECT ON DATABASE postgres FROM PUBLIC")
        for role in ("first", "second"):
            cluster.query(f"CREATE ROLE {role} LOGIN; GRANT playbook_author TO {role}")
            cluster.query(f"GRANT CONNECT ON DATABASE postgres TO {role}")
            cluster.query("SELECT playbook_create(%s, publish => true)", [WHO % f"of_{role}"], role=role)
        completes(cluster, cluster.value("SELECT playbook_start('of_first')"))
        cluster.wait_for("SELECT count(*) = 0 FROM playbook_workers WHERE kind = 'executor'", "the executor to leave")
        cluster.query("REVOKE CONNECT ON DATABASE postgres FROM first")
        held, moved = (cluster.value("SELECT playbook_start('of_first')") for _ in range(2))
        completes(cluster, cluster.value("SELECT playbook_start('of_second')"))
        waits(cluster, held, 'role "first" may not connect to this database')
        check_equal(cluster.query(HEALTH), [("critical", "first")], "health while first may not connect")

        cluster.query("SELECT playbook_set_owner('of_first', 'second')")
        completes(cluster, moved, 10)
        completes(cluster, held, 10)
        check_equal([ran_as(cluster, held), ran_as(cluster, moved)], ["second", "second"], "who ran what was moved")
        check_equal(cluster.query(HEALTH), [("ok", "all can be worked for")], "health afterwards")
        check_equal(cluster.value("SELECT count(*) FROM playbook_executions WHERE status = 'failed'"), 0, "failed executions")


def work_of_a_dropped_role_is_moved():
    """One that waits for an event, and one that is due."""
    definition = """{id: %s, name: Gone, steps: [{id: before, type: query, config: {template: 'SELECT current_user::text AS role'}},
        {id: pause, type: wait, config: {event: go}},
        {id: who, type: query, depends_on: [pause], config: {template: 'SELECT current_user::text AS role'}}]}"""
    with Cluster(**{"playbook.executor_idle": "1s"}) as cluster:
        cluster.query("CREATE EXTENSION playbook")
        add_owner(cluster, "gone", "of_gone", definition)
        add_owner(cluster, "stays", "of_stays")
        waiting, due = (cluster.value("SELECT playbook_start('of_gone')") for _ in range(2))
        cluster.wait_for("SELECT count(*) = 2 FROM playbook_executions WHERE status = 'waiting'", "both to wait")
        cluster.wait_for("SELECT count(*) = 0 FROM playbook_workers WHERE kind = 'executor'", "the executor to leave")
        number = cluster.value("SELECT 'gone'::regrole::oid")
        cluster.query("DROP OWNED BY gone; DROP ROLE gone; SELECT playbook_signal(%s, 'go')", [due])
        cluster.wait_for("SELECT reason = %s FROM playbook_executions WHERE id = %s", "the reason of what is due", 45,
                         [f"role {number} does not exist any longer", due])
        check_equal(cluster.query(HEALTH), [("critical", str(number))], "health when the role is gone")

        cluster.query("SELECT playbook_set_owner(id, 'stays') FROM playbooks WHERE owner = %s", [number])
        completes(cluster, due, 10)
        cluster.query("SELECT playbook_signal(%s, 'go')", [waiting])
        completes(cluster, waiting, 10)
        check_equal([ran_as(cluster, due), ran_as(cluster, waiting)], ["stays", "stays"], "who ran the last step")
        check_equal(cluster.query(HEALTH), [("ok", "all can be worked for")], "health afterwards")


def a_step_that_runs_ends_as_the_former_owner():
    definition = """{id: %s, name: Slow, steps: [
        {id: slow, type: query, alone: true, config: {template: 'SELECT current_user::text AS role FROM pace WHERE pg_sleep(seconds) IS NOT NULL'}},
        {id: who, type: query, depends_on: [slow], config: {template: 'SELECT session_user::text AS role'}}]}"""
    with Cluster() as cluster:
        cluster.query("CREATE EXTENSION playbook; CREATE TABLE pace AS SELECT 3 AS seconds; GRANT SELECT ON pace TO PUBLIC")
        add_owner(cluster, "former", "slow", definition)
        add_owner(cluster, "next_one", "other")
        execution = cluster.value("SELECT playbook_start('slow')")
        cluster.wait_for("SELECT count(*) > 0 FROM pg_stat_activity WHERE wait_event = 'PgSleep'", "the step to run")
        cluster.query("SELECT playbook_set_owner('slow', 'next_one')")
        completes(cluster, execution, 20)
        check_equal([ran_as(cluster, execution, "slow"), ran_as(cluster, execution)], ["former", "next_one"], "who ran the steps")


def two_databases_two_schemas():
    """The extension's own names need no search_path, whatever its schema is called."""
    with Cluster() as cluster:
        for database, schema in (("one", "work flows"), ("two", "Abläufe")):
            quoted = f'"{schema}"'
            cluster.query(f"CREATE DATABASE {database}")
            cluster.query(f"CREATE SCHEMA {quoted}; CREATE EXTENSION playbook SCHEMA {quoted}", database=database)
            created = f"SELECT {quoted}.playbook_create(%s, publish => true)"
            check_equal(cluster.value(created, [WHO % "who"], database=database), "who", "the playbook's id")
            execution = cluster.value(f"SELECT {quoted}.playbook_start('who')", database=database)
            cluster.wait_for(f"SELECT status = 'completed' FROM {quoted}.playbook_executions WHERE id = %s", "it to complete",
                             20, [execution], database=database)
            check_equal(cluster.value(f"SELECT count(*) FROM {quoted}.playbook_health WHERE status = 'critical'",
                                      database=database), 0, "critical checks")


def a_setting_changes_on_reload():
    with Cluster(**{"playbook.max_executors": "1"}) as cluster:
        cluster.query("CREATE EXTENSION playbook")
        cluster.query("SELECT playbook_create($${id: slow, name: Slow, steps: [{id: s, type: query, alone: true, config:"
                      " {template: SELECT 1 AS one FROM pg_sleep(3)}}]}$$, publish => true)")
        working = "SELECT count(*) FROM playbook_workers WHERE kind = 'executor'"
        for _ in range(3):
            cluster.query("SELECT playbook_start('slow')")
        cluster.wait_for(f"{working} AND state = 'alone'".replace("count(*)", "count(*) = 1"), "one to work")
        check_equal(cluster.value(working), 1, "executors while one is allowed")
        cluster.configure(**{"playbook.max_executors": "3"})
        cluster.reload()
        cluster.wait_for(working.replace("count(*)", "count(*) > 1"), "more executors after the reload", 10)
        check(cluster.value("SELECT NOT EXISTS (SELECT FROM playbook_executions WHERE status = 'failed')"), "one failed")


run(fifty_owners_all_get_their_turn, a_revoked_connect_holds_up_its_role_only, work_of_a_dropped_role_is_moved,
    a_step_that_runs_ends_as_the_former_owner, two_databases_two_schemas, a_setting_changes_on_reload)
