"""playbook.notify and playbook.notify_limit: which channels hear of changes, and of how many in a second. Sessions tell
what they have done, without workers, so that nothing here depends on time."""
import json

from harness import Cluster, check, check_equal, run

WAITS = "{id: waits, name: Waits, conflict: allow, steps: [{id: answer, type: wait, config: {event: answered}}]}"


def install(cluster):
    cluster.query("CREATE EXTENSION playbook")
    cluster.query("SELECT playbook_create(%s, publish => true)", [WAITS])


def heard(connection):
    """What came since the last time: channel and payload."""
    connection.poll()
    notifies = [(notify.channel, json.loads(notify.payload)) for notify in connection.notifies]
    connection.notifies.clear()
    return notifies


def channels_hear_what_the_setting_says():
    with Cluster(shared_preload_libraries="") as cluster:
        install(cluster)
        one, other = (cluster.value("SELECT playbook_start('waits')") for _ in range(2))
        listener = cluster.connect()
        with listener.cursor() as cursor:
            cursor.execute(f'LISTEN playbook; LISTEN "playbook_{one}"')
        first = 1
        for level, signal in (("all", "begins"), ("playbook", "a"), ("off", "b"), ("all", "answered")):
            cluster.configure(**{"playbook.notify": level})
            cluster.reload()
            cluster.wait_for("SELECT current_setting('playbook.notify', true) = %s", f"playbook.notify {level}", arguments=[level])
            for execution in (one, other):
                cluster.value("SELECT playbook_pause(%s)", [execution])
                cluster.value("SELECT playbook_resume(%s)", [execution])
                cluster.value("SELECT playbook_signal(%s, %s)", [execution, signal])
            cluster.query("CALL playbook_work()")
            told = cluster.query("SELECT seq, execution FROM playbook_changes(%s)", [first - 1])
            check(len(told) >= 4, f"with {level} nothing has changed")
            first = told[-1][0] + 1
            notifies = heard(listener)
            check_equal(
                [payload["seq"] for channel, payload in notifies if channel == "playbook"],
                [seq for seq, _ in told] if level != "off" else [],
                f"what the channel of all hears with {level}",
            )
            check_equal(
                [payload["seq"] for channel, payload in notifies if channel == f"playbook_{one}"],
                [seq for seq, execution in told if execution == one] if level == "all" else [],
                f"what the channel of one execution hears with {level}",
            )
            check_equal(
                {channel for channel, _ in notifies} - {"playbook", f"playbook_{one}"}, set(), "other channels"
            )


def beyond_the_limit_the_last_is_told():
    with Cluster(shared_preload_libraries="", **{"playbook.notify_limit": "5", "playbook.notify": "playbook"}) as cluster:
        install(cluster)
        listener = cluster.connect()
        with listener.cursor() as cursor:
            cursor.execute("LISTEN playbook")
        cluster.query("SELECT count(playbook_start('waits')) FROM generate_series(1, 50)")
        cluster.query("CALL playbook_work()")
        last = cluster.value("SELECT max(seq) FROM playbook_changes()")
        check(last >= 100, f"{last} changes are too few")
        check_equal([payload["seq"] for _, payload in heard(listener)], [1, 2, 3, 4, 5, last], "what is told of them")
        cluster.configure(**{"playbook.notify_limit": "0"})
        cluster.reload()
        cluster.wait_for("SELECT current_setting('playbook.notify_limit', true) = '0'", "no limit")
        cluster.query("SELECT count(playbook_start('waits')) FROM generate_series(1, 50)")
        cluster.query("CALL playbook_work()")
        now = cluster.value("SELECT max(seq) FROM playbook_changes()")
        check_equal([payload["seq"] for _, payload in heard(listener)], list(range(last + 1, now + 1)), "without a limit: all")


run(channels_hear_what_the_setting_says, beyond_the_limit_the_last_is_told)
