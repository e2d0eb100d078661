"""A churn analysis of published data, with its flaws, gives the figures that plain SQL gives.

The data set is RavenStack, by River @ Rivalytics: accounts, subscriptions, feature usage, support tickets and churn
events of a software company. It is not part of this repository: the test reads ../shared/data and says so when there
is none.
As published: a byte-order mark before the header, dates as DD-MM-YYYY, empty fields for null; ids of usage that occur
twice, usage before its subscription began, and a churn flag that contradicts the churn events.
"""
import csv
import json
import os

from harness import ROOT, Cluster, check, check_equal, run

DATA = os.path.normpath(os.path.join(ROOT, "../shared/data"))
TABLES = {"accounts": 500, "subscriptions": 5000, "feature_usage": 25000, "supports_ticket": 2000,
          "churn_events": 600}

# What an analyst would write over the raw text columns.
TYPED = """
CREATE SCHEMA warehouse;
CREATE SCHEMA crm;
CREATE VIEW warehouse.accounts AS
SELECT account_id, account_name, industry, to_date(signup_date, 'DD-MM-YYYY') AS signup_date, plan_tier,
       seats::integer, churn_flag::boolean
FROM raw.accounts;
CREATE VIEW warehouse.subscriptions AS
SELECT subscription_id, account_id, to_date(start_date, 'DD-MM-YYYY') AS start_date,
       to_date(end_date, 'DD-MM-YYYY') AS end_date, mrr_amount::numeric AS mrr, is_trial::boolean
FROM raw.subscriptions;
CREATE VIEW warehouse.usage AS
SELECT usage_id, subscription_id, to_date(usage_date, 'DD-MM-YYYY') AS usage_date, usage_count::integer,
       error_count::integer
FROM raw.feature_usage;
CREATE VIEW warehouse.tickets AS
SELECT ticket_id, account_id, satisfaction_score::numeric, escalation_flag::boolean FROM raw.supports_ticket;
CREATE TABLE crm.churn_events AS
SELECT churn_event_id, account_id, to_date(churn_date, 'DD-MM-YYYY') AS churn_date, reason_code,
       refund_amount_usd::numeric, is_reactivation::boolean, feedback_text
FROM raw.churn_events;
CREATE ROLE analyst LOGIN IN ROLE playbook_author;
GRANT USAGE ON SCHEMA raw, warehouse, crm TO analyst;
GRANT SELECT ON ALL TABLES IN SCHEMA raw, warehouse, crm TO analyst;
GRANT CREATE ON SCHEMA public TO analyst;
"""

ANALYSIS = """
playbook:
  id: churn_of_the_year
  name: Churn of the year
  description: Whom we lost, why, and what they had paid, used and thought of our support
  parameters:
    - {name: since, type: string, default: "2024-01-01"}
    - {name: until, type: string, default: "2024-12-31"}
    - {name: least_mrr, type: number, default: 20000}
  steps:
    - id: churned
      type: search
      config:
        object: churn_events
        filters:
          - {property: churn_date, operator: BETWEEN, value: "${parameters.since}", highValue: "${parameters.until}"}
          - {property: is_reactivation, operator: EQ, value: false}
        properties: [account_id, churn_date, reason_code, refund_amount_usd, feedback_text]
    - id: accounts
      type: query
      config:
        template: |
          SELECT a.account_id, a.account_name, a.industry, a.churn_flag, sum(s.mrr) AS mrr
          FROM warehouse.accounts AS a
          JOIN warehouse.subscriptions AS s USING (account_id)
          WHERE a.account_id IN ({{lost}}) AND NOT s.is_trial
          GROUP BY a.account_id, a.account_name, a.industry, a.churn_flag
        parameters: {lost: "${steps.churned.account_ids}"}
    - id: used
      type: query
      config:
        template: |
          SELECT s.account_id, sum(u.usage_count) AS uses, sum(u.error_count) AS errors
          FROM (SELECT DISTINCT ON (usage_id) * FROM warehouse.usage
                ORDER BY usage_id, usage_date, subscription_id) AS u
          JOIN warehouse.subscriptions AS s USING (subscription_id)
          WHERE u.usage_date >= s.start_date
          GROUP BY s.account_id
    - id: asked
      type: query
      config:
        template: |
          SELECT account_id, avg(satisfaction_score) AS satisfaction,
                 count(*) FILTER (WHERE escalation_flag) AS escalated
          FROM warehouse.tickets GROUP BY account_id
    - {id: lost, type: join, config: {left: "${steps.churned}", right: "${steps.accounts}", on: account_id}}
    - {id: lost_use, type: join, config: {left: "${steps.lost}", right: "${steps.used}", on: account_id, type: left}}
    - id: whole
      type: join
      config: {left: "${steps.lost_use}", right: "${steps.asked}", on: account_id, type: left, suffix: _asked}
    - id: by_reason
      type: aggregate
      config:
        input: ${steps.whole}
        group_by: [reason_code, industry]
        metrics:
          - {name: events, expression: COUNT(*)}
          - {name: accounts, expression: COUNT(DISTINCT account_id)}
          - {name: lost_mrr, expression: SUM(mrr)}
          - {name: refunded, expression: SUM(refund_amount_usd)}
          - {name: satisfaction, expression: AVG(satisfaction)}
          - {name: silent, expression: COUNT(*) WHERE feedback_text IS NULL}
          - {name: not_flagged, expression: COUNT(*) WHERE NOT churn_flag}
    - id: costly
      type: filter
      config:
        input: ${steps.whole}
        condition: mrr >= parameters.least_mrr AND (uses IS NULL OR errors * 10 > uses OR escalated > 0)
        columns: [account_id, account_name, churn_date, mrr, uses, errors, escalated]
        sort: ["-mrr", account_id, churn_date]
  outputs:
    - {name: by_reason, source: "${steps.by_reason}"}
    - name: totals
      type: aggregate
      source: ${steps.whole}
      metrics:
        - {name: total_mrr, expression: SUM(mrr)}
        - {name: events, expression: COUNT(*)}
        - {name: last_day, expression: MAX(churn_date)}
"""

# The same by hand, another way round: from the raw text, correlated instead of joined where that is possible.
BY_HAND = """
CREATE VIEW whole AS
WITH event AS (
    SELECT account_id, to_date(churn_date, 'DD-MM-YYYY') AS churn_date, reason_code, refund_amount_usd::numeric,
           feedback_text
    FROM raw.churn_events WHERE right(churn_date, 4) = '2024' AND is_reactivation = 'FALSE'
), use AS (
    SELECT usage_id, s.account_id, usage_count::integer, error_count::integer,
           to_date(usage_date, 'DD-MM-YYYY') >= to_date(start_date, 'DD-MM-YYYY') AS counts,
           row_number() OVER (PARTITION BY usage_id
                              ORDER BY to_date(usage_date, 'DD-MM-YYYY'), u.subscription_id) AS n
    FROM raw.feature_usage AS u JOIN raw.subscriptions AS s USING (subscription_id)
)
SELECT e.*, a.account_name, a.industry, a.churn_flag::boolean, (
           SELECT sum(mrr_amount::numeric) FROM raw.subscriptions AS s
           WHERE s.account_id = e.account_id AND is_trial = 'FALSE') AS mrr,
       u.uses, u.errors, t.satisfaction, t.escalated
FROM event AS e
JOIN raw.accounts AS a USING (account_id)
LEFT JOIN (SELECT account_id, sum(usage_count) AS uses, sum(error_count) AS errors FROM use WHERE n = 1 AND counts
           GROUP BY account_id) AS u USING (account_id)
LEFT JOIN (SELECT account_id, avg(satisfaction_score::numeric) AS satisfaction,
                  count(CASE WHEN escalation_flag = 'TRUE' THEN 1 END) AS escalated
           FROM raw.supports_ticket GROUP BY account_id) AS t USING (account_id)
WHERE EXISTS (SELECT FROM raw.subscriptions AS s WHERE s.account_id = e.account_id AND is_trial = 'FALSE');
CREATE VIEW by_reason AS
SELECT reason_code, industry, count(*) AS events, count(DISTINCT account_id) AS accounts, sum(mrr) AS lost_mrr,
       sum(refund_amount_usd) AS refunded, avg(satisfaction) AS satisfaction,
       sum((feedback_text IS NULL)::integer) AS silent, sum((NOT churn_flag)::integer) AS not_flagged
FROM whole GROUP BY reason_code, industry;
CREATE VIEW costly AS
SELECT account_id, account_name, churn_date, mrr, uses, errors, escalated FROM whole
WHERE mrr >= 20000 AND (uses IS NULL OR errors * 10 > uses OR escalated > 0);
"""


def load(cluster):
    """Every table as text, null where the field is empty, into schema raw."""
    cluster.query("CREATE SCHEMA raw")
    connection = cluster.connect()
    with connection.cursor() as cursor:
        for table, rows in TABLES.items():
            path = os.path.join(DATA, f"ravenstack_{table}.csv")
            with open(path, encoding="utf-8-sig", newline="") as file:
                columns = next(csv.reader(file))
            cursor.execute(f"CREATE TABLE raw.{table} ({', '.join(f'{column} text' for column in columns)})")
            with open(path, "rb") as file:
                check_equal(file.read(3), b"\xef\xbb\xbf", f"the byte-order mark of {table}")
                cursor.copy_expert(f"COPY raw.{table} FROM STDIN (FORMAT csv, HEADER true, ENCODING 'UTF8')", file)
            check_equal(cursor.rowcount, rows, f"rows of {table}")


def same_rows(cluster, run_id, step, view):
    """Both ways, every digit; and that there is something to compare."""
    columns = cluster.value("SELECT string_agg(format('%%I %%s', attname, format_type(atttypid, atttypmod)), ', '"
                            " ORDER BY attnum)"
                            " FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0", (view,))
    names = cluster.value("SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute"
                          " WHERE attrelid = %s::regclass AND attnum > 0", (view,))
    ours = f"(SELECT ({names})::text AS line FROM playbook_records('{run_id}', '{step}') AS t ({columns}))"
    theirs = f"(SELECT ({names})::text AS line FROM {view})"
    different = cluster.query(f"SELECT 'too much: ' || line FROM ({ours} EXCEPT ALL {theirs}) AS a"
                              f" UNION ALL SELECT 'missing: ' || line FROM ({theirs} EXCEPT ALL {ours}) AS b")
    check(not different, f"{step} is not what SQL says: {different[:5]}")
    count = cluster.value(f"SELECT count(*) FROM {view}")
    check(count > 0, f"{view} is empty: nothing was compared")
    return count


def churn_analysis_gives_the_figures_of_sql():
    if not os.path.isdir(DATA):
        print(f"# skipped: the RavenStack data set is not in {os.path.relpath(DATA, ROOT)}")
        return
    with Cluster() as cluster:
        cluster.query("CREATE EXTENSION playbook")
        load(cluster)
        cluster.query(TYPED)
        cluster.query(BY_HAND)
        # The flaws that the analysis has to live with are there.
        check_equal(cluster.value("SELECT count(*) FROM (SELECT FROM raw.feature_usage GROUP BY usage_id"
                                  " HAVING count(*) > 1) AS twice"),
                    21, "ids of usage that occur twice")
        check_equal(cluster.value("SELECT count(*) FROM raw.churn_events WHERE feedback_text IS NULL"), 148,
                    "empty fields")

        check_equal(cluster.value("SELECT playbook_create(%s, publish => true)", (ANALYSIS,), role="analyst"),
                    "churn_of_the_year", "id")
        # By the workers, as in production; then in a session: both say the same.
        execution = cluster.value("SELECT playbook_start('churn_of_the_year')", role="analyst")
        status, error = cluster.query("SELECT status, error FROM playbook_wait(%s, '30 s')", (execution,),
                                      role="analyst")[0]
        check_equal((status, error), ("completed", None), "how the analysis ended")
        here = json.loads(cluster.value("SELECT playbook_run('churn_of_the_year')::text", role="analyst"))
        for run_id in (cluster.value("SELECT playbook_run_id(%s)", (execution,)), here["run_id"]):
            events = same_rows(cluster, run_id, "whole", "whole")
            same_rows(cluster, run_id, "by_reason", "by_reason")
            costly = same_rows(cluster, run_id, "costly", "costly")
            check(costly < events, "the filter left everything")
            check_equal(cluster.query(f"SELECT account_id FROM playbook_records('{run_id}', 'costly')"
                                      " AS t (account_id text)"),
                        cluster.query("SELECT account_id FROM costly ORDER BY mrr DESC, account_id, churn_date"),
                        "order of costly")
        totals = [output for output in here["outputs"] if output["name"] == "totals"][0]["data"][0]
        check_equal(totals, cluster.value("SELECT to_jsonb(t) FROM (SELECT sum(mrr) AS total_mrr, count(*) AS events,"
                                          " max(churn_date) AS last_day FROM whole) AS t"), "totals")
        check(any(insight.startswith("Total MRR: $") for insight in here["insights"]),
              f"insights are {here['insights']}")
        # Another year is other figures: nothing is remembered.
        past = cluster.value("SELECT playbook_run('churn_of_the_year', parameters => %s)",
                             ('{"since": "2023-01-01", "until": "2023-12-31"}',), role="analyst")
        check_equal(past["steps"][0]["row_count"], cluster.value(
            "SELECT count(*) FROM raw.churn_events WHERE churn_date LIKE '%-2023' AND is_reactivation = 'FALSE'"),
            "events of 2023")

        # A date read the wrong way round fails its step, with the server's own words.
        cluster.query("SELECT playbook_create(%s, publish => true)", (json.dumps({"id": "naive", "steps": [
            {"id": "cast", "type": "query",
             "config": {"template": "SELECT max(churn_date::date) FROM raw.churn_events"}}]}),), role="analyst")
        naive = cluster.value("SELECT playbook_run('naive')", role="analyst")
        check_equal((naive["status"], naive["error"]["sqlstate"], naive["error"]["step"]),
                    ("failed", "22008", "cast"), "a naive cast")


run(churn_analysis_gives_the_figures_of_sql)
