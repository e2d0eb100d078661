-- Definitions from the first draft to the archive, in YAML and JSON; and what is refused, where, and with which code.
SELECT playbook_create($$
# Kept as it was written.
playbook:
  id: calls
  name: Call them
  parameters:
    - {name: most, type: integer, default: 3}
  steps:
    - id: who
      type: query
      config:
        template: SELECT n FROM generate_series(1, {{most}}) AS n
        parameters: {most: "${parameters.most}"}
    - id: rest
      type: wait
      config: {for: 1 day}
$$);
SELECT status, draft IS NOT NULL AS has_draft FROM playbooks WHERE id = 'calls';

-- What was written, and the same in the other languages.
SELECT playbook_export('calls', 'source');
SELECT playbook_export('calls');
SELECT playbook_export('calls', 'json')::jsonb #> '{playbook,steps,0,config}' AS first_step;
SELECT playbook_export('calls', 'xml');
SELECT (SELECT count(*) FROM playbook_diff('calls', playbook_export('calls'))) AS in_yaml,
    (SELECT count(*) FROM playbook_diff('calls', playbook_export('calls', 'json'))) AS in_json;

-- The draft changes, what runs does not.
SELECT playbook_publish('calls');
SELECT playbook_digest('calls') AS digest \gset
SELECT playbook_update('calls', replace(playbook_export('calls', 'source'), '1 day', '2 days'), expected => :'digest');
SELECT status, draft IS NOT NULL AS has_draft FROM playbooks WHERE id = 'calls';
\set VERBOSITY sqlstate
SELECT playbook_update('calls', playbook_export('calls', 'source'), expected => :'digest');
\set VERBOSITY default
SELECT playbook_update('calls', replace(playbook_export('calls', 'source'), 'id: calls', 'id: other'));
SELECT playbook_publish('calls');
SELECT path, change, before, after
FROM playbook_diff((SELECT source FROM playbook_history WHERE playbook_id = 'calls' ORDER BY id LIMIT 1), 'calls');
SELECT playbook_publish('calls');
SELECT playbook_apply(playbook_export('calls', 'source'));
SELECT playbook_restore('calls', min(id), publish => true) FROM playbook_history WHERE playbook_id = 'calls';
SELECT action, definition #>> '{steps,1,config,for}' AS "for" FROM playbook_history WHERE playbook_id = 'calls' ORDER BY id;

-- A copy, and the end.
SELECT playbook_duplicate('calls', 'more_calls', 'Call more');
SELECT playbook_duplicate('calls', 'more_calls');
SELECT playbook_duplicate('calls', 'no id');
SELECT playbook_publish('more_calls');
SELECT playbook_archive('more_calls');
SELECT playbook_archive('more_calls');
SELECT playbook_start('more_calls');
SELECT playbook_update('at_risk', '{id: at_risk, steps: []}');

-- Everything wrong is told at once, with its place.
CREATE FUNCTION problems(definition text)
    RETURNS TABLE (line integer, "column" integer, code text, message text, hint text) LANGUAGE sql
    AS 'SELECT line, "column", code, message, hint FROM playbook_validate(definition) ORDER BY line, "column", code, message';
SELECT * FROM problems('');
SELECT * FROM problems('just a text');
SELECT * FROM problems(E'id: x\nsteps: [\n');
SELECT * FROM problems('{"id": "x", "steps": [}');
SELECT * FROM problems(E'id: x\nid: y\nsteps: []\n');
SELECT * FROM problems($$
id: No Id
name: 7
paramters: []
steps:
  - {id: a, type: query, depends_on: [b], config: {template: "SELECT 1"}}
  - {id: b, type: query, depends_on: [a], config: {template: "SELECT '{{x}}'"}}
  - {id: c, type: query, depends_on: [nowhere], config: {template: "SELECT {{y}}"}}
  - {id: d, type: filter, config: {input: "${steps.nothing}", where: "1 = = 1"}}
  - {id: e, type: email, config: {to: "{{customer.email", subject: "{{shout customer.name}}", body: b}}
  - {id: f, type: wait, config: {for: soon}}
  - {id: g, type: approval, config: {approvers: []}}
  - {id: then, type: condition, config: {if: "steps.f.outcom = 'x'", then: []}}
$$);
SELECT playbook_create('{id: x, steps: [{id: f, type: wait, config: {for: soon}}]}');
SELECT count(*) FROM playbooks WHERE id = 'x';
SET playbook.max_definition_size = '1kB';
SELECT playbook_create('{id: x, steps: [{id: f, type: wait, config: {for: 1 day}}]}' || repeat(' ', 1024));
RESET playbook.max_definition_size;
SELECT * FROM problems('{id: x, steps: ' || repeat('[', 200) || repeat(']', 200) || '}');
DROP FUNCTION problems;
