"""Under executors: the backlog of one role does not hold up another, and a playbook's limits hold and are used up."""
import time

from harness import Cluster, check, check_equal, run

BACKLOG = 5000
STEP = "{id: s, type: query, config: {template: 'SELECT 1 AS one FROM pg_sleep(0.005)'}}"
QUICK = "{id: quick, name: Quick, steps: [{id: s, type: query, config: {template: SELECT 1 AS one}}]}"
# Most at any moment, from the moments when they began.
MOST_AT_ONCE = """SELECT max(active) FROM (
    SELECT (SELECT count(*) FROM playbook_executions b WHERE b.started_at <= a.started_at AND b.finished_at > a.started_at)
    AS active FROM playbook_executions a) AS moments"""
NOW_WAITING = "SELECT count(*) = 1 FROM playbook_executions WHERE status = 'waiting'"


def create(cluster, definition, **where):
    cluster.query("SELECT playbook_create(%s, publish => true)", [definition], **where)


def start(cluster, playbook, count, **where):
    started = "SELECT count(*) FROM playbook_start_many(%s, ARRAY(SELECT n::text FROM generate_series(1, %s) AS n))"
    check_equal(cluster.value(f"{started} WHERE outcome = 'started'", [playbook, count], **where), count, "started")


def all_have_ended(cluster, seconds):
    cluster.wait_for("SELECT NOT EXISTS (SELECT FROM playbook_executions_live)", "all to end", seconds)
    check_equal(cluster.query("SELECT DISTINCT status FROM playbook_executions"), [("completed",)], "how they ended")


def a_backlog_does_not_hold_up_others():
    for places in (1, 4):
        with Cluster(**{"playbook.max_executors": str(places)}) as cluster:
            cluster.query("CREATE EXTENSION playbook")
            for role in ("large", "small"):
                cluster.query(f"CREATE ROLE {role} LOGIN IN ROLE playbook_author")
            create(cluster, f"{{id: slow, name: Slow, steps: [{STEP}]}}", role="large")
            create(cluster, QUICK, role="small")
            start(cluster, "slow", BACKLOG, role="large")
            cluster.wait_for("SELECT EXISTS (SELECT FROM playbook_executions WHERE status = 'completed')", "one to end", 30)
            for _ in range(3):
                began = time.monotonic()
                quick = cluster.value("SELECT playbook_start('quick')", role="small")
                completed = "SELECT status = 'completed' FROM playbook_executions WHERE id = %s"
                cluster.wait_for(completed, "the other role's to end", 30, [quick])
                took = time.monotonic() - began
                left = cluster.value("SELECT count(*) FROM playbook_executions_live")
                print(f"# {places} places: after {took:.2f} s, while {left} of the backlog are left")
                check(left > 0, "the backlog is done: this shows nothing")
                # A turn is a second, and a process has to start.
                check(took < 5, f"it took {took:.1f} s")


def max_active_holds_and_is_used_up():
    with Cluster(**{"playbook.max_executors": "6"}) as cluster:
        cluster.query("CREATE EXTENSION playbook")
        alone = STEP.replace("type: query,", "type: query, alone: true,").replace("0.005", "0.3")
        create(cluster, f"{{id: gate, name: Gate, max_active: 3, steps: [{alone}]}}")
        start(cluster, "gate", 12)
        all_have_ended(cluster, 30)
        check_equal(cluster.value(MOST_AT_ONCE), 3, "active at once")
        check_equal(cluster.value("SELECT count(*) FROM playbook_admissions"), 0, "places that are taken")


def the_next_begins_as_soon_as_there_is_a_place():
    with Cluster() as cluster:
        cluster.query("CREATE EXTENSION playbook")
        create(cluster, QUICK.replace("name: Quick", "name: Quick, max_active: 1"))
        start(cluster, "quick", 60)
        # Each of them waits for the one before. The scheduler, which looks every 30 seconds, is not what drives them.
        all_have_ended(cluster, 25)
        # Ended by a session: the next does not wait for that look either.
        create(cluster, "{id: wait, name: Wait, max_active: 1, steps: [{id: w, type: wait, config: {event: go}}]}")
        start(cluster, "wait", 3)
        for _ in range(2):
            cluster.wait_for(NOW_WAITING, "one to begin", 5)
            cluster.query("SELECT playbook_cancel(id, 'next') FROM playbook_executions WHERE status = 'waiting'")
        cluster.wait_for(NOW_WAITING, "the last to begin", 5)


def max_per_minute_lets_the_next_in_by_itself():
    with Cluster(**{"playbook.executor_idle": "1s"}) as cluster:
        cluster.query("CREATE EXTENSION playbook")
        create(cluster, QUICK.replace("name: Quick", "name: Quick, max_per_minute: 2"))
        start(cluster, "quick", 3)
        states = "SELECT string_agg(status, ' ' ORDER BY id) FROM playbook_executions"
        cluster.wait_for(f"SELECT ({states}) = 'completed completed pending'", "two to end", 20)
        # Its minute is nearly over; nobody is told.
        cluster.query("UPDATE playbook_admissions SET begun_at = begun_at - interval '55 s'")
        cluster.wait_for("SELECT bool_and(status = 'completed') FROM playbook_executions", "the third to end", 45)
        check_equal(cluster.value("SELECT count(*) FROM playbook_admissions"), 1, "of the last minute")


run(a_backlog_does_not_hold_up_others, max_active_holds_and_is_used_up, the_next_begins_as_soon_as_there_is_a_place,
    max_per_minute_lets_the_next_in_by_itself)
