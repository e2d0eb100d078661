"""What the tests of batches share: a server, owners, playbooks of plain steps, and what became of executions."""
import atexit
import functools
import json

from harness import Cluster, check_equal

LEDGER = (
    "CREATE TABLE ledger (execution bigint, step text, value integer, pid integer DEFAULT pg_backend_pid(),"
    " batch xid8 DEFAULT pg_current_xact_id(), at timestamptz DEFAULT clock_timestamp());"
    " GRANT SELECT, INSERT ON ledger TO PUBLIC"
)
# Long enough that all that a test starts at once is one batch.
ONE_BATCH = {"playbook.batch_time": "1s"}
NUMBER = [{"name": "n", "type": "integer"}]


@functools.cache
def shared_cluster():
    """A server for the tests that leave it as they found it."""
    cluster = Cluster(deadlock_timeout="1s", **ONE_BATCH)
    atexit.register(cluster.remove)
    cluster.start()
    install(cluster)
    return cluster


def install(cluster):
    cluster.query("CREATE EXTENSION playbook")
    cluster.query(LEDGER)


def owner(cluster, name, settings=""):
    cluster.query(
        f"CREATE ROLE {name} LOGIN; GRANT playbook_author TO {name}; GRANT USAGE, CREATE ON SCHEMA public TO {name}"
    )
    if settings:
        cluster.query(settings)


def create(cluster, role, name, *steps, **keys):
    """Publishes a playbook; a step is (id, type, template) or a whole step."""
    listed = [
        step if isinstance(step, dict) else {"id": step[0], "type": step[1], "config": {"template": step[2]}}
        for step in steps
    ]
    cluster.query(
        "SELECT playbook_create(%s, publish => true)",
        [json.dumps({"id": name, "name": name, "steps": listed, **keys})],
        role=role,
    )


def write(step, value="0"):
    """A statement that leaves a line in the ledger."""
    return f"INSERT INTO public.ledger (execution, step, value) SELECT {{{{execution.id}}}}, '{step}', {value}"


def start(cluster, role, playbook, count, **parameters):
    """Starts that many executions at once, each with its number as parameter n; returns their ids by number."""
    starts = [{"parameters": {"n": n, **parameters}} for n in range(1, count + 1)]
    rows = cluster.query(
        "SELECT ordinal, execution FROM playbook_start_many(%s, %s::jsonb)", [playbook, json.dumps(starts)], role=role
    )
    check_equal(sum(execution is not None for _, execution in rows), count, f"started executions of {playbook}")
    return dict(rows)


def wait_until_ended(cluster, executions, seconds=20):
    cluster.wait_for(
        "SELECT count(*) = 0 FROM playbook_executions WHERE id = ANY (%s) AND slot = 0",
        "executions to end",
        seconds,
        [list(executions)],
    )


def states(cluster, executions):
    """How many executions are in each state."""
    return dict(
        cluster.query(
            "SELECT status, count(*)::integer FROM playbook_executions WHERE id = ANY (%s) GROUP BY 1",
            [list(executions)],
        )
    )


def error_of(cluster, execution, step):
    return (
        cluster.value(
            "SELECT error FROM playbook_step_executions WHERE execution_id = %s AND step_id = %s AND item = 0",
            [execution, step],
        )
        or {}
    )
