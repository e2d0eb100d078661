-- A loop over more rows than playbook.max_items fails and says so; it does not leave the last ones out.
BEGIN;
SELECT plan(4);
SELECT playbook_create($$
id: many
steps:
  - {id: found, type: query, config: {template: "SELECT n FROM generate_series(1, 11) AS n"}}
  - {id: each, type: task, for_each: "${steps.found}", config: {title: "Number {{item.n}}", wait: false}}
$$, publish => true) \g /dev/null

SET LOCAL playbook.max_items = 11;
SELECT is(playbook_run('many') #>> '{steps,1,row_count}', '11', 'as many rows as allowed are all taken');
SET LOCAL playbook.max_items = 10;
CREATE TEMP TABLE refused AS SELECT playbook_run('many') #> '{steps,1}' AS step;
SELECT is(step #>> '{error,sqlstate}', '54000', 'one more is refused') FROM refused;
SELECT is(step #>> '{error,message}', 'step "found" has 11 rows, more than a list may have', 'with the count')
FROM refused;
SELECT is(count(*), 11::bigint, 'and does not begin') FROM playbook_tasks;

SELECT * FROM finish();
ROLLBACK;
