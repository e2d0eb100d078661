"""A batch of executions in one transaction: who crashes, is slow, or waits for a lock takes no other with it."""
import contextlib
import time

import psycopg2

from harness import check, check_equal, run, wait_until, Cluster
from support.batches import (
    NUMBER,
    ONE_BATCH,
    create,
    install,
    owner,
    shared_cluster,
    start,
    states,
    wait_until_ended,
    write,
)


def poison(cluster, kind, statement, **step):
    """Ten executions in a batch, of which the fifth ends the process that runs it."""
    cluster.query(
        f"CREATE FUNCTION {kind}(n integer) RETURNS integer LANGUAGE plpgsql AS "
        f"$$BEGIN IF n = 5 THEN {statement}; END IF; RETURN n; END$$"
    )
    create(
        cluster,
        "postgres",
        kind,
        {
            "id": kind,
            "type": "sql",
            "config": {"template": f"SELECT public.{kind}({{{{parameters.n}}}}) AS n"},
            **step,
        },
        ("after", "sql", write(f"after {kind}", "{{parameters.n}}")),
        parameters=NUMBER,
    )
    create(cluster, "postgres", f"{kind}_bystander", ("only", "sql", write(f"beside {kind}")))
    executions = start(cluster, "postgres", kind, 10)
    cluster.wait_until_ready()

    def ended():
        with contextlib.suppress(psycopg2.Error):  # it is being restarted
            return (
                cluster.value(
                    "SELECT count(*) FROM playbook_executions WHERE id = ANY (%s) AND slot = 0",
                    [list(executions.values())],
                )
                == 0
            )
        return False

    wait_until(ended, f"{kind} to be given up", 60)
    check_equal(states(cluster, executions.values()), {"completed": 9, "failed": 1}, "executions")
    check_equal(
        cluster.query("SELECT value FROM ledger WHERE step = %s ORDER BY value", [f"after {kind}"]),
        [(n,) for n in range(1, 11) if n != 5],
        "steps that followed",
    )
    error = cluster.value("SELECT error FROM playbook_executions WHERE id = %s", [executions[5]])
    check_equal(error.get("sqlstate"), "XX000", "the code that the fifth failed with")
    check("3 times" in error.get("message", ""), f"the reason of the fifth does not count its attempts: {error}")
    # Nobody comes to harm any more.
    other = cluster.value(f"SELECT playbook_start('{kind}_bystander')")
    wait_until_ended(cluster, [other])
    check_equal(states(cluster, [other]), {"completed": 1}, "an execution afterwards")


def a_step_that_ends_its_process_is_given_up():
    with Cluster(**ONE_BATCH) as cluster:
        install(cluster)
        poison(cluster, "terminate", "PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(10)")
        log = cluster.log_text()
        ended = log.count("terminating connection due to administrator command")
        ended += log.count('terminating background worker "playbook executor')
        # Three attempts that are counted, and before them the batch; a second executor that was there already and
        # takes the batch as the first one ends does not know yet.
        check(4 <= ended <= 5, f"{ended} processes that it ended")


def a_step_that_crashes_the_server_is_given_up():
    with Cluster(**ONE_BATCH) as cluster:
        install(cluster)
        # The shell is the server process's child: its parent is who runs the step.
        poison(cluster, "crash", "COPY (SELECT 1) TO PROGRAM 'kill -9 $PPID; sleep 10'")
        check_equal(cluster.log_text().count("was terminated by signal 9"), 4, "crashes")


def a_step_that_runs_alone_and_crashes_the_server_is_given_up():
    with Cluster(**ONE_BATCH) as cluster:
        install(cluster)
        poison(cluster, "crash", "COPY (SELECT 1) TO PROGRAM 'kill -9 $PPID; sleep 10'", alone=True)
        check_equal(cluster.log_text().count("was terminated by signal 9"), 3, "crashes")


def a_slow_step_holds_up_nobody():
    cluster = shared_cluster()
    owner(cluster, "patient")
    create(cluster, "patient", "slow", ("slow", "sql", write("slow") + " FROM pg_sleep(6)"))
    create(cluster, "patient", "brisk", ("brisk", "sql", write("brisk")))
    # In one batch with quick ones, and quick ones after it.
    connection = cluster.connect(role="patient", autocommit=False)
    with connection.cursor() as cursor:
        cursor.execute("SELECT playbook_start('brisk') FROM generate_series(1, 10)")
        cursor.execute("SELECT playbook_start('slow')")
        slow = cursor.fetchone()[0]
        cursor.execute("SELECT playbook_start('brisk') FROM generate_series(1, 10)")
    connection.commit()
    connection.close()
    began = time.monotonic()
    cluster.wait_for("SELECT count(*) = 20 FROM ledger WHERE step = 'brisk'", "the quick ones of the batch", 5)
    cluster.wait_for(
        "SELECT status = 'running' AND worker IS NOT NULL FROM playbook_step_executions WHERE execution_id = %s",
        "the slow step to run visibly",
        5,
        [slow],
    )
    check_equal(
        cluster.query("SELECT state, position FROM playbook_workers WHERE execution = %s", [slow]),
        [("alone", 0)],
        "the worker that runs it",
    )
    for _ in range(3):
        execution = cluster.value("SELECT playbook_start('brisk')", role="patient")
        cluster.wait_for(
            "SELECT status = 'completed' FROM playbook_executions WHERE id = %s",
            "a quick one beside it",
            2,
            [execution],
        )
    check_equal(states(cluster, [slow]), {"running": 1}, "the slow execution")
    check(time.monotonic() - began < 5, "the quick ones waited for the slow one")
    wait_until_ended(cluster, [slow])
    check_equal(
        cluster.value("SELECT count(*) FROM ledger WHERE step = 'slow'"), 1, "times the slow step took effect"
    )


def a_step_known_to_be_slow_is_not_tried_in_a_batch():
    cluster = shared_cluster()
    owner(cluster, "learning")
    create(cluster, "learning", "lesson", ("slow", "sql", write("lesson") + " FROM pg_sleep(0.2)"))
    first = cluster.value("SELECT playbook_start('lesson')", role="learning")
    wait_until_ended(cluster, [first])
    # Sixty of them would take three seconds of the batches' time, were each tried there.
    executions = [
        row[0]
        for row in cluster.query("SELECT playbook_start('lesson') FROM generate_series(1, 60)", role="learning")
    ]
    cluster.wait_for(
        "SELECT count(*) = 60 FROM playbook_step_executions WHERE execution_id = ANY (%s)",
        "all to be queued",
        1.5,
        [executions],
    )
    cluster.query(
        "SELECT playbook_cancel(id, 'enough') FROM playbook_executions WHERE id = ANY (%s) AND slot = 0", [executions]
    )


def a_lock_held_elsewhere_ends_with_the_budget():
    cluster = shared_cluster()
    owner(cluster, "locking")
    cluster.query(
        (
            "CREATE TABLE locked (n integer PRIMARY KEY, done integer DEFAULT 0); INSERT INTO locked SELECT"
            " generate_series(1, 20)"
        ),
        role="locking",
    )
    create(
        cluster,
        "locking",
        "locked",
        ("update", "sql", "UPDATE public.locked SET done = done + 1 WHERE n = {{parameters.n}}"),
        ("after", "sql", write("unlocked", "{{parameters.n}}")),
        parameters=NUMBER,
    )
    connection = cluster.connect(role="locking", autocommit=False)
    connection.cursor().execute("SELECT FROM locked WHERE n = 5 FOR UPDATE")
    executions = start(cluster, "locking", "locked", 20)
    wait_until_ended(cluster, [execution for n, execution in executions.items() if n != 5], 5)
    cluster.wait_for(
        "SELECT status = 'running' FROM playbook_step_executions WHERE execution_id = %s",
        "the step to wait alone",
        5,
        [executions[5]],
    )
    cluster.wait_for(
        "SELECT count(*) > 0 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND usename = 'locking'",
        "its lock",
        5,
    )
    connection.rollback()
    wait_until_ended(cluster, [executions[5]], 5)
    check_equal(states(cluster, executions.values()), {"completed": 20}, "executions")
    check_equal(cluster.query("SELECT DISTINCT done FROM locked"), [(1,)], "times that each was updated")
    connection.close()


def cancel_ends_a_wait_for_a_lock():
    cluster = shared_cluster()
    owner(cluster, "blocked")
    cluster.query("CREATE TABLE blocked (n integer); INSERT INTO blocked VALUES (0)", role="blocked")
    create(cluster, "blocked", "blocked", ("update", "sql", "UPDATE public.blocked SET n = n + 1"))
    connection = cluster.connect(role="blocked", autocommit=False)
    connection.cursor().execute("LOCK TABLE blocked")
    execution = cluster.value("SELECT playbook_start('blocked')", role="blocked")
    waits = "SELECT count(*) = %s FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND usename = 'blocked'"
    cluster.wait_for(
        "SELECT status = 'running' FROM playbook_step_executions WHERE execution_id = %s",
        "the step to run alone",
        5,
        [execution],
    )
    cluster.wait_for(waits, "its wait for the lock", 5, [1])
    began = time.monotonic()
    cluster.query("SELECT playbook_cancel(%s, 'no longer wanted')", [execution], role="blocked")
    check_equal(states(cluster, [execution]), {"cancelled": 1}, "the execution")
    cluster.wait_for(waits, "the step to stop", 5, [0])
    check(time.monotonic() - began < 1, f"the step stopped {time.monotonic() - began:.1f} s after the cancel")
    connection.rollback()
    connection.close()
    check_equal(cluster.value("SELECT n FROM blocked"), 0, "times that it was updated")


def a_deadlock_inside_a_batch_is_done_again():
    # Below the budget and far below the other session's, so that the batch is the victim.
    with Cluster(deadlock_timeout="10ms", **ONE_BATCH, **{"playbook.step_budget": "900ms"}) as cluster:
        install(cluster)
        owner(cluster, "crossing")
        cluster.query(
            (
                "CREATE TABLE crossing (n integer PRIMARY KEY, done integer DEFAULT 0); INSERT INTO crossing VALUES"
                " (1), (2)"
            ),
            role="crossing",
        )
        update = "UPDATE public.crossing SET done = done + 1 WHERE n = "
        create(
            cluster,
            "crossing",
            "crossing",
            ("one", "sql", update + "1"),
            ("rest", "sql", "SELECT 1 AS n FROM pg_sleep(0.4)"),
            ("two", "sql", update + "2"),
        )
        other = cluster.connect(autocommit=False)
        cursor = other.cursor()
        cursor.execute("SET deadlock_timeout = '20s'")
        cursor.execute("SELECT FROM crossing WHERE n = 2 FOR UPDATE")
        execution = cluster.value("SELECT playbook_start('crossing')", role="crossing")
        cluster.wait_for(
            "SELECT count(*) > 0 FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND usename = 'crossing'",
            "the batch to have the first row",
            5,
        )
        # Now we wait for the first; when the batch wants the second, there is the deadlock.
        cursor.execute("SELECT FROM crossing WHERE n = 1 FOR UPDATE")
        other.rollback()
        wait_until_ended(cluster, [execution])
        check_equal(states(cluster, [execution]), {"completed": 1}, "the execution")
        check_equal(cluster.query("SELECT done FROM crossing"), [(1,), (1,)], "times that each was updated")
        check_equal(
            cluster.query(
                (
                    "SELECT status, attempt, error FROM playbook_step_executions WHERE execution_id = %s AND step_id ="
                    " 'two'"
                ),
                [execution],
            ),
            [("completed", 1, None)],
            "the step that was done again",
        )
        # Not the budget, which would have had the same effect later. The batch that is done again may be in time for
        # the first row once more, and meet the second deadlock in a subtransaction.
        cluster.wait_for(
            "SELECT deadlocks IN (1, 2) FROM pg_stat_database WHERE datname = 'postgres'", "the deadlock to be counted", 15
        )


run(
    a_step_that_ends_its_process_is_given_up,
    a_step_that_crashes_the_server_is_given_up,
    a_step_that_runs_alone_and_crashes_the_server_is_given_up,
    a_slow_step_holds_up_nobody,
    a_step_known_to_be_slow_is_not_tried_in_a_batch,
    a_lock_held_elsewhere_ends_with_the_budget,
    cancel_ends_a_wait_for_a_lock,
    a_deadlock_inside_a_batch_is_done_again,
)
