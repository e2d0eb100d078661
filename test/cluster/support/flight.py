"""Executions in every state that an upgrade may meet them in, and what becomes of them."""

DEFINITIONS = (
    "{id: quick, name: Q, steps: [{id: a, type: query, config: {template: SELECT 1 AS one}}]}",
    "{id: answer, name: A, steps: [{id: w, type: wait, config: {event: go}},"
    " {id: b, type: query, depends_on: [w], config: {template: SELECT 2 AS two}}]}",
    "{id: later, name: L, steps: [{id: w, type: wait, config: {for: 4 s}}]}",
    "{id: asks, name: M, steps: [{id: m, type: email, require_approval: true,"
    " config: {to: a@example.com, subject: s, body: b}}]}",
    "{id: slow, name: S, steps: [{id: s, type: sql, alone: true,"
    " config: {template: 'INSERT INTO ledger SELECT FROM pg_sleep((SELECT seconds FROM pace))'}}]}",
)
STATES = "SELECT playbook_id, status FROM playbook_executions ORDER BY playbook_id"
TABLES = ("playbooks", "playbook_snapshots", "playbook_executions", "playbook_step_executions", "playbook_step_rows",
          "approvals", "playbook_change_batches")


def start_everything(cluster, slow_seconds):
    """One execution of each kind, in the state it stays in: completed, waiting, and running for so long."""
    cluster.query("CREATE TABLE ledger ()")
    cluster.query("CREATE TABLE pace AS SELECT %s AS seconds", [slow_seconds])
    for definition in DEFINITIONS:
        cluster.query("SELECT playbook_create(%s, publish => true)", [definition])
    cluster.query("SELECT playbook_start(id) FROM playbooks")
    cluster.wait_for(
        "SELECT array_agg(status ORDER BY playbook_id) = '{waiting,waiting,waiting,completed,running}'"
        " FROM playbook_executions", "each to be where it stays")


def contents(cluster):
    """A checksum of each table."""
    return {table: cluster.value(f"SELECT md5(string_agg(t::text, E'\\n' ORDER BY t::text)) FROM {table} AS t")
            for table in TABLES}


def finish(cluster):
    """Gives each what it waits for, and returns when all have completed."""
    cluster.query("UPDATE pace SET seconds = 0")
    cluster.query("SELECT playbook_signal(id, 'go') FROM playbook_executions"
                  " WHERE playbook_id = 'answer' AND status = 'waiting'")
    cluster.query("SELECT playbook_approve(id) FROM approvals WHERE status = 'pending'")
    cluster.wait_for("SELECT bool_and(status = 'completed') FROM playbook_executions", "all of them to complete")
