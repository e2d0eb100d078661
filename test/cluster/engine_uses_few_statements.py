"""How many statements and transactions the engine needs: those of a batch, not those of each execution."""
from harness import Cluster, check, check_equal, run

EXECUTIONS, STEPS, BATCH = 1000, 3, 100
BATCHES = EXECUTIONS // BATCH
# Three steps of the engine's own: no user SQL, nothing that writes elsewhere, nothing that waits.
DEFINITION = """
id: own
name: The engine's own
parameters: [{name: n, type: integer, default: 1}]
steps:
  - id: decide
    type: condition
    config:
      if: "parameters.n > 0"
      then: [{id: inner, type: wait, config: {for: 0 s}}]
  - {id: rest, type: wait, config: {for: 0 s}}
"""
SETTINGS = {
    "shared_preload_libraries": "playbook, pg_stat_statements",
    "pg_stat_statements.track": "all",
    "playbook.batch_time": "1s",
    "playbook.batch_size": str(BATCH),
    "autovacuum": "off",
}
# All at the same moment, a little later: what is counted is not the start of them.
START = """
SELECT count(*) FROM playbook_start_many('own', (
    SELECT jsonb_agg(jsonb_build_object('start_at', now() + interval '3 s', 'parameters', jsonb_build_object('n', n)))
    FROM generate_series(1, %s) AS n))
"""


def a_batch_is_one_transaction_of_few_statements():
    with Cluster(**SETTINGS) as cluster:
        cluster.query("CREATE EXTENSION playbook; CREATE EXTENSION pg_stat_statements")
        cluster.query("SELECT playbook_create(%s, publish => true)", [DEFINITION])
        first = cluster.value("SELECT playbook_start('own')")
        ended = "SELECT count(*) = 0 FROM playbook_executions WHERE slot = 0"
        cluster.wait_for(ended, "the first, which warms the plans", 20)
        check_equal(
            cluster.value("SELECT count(*) FROM playbook_step_executions WHERE execution_id = %s", [first]),
            STEPS,
            "steps of one",
        )
        cluster.query(START, [EXECUTIONS])
        cluster.query("SELECT pg_stat_statements_reset()")
        before = cluster.value("SELECT pg_current_xact_id()::text::bigint")
        check_equal(
            cluster.value("SELECT count(*) FROM playbook_executions WHERE status = 'pending'"),
            EXECUTIONS,
            "executions that wait",
        )
        cluster.wait_for(ended, "all to end", 60)
        written = cluster.value("SELECT pg_current_xact_id()::text::bigint") - before - 1
        check_equal(
            cluster.query("SELECT status, count(*)::integer FROM playbook_step_executions GROUP BY 1"),
            [("completed", STEPS * (EXECUTIONS + 1))],
            "steps",
        )
        counted = cluster.query(
            (
                "SELECT replace(query, 'public.', ''), calls::integer FROM pg_stat_statements"
                " WHERE query LIKE '%%playbook\\_%%' AND query <> %s ORDER BY calls DESC"
            ),
            [ended],
        )

        def calls(*words):
            return sum(number for query, number in counted if all(word in query for word in words))

        claims = calls("FROM playbook_executions_live WHERE owner", "ORDER BY due_at, id LIMIT", "FOR UPDATE SKIP LOCKED")
        # Rows are written as COPY writes them and what has ended is deleted where it lies: by no statement.
        inserts = calls("INSERT INTO playbook_step_executions_") + calls("INSERT INTO playbook_executions_")
        removals = calls("DELETE FROM playbook_executions_live")
        most = [(number, query[:80]) for query, number in counted if number > 3 * BATCHES and "slot = $" not in query]
        print(
            f"# {EXECUTIONS} executions in {BATCHES} batches: {claims} claims, {inserts} inserts,"
            f" {removals} removals of executions, {written} transactions that wrote"
        )
        check_equal((inserts, removals), (0, 0), "statements that write steps and executions")
        check(BATCHES <= claims <= 3 * BATCHES, f"{claims} claims for {BATCHES} batches")
        check_equal(most, [], "statements that are made more often than a few times in each batch")
        # The batches and their announcements.
        check(BATCHES <= written <= 3 * BATCHES, f"{written} transactions wrote")


LOOP = """
id: loop
name: A loop
parameters: [{name: items, type: integer}]
steps:
  - {id: found, type: query, config: {template: "SELECT n FROM generate_series(1, {{parameters.items}}) AS n"}}
  - id: each
    type: query
    for_each: ${steps.found}
    concurrency: 10
    config: {template: "SELECT {{item.n}}::integer AS looked_at"}
  - {id: whole, type: aggregate, config: {input: "${steps.each}", group_by: status, metrics: [
      {name: items, expression: COUNT(*)}]}}
"""


def run_loop(cluster, items):
    """One execution of so many queries; returns its batches, and of each statement how often it was made and the rows."""
    before = cluster.value("SELECT coalesce(max(id), 0) FROM playbook_change_batches")
    cluster.query("SELECT pg_stat_statements_reset()")
    execution = cluster.value("SELECT playbook_start('loop', parameters => jsonb_build_object('items', %s))", [items])
    cluster.wait_for("SELECT count(*) = 0 FROM playbook_executions WHERE slot = 0", "the loop to end", 60)
    counted = cluster.query("SELECT replace(query, 'public.', ''), calls::integer, rows::integer FROM pg_stat_statements")
    check_equal(
        cluster.value("SELECT row ->> 'items' FROM playbook_rows(%s, 'whole') AS row", [execution]),
        str(items),
        "items that the step after the loop has seen",
    )
    batches = cluster.value("SELECT count(*)::integer FROM playbook_change_batches WHERE id > %s", [before])
    return batches, counted


def prepare_loop(cluster):
    cluster.query("CREATE EXTENSION playbook; CREATE EXTENSION pg_stat_statements")
    cluster.query("SELECT playbook_create(%s, publish => true)", [LOOP])
    run_loop(cluster, 10)


def a_loop_over_queries_is_one_batch():
    with Cluster(**SETTINGS) as cluster:
        prepare_loop(cluster)
        batches, counted = run_loop(cluster, 1000)
        looks = sum(calls for query, calls, _ in counted if "looked_at" in query and "playbook" not in query)
        others = [(calls, query[:80]) for query, calls, _ in counted if "playbook_" in query and calls > 5]
        check_equal((batches, looks), (1, 1000), "batches that told of it, and queries")
        check_equal(others, [], "statements of the engine that are made more than a few times")


def a_loop_of_many_batches_costs_what_its_items_do():
    items = 8000
    with Cluster(**{**SETTINGS, "playbook.batch_time": "1ms", "playbook.max_executors": "1"}) as cluster:
        prepare_loop(cluster)
        batches, counted = run_loop(cluster, items)
        read = sum(rows for query, _, rows in counted if query.startswith("SELECT") and "_step_executions_live" in query)
        print(f"# {items} items in {batches} batches, which read {read} rows of steps")
        check(10 < batches < items / 4, f"{batches} batches for {items} items")
        # Each as the next one, and once more with its result; and in each batch those that it came not to.
        check(read < 4 * items + 300 * batches, f"{batches} batches read {read} rows of steps for {items} items")


LEDGER = "CREATE TABLE ledger (n integer, batch xid8 DEFAULT pg_current_xact_id())"
WRITES = """
id: writes
name: Writes
parameters: [{name: n, type: integer, default: 1}]
steps:
  - id: only
    type: sql
    config:
      template: >-
        INSERT INTO public.ledger (n) SELECT {{parameters.n}}
        WHERE 100 / ({{parameters.n}} - 150) IS NOT NULL
"""
COUNT = 200


def written_by(cluster, failing):
    """Starts 200 of which the one with n = 150 fails, or none; returns for each transaction its rows, how many
    subtransactions lay between the first and the last that wrote one, and how far the first is from the transaction.
    """
    start = "SELECT playbook_start_many('writes', (SELECT jsonb_agg(jsonb_build_object('parameters',"
    start += " jsonb_build_object('n', n))) FROM generate_series(1, %s) AS n WHERE %s OR n <> 150))"
    cluster.query(start, [COUNT, failing])
    cluster.wait_for("SELECT NOT EXISTS (SELECT FROM playbook_executions_live)", "all to end", 30)
    check_equal(
        cluster.query("SELECT count(*), count(DISTINCT n) FROM ledger"), [(COUNT - 1, COUNT - 1)], "effects, each once"
    )
    spans = cluster.query(
        "SELECT count(*), max(xmin::text::bigint) - min(xmin::text::bigint) + 1,"
        " min(xmin::text::bigint) - batch::text::bigint FROM ledger GROUP BY batch"
    )
    print("# rows, subtransactions from first to last, from the batch to the first: " + ", ".join(map(str, spans)))
    check(max(count for count, *_ in spans) > 20, "no batch of some size: this shows nothing")
    return spans


def prepare(cluster):
    cluster.query("CREATE EXTENSION playbook")
    cluster.query(LEDGER)
    cluster.query("SELECT playbook_create(%s, publish => true)", [WRITES])


def steps_that_succeed_need_no_subtransaction():
    with Cluster(**SETTINGS) as cluster:
        prepare(cluster)
        for count, span, lead in written_by(cluster, failing=False):
            check_equal((span, lead), (1, 0), f"subtransactions of a batch of {count} steps")


def a_batch_with_a_failure_is_done_again_in_no_more_subtransactions_than_readers_bear():
    with Cluster(**SETTINGS) as cluster:
        prepare(cluster)
        for count, span, lead in written_by(cluster, failing=True):
            check(
                lead + span <= 64,
                f"a batch of {count} steps had {lead + span} subtransactions, more than the 64 that a process publishes",
            )
        check_equal(
            cluster.query("SELECT status, count(*) FROM playbook_executions GROUP BY status ORDER BY status"),
            [("completed", COUNT - 1), ("failed", 1)],
            "executions",
        )


run(
    a_batch_is_one_transaction_of_few_statements,
    a_loop_over_queries_is_one_batch,
    a_loop_of_many_batches_costs_what_its_items_do,
    steps_that_succeed_need_no_subtransaction,
    a_batch_with_a_failure_is_done_again_in_no_more_subtransactions_than_readers_bear,
)
