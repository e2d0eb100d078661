-- From a definition to a finished execution, as a newcomer would go; and what the mistakes on the way say.
CREATE TABLE account (id integer PRIMARY KEY, name text NOT NULL, health integer NOT NULL, arr numeric(12, 2));
INSERT INTO account VALUES (1, 'Acme', 35, 156000.50), (2, 'Bolt', 80, 12000), (3, 'Cargo', 52, 99999.99);

SELECT playbook_create($$
playbook:
  id: risk
  name: Accounts at risk
  parameters:
    - {name: threshold, type: number, default: 60}
  steps:
    - id: at_risk
      type: query
      config:
        template: SELECT id, name, health, arr FROM account WHERE health < {{threshold}} ORDER BY arr DESC
        parameters: {threshold: "${parameters.threshold}"}
    - id: figures
      type: aggregate
      config:
        input: ${steps.at_risk}
        metrics:
          - {name: accounts, expression: COUNT(*)}
          - {name: arr, expression: SUM(arr)}
    - id: decide
      type: condition
      depends_on: [figures]
      config:
        if: "steps.at_risk.row_count > parameters.threshold"
        then: [{id: alarm, type: notify, config: {to: ana, message: "{{steps.at_risk.row_count}} accounts"}}]
        else: [{id: calm, type: notify, config: {to: ana, message: "only {{steps.at_risk.row_count}} accounts"}}]
$$);

-- a draft cannot be started
SELECT playbook_start('risk');
SELECT playbook_publish('risk');

SELECT playbook_run('risk') AS document \gset
SELECT :'document'::jsonb ->> 'status' AS status, :'document'::jsonb -> 'summary' -> 'successful_steps' AS successful;
SELECT s ->> 'step_id' AS step, s ->> 'status' AS status, s ->> 'outcome' AS outcome, s -> 'row_count' AS rows, s ->> 'reason' AS reason
FROM jsonb_array_elements(:'document'::jsonb -> 'steps') AS s;
SELECT playbook_rows(:'document'::jsonb ->> 'run_id', 'at_risk');
SELECT * FROM playbook_records(:'document'::jsonb ->> 'run_id', 'figures') AS figures (accounts bigint, arr numeric);
SELECT person, title, message, read_at FROM playbook_notifications;

-- mistakes say what is right
-- (the detail lists the library, too)
\set VERBOSITY terse
SELECT playbook_run('risks');
\set VERBOSITY default
SELECT playbook_run('risk', parameters => '{"treshold": 3}');
SELECT playbook_run('risk', parameters => '{"threshold": "high"}');
SELECT playbook_start('risk', '{"threshold": 3}');
SELECT playbook_create('{"id": "risk", "name": "Another", "steps": [{"id": "w", "type": "wait", "config": {"for": "1 day"}}]}');
SELECT playbook_create(E'id: bad\nname: Bad\nsteps:\n  - {id: a, type: emial}\n  - {id: a, type: wait, config: {fro: 1 day}}\n');
SELECT line, "column", code, message, hint
FROM playbook_validate(E'id: bad\nname: Bad\nsteps:\n  - {id: a, type: emial}\n  - {id: a, type: wait, config: {fro: 1 day}}\n');
SELECT playbook_result(42);
SELECT playbook_result('run_x');

-- a wrong state names the present one
SELECT playbook_create('{"id": "patience", "name": "P", "steps": [{"id": "w", "type": "wait", "config": {"event": "go"}}]}', publish => true);
SELECT playbook_run('patience') ->> 'status' AS status;
SELECT id AS patient FROM playbook_executions WHERE playbook_id = 'patience' \gset
\set VERBOSITY sqlstate
SELECT playbook_resume(:patient);
\set VERBOSITY default
SELECT playbook_pause(:patient, 'not today');
SELECT status, reason FROM playbook_executions WHERE id = :patient;
SELECT playbook_resume(:patient);
SELECT playbook_cancel(:patient, 'enough');
SELECT status, reason FROM playbook_executions WHERE id = :patient;
SELECT step, status, outcome, reason FROM playbook_progress(:patient);

DROP TABLE account;
