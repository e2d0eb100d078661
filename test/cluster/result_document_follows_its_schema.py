"""Every result document is what doc/result.schema.json says, and that holds every field of the requirements' schema.

Executions of all kinds are made on one server: completed, failed, waiting, paused, cancelled, running, not begun; with
too many rows, with figures that fail, with steps of every kind. Each of their documents is validated.
"""
import glob
import json
import os
import re
import warnings
from datetime import datetime, timezone

import psycopg2
from harness import ROOT, Cluster, check, check_equal, run

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from jsonschema import Draft202012Validator

with open(os.path.join(ROOT, "doc/result.schema.json"), encoding="utf-8") as file:
    SCHEMA = json.load(file)

# The fields of the requirements' output schema. Where the requirements lie beside the checkout, a test compares.
PRINTED = {
    "playbook_id": "string",
    "playbook_name": "string",
    "executed_at": "ISO timestamp",
    "run_id": "string",
    "steps": [{
        "step_id": "string",
        "name": "string",
        "source": "data_warehouse | crm | transform | api",
        "status": "success | error | skipped",
        "row_count": "number",
        "execution_time_ms": "number",
        "data": "array | object",
    }],
    "summary": {"total_steps": "number", "successful_steps": "number", "total_execution_time_ms": "number"},
    "insights": ["string"],
    "artifact_path": "string (if saved)",
    "metadata": {"data_warehouse": "string", "crm": "string", "parameters_used": "object"},
}


class Server(Cluster):
    """A cluster with the extension and the sample company; playbooks belong to a role that is no superuser."""

    def __enter__(self):
        super().__enter__()
        self.query("CREATE EXTENSION playbook")
        self.psql("-f", "scripts/sample-data.sql")
        self.query("CREATE ROLE author LOGIN IN ROLE playbook_author; GRANT USAGE ON SCHEMA analytics, crm TO author;"
                   "GRANT SELECT ON ALL TABLES IN SCHEMA analytics, crm TO author;"
                   "GRANT CREATE ON SCHEMA public TO author")
        return self

    def create(self, definition):
        text = definition if isinstance(definition, str) else json.dumps(definition)
        return self.value("SELECT playbook_create(%s, publish => true)", (text,), role="author")

    def run_here(self, playbook, settings=(), **arguments):
        """playbook_run in a session with these settings; the document's text, for it keeps digits."""
        with self.connect("author").cursor() as cursor:
            for setting in settings:
                cursor.execute(f"SET {setting}")
            given = "".join(f", {name} => %({name})s" for name in arguments)
            cursor.execute(f"SELECT playbook_run(%(playbook)s{given})::text", {"playbook": playbook, **arguments})
            return cursor.fetchone()[0]

    def begin(self, playbook, more=""):
        return self.value(f"SELECT playbook_start(%s{more})", (playbook,), role="author")

    def document(self, execution, include_data=True):
        return self.value("SELECT playbook_result(%s, %s)::text", (execution, include_data), role="author")

    def until(self, execution, status):
        self.wait_for("SELECT status = %s FROM playbook_executions WHERE id = %s",
                      f"execution {execution} to be {status}",
                      arguments=(status, execution))
        return execution


def validated(text, status):
    """The document as Python sees it, once it is what the schema says and its figures agree with each other."""
    document = json.loads(text)
    problems = [f"{error.json_path}: {error.message}"
                for error in Draft202012Validator(SCHEMA).iter_errors(document)]
    check(not problems, f"{document['playbook_id']} ({document['status']}): {'; '.join(problems)}\n{text}")
    check_equal(document["status"], status, f"status of {document['playbook_id']}")
    check_equal(document["summary"], {
        "total_steps": len(document["steps"]),
        "successful_steps": sum(step["status"] == "success" for step in document["steps"]),
        "total_execution_time_ms": sum(step["execution_time_ms"] for step in document["steps"]),
    }, f"summary of {document['playbook_id']}")
    check(document["execution"] < 2 ** 53, f"id {document['execution']} is not below 2^53")
    return document


def query(step, template, **more):
    return {"id": step, "type": "query", "config": {"template": template}, **more}


def schema_is_valid_and_holds_every_printed_field():
    Draft202012Validator.check_schema(SCHEMA)

    def holds(printed, schema, path):
        schema = SCHEMA["$defs"][schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
        if isinstance(printed, list):
            check_equal(schema["type"], "array", path)
            holds(printed[0], schema["items"], path + "[]")
        elif isinstance(printed, dict):
            check_equal(schema["type"], "object", path)
            for key, value in printed.items():
                check(key in schema["properties"], f"the schema has no {path}.{key}")
                # data may be left out (include_data => false); everything else is always there.
                check(key in schema["required"] or key == "data", f"{path}.{key} is not required")
                holds(value, schema["properties"][key], f"{path}.{key}")
        elif printed in ("number", "object"):
            check(schema["type"] in ("integer", printed), f"{path} is {schema['type']}")
        elif path.endswith(".status"):
            check(set(printed.split(" | ")) <= set(schema["enum"]), f"{path} lacks a word of {printed}")
        elif path.endswith(".data"):
            check({"array", "object"} <= set(schema["type"]), f"{path} is {schema['type']}")
        else:
            check("string" in schema["type"], f"{path} is {schema['type']}")

    holds(PRINTED, SCHEMA, "document")
    texts = glob.glob(os.path.join(ROOT, "../shared/requirements/*.txt"))
    if not texts:
        print("# the requirements are not beside this checkout: their text is not compared")
    for path in texts:
        with open(path, encoding="utf-8") as printed:
            for block in re.findall(r"## Output Schema\s+```json\n(.*?)```", printed.read(), re.DOTALL):
                check_equal(json.loads(block), PRINTED, "the printed schema")


def documents_of_all_kinds_are_valid():
    with Server() as server:
        printed = os.path.join(ROOT, "library/presales_analysis.yaml")
        with open(printed, encoding="utf-8") as file:
            server.create(file.read())
        completed = validated(server.run_here("presales_analysis"), "completed")
        check_equal([step["status"] for step in completed["steps"]], ["success"] * 3, "steps of presales_analysis")
        check(completed["insights"], "no insights")
        check_equal(completed["metadata"], {"data_warehouse": "local", "crm": "local", "parameters_used": {}},
                    "metadata")
        without = validated(server.document(completed["execution"], include_data=False), "completed")
        check(not any("data" in part for part in without["steps"] + without["outputs"]), "data was not asked for")

        cut = validated(server.run_here("presales_analysis", ["playbook.result_rows = 2"]), "completed")
        check_equal([(len(step["data"]), step.get("truncated")) for step in cut["steps"]], [(2, True)] * 3,
                    "a cut document")
        check_equal([(len(out["data"]), out.get("truncated")) for out in cut["outputs"]],
                    [(2, True), (1, None)], "its outputs")
        check_equal([step["row_count"] for step in cut["steps"]],
                    [step["row_count"] for step in completed["steps"]], "its counts")
        none = validated(server.run_here("presales_analysis", ["playbook.result_rows = 0"]), "completed")
        check_equal([step["data"] for step in none["steps"]], [[]] * 3, "a document without rows")

        server.create({"id": "fails", "steps": [
            query("good", "SELECT 1 AS n"),
            query("bad", "SELECT 1 / (account_id - account_id) FROM analytics.accounts",
                  retry={"attempts": 2, "delay": "0 s"}),
            {"id": "after", "type": "filter", "config": {"input": "${steps.bad}", "condition": "true"}}],
            "outputs": [
                {"name": "unknown", "type": "aggregate", "source": "${steps.good}",
                 "metrics": [{"name": "x", "expression": "SUM(nothing)"}]},
                {"name": "lost", "source": "${steps.after}"}]})
        again = validated(server.run_here("fails"), "waiting")
        check_equal(again["waiting_for"], "retry", "what it waits for")
        failed = validated(server.document(server.until(again["execution"], "failed")), "failed")
        check_equal([step["status"] for step in failed["steps"]], ["success", "error", "skipped"], "steps of fails")
        check_equal((failed["error"]["sqlstate"], failed["error"]["step"]), ("22012", "bad"), "its error")
        check_equal(len(failed["steps"][1]["error"]["attempts"]), 2, "its attempts")
        check("bad" in failed["steps"][2]["reason"], "the skipped step does not say why")
        check_equal([output["status"] for output in failed["outputs"]], ["error", "skipped"], "its outputs")
        check_equal(failed["outputs"][0]["error"]["sqlstate"], "42703", "the figure's error")

        # Everything that acts, waits and repeats.
        server.create({"id": "acts", "parameters": [{"name": "note", "type": "string",
                                        "default": "näh \"quoted\""}], "steps": [
            {"id": "tell", "type": "notify", "config": {"to": "author", "message": "Hello"}},
            {"id": "write", "type": "sql", "config": {"template": "SELECT 1 AS n WHERE false"}},
            {"id": "choose", "type": "condition", "config": {
                "if": "parameters.note = 'other'", "then": [query("one", "SELECT 1")],
                "else": [query("two", "SELECT 2")]}},
            query("each", "SELECT {{item.n}}::integer AS n", for_each=[{"n": 1}, {"n": 2}]),
            {"id": "hear", "type": "wait", "depends_on": ["each"],
             "config": {"event": "reply", "timeout": "3 days"}},
            {"id": "mail", "type": "email", "config": {"to": "ana@customer.example", "subject": "Hello",
                                        "body": "Hello"}},
            {"id": "do", "type": "task", "config": {"title": "Call", "assignee": "author"}}]})
        waiting = validated(server.run_here("acts"), "waiting")
        check_equal(waiting["waiting_for"], "event", "what it waits for")
        server.query("SELECT playbook_signal(%s, 'reply', %s)", (waiting["execution"], '{"mood": 1.50}'),
                     role="author")
        server.wait_for("SELECT waiting_for = 'task' FROM playbook_executions WHERE id = %s", "the task", 30,
                        (waiting["execution"],))
        later = validated(server.document(waiting["execution"]), "waiting")
        check_equal(later["metadata"]["parameters_used"], {"note": "näh \"quoted\""}, "parameters")
        server.query("SELECT playbook_pause(%s, 'holiday')", (waiting["execution"],), role="author")
        check_equal(validated(server.document(waiting["execution"]), "paused")["reason"], "holiday",
                    "reason of the pause")
        server.query("SELECT playbook_resume(%s)", (waiting["execution"],), role="author")
        server.query("SELECT playbook_cancel(%s, 'gone')", (waiting["execution"],), role="author")
        server.until(waiting["execution"], "cancelled")
        cancelled = validated(server.document(waiting["execution"]), "cancelled")
        check_equal((cancelled["reason"], cancelled["steps"][-1]["status"]), ("gone", "skipped"),
                    "the cancelled execution")

        server.create({"id": "sleeps", "steps": [query("long", "SELECT pg_sleep(60)")]})
        server.create({"id": "rests", "steps": [{"id": "rest", "type": "wait", "config": {"for": "2 days"}}]})
        server.create({"id": "asks", "steps": [{"id": "gate", "type": "approval",
                                        "config": {"approvers": ["author"], "message": "Go on?"}}]})
        server.create({"id": "nests", "steps": [{"id": "inner", "type": "playbook",
                                        "config": {"playbook": "rests", "wait": True}}]})
        rests = validated(server.document(server.until(server.begin("rests"), "waiting")), "waiting")
        until = datetime.fromisoformat(rests["waiting_until"].replace("Z", "+00:00"))
        check(until > datetime.now(timezone.utc), f"waits until {until}, which has passed")
        for playbook in ("asks", "nests"):
            validated(server.document(server.until(server.begin(playbook), "waiting")), "waiting")
        validated(server.document(server.begin("rests", ", start_at => now() + interval '1 day'")), "pending")
        sleeping = server.begin("sleeps")
        server.wait_for("SELECT status = 'running' FROM playbook_step_executions WHERE execution_id = %s",
                        "the query to run", 30, (sleeping,))
        running = validated(server.document(sleeping), "running")
        check_equal(running["steps"][0]["status"], "running", "a step that runs")
        server.query("SELECT playbook_cancel(%s)", (sleeping,), role="author")
        validated(server.document(server.until(sleeping, "cancelled")), "cancelled")


def times_ids_and_digits_are_exact():
    with Server() as server:
        server.create({"id": "exact", "parameters": [{"name": "n", "type": "number", "default": 1}], "steps": [
            query("digits", "SELECT 12345678901234567890.12345678901234567890 AS long, 0.1000 AS scaled,"
                            " 9223372036854775807 AS most,"
                            " 1e-30::numeric AS small FROM pg_sleep(0.2)"),
            query("quick", "SELECT 1 AS n")],
            "outputs": [{"name": "sum", "type": "aggregate", "source": "${steps.digits}",
                         "metrics": [{"name": "twice", "expression": "sum(long) * 2"}]}]})
        text = server.run_here("exact", ["timezone = 'Asia/Tokyo'", "datestyle = 'German'"],
                               parameters='{"n": 98765432109876543210.50}')
        document = validated(text, "completed")
        for digits in ("12345678901234567890.12345678901234567890", ": 0.1000", "9223372036854775807",
                       "24691357802469135780.24691357802469135780",
                       "0.000000000000000000000000000001", "98765432109876543210.50"):
            check(digits in text, f"{digits} lost digits in {text}")

        created = server.value("SELECT created_at FROM playbook_executions WHERE id = %s",
                               (document["execution"],)).astimezone(timezone.utc)
        check_equal(document["executed_at"], created.strftime("%Y-%m-%dT%H:%M:%SZ"),
                    "executed_at under another zone and date style")
        check(document["run_id"].startswith(created.strftime("run_%Y%m%d_%H%M%S_")),
              f"{document['run_id']} does not name {created}")
        took = {step["step_id"]: step["execution_time_ms"] for step in document["steps"]}
        check(200 <= took["digits"] < 5000, f"a step of 200 ms took {took['digits']}")
        check(took["quick"] < 200, f"a quick step took {took['quick']} ms: another's time is counted")

        by_run_id = server.value("SELECT playbook_result(%s::text)::text", (document["run_id"],), role="author")
        check_equal(by_run_id, server.document(document["execution"]), "the document by its run id")
        check_equal(by_run_id, text, "the document that playbook_run returned")
        check_equal(server.refusal("SELECT playbook_result('run_20260128_143000_abc123')", role="author"),
                    "42704", "an unknown run id")
        check_equal(server.refusal("SELECT playbook_result('nonsense')", role="author"), "22023",
                    "a text that is no run id")

        # The last ids that JavaScript can count to, and none beyond.
        server.query("SELECT setval('playbook_execution_number', (2 ^ 43 - 2)::bigint)")
        last = validated(server.run_here("exact"), "completed")
        check(2 ** 53 - 1024 <= last["execution"] < 2 ** 53, f"id {last['execution']} is not among the last")
        check_equal(validated(server.value("SELECT playbook_result(%s::text)::text", (last["run_id"],),
                                        role="author"), "completed")["execution"],
                    last["execution"], "the last id by its run id")
        try:
            server.run_here("exact")
        except psycopg2.Error as error:
            check_equal(error.pgcode, "2200H", "an id beyond 2^53")
        else:
            check(False, "an id beyond 2^53 was given")


run(schema_is_valid_and_holds_every_printed_field, documents_of_all_kinds_are_valid, times_ids_and_digits_are_exact)
