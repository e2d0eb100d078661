"""What the tests of standbys and recovery share: playbooks that leave a line for each step that took effect, a client that
starts them, and what must be true of ledger and tables afterwards."""
from harness import check_equal
from support.load import Load


def entry(step, rows="generate_series(1, 1)"):
    """A statement that leaves one line for its execution and step."""
    return f"INSERT INTO public.ledger (execution, step) SELECT {{{{execution.id}}}}, '{step}' FROM {rows}"


QUICK = f"""
id: quick
name: Quick
conflict: allow
steps:
  - {{id: first, type: sql, config: {{template: "{entry('first')}"}}}}
  - {{id: found, type: query, config: {{template: "SELECT n, md5(n::text) AS hash FROM generate_series(1, 20) AS n"}}}}
  - {{id: rest, type: wait, config: {{for: 300ms}}}}
  - {{id: last, type: sql, config: {{template: "{entry('last')}"}}}}
"""
SLOW = f"""
id: slow
name: Slow
conflict: allow
steps:
  - {{id: alone, type: sql, alone: true, config: {{template: "{entry('alone', 'pg_sleep(0.7)')}"}}}}
  - {{id: last, type: sql, config: {{template: "{entry('last')}"}}}}
"""
WAITS = f"""
id: waits
name: Waits
conflict: allow
steps:
  - {{id: before, type: sql, config: {{template: "{entry('before')}"}}}}
  - {{id: many, type: query, config: {{template: "SELECT n, md5(n::text) AS hash FROM generate_series(1, 40000) AS n"}}}}
  - {{id: answer, type: wait, config: {{event: answered}}}}
  - {{id: after, type: sql, config: {{template: "{entry('after')}"}}}}
"""
ASKS = "{id: asks, name: Asks, conflict: allow, steps: [{id: a, type: approval, config: {approvers: [postgres]}}]}"


def install(cluster):
    cluster.query("CREATE EXTENSION playbook")
    cluster.query("CREATE TABLE ledger (execution bigint, step text)")
    for definition in (QUICK, SLOW, WAITS, ASKS):
        cluster.query("SELECT playbook_create(%s, publish => true)", [definition])


def start_load(cluster, number):
    """A client that starts these, one slow one of ten, until the server goes away."""
    return Load(cluster, number, lambda done: "slow" if done % 10 == 3 else "quick")


def wait_until_drained(cluster, seconds=60):
    """Until nothing is under way but what waits for an event or a person."""
    cluster.wait_for(
        "SELECT NOT EXISTS (SELECT FROM playbook_executions WHERE slot = 0 AND (status <> 'waiting' OR waiting_for NOT IN"
        " ('event', 'approval')))",
        "all that can end to end",
        seconds,
    )


def inspect(cluster):
    """Every step that completed took effect once, and nothing else did."""
    done = "SELECT execution_id, step_id FROM playbook_step_executions WHERE type = 'sql' AND status = 'completed'"
    check_equal(
        cluster.query(f"{done} EXCEPT ALL SELECT execution, step FROM ledger"), [], "completed steps without effect"
    )
    check_equal(
        cluster.query(f"SELECT execution, step FROM ledger EXCEPT ALL {done}"), [], "effects without a completed step"
    )
    check_equal(
        cluster.query("SELECT id, status, error FROM playbook_executions WHERE status NOT IN ('completed', 'waiting')"),
        [],
        "executions that did not complete",
    )
