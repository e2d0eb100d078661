"""A batch of executions in one transaction: what one step fails at or leaves behind reaches no other."""
import functools
import json

from harness import check, check_equal, run
from support.batches import NUMBER, create, error_of, owner, shared_cluster, start, states, wait_until_ended, write


def a_deferred_constraint_fails_its_step_only():
    cluster = shared_cluster()
    owner(cluster, "deferring")
    cluster.query(
        """
        CREATE FUNCTION not_five() RETURNS trigger LANGUAGE plpgsql AS
            $$BEGIN
                IF NEW.n = 5 THEN RAISE check_violation USING MESSAGE = 'five is refused'; END IF; RETURN NULL; END$$;
        CREATE TABLE promised (n integer, batch xid8 DEFAULT pg_current_xact_id());
        CREATE CONSTRAINT TRIGGER promise AFTER INSERT ON promised DEFERRABLE INITIALLY DEFERRED
            FOR EACH ROW EXECUTE FUNCTION not_five();""",
        role="deferring",
    )
    create(
        cluster,
        "deferring",
        "promise",
        ("promise", "sql", "INSERT INTO public.promised (n) VALUES ({{parameters.n}})"),
        ("after", "sql", write("after promise", "{{parameters.n}}")),
        parameters=NUMBER,
    )
    executions = start(cluster, "deferring", "promise", 10)
    wait_until_ended(cluster, executions.values())
    check_equal(states(cluster, executions.values()), {"completed": 9, "failed": 1}, "executions")
    error = error_of(cluster, executions[5], "promise")
    check_equal((error.get("sqlstate"), error.get("message")), ("23514", "five is refused"), "the error of the fifth")
    check_equal(
        cluster.query("SELECT n FROM promised ORDER BY n"),
        [(n,) for n in range(1, 11) if n != 5],
        "rows that were kept",
    )
    check_equal(cluster.value("SELECT count(DISTINCT batch) FROM promised"), 1, "transactions that wrote them")
    check_equal(cluster.value("SELECT count(*) FROM ledger WHERE step = 'after promise'"), 9, "steps that followed")


@functools.cache
def cluster_with_foreign_table():
    """far writes unique_later through a connection to the same server. What is deferred there fails at its commit,
    which is made with the commit here: of all that a step does this alone cannot fail earlier."""
    cluster = shared_cluster()
    owner(cluster, "remote")
    cluster.query(
        f"""
        CREATE EXTENSION IF NOT EXISTS postgres_fdw;
        CREATE SERVER myself FOREIGN DATA WRAPPER postgres_fdw
            OPTIONS (host '{cluster.socket}', port '5432', dbname 'postgres');
        CREATE USER MAPPING FOR remote SERVER myself OPTIONS (user 'postgres', password_required 'false');
        CREATE TABLE unique_later (n integer UNIQUE DEFERRABLE INITIALLY DEFERRED);
        INSERT INTO unique_later VALUES (5);
        CREATE FOREIGN TABLE far (n integer) SERVER myself OPTIONS (table_name 'unique_later');
        GRANT INSERT ON far TO remote;
        CREATE FUNCTION put_far(n integer) RETURNS integer LANGUAGE plpgsql AS
            $$BEGIN INSERT INTO public.far VALUES (n); RETURN n; END$$;"""
    )
    return cluster


def a_batch_whose_commit_fails_is_done_one_by_one():
    cluster = cluster_with_foreign_table()
    # In a function, so that nothing tells beforehand that a foreign table is used.
    create(
        cluster, "remote", "far", ("far", "sql", "SELECT public.put_far({{parameters.n}}) AS n"), parameters=NUMBER
    )
    executions = start(cluster, "remote", "far", 10)
    wait_until_ended(cluster, executions.values())
    check_equal(states(cluster, executions.values()), {"completed": 9, "failed": 1}, "executions")
    check_equal(
        cluster.query("SELECT status, error ->> 'sqlstate' FROM playbook_executions WHERE id = %s", [executions[5]]),
        [("failed", "23505")],
        "the fifth",
    )
    check_equal(
        cluster.query("SELECT n FROM unique_later ORDER BY n"), [(n,) for n in range(1, 11)], "rows that were kept"
    )


def a_step_alone_whose_commit_fails_says_so():
    cluster = cluster_with_foreign_table()
    create(
        cluster,
        "remote",
        "far_alone",
        {
            "id": "far",
            "type": "sql",
            "alone": True,
            "retry": {"attempts": 2, "delay": "100 ms"},
            "config": {"template": "SELECT public.put_far(5) AS n"},
        },
    )
    execution = cluster.value("SELECT playbook_start('far_alone')", role="remote")
    wait_until_ended(cluster, [execution])
    error = error_of(cluster, execution, "far")
    check_equal(
        [attempt["sqlstate"] for attempt in error.get("attempts", [])], ["23505", "23505"], "the attempts of the step"
    )
    check_equal(states(cluster, [execution]), {"failed": 1}, "the execution")


def a_step_on_a_foreign_table_starts_alone():
    cluster = cluster_with_foreign_table()
    create(
        cluster,
        "remote",
        "far_direct",
        ("far", "sql", "INSERT INTO public.far VALUES ({{parameters.n}})"),
        ("here", "sql", write("far_direct", "{{parameters.n}}")),
        parameters=NUMBER,
    )
    executions = [
        cluster.value("SELECT playbook_start('far_direct', parameters => %s)", [json.dumps({"n": n})], role="remote")
        for n in (5, 1001)
    ]
    wait_until_ended(cluster, executions)
    check_equal(
        cluster.query(
            (
                "SELECT execution_id, alone, status, error ->> 'sqlstate' FROM playbook_step_executions"
                " WHERE execution_id = ANY (%s) AND step_id = 'far' ORDER BY 1"
            ),
            [executions],
        ),
        sorted([(executions[0], True, "failed", "23505"), (executions[1], True, "completed", None)]),
        "the steps",
    )
    check_equal(cluster.query("SELECT value FROM ledger WHERE step = 'far_direct'"), [(1001,)], "steps that followed")


LITTER = """
CREATE FUNCTION litter() RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    held refcursor := 'held';
BEGIN
    PERFORM set_config('work_mem', '64kB', false), set_config('search_path', 'nowhere', false),
            set_config('my.litter', 'yes', false), set_config('statement_timeout', '1h', false),
            set_config('lock_timeout', '1h', true), set_config('timezone', 'Asia/Tokyo', false);
    CREATE TEMPORARY TABLE litter (n integer);
    PERFORM pg_advisory_lock(4711);
    PERFORM pg_advisory_xact_lock(4712);
    PERFORM setseed(0.5);
    EXECUTE 'PREPARE litter AS SELECT 1';
    EXECUTE 'DECLARE litter CURSOR WITH HOLD FOR SELECT 1';
    OPEN held FOR SELECT 1;
    RETURN pg_backend_pid();
END $$;
CREATE FUNCTION found_litter() RETURNS text LANGUAGE sql SET search_path = pg_catalog AS $$
    SELECT coalesce(string_agg(what, ', '), 'nothing') FROM (
        SELECT name || ' = ' || setting FROM pg_settings
            WHERE name IN ('work_mem', 'statement_timeout', 'lock_timeout', 'TimeZone')
            AND setting NOT IN ('4096', '0', 'UTC')
        UNION ALL SELECT 'my.litter' WHERE coalesce(current_setting('my.litter', true), '') <> ''
        UNION ALL SELECT 'table ' || relname FROM pg_class
            WHERE relname = 'litter' AND relnamespace = pg_my_temp_schema()
        UNION ALL SELECT 'lock ' || objid FROM pg_locks
            WHERE locktype = 'advisory' AND pid = pg_backend_pid() AND objid = 4711
        UNION ALL SELECT 'statement ' || name FROM pg_prepared_statements WHERE name = 'litter'
        UNION ALL SELECT 'cursor ' || name FROM pg_cursors WHERE name IN ('litter', 'held')) AS leftovers (what) $$;
"""


def steps_leave_nothing_behind():
    cluster = shared_cluster()
    owner(cluster, "littering")
    cluster.query(LITTER, role="littering")
    litter = {"type": "sql", "config": {"template": "SELECT public.litter() AS pid"}}
    look = {
        "type": "query",
        "config": {
            "template": (
                "SELECT public.found_litter() AS found, pg_backend_pid() AS pid, "
                "current_setting('search_path') AS path"
            )
        },
    }
    create(
        cluster,
        "littering",
        "litter",
        {"id": "first", **litter},
        {"id": "look", "depends_on": ["first"], **look},
        # Twice, so that a table of the same name is no trouble.
        {"id": "second", "depends_on": ["look"], **litter},
        {"id": "look_again", "depends_on": ["second"], **look},
        {"id": "alone", "alone": True, "depends_on": ["look_again"], **litter},
        {"id": "look_last", "depends_on": ["alone"], **look},
    )
    execution = cluster.value("SELECT playbook_start('litter')", role="littering")
    wait_until_ended(cluster, [execution])
    check_equal(states(cluster, [execution]), {"completed": 1}, "the execution")
    pids = set()
    for step in ("first", "second", "alone"):
        pids.add(cluster.value("SELECT r ->> 'pid' FROM playbook_rows(%s, %s) AS r", [execution, step]))
    for step in ("look", "look_again", "look_last"):
        found = cluster.value("SELECT r FROM playbook_rows(%s, %s) AS r", [execution, step])
        check_equal(found["found"], "nothing", f"what step {step} finds of the one before it")
        check("nowhere" not in found["path"], f"step {step} has the search_path of the one before it")
        pids.add(str(found["pid"]))
    check_equal(len(pids), 1, "processes that ran all this; with more the test shows nothing")
    # Control: in a session of one's own they are found.
    found = cluster.query("SELECT litter(); SELECT public.found_litter()", role="littering")[0][0]
    check_equal(len(found.split(", ")), 10, f"leftovers that a session of one's own has ({found})")


CONSTRAINTS = """
CREATE TABLE unique_now (n integer UNIQUE DEFERRABLE);
INSERT INTO unique_now VALUES (0);
-- Whether a violation is refused at once, or would be at the end.
CREATE FUNCTION constraint_mode() RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO public.unique_now VALUES (0);
    RAISE EXCEPTION 'back again';
EXCEPTION
    WHEN unique_violation THEN RETURN 'immediate';
    WHEN raise_exception THEN RETURN 'deferred';
END $$;
CREATE FUNCTION defer() RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    SET CONSTRAINTS ALL DEFERRED;
    RETURN public.constraint_mode();
END $$;
CREATE FUNCTION defer_stubbornly() RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    BEGIN
        SET CONSTRAINTS ALL DEFERRED;
    EXCEPTION WHEN query_canceled THEN NULL;
    END;
    RETURN public.constraint_mode();
END $$;
"""


def set_constraints_reaches_no_other_step():
    cluster = shared_cluster()
    owner(cluster, "postponing")
    cluster.query(CONSTRAINTS, role="postponing")
    mode = {"type": "sql", "config": {"template": "SELECT public.constraint_mode() AS mode"}}
    create(
        cluster,
        "postponing",
        "postponing",
        ("defer", "sql", "SELECT public.defer() AS mode"),
        {"id": "after", "depends_on": ["defer"], **mode},
        {
            "id": "stubborn",
            "type": "sql",
            "depends_on": ["after"],
            "config": {"template": "SELECT public.defer_stubbornly() AS mode"},
        },
        {"id": "after_stubborn", "depends_on": ["stubborn"], **mode},
        {
            "id": "alone",
            "type": "sql",
            "alone": True,
            "depends_on": ["after_stubborn"],
            "config": {"template": "SELECT public.defer() AS mode"},
        },
        {"id": "after_alone", "depends_on": ["alone"], **mode},
    )
    create(cluster, "postponing", "bystander", ("look", "sql", "SELECT public.constraint_mode() AS mode"))
    # The second time it is known which steps run alone.
    for _ in range(2):
        executions = cluster.query(
            "SELECT playbook_start(p) FROM unnest(ARRAY['postponing', 'bystander']) AS p", role="postponing"
        )
        first, second = (row[0] for row in executions)
        wait_until_ended(cluster, [first, second])
        check_equal(states(cluster, [first, second]), {"completed": 2}, "executions")
        modes = {
            step: cluster.value("SELECT r ->> 'mode' FROM playbook_rows(%s, %s) AS r", [execution, step])
            for execution, step in [
                (second, "look"),
                *((first, step) for step in ("defer", "after", "stubborn", "after_stubborn", "alone", "after_alone")),
            ]
        }
        check_equal(
            modes,
            {
                "look": "immediate",
                "defer": "deferred",
                "after": "immediate",
                "stubborn": "deferred",
                "after_stubborn": "immediate",
                "alone": "deferred",
                "after_alone": "immediate",
            },
            "when each step's constraints are checked",
        )


def settings_of_a_role_do_not_reach_the_engine():
    cluster = shared_cluster()
    owner(
        cluster,
        "strict",
        """
        ALTER ROLE strict SET default_transaction_isolation = 'serializable';
        ALTER ROLE strict SET default_transaction_read_only = on;
        ALTER ROLE strict SET statement_timeout = '1ms';
        ALTER ROLE strict SET lock_timeout = '1ms';
        ALTER ROLE strict SET idle_in_transaction_session_timeout = '1ms';
        ALTER ROLE strict SET datestyle = 'SQL, DMY';
        ALTER ROLE strict SET bytea_output = 'escape';
        ALTER ROLE strict SET standard_conforming_strings = off""",
    )
    # The session that publishes and starts is spared them.
    spared = (
        "-c default_transaction_read_only=off -c statement_timeout=0 -c lock_timeout=0 -c"
        " idle_in_transaction_session_timeout=0"
    )
    session = cluster.connect(role="strict", options=spared).cursor()
    session.execute(
        "SELECT playbook_create(%s, publish => true)",
        [
            json.dumps(
                {
                    "id": "strict",
                    "name": "Strict",
                    "steps": [
                        {"id": "first", "type": "sql", "config": {"template": write("strict")}},
                        {"id": "rest", "type": "wait", "config": {"for": "100 ms"}},
                        {
                            "id": "seen",
                            "type": "query",
                            "config": {
                                "template": (
                                    "SELECT current_setting('transaction_isolation') AS isolation, 'a\\b' AS text"
                                )
                            },
                        },
                    ],
                }
            )
        ],
    )
    session.execute("SELECT playbook_start('strict')")
    execution = session.fetchone()[0]
    wait_until_ended(cluster, [execution])
    check_equal(states(cluster, [execution]), {"completed": 1}, "the execution")
    check_equal(
        cluster.value("SELECT r FROM playbook_rows(%s, 'seen') AS r", [execution]),
        {"isolation": "read committed", "text": "a\\b"},
        "what the step saw",
    )


def operators_of_the_owner_are_not_the_engine_s():
    cluster = shared_cluster()
    owner(cluster, "trapper")
    cluster.query(
        """
        CREATE SCHEMA traps AUTHORIZATION trapper;
        CREATE TABLE traps.tripped (what text, by name DEFAULT current_user);
        GRANT INSERT, SELECT ON traps.tripped TO PUBLIC;
        ALTER ROLE trapper SET search_path = traps, pg_catalog, public"""
    )
    functions = []
    for kind in ("bigint", "integer", "text", "timestamptz", "smallint", "oid", "regrole", "boolean"):
        name = f"trap_{kind}"
        functions.append(
            f"CREATE FUNCTION traps.{name}({kind}, {kind}) RETURNS boolean LANGUAGE plpgsql AS "
            f"$$BEGIN INSERT INTO traps.tripped VALUES ('{kind}'); RETURN $1 OPERATOR(pg_catalog.=) $2; END$$;"
        )
        functions += [
            f"CREATE OPERATOR traps.{sign} (LEFTARG = {kind}, RIGHTARG = {kind}, FUNCTION = traps.{name});"
            for sign in ("=", "<=", "<", ">", "<>")
        ]
    for name in ("now()", "clock_timestamp()"):
        functions.append(
            f"CREATE FUNCTION traps.{name} RETURNS timestamptz LANGUAGE plpgsql AS "
            f"$$BEGIN INSERT INTO traps.tripped VALUES ('{name}'); RETURN pg_catalog.{name}; END$$;"
        )
    cluster.query("SET search_path = pg_catalog; " + "".join(functions), role="trapper")
    cluster.query("GRANT USAGE ON SCHEMA traps TO PUBLIC")
    create(
        cluster,
        "trapper",
        "trapped",
        ("one", "query", "SELECT 1 AS n"),
        {"id": "each", "type": "sql", "for_each": "${steps.one}", "config": {"template": write("trapped")}},
        {"id": "slow", "type": "sql", "alone": True, "config": {"template": write("trapped slowly")}},
        {"id": "rest", "type": "wait", "config": {"for": "100 ms"}},
        {"id": "task", "type": "task", "config": {"title": "Look", "assignee": "trapper"}},
    )
    execution = cluster.value("SELECT public.playbook_start('trapped')", role="trapper")
    cluster.wait_for(
        "SELECT waiting_for = 'task' FROM playbook_executions WHERE id = %s", "the task", 20, [execution]
    )
    cluster.query("SELECT public.playbook_cancel(%s, 'seen enough')", [execution], role="trapper")
    check_equal(
        cluster.query("SELECT what, by, count(*) FROM traps.tripped GROUP BY 1, 2"),
        [],
        "traps that the engine stepped into",
    )
    # Control: the owner's own statement does step into one.
    create(cluster, "trapper", "tripping", ("own", "sql", "SELECT 1::bigint = 1::bigint AS same"))
    execution = cluster.value("SELECT public.playbook_start('tripping')", role="trapper")
    wait_until_ended(cluster, [execution])
    check_equal(
        cluster.query("SELECT DISTINCT what, by FROM traps.tripped"), [("bigint", "trapper")], "the trap that works"
    )


run(
    a_deferred_constraint_fails_its_step_only,
    a_batch_whose_commit_fails_is_done_one_by_one,
    a_step_alone_whose_commit_fails_says_so,
    a_step_on_a_foreign_table_starts_alone,
    steps_leave_nothing_behind,
    set_constraints_reaches_no_other_step,
    settings_of_a_role_do_not_reach_the_engine,
    operators_of_the_owner_are_not_the_engine_s,
)
