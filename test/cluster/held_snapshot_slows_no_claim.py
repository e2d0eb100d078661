"""A snapshot that somebody holds keeps the index entries of all that was claimed since, and of all that was announced:
no claim walks over them, and no announcement."""
from harness import Cluster, check, check_equal, run

COUNT, BATCH, SINGLES = 4000, 50, 100
QUICK = "{id: quick, name: Quick, steps: [{id: only, type: wait, config: {for: 0 s}}]}"
INDEX = "playbook_executions_live_owner_priority_due_at_id_idx"
SETTINGS = {"autovacuum": "off", "playbook.batch_size": str(BATCH), "playbook.max_executors": "1"}


def reported(cluster, least):
    """Index entries that the claims read, once the executor has reported them."""
    at_least = f"SELECT idx_tup_read >= %s FROM pg_stat_user_indexes WHERE indexrelname = '{INDEX}'"
    cluster.wait_for(at_least, "the executor to report its figures", 30, [least])
    idle = "SELECT count(*) = 1 FROM playbook_workers WHERE kind = 'executor' AND state = 'idle'"
    cluster.wait_for(idle, "the executor to rest", 30)
    cluster.query("SELECT pg_sleep(1.5)")  # figures are reported once in a second
    return cluster.value(f"SELECT idx_tup_read FROM pg_stat_user_indexes WHERE indexrelname = '{INDEX}'")


def drain(cluster, count, priorities=1):
    starts = ("SELECT count(*) FROM playbook_start_many('quick', (SELECT jsonb_agg(jsonb_build_object("
              "'priority', n %% %s)) FROM generate_series(1, %s) AS n)) WHERE outcome = 'started'")
    check_equal(cluster.value(starts, [priorities, count]), count, "started")
    cluster.wait_for("SELECT NOT EXISTS (SELECT FROM playbook_executions_live)", f"{count} executions to end", 60)


def claims_pass_over_what_is_dead():
    for priorities in (1, 2):
        with Cluster(**SETTINGS) as cluster:
            cluster.query("CREATE EXTENSION playbook")
            cluster.query("SELECT playbook_create(%s, publish => true)", [QUICK])
            drain(cluster, 1)
            holder = cluster.connect()
            with holder.cursor() as cursor:
                cursor.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
                cursor.execute("SELECT count(*) FROM playbook_executions")
            before = reported(cluster, 1)
            drain(cluster, COUNT, priorities)
            drained = reported(cluster, before + COUNT)
            # Each entry as a candidate, once more as one that is dead, and once more before a rest, and some again
            # where a batch is cut short; to begin at the first entry for every batch is 40 times their number.
            most = 6 * priorities * COUNT
            print(f"# {priorities} priorities: {drained - before} entries read for {COUNT} executions")
            read = drained - before
            check(read <= most, f"{COUNT} executions read {read} index entries, not up to {most}")
            # One at a time, behind all those entries. The scheduler reads them once in half a minute.
            for _ in range(SINGLES):
                drain(cluster, 1)
            singles = reported(cluster, drained + SINGLES) - drained
            print(f"# {singles} entries read for {SINGLES} executions, one after the other")
            most = 20 * SINGLES + 2 * COUNT
            check(singles <= most, f"{SINGLES} executions read {singles} index entries, not up to {most}")
            holder.rollback()


ANNOUNCED = 10000
UNANNOUNCED_INDEX = "playbook_change_batches_unannounced_idx"
ALL_TOLD = "SELECT NOT EXISTS (SELECT FROM playbook_change_batches WHERE first_seq IS NULL)"


def read_by_announcements(cluster):
    """Index entries, once the scheduler has reported them; the question itself is asked without the index."""
    cluster.wait_for(f"SET enable_indexscan = off; SET enable_bitmapscan = off; {ALL_TOLD}", "the scheduler to tell", 60)
    cluster.query("SELECT pg_sleep(1.5)")  # figures are reported once in a second
    return cluster.value(f"SELECT idx_tup_read FROM pg_stat_user_indexes WHERE indexrelname = '{UNANNOUNCED_INDEX}'")


def announcements_pass_over_what_is_dead():
    with Cluster(**SETTINGS) as cluster:
        cluster.query("CREATE EXTENSION playbook")
        cluster.query("SELECT playbook_create(%s, publish => true)", [QUICK])
        drain(cluster, 1)
        holder = cluster.connect()
        with holder.cursor() as cursor:
            cursor.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
            cursor.execute("SELECT count(*) FROM playbook_executions")
        cluster.query(
            "INSERT INTO playbook_change_batches (changes, content, at) SELECT changes, content, at FROM"
            " (SELECT * FROM playbook_change_batches ORDER BY id LIMIT 1) AS batch, generate_series(1, %s)",
            [ANNOUNCED],
        )
        drain(cluster, 1)  # which wakes the scheduler
        before = read_by_announcements(cluster)
        for _ in range(SINGLES):
            drain(cluster, 1)
        read = read_by_announcements(cluster) - before
        print(f"# {read} entries read by announcements of {SINGLES} executions, one after the other")
        # Each several times as one of the last; and all of them once in half a minute, for safety. To begin at the
        # first for every announcement is twice their number each time.
        most = 2 * ANNOUNCED + 20 * SINGLES
        check(read <= most, f"announcing {SINGLES} executions read {read} index entries, not up to {most}")
        holder.rollback()


run(claims_pass_over_what_is_dead, announcements_pass_over_what_is_dead)
