"""The disk runs full under load. Nothing is lost or fails for it, and when there is room again everything goes on by itself.

Mounting the small disk takes root; for others there is nothing to be shown.
"""
import contextlib
import os
import subprocess
import threading
import time

from harness import ACCOUNT, Cluster, Failure, check, run, wait_until
from support.mixed_load import Story, inspect, install, wait_until_nothing_is_left

FULL = "No space left on device"


class SmallDisk(Cluster):
    """A cluster whose data directory is a file system of its own; with_log: its write-ahead log is there, too."""

    def __init__(self, megabytes, with_log, **settings):
        self._megabytes, self._with_log = megabytes, with_log
        super().__init__(**settings)

    def _create(self):
        os.mkdir(self.data)
        subprocess.run(["mount", "-t", "tmpfs", "-o",
                        f"size={self._megabytes}m,mode=0700,uid={ACCOUNT.pw_uid},gid={ACCOUNT.pw_gid}", "playbook-test",
                        self.data], check=True)
        log = [] if self._with_log else ["--waldir", os.path.join(self.directory, "wal")]
        self._run("initdb", "--pgdata", self.data, "--username=postgres", "--auth=trust", "--encoding=UTF8",
                  "--locale=C.UTF-8", "--no-sync", "--no-instructions", "--wal-segsize=1", *log)

    def remove(self):
        self.stop("immediate")
        subprocess.run(["umount", "--lazy", self.data], check=False)
        super().remove()

    def fill(self, left):
        """A file takes what is free but for so many megabytes."""
        free = os.statvfs(self.data)
        size = max(free.f_bavail * free.f_frsize - left * 1024 * 1024, 0)
        with open(os.path.join(self.data, "ballast"), "wb") as file, contextlib.suppress(OSError):
            os.posix_fallocate(file.fileno(), 0, size)

    def make_room(self):
        os.unlink(os.path.join(self.data, "ballast"))

    def is_up(self):
        """Whether there is a server at all, perhaps one that recovers."""
        try:
            os.kill(self.postmaster_pid(), 0)
        except (FileNotFoundError, ProcessLookupError, ValueError):
            return False
        return True


class Load:
    """Clients that tell their stories again and again; what fails for the disk they say again."""

    def __init__(self, cluster, clients):
        self.failures = []
        self.told = 0
        self._cluster, self._stop = cluster, threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(number,), daemon=True) for number in range(clients)]
        for thread in self._threads:
            thread.start()

    def _run(self, number):
        try:
            turn = 0
            while not self._stop.is_set():
                story = Story(self._cluster, f"client {number} {turn}", seconds=120)
                story.tell()
                story.close()
                turn += 1
                self.told += 1
        except Failure as failure:
            self.failures.append(str(failure))

    def stop(self):
        self._stop.set()
        for thread in self._threads:
            thread.join(150)
        check(not any(thread.is_alive() for thread in self._threads), "a client hangs")
        check(not self.failures, f"clients failed: {self.failures}")


def run_full(with_log):
    if os.getuid() != 0:
        print("# not root: no disk can be mounted")
        return
    with SmallDisk(300 if with_log else 150, with_log, log_min_messages="warning", log_checkpoints="off",
                   max_wal_size="200MB" if with_log else "8MB", min_wal_size="2MB") as cluster:
        install(cluster)
        load = Load(cluster, 2)
        wait_until(lambda: load.told > 0 or load.failures, "the load to begin", 60)
        cluster.fill(2 if with_log else 1)
        wait_until(lambda: FULL in cluster.log_text(), "the disk to be full", 60)
        time.sleep(3)
        told = load.told
        cluster.make_room()
        time.sleep(1)
        # A log that cannot be written ends the server; somebody has to start it again, when it could not itself.
        if with_log and not cluster.is_up():
            cluster.start()
        cluster.wait_until_ready()
        wait_until(lambda: load.told > told + 1 or load.failures, "the clients to go on", 90)
        load.stop()
        wait_until_nothing_is_left(cluster, 60)
        inspect(cluster)
        executions = cluster.query("SELECT status, count(*)::integer FROM playbook_executions GROUP BY 1")
        print(f"# {executions}, {load.told} stories; {cluster.log_text().count(FULL)} times the disk was full")


def data_that_cannot_grow():
    run_full(with_log=False)


def log_that_cannot_grow():
    run_full(with_log=True)


run(data_that_cannot_grow, log_that_cannot_grow)
