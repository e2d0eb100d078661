"""From one version to the next with executions in flight: the library first, then ALTER EXTENSION playbook UPDATE.

The old version is the last release that sql/ has an upgrade script from; the new one is this tree. As long as there is
none, this tree is the old version, and the new one is made from it here: the next number, and a table more.
"""
import glob
import os
import re
import shutil
import tempfile

import psycopg2
from harness import ROOT, Cluster, check, check_equal, run
from support.catalog import differences
from support.flight import STATES, finish, start_everything
from support.installation import Installation, copy_of_this_tree, make, released_tree, version_of

# What the version made here has more. In an install script it stands before the fragments that look after every
# table; an upgrade script does itself what they do.
TABLE = """
CREATE TABLE playbook_upgrade_test (id bigint GENERATED ALWAYS AS IDENTITY, note text);
COMMENT ON TABLE playbook_upgrade_test IS 'A table that only the next version has.';
ALTER TABLE playbook_upgrade_test OWNER TO playbook_engine;
"""
AFTERCARE = """
ALTER TABLE playbook_upgrade_test ENABLE ROW LEVEL SECURITY;
SELECT pg_extension_config_dump('playbook_upgrade_test', '');
SELECT pg_extension_config_dump('playbook_upgrade_test_id_seq', '');
"""
HEAD = "SET LOCAL search_path = @extschema@, pg_temp;\n"


def next_version(version):
    """0.1.0: 0.1.1"""
    head, last = version.rsplit(".", 1)
    return f"{head}.{int(last) + 1}"


def replace_in(path, old, new):
    """All of them; there must be one."""
    with open(path, encoding="utf-8") as file:
        text = file.read()
    check(old in text, f"{path} does not have {old!r}")
    with open(path, "w", encoding="utf-8") as file:
        file.write(text.replace(old, new))


def trees(directory):
    """Two built trees: the old version's and the new one's."""
    current = version_of(ROOT)
    here = copy_of_this_tree(os.path.join(directory, "current"))
    make(here)
    upgrades = glob.glob(os.path.join(ROOT, "sql", f"playbook--*--{current}.sql"))
    if upgrades:
        versions = [re.fullmatch(r"playbook--(.+)--.+\.sql", os.path.basename(path)).group(1) for path in upgrades]
        last = max(versions, key=lambda version: [int(part) for part in version.split(".")])
        return released_tree(last, os.path.join(directory, "released")), here
    made = copy_of_this_tree(os.path.join(directory, "next"))
    version = next_version(current)
    for name in ("META.json", "playbook.control"):
        replace_in(os.path.join(made, name), current, version)
    for name, text in (("playbook/69_upgrade_test.sql", TABLE),
                       (f"playbook--{current}--{version}.sql", HEAD + TABLE + AFTERCARE)):
        with open(os.path.join(made, "sql", name), "w", encoding="utf-8") as file:
            file.write(text)
    os.unlink(os.path.join(made, "sql", f"playbook--{current}.sql"))
    make(made)
    return here, made


def refused(cursor, sql):
    """The error of a statement that must fail."""
    try:
        cursor.execute(sql)
    except psycopg2.Error as error:
        return f"{error.pgcode} {error}"
    return "not refused"


def upgrade_with_executions_in_flight():
    directory = tempfile.mkdtemp(prefix="playbook-upgrade-", dir="/tmp")
    try:
        old, new = trees(directory)
        installation = Installation(os.path.join(directory, "server"))
        installation.install(old)
        os.chmod(directory, 0o755)
        with Cluster(installation.binaries) as cluster:
            upgrade(cluster, installation, version_of(old), version_of(new), new)
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def upgrade(cluster, installation, old, new, tree):
    """The whole story in one cluster."""
    cluster.query("CREATE EXTENSION playbook")
    start_everything(cluster, slow_seconds=30)
    cluster.stop()
    installation.install(tree)
    cluster.start()

    # The new library on the old schema: nothing moves, everything says why, the log once.
    line = f"this server runs the library of version {new}, the database has extension version {old}"
    cluster.wait_for("SELECT true WHERE pg_sleep(5) IS NOT NULL", "a timer of an execution to run out")
    check_equal(cluster.log_text().count(line), 1, "lines of the log about the versions")
    states = dict(cluster.query(STATES))
    check_equal((states["later"], states["answer"], states["asks"]), ("waiting",) * 3, "states before the update")
    check_equal(cluster.value("SELECT count(*) FROM ledger"), 0, "rows of the step that the restart interrupted")
    check_equal(cluster.value("SELECT count(*) FROM pg_stat_activity WHERE backend_type LIKE 'playbook %%'"
                              " AND datname IS NOT NULL"), 0, "workers in the database")
    session = cluster.connect().cursor()
    for statement in ("SELECT playbook_start('quick')", "SELECT playbook_run('quick')", "CALL playbook_work()"):
        said = refused(session, statement)
        check(said.startswith("55000 ") and "Run ALTER EXTENSION playbook UPDATE" in said, f"{statement}: {said}")

    cluster.query("CREATE DATABASE fresh")
    cluster.query("CREATE EXTENSION playbook", database="fresh")
    check(differences(cluster, "postgres", "fresh"), "the versions do not differ: nothing would be tested")
    session.execute("ALTER EXTENSION playbook UPDATE")
    check_equal(differences(cluster, "postgres", "fresh"), [], "what is not as in a fresh install")

    # The same session works at once, and what was in flight goes on where it was.
    session.execute("SELECT playbook_run('quick') ->> 'status'")
    check_equal(session.fetchone()[0], "completed", "a run after the update")
    finish(cluster)
    check_equal(cluster.value("SELECT count(*) FROM ledger"), 1, "rows of the step that was interrupted")
    check_equal(cluster.log_text().count(line), 1, "lines of the log about the versions, in the end")


run(upgrade_with_executions_in_flight)
