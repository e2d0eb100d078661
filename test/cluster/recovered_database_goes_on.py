"""Point-in-time recovery, from a base backup and archived WAL: the recovered server goes on from that moment, between two
steps or in the middle of work, and nothing has been done twice in it."""
import os
import shutil
import time

from harness import ACCOUNT, Cluster, check, check_equal, run
from support.ledger import inspect, install, start_load, wait_until_drained


class Archived(Cluster):
    """A server that archives its WAL, and keeps a base backup."""

    def __init__(self, **settings):
        super().__init__(archive_mode="on", wal_level="replica", **settings)
        self.archive = os.path.join(self.directory, "archive")
        self.backup = os.path.join(self.directory, "backup")
        os.mkdir(self.archive)
        os.chown(self.archive, ACCOUNT.pw_uid, ACCOUNT.pw_gid)
        self.configure(archive_command=f"cp %p {self.archive}/%f")

    def back_up(self):
        self._run("pg_basebackup", "--pgdata", self.backup, "--host", self.socket, "--port=5432", "--username=postgres",
                  "--checkpoint=fast", "--no-sync")

    def archive_all(self):
        last = self.value("SELECT pg_walfile_name(pg_switch_wal())")
        self.wait_for("SELECT last_archived_wal >= %s FROM pg_stat_archiver", f"{last} to be archived", 30, [last])


class Recovered(Cluster):
    """The same server at a former moment. The target is a setting: recovery_target_name, …_time or …_xid."""

    def __init__(self, origin, **target):
        self._origin = origin
        super().__init__(
            restore_command=f"cp {origin.archive}/%f %p", recovery_target_action="promote", archive_mode="off", **target
        )
        with open(os.path.join(self.data, "recovery.signal"), "w", encoding="ascii"):
            pass

    def _create(self):
        shutil.copytree(self._origin.backup, self.data)
        for path, _, names in os.walk(self.data):
            for each in (path, *(os.path.join(path, name) for name in names)):
                os.chown(each, ACCOUNT.pw_uid, ACCOUNT.pw_gid)
        os.chmod(self.data, 0o700)


def wait_until_writable(cluster):
    cluster.wait_for("SELECT NOT pg_is_in_recovery()", "the end of recovery", 60)


def a_moment_between_two_steps():
    with Archived() as origin:
        install(origin)
        origin.back_up()
        execution = origin.value("SELECT playbook_start('waits')")
        origin.wait_for("SELECT status = 'waiting' FROM playbook_executions WHERE id = %s", "it to wait", 20, [execution])
        origin.wait_for("SELECT NOT EXISTS (SELECT FROM playbook_change_batches WHERE first_seq IS NULL)", "the feed")
        heard = origin.query("SELECT * FROM playbook_changes(0, 1000)")
        origin.query("SELECT pg_create_restore_point('between')")
        origin.query("SELECT playbook_signal(%s, 'answered')", [execution])
        origin.wait_for("SELECT status = 'completed' FROM playbook_executions WHERE id = %s", "it to end", 20, [execution])
        origin.wait_for("SELECT max(seq) > %s FROM playbook_changes()", "its end in the feed", 20, [heard[-1][0]])
        last = origin.value("SELECT max(seq) FROM playbook_changes()")
        origin.archive_all()
        origin.stop("immediate")
        with Recovered(origin, recovery_target_name="between") as recovered:
            wait_until_writable(recovered)
            recovered.wait_for(
                "SELECT count(*) > 0 FROM pg_stat_activity WHERE backend_type = 'playbook scheduler'", "a scheduler"
            )
            check_equal(
                recovered.query("SELECT status, waiting_for FROM playbook_executions WHERE id = %s", [execution]),
                [("waiting", "event")],
                "the execution at that moment",
            )
            check_equal(recovered.query("SELECT step FROM ledger"), [("before",)], "what had taken effect")
            check_equal(recovered.query("SELECT * FROM playbook_changes(0, 1000)"), heard, "the feed at that moment")
            check_equal(
                recovered.refusal("SELECT * FROM playbook_changes(%s)", [last]),
                "55000",
                "a reader that heard of what has not happened",
            )
            check_equal(
                recovered.value("SELECT count(*) FROM playbook_rows(%s, 'many')", [execution]), 40000, "its rows"
            )
            recovered.query("SELECT playbook_signal(%s, 'answered')", [execution])
            recovered.wait_for(
                "SELECT status = 'completed' FROM playbook_executions WHERE id = %s", "it to go on", 20, [execution]
            )
            check_equal(
                recovered.query("SELECT step FROM ledger ORDER BY step DESC"), [("before",), ("after",)], "what took effect"
            )
            inspect(recovered)


def a_moment_in_the_middle_of_work():
    with Archived() as origin:
        install(origin)
        load = start_load(origin, 1)
        time.sleep(1)
        origin.back_up()
        origin.wait_for("SELECT EXISTS (SELECT FROM playbook_step_executions WHERE status = 'running')", "a step that runs alone")
        moment = origin.value("SELECT clock_timestamp()::text")
        before = len(load.started)
        time.sleep(1)
        load.stop()
        wait_until_drained(origin)
        origin.archive_all()
        origin.stop("fast")
        with Recovered(origin, recovery_target_time=moment) as recovered:
            wait_until_writable(recovered)
            cut = recovered.value("SELECT count(*) FROM playbook_executions WHERE slot = 0")
            wait_until_drained(recovered)
            inspect(recovered)
            there = recovered.value("SELECT count(*) FROM playbook_executions")
            check(before - 1 <= there <= before + 1, f"{there} executions, of {before} started until then")
            recovered.wait_for("SELECT NOT EXISTS (SELECT FROM playbook_change_batches WHERE first_seq IS NULL)", "the feed")
            numbers = [seq for (seq,) in recovered.query("SELECT seq FROM playbook_changes(0, 100000)")]
            check_equal(numbers, list(range(1, len(numbers) + 1)), "the numbers of the feed")
            print(f"# {there} executions, {cut} of them under way at that moment")


run(a_moment_between_two_steps, a_moment_in_the_middle_of_work)
