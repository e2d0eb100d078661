"""A little of everything that the engine does, as one client's story, and what must be true when all of it has ended.

The story goes on whatever happens to it: a statement that failed is said again, a connection that was lost is made
again. So a test may fail, cancel or kill what it likes meanwhile.
"""
import contextlib
import json
import time

import psycopg2

from harness import Failure, check, check_equal, wait_until

OWNER = "author"


def entry(step, item="0", rows="generate_series(1, 1)"):
    """A statement that leaves one line in the ledger: its execution, its step, the item of its for_each."""
    return (f"INSERT INTO public.ledger (execution, step, item) SELECT {{{{execution.id}}}}, '{step}', {item}"
            f" FROM {rows}")


CHILD = f"""
id: child
name: Child
steps:
  - {{id: child_first, type: sql, config: {{template: "{entry('child_first')}"}}}}
  - {{id: child_rest, type: wait, config: {{for: 150ms}}}}
  - {{id: child_last, type: sql, config: {{template: "{entry('child_last')}"}}}}
"""
QUICK = f"""
id: quick
name: Quick
steps:
  - {{id: first, type: sql, config: {{template: "{entry('first')}"}}}}
  - {{id: found, type: query, config: {{template: "SELECT n FROM generate_series(1, 3) AS n"}}}}
  - {{id: large, type: query, config: {{template: "SELECT n, md5(n::text) FROM generate_series(1, 1000) AS n"}}}}
  - {{id: each, type: sql, for_each: "${{steps.found}}", config: {{template: "{entry('each', '{{item.n}}')}"}}}}
  - {{id: say, type: notify, config: {{to: ana, message: done, via: slack}}}}
  - {{id: last, type: sql, config: {{template: "{entry('last')}"}}}}
outputs:
  - {{name: numbers, source: "${{steps.found}}"}}
"""
MIXED = f"""
id: mixed
name: Mixed
conflict: skip
steps:
  - {{id: first, type: sql, config: {{template: "{entry('first')}"}}}}
  - {{id: found, type: query, config: {{template: "SELECT n FROM generate_series(1, 3) AS n"}}}}
  - {{id: each, type: sql, for_each: "${{steps.found}}", config: {{template: "{entry('each', '{{item.n}}')}"}}}}
  - {{id: alone, type: sql, alone: true, config: {{template: "{entry('alone', rows='pg_sleep(0.01)')}"}}}}
  - {{id: inner, type: playbook, config: {{playbook: child}}}}
  - id: mail
    type: email
    require_approval: {{approvers: ["role:{OWNER}"]}}
    config: {{to: a@example.com, subject: s, body: b}}
  - {{id: job, type: task, config: {{title: t, assignee: "role:{OWNER}"}}}}
  - {{id: answer, type: wait, config: {{event: answered}}}}
  - {{id: last, type: sql, config: {{template: "{entry('last')}"}}}}
"""
LIMITED = f"""
id: limited
name: Limited
max_active: 1
steps:
  - {{id: first, type: sql, config: {{template: "{entry('first')}"}}}}
  - {{id: rest, type: wait, config: {{for: 20ms}}}}
"""
MENDED = "SELECT 1 / (SELECT count(*) FROM public.mended WHERE execution = {{execution.id}})"
BROKEN = f"""
id: broken
name: Broken
steps:
  - {{id: first, type: sql, config: {{template: "{entry('first')}"}}}}
  - {{id: breaks, type: query, config: {{template: "{MENDED}"}}}}
"""


def install(cluster):
    cluster.query("CREATE EXTENSION playbook; CREATE TABLE ledger (execution bigint, step text, item integer);"
                  " CREATE TABLE mended (execution bigint); CREATE SCHEMA playbook_outputs;"
                  f" CREATE ROLE {OWNER} LOGIN; GRANT playbook_author, playbook_operator TO {OWNER};"
                  f" GRANT SELECT, INSERT, DELETE ON ledger, mended TO {OWNER};"
                  f" GRANT CREATE, USAGE ON SCHEMA playbook_outputs TO {OWNER}")
    for definition in (CHILD, QUICK, MIXED, LIMITED, BROKEN):
        cluster.query("SELECT playbook_create(%s, publish => true)", [definition], role=OWNER)


class Story:
    """One client; `settings` are of its session. `refused` collects the SQLSTATEs of its statements that failed."""

    def __init__(self, cluster, name, settings=None, seconds=30, role=OWNER):
        self.refused = []
        self._cluster, self._name, self._settings = cluster, name, settings or {}
        self._connection = None
        self._role = role
        self._deadline = time.monotonic() + seconds

    def close(self):
        if self._connection is not None:
            with contextlib.suppress(psycopg2.Error):
                self._connection.close()
        self._connection = None

    def say(self, sql, *arguments, enough=()):
        """The first value; a statement that fails is repeated, unless with a SQLSTATE that says it need not be."""
        while True:
            try:
                if self._connection is None:
                    self._connection = psycopg2.connect(host=self._cluster.socket, port=5432, user=self._role,
                                                        dbname="postgres", connect_timeout=10)
                    self._connection.autocommit = True
                    with self._connection.cursor() as cursor:
                        for setting, value in self._settings.items():
                            cursor.execute(f"SET {setting} = %s", [value])
                with self._connection.cursor() as cursor:
                    cursor.execute(sql, arguments)
                    row = cursor.fetchone() if cursor.description else None
                    return row[0] if row else None
            except psycopg2.Error as error:
                self.refused.append(error.pgcode)
                if error.pgcode and error.pgcode in enough:
                    return None
                if not error.pgcode or error.pgcode.startswith("57P"):
                    self.close()
                if time.monotonic() > self._deadline:
                    raise Failure(f"{sql} still fails: {error}") from error
                time.sleep(0.02)

    def start(self, playbook, key, customer=None):
        return self.say("SELECT playbook_start(%s, %s, idempotency_key => %s)", playbook, customer,
                        f"{self._name} {key}")

    def until(self, execution, *waits):
        """Until it waits for one of these or has ended: for which, or "ended"."""
        def there():
            found = self.say("SELECT CASE WHEN slot <> 0 THEN 'ended' ELSE waiting_for END FROM playbook_executions"
                             " WHERE id = %s", execution)
            return found if found == "ended" or found in waits else None
        try:
            return wait_until(there, f"execution {execution} to wait for {waits} or to end",
                              max(self._deadline - time.monotonic(), 1))
        except Failure:
            tell_what_is_live(self._cluster)
            raise

    def tell(self, work=True):
        """All of it; work: the session itself does what is due, as workers do. What was done by the attempt before is refused with 55000, and is as well."""
        mixed = self.start("mixed", "m", f"{self._name} 1")
        self._hold_parent(mixed)
        doomed = self.start("mixed", "d", f"{self._name} 2")
        for number in (1, 2):
            self.start("limited", f"l{number}")
        broken = self.start("broken", "b")
        self.say("SELECT count(*) FROM playbook_start_many('quick', %s::jsonb)",
                 json.dumps([{"idempotency_key": f"{self._name} {number}"} for number in range(5)]))
        self.say("SELECT playbook_run('quick') ->> 'status'")
        self.say("CALL playbook_execute('quick', wait_at_most => '5 s')")
        if work:
            self.say("CALL playbook_work('1 s')")
        self._meddle_with(doomed)
        self._mend(broken)
        self._attend(mixed)
        self._send()

    def _meddle_with(self, execution):
        self.say("SELECT playbook_pause(%s)", execution, enough=("55000",))
        self.say("SELECT playbook_resume(%s)", execution, enough=("55000",))
        self.say("SELECT playbook_signal(%s, 'answered')", execution, enough=("55000",))
        self.say("SELECT playbook_cancel(%s, 'not needed')", execution, enough=("55000",))

    def _hold_parent(self, execution):
        """Its child ends while somebody has it locked."""
        if self.until(execution, "execution", "approval") == "execution":
            with contextlib.suppress(psycopg2.Error):
                self._cluster.query("WITH held AS (SELECT FROM playbook_executions_live WHERE id = %s FOR UPDATE)"
                                    " SELECT pg_sleep(0.25) FROM held", [execution])

    def _attend(self, execution):
        if self.until(execution, "approval") == "approval":
            self.say("SELECT playbook_approve(id) FROM approvals WHERE execution_id = %s AND status = 'pending'",
                     execution, enough=("55000",))
        if self.until(execution, "task") == "task":
            self.say("SELECT playbook_complete_task(id) FROM playbook_tasks WHERE execution_id = %s AND status = 'open'",
                     execution, enough=("55000",))
        if self.until(execution, "event") == "event":
            self.say("SELECT playbook_signal(%s, 'answered')", execution, enough=("55000",))

    def _mend(self, execution):
        self.until(execution)
        self.say("INSERT INTO mended VALUES (%s)", execution)
        self.say("SELECT playbook_retry(%s)", execution, enough=("55000",))

    def _send(self):
        sent = ("SELECT count(playbook_outbox_complete(id, token)) FROM"
                " playbook_outbox_claim('{email,slack}', lease => '1 s')")
        self.say(sent)


def tell_what_is_live(cluster):
    for row in cluster.query("SELECT e.id, e.playbook_id, e.status, e.waiting_for, e.due_at - now(), s.step_id, s.item,"
                             " s.status, s.waiting_for, s.due_at - now(), s.alone, s.worker, s.attempt, s.reason FROM"
                             " playbook_executions e LEFT JOIN playbook_step_executions s ON s.execution_id = e.id AND"
                             " s.status NOT IN ('completed', 'skipped') WHERE e.slot = 0"):
        print("# live:", *row)
    for row in cluster.query("SELECT kind, role, state, execution, since FROM playbook_workers"):
        print("# worker:", *row)
    for row in cluster.query("SELECT pid, backend_type, state, wait_event, left(query, 60) FROM pg_stat_activity WHERE"
                             " datname IS NOT NULL"):
        print("# session:", *row)


def leftovers(cluster):
    """What may not be there when nothing is under way, by name and number."""
    return {what: count for what, count in cluster.query("""
        SELECT 'live execution ' || id || ': ' || status || ' for ' || coalesce(waiting_for, '-') || ' since '
            || coalesce((now() - due_at)::text, '-') || ' ' || playbook_id, 1 FROM playbook_executions WHERE slot = 0
        UNION ALL SELECT 'live steps', count(*) FROM playbook_step_executions WHERE slot = 0
        UNION ALL SELECT 'live rows', count(*) FROM playbook_step_rows WHERE slot = 0
        UNION ALL SELECT 'messages', count(*) FROM playbook_messages
        UNION ALL SELECT 'active customers', count(*) FROM playbook_active_customers
        UNION ALL SELECT 'admissions', count(*) FROM playbook_admissions
        UNION ALL SELECT 'open approvals', count(*) FROM approvals WHERE status = 'pending'
        UNION ALL SELECT 'open tasks', count(*) FROM playbook_tasks WHERE status = 'open'
        UNION ALL SELECT 'changes without a number', count(*) FROM playbook_change_batches WHERE first_seq IS NULL""")
            if count}


def wait_until_nothing_is_left(cluster, seconds=30):
    """Until all has ended by itself and left nothing."""
    def nothing():
        with contextlib.suppress(psycopg2.Error):
            return not leftovers(cluster)
        return False
    try:
        wait_until(nothing, "all executions to end", seconds)
    except Failure as failure:
        tell_what_is_live(cluster)
        raise Failure(f"{failure}; left: {leftovers(cluster)}") from failure


def inspect(cluster, may_fail="false"):
    """Each step that completed took effect once, nothing else did, and the feed tells all of it. may_fail: a
    condition on a step `s` or an execution `s`, of the errors that the test made."""
    done = "SELECT execution_id, step_id, item FROM playbook_step_executions WHERE type = 'sql' AND status ="\
        " 'completed' AND NOT (step_id = 'each' AND item = 0)"
    check_equal(cluster.query(f"{done} EXCEPT ALL SELECT execution, step, item FROM ledger"), [],
                "completed steps without effect")
    check_equal(cluster.query(f"SELECT execution, step, item FROM ledger EXCEPT ALL {done}"), [],
                "effects without a completed step")
    told = "SELECT execution_id, position, item FROM playbook_notifications"
    tells = "SELECT execution_id, position, item FROM playbook_step_executions WHERE type = 'notify' AND status = 'completed'"
    check_equal(cluster.query(f"{tells} EXCEPT ALL {told}"), [], "completed steps that told nobody")
    check_equal(cluster.query(f"{told} EXCEPT ALL {tells}"), [], "people who were told twice, or by no step")
    for table, key in (("playbook_executions", "id"), ("playbook_step_executions", "execution_id")):
        check_equal(cluster.query(
            f"SELECT {key}, error FROM {table} AS s WHERE status = 'failed' AND NOT coalesce(({may_fail}), false)"), [],
                    f"what failed in {table}, and was not made to")
    check_equal(cluster.query("SELECT e.id, s.step_id, s.status FROM playbook_executions e JOIN playbook_step_executions"
                              " s ON s.execution_id = e.id WHERE e.slot <> s.slot OR s.worker IS NOT NULL OR s.status NOT"
                              " IN ('completed', 'failed', 'skipped') OR s.due_at IS NOT NULL"), [],
                "steps of ended executions that have not ended")
    check_equal(cluster.query("SELECT parent_execution, parent_position, parent_item, count(*) FROM playbook_executions"
                              " WHERE parent_execution IS NOT NULL GROUP BY 1, 2, 3 HAVING count(*) > 1"), [],
                "children that were started twice")
    check_equal(cluster.query("SELECT customer_id, idempotency_key, count(*) FROM playbook_executions WHERE"
                              " idempotency_key IS NOT NULL GROUP BY 1, 2 HAVING count(*) > 1"), [],
                "keys that started two executions")
    check_equal(cluster.query("SELECT first_seq FROM (SELECT first_seq, lag(first_seq + changes) OVER (ORDER BY"
                              " first_seq) AS due FROM playbook_change_batches) AS b WHERE first_seq <> due"), [],
                "numbers of the feed after a gap")
    # The last word about each execution is how it ended.
    check_equal(cluster.query(
        "SELECT e.id, e.status, told.status FROM playbook_executions e LEFT JOIN (SELECT DISTINCT ON (execution)"
        " execution, status FROM playbook_changes(0, 100000) WHERE step IS NULL ORDER BY execution, seq DESC) AS told ON"
        " told.execution = e.id WHERE told.status IS DISTINCT FROM e.status"), [], "ends that the feed does not tell")
    check(cluster.value("SELECT count(*) > 0 FROM playbook_executions"), "nothing was done")
