"""pg_upgrade to a newer PostgreSQL with executions in every state: they arrive, stand still, and go on when enabled.

Needs a second server with this extension: the one whose pg_config PLAYBOOK_UPGRADE_TO names, or the newest that Debian's
packages put beside the first. Without one the test is skipped and says so.
"""
import glob
import os
import subprocess
import time

from harness import BINARIES, Cluster, check, check_equal, run
from support.flight import STATES, contents, finish, start_everything


def _ask(pg_config, name):
    return subprocess.run([pg_config, f"--{name}"], check=True, capture_output=True, text=True).stdout.strip()


def newer_server():
    """The directory of the newer server's programs, or None and why there is none."""
    named = os.environ.get("PLAYBOOK_UPGRADE_TO")
    here = os.path.join(BINARIES, "pg_config")
    candidates = [named] if named else sorted(glob.glob("/usr/lib/postgresql/*/bin/pg_config"), reverse=True)
    for candidate in candidates:
        if int(_ask(candidate, "version").split()[1].split(".")[0]) <= int(_ask(here, "version").split()[1].split(".")[0]):
            continue
        binaries = _ask(candidate, "bindir")
        if not os.path.exists(os.path.join(binaries, "pg_upgrade")):
            continue
        if not os.path.exists(os.path.join(_ask(candidate, "pkglibdir"), "playbook.so")):
            return None, f"the server of {candidate} does not have this extension"
        return binaries, None
    return None, "there is no newer server beside this one, and PLAYBOOK_UPGRADE_TO names none"


def _last_lines_of_logs(data):
    """What pg_upgrade refers to; a successful one removes it."""
    lines = []
    for path in sorted(glob.glob(os.path.join(data, "pg_upgrade_output.d/*/log/*.log"))):
        with open(path, encoding="utf-8") as log:
            lines += [f"{os.path.basename(path)}: {line.rstrip()}" for line in log.readlines()[-10:]]
    return "\n".join(lines)


def executions_survive_pg_upgrade():
    with Cluster() as old, Cluster(newer) as new:
        old.query("CREATE EXTENSION playbook")
        start_everything(old, slow_seconds=30)
        old.query("CREATE DATABASE bystander")
        old.stop()
        old.start()
        states = dict(old.query(STATES))
        check(states["quick"] == "completed" and states["answer"] == "waiting", f"states before: {states}")
        before = contents(old)
        old.stop()
        new.stop()
        done = new._run("pg_upgrade", "--old-datadir", old.data, "--new-datadir", new.data,
                        "--old-bindir", old.binaries, "--new-bindir", new.binaries, "--username=postgres",
                        "--socketdir", new.socket, cwd=new.directory, check_status=False)
        check(done.returncode == 0, f"pg_upgrade failed: {done.stdout[-500:]}\n{_last_lines_of_logs(new.data)}")
        new.start()
        check_equal(contents(new), before, "the tables after the upgrade")

        # Another cluster, and so another place.
        new.query("SELECT playbook_signal(id, 'go') FROM playbook_executions WHERE playbook_id = 'answer'")
        time.sleep(5)
        check_equal(new.value("SELECT count(*) FROM pg_stat_activity WHERE backend_type LIKE 'playbook %%'"
                              " AND datname IS NOT NULL"), 0, "workers before playbook_enable()")
        check_equal(new.refusal("CALL playbook_work()"), "55000", "playbook_work() before playbook_enable()")
        new.query("SELECT playbook_enable()")
        new.wait_for("SELECT status = 'completed' FROM playbook_executions WHERE playbook_id = 'answer'",
                     "the signal of before to be acted on")
        finish(new)
        check_equal(new.value("SELECT playbook_run('quick') ->> 'status'"), "completed", "a run after the upgrade")
        check_equal(new.value("SELECT count(*) FROM ledger"), 1, "rows of the step that was interrupted")


newer, reason = newer_server()
if newer is None:
    print(f"1..1\nok 1 - executions survive pg_upgrade # SKIP {reason}")
else:
    run(executions_survive_pg_upgrade)
