"""Executors find their rows by an index, whatever the tables held when their plans were made.

The tables of what is under way are empty one minute and full the next. A plan that was made and kept while they were
empty must not read all of them for every batch, or the work for n executions grows with the square of n.
"""
from harness import Cluster, check, check_equal, run

COUNT = 3000
DEFINITION = """{"id": "three", "steps": [
    {"id": "a", "type": "query", "config": {"template": "SELECT 1 AS n"}},
    {"id": "b", "type": "query", "config": {"template": "SELECT 2 AS n"}},
    {"id": "c", "type": "sql", "config": {"template": "SELECT 3 AS n"}}]}"""


def plans_made_for_empty_tables_serve_full_ones():
    with Cluster(autovacuum="off") as cluster:
        cluster.query("CREATE EXTENSION playbook")
        cluster.query("CREATE ROLE author LOGIN IN ROLE playbook_author")
        cluster.query("SELECT playbook_create(%s, publish => true)", (DEFINITION,), role="author")

        def drain(count):
            started = cluster.value("SELECT count(*) FROM playbook_start_many('three', ARRAY("
                                    "SELECT n::text FROM generate_series(1, %s) AS n)) WHERE outcome = 'started'",
                                    (count,), role="author")
            check_equal(started, count, "started executions")
            cluster.wait_for("SELECT NOT EXISTS (SELECT FROM playbook_executions_live)", f"{count} executions to end", 60)

        # Whatever the executor plans for a while, it plans for tables that are known to be empty.
        for _ in range(8):
            drain(1)
            cluster.query("VACUUM ANALYZE playbook_executions_live, playbook_step_executions_live")
        cluster.query("SELECT pg_stat_reset()")
        drain(COUNT)
        cluster.wait_for("SELECT sum(n_tup_ins) >= %s FROM pg_stat_user_tables WHERE relname = 'playbook_executions_live'",
                         "the executor to report its figures", 30, (COUNT,))
        read = cluster.value("SELECT sum(seq_tup_read)::bigint FROM pg_stat_user_tables"
                             " WHERE relname IN ('playbook_executions_live', 'playbook_step_executions_live')")
        check(read < COUNT, f"{COUNT} executions read {read} rows of the tables of what is under way by scanning them")
        failed = cluster.value("SELECT count(*) FROM playbook_executions WHERE status <> 'completed'")
        check_equal(failed, 0, "executions that did not complete")


run(plans_made_for_empty_tables_serve_full_ones)
