"""Clusters that a test may restart, crash and throw away; for the scripts in this directory.

    from harness import Cluster, check, run

    def restart_keeps_waiting_executions():
        with Cluster() as cluster:
            cluster.query("CREATE EXTENSION playbook")
            cluster.restart()
            cluster.wait_for("SELECT ...", "the scheduler to come back")

    run(restart_keeps_waiting_executions)

Every server listens on a unix socket in a directory of its own and is removed when the block ends; PLAYBOOK_KEEP=1
keeps the directory. Everything that waits has a deadline and says what it waited for. Needs only the system's Python
and psycopg2.
"""
import contextlib
import glob
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback

import psycopg2

PG_CONFIG = os.environ.get("PG_CONFIG", "/usr/lib/postgresql/15/bin/pg_config")
BINARIES = subprocess.run([PG_CONFIG, "--bindir"], check=True, capture_output=True, text=True).stdout.strip()
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
# PostgreSQL refuses to run as root; root runs it as the user of Debian's packages.
ACCOUNT = pwd.getpwnam("postgres") if os.getuid() == 0 else pwd.getpwuid(os.getuid())


class Failure(AssertionError):
    """A test's expectation that did not hold."""


def check(condition, message):
    """Fails the test unless `condition` holds."""
    if not condition:
        raise Failure(message)


def check_equal(actual, expected, what):
    """Fails the test unless both are equal, and shows both."""
    if actual != expected:
        raise Failure(f"{what}: expected {expected!r}, got {actual!r}")


def _become_server_user():
    """Between fork and exec: the user that the server runs as."""
    if os.getuid() == 0:
        os.initgroups(ACCOUNT.pw_name, ACCOUNT.pw_gid)
        os.setgid(ACCOUNT.pw_gid)
        os.setuid(ACCOUNT.pw_uid)


class Cluster:
    """One server with a data directory of its own. Settings are lines of postgresql.conf by name."""

    DEFAULTS = {
        "port": "5432",
        "listen_addresses": "",
        "shared_preload_libraries": "playbook",
        "max_worker_processes": "32",
        "max_connections": "50",
        "fsync": "off",  # a killed process loses nothing by it, only a lost machine would
        "timezone": "UTC",
        "log_line_prefix": "%m [%p] %b %q%a ",
        "restart_after_crash": "on",
    }

    def __init__(self, binaries=BINARIES, **settings):
        self.binaries = binaries  # another installation's, if need be
        self.directory = tempfile.mkdtemp(prefix="playbook-cluster-", dir="/tmp")
        self.data = os.path.join(self.directory, "data")
        self.socket = os.path.join(self.directory, "socket")
        self.log = os.path.join(self.directory, "log")
        os.mkdir(self.socket)
        for path in (self.directory, self.socket):
            os.chmod(path, 0o700)
            os.chown(path, ACCOUNT.pw_uid, ACCOUNT.pw_gid)
        self._connections = []
        self._create()
        self.configure(**{**self.DEFAULTS, "unix_socket_directories": self.socket, **settings})

    def _create(self):
        # With checksums in every version: 18 has them by default, and pg_upgrade wants old and new to be alike.
        self._run("initdb", "--pgdata", self.data, "--username=postgres", "--auth=trust", "--encoding=UTF8",
                  "--locale=C.UTF-8", "--data-checksums", "--no-sync", "--no-instructions")

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.remove()
            raise
        return self

    def __exit__(self, kind, error, trace):
        try:
            lines = self.log_text().splitlines()
            if kind is not None:
                sys.stdout.write("".join(f"# {line}\n" for line in lines[-40:]))
            # A test may crash its server; an assertion of the server's that failed is no such crash.
            assertions = [line for line in lines if "TRAP: " in line]
            check(not assertions, "\n".join(assertions))
        finally:
            self.remove()  # also when nobody reads the output any more

    def _run(self, program, *arguments, check_status=True, **options):
        """Runs a program of the server's, as the server's user."""
        done = subprocess.run([os.path.join(self.binaries, program), *arguments], text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              preexec_fn=_become_server_user, **{"cwd": "/", **options})
        if check_status and done.returncode != 0:
            raise Failure(f"{program} failed with status {done.returncode}: {done.stdout}\n{self.log_text()[-4000:]}")
        return done

    # The server -----------------------------------------------------------------------------------

    def configure(self, **settings):
        """Adds settings; they count from the next start, or after reload()."""
        with open(os.path.join(self.data, "postgresql.conf"), "a", encoding="utf-8") as file:
            for name, value in settings.items():
                escaped = str(value).replace("'", "''")
                file.write(f"{name} = '{escaped}'\n")

    def start(self):
        # pg_ctl's own output must not hold a pipe that the server inherits: it would never see its end.
        done = subprocess.run([os.path.join(self.binaries, "pg_ctl"), "--pgdata", self.data, "--log", self.log,
                               "--wait", "--timeout=60", "start"], cwd="/", stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL, preexec_fn=_become_server_user, check=False)
        if done.returncode != 0:
            raise Failure("the server did not start; its log is above")

    def stop(self, mode="fast"):
        """mode: smart, fast or immediate."""
        self._close_connections()
        if os.path.exists(os.path.join(self.data, "postmaster.pid")):
            self._run("pg_ctl", "--pgdata", self.data, "--wait", "--timeout=60", "--mode", mode, "stop")

    def restart(self, mode="fast"):
        self.stop(mode)
        self.start()

    def reload(self):
        self._run("pg_ctl", "--pgdata", self.data, "reload")

    def postmaster_pid(self):
        with open(os.path.join(self.data, "postmaster.pid"), encoding="ascii") as file:
            return int(file.readline())

    def limit_memory(self, size):
        """Address space, in bytes, for each process that the server starts from now on."""
        subprocess.run(["prlimit", f"--as={size}", "--pid", str(self.postmaster_pid())], check=True,
                       preexec_fn=_become_server_user)

    def crash(self):
        """SIGKILL to the postmaster; returns when all its children have noticed and left."""
        postmaster = self.postmaster_pid()
        family = [postmaster, *_children_of(postmaster)]
        os.kill(postmaster, signal.SIGKILL)
        self._close_connections()
        wait_until(lambda: not any(_is_alive(pid) for pid in family), "the killed server's processes to end", 30)
        # Where nobody reaps it, the dead postmaster stays a zombie, and its lock files would count as held.
        for path in [os.path.join(self.data, "postmaster.pid"), *glob.glob(os.path.join(self.socket, ".s.PGSQL.*"))]:
            os.unlink(path)

    def kill_backends(self, backend_type=None, application_name=None, sign=signal.SIGKILL):
        """Signals backends, by their names in pg_stat_activity (LIKE patterns); returns how many."""
        pids = [pid for (pid,) in self.query(
            "SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
            " AND (%(type)s::text IS NULL OR backend_type LIKE %(type)s)"
            " AND (%(name)s::text IS NULL OR application_name LIKE %(name)s)",
            {"type": backend_type, "name": application_name})]
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, sign)
        return len(pids)

    def wait_until_ready(self, seconds=60):
        """After a crash of a backend the server restarts itself; returns when it takes connections again."""
        def answers():
            with contextlib.suppress(psycopg2.Error):
                return self.value("SELECT true")
            return False
        wait_until(answers, "the server to take connections again", seconds)

    def log_text(self):
        try:
            with open(self.log, encoding="utf-8", errors="replace") as file:
                return file.read()
        except FileNotFoundError:
            return ""

    def remove(self):
        try:
            self.stop("immediate")
        except Failure as failure:
            print(f"# {failure}")
        if os.environ.get("PLAYBOOK_KEEP") == "1":
            print(f"# kept: {self.directory}")
        else:
            shutil.rmtree(self.directory, ignore_errors=True)

    # SQL ------------------------------------------------------------------------------------------

    def connect(self, role="postgres", database="postgres", autocommit=True, **options):
        """A psycopg2 connection; closed with the cluster."""
        connection = psycopg2.connect(host=self.socket, port=5432, user=role, dbname=database,
                                      connect_timeout=30, **options)
        connection.autocommit = autocommit
        self._connections.append(connection)
        return connection

    def _close_connections(self):
        for connection in self._connections:
            with contextlib.suppress(psycopg2.Error):
                connection.close()
        self._connections.clear()

    def query(self, sql, arguments=None, role="postgres", database="postgres"):
        """All rows of one statement, in a session of its own; [] when it returns none."""
        connection = psycopg2.connect(host=self.socket, port=5432, user=role, dbname=database, connect_timeout=30)
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(sql, arguments)
                return cursor.fetchall() if cursor.description else []
        finally:
            connection.close()

    def value(self, sql, arguments=None, role="postgres", database="postgres"):
        """The first column of the first row, or None."""
        rows = self.query(sql, arguments, role, database)
        return rows[0][0] if rows else None

    def refusal(self, sql, arguments=None, role="postgres", database="postgres"):
        """The SQLSTATE that a statement fails with; it is a failure of the test if it does not fail."""
        try:
            self.query(sql, arguments, role, database)
        except psycopg2.Error as error:
            return error.pgcode
        raise Failure(f"this was not refused: {sql}")

    def psql(self, *arguments, role="postgres", database="postgres", stdin=None):
        """psql with these arguments; what it wrote. Fails the test when psql fails."""
        done = subprocess.run([os.path.join(BINARIES, "psql"), "-XAtq", "-v", "ON_ERROR_STOP=1", "-h", self.socket,
                               "-p", "5432", "-U", role, "-d", database, *arguments],
                              input=stdin, text=True, capture_output=True, check=False, cwd=ROOT)
        if done.returncode != 0:
            raise Failure(f"psql failed with status {done.returncode}: {done.stderr}")
        return done.stdout

    def wait_for(self, sql, what, seconds=30, arguments=None, role="postgres", database="postgres"):
        """Runs a query until its first value is true; returns that value."""
        connection = self.connect(role, database)
        try:
            with connection.cursor() as cursor:
                def ask():
                    cursor.execute(sql, arguments)
                    row = cursor.fetchone()
                    return row[0] if row else None
                return wait_until(ask, what, seconds)
        finally:
            connection.close()
            self._connections.remove(connection)


class Standby(Cluster):
    """A streaming standby of another cluster, made with pg_basebackup."""

    def __init__(self, primary, **settings):
        self._primary = primary
        super().__init__(**settings)

    def _create(self):
        self._run("pg_basebackup", "--pgdata", self.data, "--host", self._primary.socket, "--port=5432",
                  "--username=postgres", "--write-recovery-conf", "--checkpoint=fast", "--no-sync")

    def promote(self):
        self._run("pg_ctl", "--pgdata", self.data, "--wait", "promote")


def wait_until(ask, what, seconds):
    """Asks until the answer is true; fails the test at the deadline."""
    deadline = time.monotonic() + seconds
    while True:
        answer = ask()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise Failure(f"waited {seconds} seconds for {what}; the last answer was {answer!r}")
        time.sleep(0.05)


def _is_alive(pid):
    """Whether the process runs; a zombie, which nobody has reaped yet, does not."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def _children_of(parent):
    children = []
    for path in glob.glob("/proc/[0-9]*/stat"):
        with contextlib.suppress(OSError):
            with open(path, encoding="utf-8", errors="replace") as file:
                fields = file.read().rpartition(")")[2].split()
            if int(fields[1]) == parent:
                children.append(int(path.split("/")[2]))
    return children


def run(*tests):
    """Runs the tests, or those of them that the command line names, and writes TAP."""
    chosen = [test for test in tests if len(sys.argv) == 1 or test.__name__ in sys.argv[1:]]
    sys.stdout.reconfigure(line_buffering=True)
    print(f"1..{len(chosen)}")
    failures = 0
    for number, test in enumerate(chosen, 1):
        name = test.__name__.replace("_", " ")
        began = time.monotonic()
        try:
            test()
        except Exception as error:  # pylint: disable=broad-except
            failures += 1
            print(f"not ok {number} - {name}")
            text = str(error) if isinstance(error, Failure) else traceback.format_exc()
            print("".join(f"# {line}\n" for line in text.splitlines()), end="")
        else:
            print(f"ok {number} - {name} ({time.monotonic() - began:.1f} s)")
    sys.exit(1 if failures or not chosen else 0)
