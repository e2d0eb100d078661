"""Executors: steps that run alone overlap and are cancelled at once, every role gets its turn, an idle engine costs nothing."""
import os
import time

from harness import Cluster, check, check_equal, run

QUICK = "{id: quick, name: Quick, steps: [{id: only, type: query, config: {template: SELECT 1 AS one}}]}"
TICKS = os.sysconf("SC_CLK_TCK")


def sleeper(name, seconds, steps=1):
    """A playbook of that many independent steps which run alone and sleep."""
    return (f"{{id: {name}, name: {name}, steps: [" + ", ".join(
        f"{{id: step_{n}, type: query, alone: true, config: {{template: 'SELECT 1 AS one FROM pg_sleep({seconds})'}}}}"
        for n in range(steps)) + "]}")


def create(cluster, definition, **where):
    cluster.query("SELECT playbook_create(%s, publish => true)", [definition], **where)


def completes(cluster, playbook, seconds=20, **where):
    began = time.monotonic()
    execution = cluster.value("SELECT playbook_start(%s)", [playbook], **where)
    cluster.wait_for("SELECT status = 'completed' FROM playbook_executions WHERE id = %s", f"{playbook} to complete",
                     seconds, [execution])
    return time.monotonic() - began


def starts_alone(cluster, playbook, **where):
    execution = cluster.value("SELECT playbook_start(%s)", [playbook], **where)
    cluster.wait_for("SELECT bool_or(status = 'running') FROM playbook_step_executions WHERE execution_id = %s",
                     f"a step of {playbook} to run", 20, [execution])
    return execution


def parallel_steps_overlap():
    with Cluster() as cluster:
        cluster.query("CREATE EXTENSION playbook")
        create(cluster, sleeper("wide", 1, 3))
        took = completes(cluster, "wide")
        check(took < 2.5, f"three steps of one second each took {took:.1f} s")
        check_equal(cluster.value(
            "SELECT count(*) FROM playbook_step_executions a JOIN playbook_step_executions b USING (execution_id) "
            "WHERE a.position < b.position AND a.started_at < b.finished_at AND b.started_at < a.finished_at"), 3,
            "pairs of steps that overlap")


def idle_executors_leave_for_steps_that_overlap():
    with Cluster(**{"playbook.max_executors": "3"}) as cluster:
        cluster.query("CREATE EXTENSION playbook")
        for role in ("first", "second", "third"):
            cluster.query(f"CREATE ROLE {role} LOGIN; GRANT playbook_author TO {role}")
        for role in ("first", "second"):
            create(cluster, QUICK.replace("quick", f"quick_{role}"), role=role)
            completes(cluster, f"quick_{role}", role=role)
        check_equal(cluster.value("SELECT count(*) FROM playbook_workers WHERE kind = 'executor' AND state = 'idle'"), 2,
                    "idle executors")
        create(cluster, sleeper("wide", 1.5, 2), role="third")
        completes(cluster, "wide", role="third")
        check_equal(cluster.value(
            "SELECT count(*) FROM playbook_step_executions a JOIN playbook_step_executions b USING (execution_id) "
            "WHERE a.position < b.position AND a.started_at < b.finished_at AND b.started_at < a.finished_at"), 1,
            "pairs of steps that overlap")


def who_is_idle_helps_with_a_backlog():
    """Without waiting for the scheduler: one executor hears of the start, and calls the other when there is more."""
    with Cluster(**{"playbook.max_executors": "2"}) as cluster:
        cluster.query("CREATE EXTENSION playbook; CREATE TABLE ledger (number bigserial, pid integer)")
        create(cluster, sleeper("wide", 1, 2))
        create(cluster, "{id: writes, name: W, steps: [{id: one, type: sql, config: {template: 'INSERT INTO ledger (pid)"
                        " VALUES (pg_backend_pid())'}}]}")
        completes(cluster, "wide")
        cluster.wait_for("SELECT count(*) = 2 FROM playbook_workers WHERE kind = 'executor' AND state = 'idle'",
                         "two idle executors", 20)
        count = 20000
        cluster.query("SELECT count(*) FROM playbook_start_many('writes', ARRAY(SELECT n::text FROM generate_series(1, %s) n))",
                      [count])
        cluster.wait_for("SELECT count(*) = %s FROM ledger", "all to be written", 60, [count])
        begins = cluster.query("SELECT min(number) FROM ledger GROUP BY pid ORDER BY 1")
        check_equal(len(begins), 2, "executors that worked")
        check(begins[1][0] < count / 4, f"the other executor began after {begins[1][0]} of {count} executions")


def cancel_reaches_a_running_step():
    with Cluster() as cluster:
        cluster.query("CREATE EXTENSION playbook")
        create(cluster, sleeper("long", 60))
        execution = starts_alone(cluster, "long")
        began = time.monotonic()
        cluster.query("SELECT playbook_cancel(%s, 'no longer wanted')", [execution])
        cluster.wait_for("SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE query LIKE '%%pg_sleep(60)%%' "
                         "AND pid <> pg_backend_pid() AND state = 'active') "
                         "AND NOT EXISTS (SELECT FROM playbook_workers WHERE state = 'alone')", "the statement to stop", 10)
        took = time.monotonic() - began
        check(took < 1, f"the statement stopped {took:.1f} s after the cancel")
        check_equal(cluster.value("SELECT status FROM playbook_executions WHERE id = %s", [execution]), "cancelled", "status")
        create(cluster, QUICK)
        completes(cluster, "quick")


def a_step_that_ignores_cancel_loses_its_process():
    with Cluster(**{"playbook.cancel_grace": "1s"}) as cluster:
        cluster.query("CREATE EXTENSION playbook")
        cluster.query("CREATE FUNCTION stubborn() RETURNS integer LANGUAGE plpgsql AS $$BEGIN LOOP BEGIN "
                      "PERFORM pg_sleep(30); EXCEPTION WHEN query_canceled THEN NULL; END; END LOOP; END$$")
        create(cluster, "{id: stubborn, name: Stubborn, steps: [{id: only, type: query, alone: true, "
                        "config: {template: 'SELECT public.stubborn() AS one'}}]}")
        execution = starts_alone(cluster, "stubborn")
        cluster.query("SELECT playbook_cancel(%s, 'no longer wanted')", [execution])
        cluster.wait_for("SELECT NOT EXISTS (SELECT FROM playbook_workers WHERE state = 'alone')", "its process to end", 10)
        check_equal(cluster.value("SELECT status FROM playbook_executions WHERE id = %s", [execution]), "cancelled", "status")
        create(cluster, QUICK)
        completes(cluster, "quick")


def slow_steps_leave_a_place_for_quick_work():
    with Cluster(**{"playbook.max_executors": "2"}) as cluster:
        cluster.query("CREATE EXTENSION playbook")
        cluster.query("CREATE ROLE slow LOGIN; CREATE ROLE brisk LOGIN; GRANT playbook_author TO slow, brisk")
        create(cluster, sleeper("lengthy", 20, 3), role="slow")
        create(cluster, QUICK, role="brisk")
        starts_alone(cluster, "lengthy", role="slow")
        for _ in range(3):
            took = completes(cluster, "quick", role="brisk")
            check(took < 3, f"quick work beside slow steps took {took:.1f} s")
        check_equal(cluster.value("SELECT count(*) FROM playbook_workers WHERE state = 'alone'"), 1, "steps that run alone")


def more_roles_than_places_all_get_their_turn():
    with Cluster(**{"playbook.max_executors": "2"}) as cluster:
        cluster.query("CREATE EXTENSION playbook")
        roles = [f"role_{n}" for n in range(5)]
        for role in roles:
            cluster.query(f"CREATE ROLE {role} LOGIN; GRANT playbook_author TO {role}")
            create(cluster, QUICK.replace("quick", f"quick_{role}"), role=role)
        for _ in range(2):
            for role in roles:
                took = completes(cluster, f"quick_{role}", role=role)
                check(took < 3, f"{role} waited {took:.1f} s for a place")
        check(cluster.value("SELECT count(*) FROM playbook_workers WHERE kind = 'executor'") <= 2, "too many executors")


def scarce_worker_processes_are_shared():
    with Cluster(max_worker_processes="4") as cluster:  # the server's own, launcher, scheduler, and one executor
        cluster.query("CREATE EXTENSION playbook")
        for role in ("first", "second"):
            cluster.query(f"CREATE ROLE {role} LOGIN; GRANT playbook_author TO {role}")
            create(cluster, QUICK.replace("quick", f"quick_{role}"), role=role)
        for role in ("first", "second", "first"):
            completes(cluster, f"quick_{role}", role=role)
        check_equal(cluster.log_text().count("no worker process is free"), 1, "lines in the log about it")


def workers(cluster):
    return cluster.query("SELECT pid FROM pg_stat_activity WHERE backend_type LIKE 'playbook %'")


def processor_milliseconds(pid):
    """Processor time of a process; in nanoseconds where the kernel counts so finely."""
    try:
        with open(f"/proc/{pid}/schedstat", encoding="ascii") as file:
            return int(file.read().split()[0]) / 1e6
    except OSError:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            fields = file.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) * 1000 / TICKS


def waiting_costs_nothing():
    # Nothing but the engine may write during the measurement.
    with Cluster(autovacuum="off", checkpoint_timeout="1h", **{"playbook.executor_idle": "2s"}) as cluster:
        cluster.query("CREATE EXTENSION playbook")
        create(cluster, "{id: later, name: Later, steps: [{id: pause, type: wait, config: {for: 7 days}}]}")
        cluster.query("SELECT count(*) FROM playbook_start_many('later', ARRAY(SELECT n::text FROM generate_series(1, 100000) n))")
        cluster.wait_for("SELECT count(*) = 100000 FROM playbook_executions WHERE status = 'waiting'",
                         "100,000 executions to wait", 300)
        cluster.wait_for("SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE backend_type = 'playbook executor')",
                         "the executors to leave", 30)
        cluster.query("VACUUM ANALYZE")
        cluster.query("CHECKPOINT")
        time.sleep(35)  # the scheduler's next look finds what this left behind
        before = {pid: processor_milliseconds(pid) for (pid,) in workers(cluster)}
        position = cluster.value("SELECT pg_current_wal_insert_lsn()")
        time.sleep(60)
        written = cluster.value("SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), %s)", [position])
        check_equal({pid for (pid,) in workers(cluster)}, set(before), "workers")
        spent = sum(processor_milliseconds(pid) - before[pid] for pid in before)
        print(f"# 100,000 waiting executions for 60 s: {spent:.1f} ms of processor time, {written} bytes of WAL")
        check_equal(int(written), 0, "bytes of WAL in 60 seconds of waiting")
        check(spent < 50, f"workers spent {spent:.1f} ms of processor time in 60 seconds of waiting")


run(parallel_steps_overlap, idle_executors_leave_for_steps_that_overlap, who_is_idle_helps_with_a_backlog,
    cancel_reaches_a_running_step, a_step_that_ignores_cancel_loses_its_process,
    slow_steps_leave_a_place_for_quick_work, more_roles_than_places_all_get_their_turn, scarce_worker_processes_are_shared,
    waiting_costs_nothing)
