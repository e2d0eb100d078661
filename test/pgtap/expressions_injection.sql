-- Hostile values through every way in, to every place that values go: they arrive as they are, and nothing becomes
-- SQL,
-- a template, a reference or a name.
BEGIN;
SELECT plan(163);
\ir steps.psql
CREATE TABLE precious (n integer);
INSERT INTO precious VALUES (1);
CREATE TABLE hostile (id integer GENERATED ALWAYS AS IDENTITY, value text);
INSERT INTO hostile (value) VALUES
    ('''; DROP TABLE precious; --'), (''' OR ''1''=''1'), ('1; DROP TABLE precious'),
        ('"; DROP TABLE precious; --'), ('*/ true /*'), ('$1'), ('$$; DROP TABLE precious; $$'),
    ('{{customer.secret}}'), ('{{{customer.secret}}}'), ('${customer.secret}'), ('{{#each steps.rows}}x{{/each}}'),
        ('{{lookup'), ('${'), ('\'), ('\''; DROP TABLE precious; --'),
    (E'two\nlines\twith; tabs'), ('<b onclick="x">&amp;'), ('precious'), ('NULL'), ('Ünïcode ’ ʼ ＇ 𝒳'),
        ('%s%n%1$s \u0041 \x41'), (E'\x01' || '1' || E'\x02');

CREATE SCHEMA vault;
CREATE TABLE vault.deals (id integer, dealname text);
SET LOCAL playbook.crm_schema = 'vault';
CREATE TABLE client (client_id text PRIMARY KEY, name text, secret text, owner text);
SELECT playbook_set_customer_source('client', 'client_id', 'owner') \g /dev/null
CREATE FUNCTION approval(execution bigint) RETURNS bigint LANGUAGE sql AS
    $$SELECT max(id) FROM approvals WHERE execution_id = execution$$;

SELECT playbook_create($yaml$
id: carry
name: Carry
parameters: [{name: v, type: string}, {name: list, type: array}]
steps:
  - id: rows
    type: query
    config:
      template: "SELECT {{parameters.v}} AS v, {{c}} AS c, {{parameters.list}}::text[] AS l, {{t}} AS t"
      parameters: {c: "${customer.name}", t: "<{{customer.name}}>"}
  - {id: kept, type: filter, config: {input: "${steps.rows}", condition: v = parameters.v}}
  - {id: chained, type: query, config: {template: "SELECT name FROM client WHERE name IN ({{names}})",
      parameters: {names: "${steps.rows.v}"}}}
  - {id: found, type: search, config: {object: deals, filters: [{property: dealname, operator: EQ,
      value: "${parameters.v}"}]}}
  - {id: token, type: search, config: {object: deals, filters: [{property: dealname, operator: IN,
      values: "${steps.rows.v}"}]}}
  - {id: each, type: sql, depends_on: [rows], for_each: "${steps.rows}",
      config: {template: "INSERT INTO said (word) VALUES ({{item.v}})"}}
  - {id: heard, type: wait, depends_on: [each], config: {event: e, match: event.p = parameters.v}}
  - id: same
    type: condition
    config:
      if: "event.p = parameters.v AND steps.heard.output.p = customer.name
          AND execution.labels.l = csm.name AND parameters.v = customer.name"
      then:
        - {id: t, type: task, config: {title: "<{{parameters.v}}|${customer.name}|{{event.p}}>",
            description: "<{{execution.labels.l}}|{{csm.name}}|${steps.rows.v}>", assignee: ana}}
        - {id: told, type: sql, config: {template: "INSERT INTO said (word) VALUES ({{r}})",
            parameters: {r: "${steps.t.output.r}"}}}
        - {id: mail, type: email, config: {to: a@example.com, subject: Hello, body: "<{{parameters.v}}>",
            html: "<i>{{parameters.v}}</i>"}}
        - {id: changed, type: sql, require_approval: {approvers: [postgres], message: "<{{parameters.v}}>"},
            config: {template: "INSERT INTO said (word) VALUES ({{w}})", parameters: {w: "{{parameters.v}}"}}}
        - {id: child, type: playbook, config: {playbook: carried, parameters: {given: "${parameters.v}"}}}
$yaml$, publish => true) \g /dev/null
SELECT playbook_create($yaml$
id: carried
name: Carried
parameters: [{name: given, type: string}]
steps: [{id: s, type: sql, config: {template: "INSERT INTO said (word) VALUES ({{parameters.given}})"}}]
$yaml$, publish => true) \g /dev/null

-- One value through all of them; what arrived.
CREATE FUNCTION carry(v text, OUT words text[], OUT rows jsonb, OUT kept bigint, OUT chained text, OUT hits bigint,
    OUT task text, OUT mail text, OUT html text,
    OUT message text, OUT ended text) LANGUAGE plpgsql AS $$
DECLARE
    execution bigint;
BEGIN
    DELETE FROM client; DELETE FROM said; DELETE FROM vault.deals;
    INSERT INTO client VALUES ('c', v, 'hush', 'ana');
    INSERT INTO vault.deals VALUES (1, v), (2, 'other');
    PERFORM playbook_set_person('ana', v, 'ana@example.com', 'postgres');
    execution := playbook_start('carry', 'c', jsonb_build_object('v', v, 'list', jsonb_build_array(v, v)),
        labels => jsonb_build_object('l', v));
    PERFORM playbook_advance(execution);
    PERFORM playbook_signal(execution, 'e', jsonb_build_object('p', v || 'x'));
    PERFORM playbook_signal(execution, 'e', jsonb_build_object('p', v));
    PERFORM playbook_advance(execution);
    PERFORM playbook_complete_task(id, jsonb_build_object('r',
        v)) FROM playbook_tasks t WHERE execution_id = execution;
    PERFORM playbook_advance(execution);
    carry.message := (SELECT a.message FROM approvals a WHERE id = approval(execution));
    PERFORM playbook_approve(approval(execution), v, jsonb_build_object('parameters', jsonb_build_object('w',
        v || v)));
    PERFORM playbook_advance(execution);
    PERFORM playbook_advance(id) FROM playbook_executions WHERE parent_execution = execution;
    PERFORM playbook_advance(execution);
    words := (SELECT array_agg(word ORDER BY number) FROM said);
    rows := (SELECT jsonb_agg(r) FROM playbook_rows(execution, 'rows') r);
    kept := (SELECT count(*) FROM playbook_rows(execution, 'kept') r);
    chained := (SELECT string_agg(r ->> 'name', ',') FROM playbook_rows(execution, 'chained') r);
    hits := (SELECT count(*) FROM playbook_rows(execution,
        'found') r) + (SELECT count(*) FROM playbook_rows(execution, 'token') r);
    task := (SELECT t.title || t.description FROM playbook_tasks t WHERE execution_id = execution);
    mail := (SELECT payload ->> 'body' FROM playbook_outbox WHERE execution_id = execution);
    html := (SELECT payload ->> 'html' FROM playbook_outbox WHERE execution_id = execution);
    ended := (SELECT e.status || coalesce(' ' || (e.error ->> 'message'),
        '') FROM playbook_executions e WHERE id = execution);
END
$$;
CREATE TABLE carried AS SELECT h.id, h.value, c.* FROM (SELECT * FROM hostile ORDER BY id) h, carry(h.value) c;
SELECT is(ended, 'completed', 'goes all the way: ' || left(value, 20)) FROM carried ORDER BY id;
SELECT is(words, ARRAY[value, value, value || value, value], 'bound in statements: ' || left(value, 20))
    FROM carried ORDER BY id;
SELECT is(rows, jsonb_build_array(jsonb_build_object('v', value, 'c', value, 'l', jsonb_build_array(value, value),
    't', '<' || value || '>')),
          'in a query: ' || left(value, 20)) FROM carried ORDER BY id;
SELECT is(ROW(kept, chained, hits), ROW(1::bigint, value, 2::bigint), 'in a filter, a list, a search: '
    || left(value, 20)) FROM carried ORDER BY id;
-- A title is one line.
SELECT is(task, format('<%3$s|%3$s|%3$s><%1$s|%1$s|%2$s>', value, jsonb_build_array(value), regexp_replace(value,
    '[[:cntrl:]]', ' ', 'g')), 'in people''s texts: ' || left(value, 20)) FROM carried ORDER BY id;
SELECT is(ROW(mail, message), ROW('<' || value || '>', '<' || value || '>'), 'in a mail and an approval: '
    || left(value, 20)) FROM carried ORDER BY id;
SELECT ok(html NOT LIKE '%<b%' AND html NOT LIKE '%"%' AND html NOT LIKE '%''%', 'escaped in HTML: ' || left(value,
    20)) FROM carried ORDER BY id;

SELECT playbook_set_person('ana', 'Ana', 'ana@example.com') \g /dev/null
-- Where a name is meant, it is one name or an error; where a time or a playbook is meant, likewise.
SELECT is((SELECT count(*) FROM hostile WHERE failure_of(run($$steps: [{id: q, type: query,
    config: {template: "SELECT 1 FROM {{parameters.v}}"}}]
parameters: [{name: v, type: string}]$$, parameters => jsonb_build_object('v', value)), 'q') ~ '^42(601|P01|602)'),
    21::bigint,
          'where a table is meant: all but the one that is the name of a table are refused');
SELECT is((SELECT count(*) FROM hostile WHERE failure_of(run($$steps: [{id: q, type: search,
    config: {object: "{{parameters.v}}"}}]
parameters: [{name: v, type: string}]$$, parameters => jsonb_build_object('v', value)), 'q') <> ''), 22::bigint,
    'where an object of the CRM is meant, all');
SELECT is((SELECT count(*) FROM hostile WHERE failure_of(run($$steps: [{id: q, type: wait,
    config: {until: "{{parameters.v}}"}}]
parameters: [{name: v, type: string}]$$, parameters => jsonb_build_object('v', value)),
    'q') LIKE '22007%is no time, in "until"'), 22::bigint, 'where a time is meant, all');
SELECT is((SELECT count(*) FROM hostile WHERE failure_of(run($$steps: [{id: q, type: playbook,
    config: {playbook: "{{parameters.v}}"}}]
parameters: [{name: v, type: string}]$$, parameters => jsonb_build_object('v', value)),
    'q') = format('42704 playbook "%s" does not exist', value)), 22::bigint,
          'where a playbook is meant, all');
SELECT is((SELECT count(*) FROM hostile WHERE failure_of(run($$steps: [{id: q, type: email,
    config: {to: "{{parameters.v}}", subject: s, body: b}}]
parameters: [{name: v, type: string}]$$, parameters => jsonb_build_object('v', value)), 'q') <> ''), 22::bigint,
    'where an address is meant, all');

-- Names that people give: of playbooks, steps, events, in the words of the engine.
-- In a config, braces are its author's template.
CREATE VIEW events AS SELECT *, CASE WHEN value LIKE '%{%' THEN 'e' ELSE value END AS event FROM hostile;
SELECT playbook_create(jsonb_build_object('id', 'named_' || id, 'name', value, 'requires_human_review', true,
    'steps', jsonb_build_array(jsonb_build_object('id', 's', 'name', value, 'type', 'wait', 'config',
        jsonb_build_object('event', jsonb_build_array(event)))))::text,
    publish => true) FROM events \g /dev/null
CREATE TABLE named AS SELECT id, value, event, playbook_start('named_' || id) AS e FROM events;
SELECT playbook_advance(e) FROM named \g /dev/null
SELECT playbook_signal(e, event, to_jsonb(value)) FROM named \g /dev/null
SELECT playbook_advance(e) FROM named \g /dev/null
SELECT is((SELECT count(*) FROM named WHERE (SELECT message FROM approvals
    WHERE execution_id = e) = format('Release the results of %s?', value)), 22::bigint,
          'a playbook''s name is text');
SELECT is((SELECT count(*) FROM named WHERE playbook_result(e) ->> 'playbook_name' = value
    AND playbook_result(e) #>> '{steps,0,name}' = value), 22::bigint, 'so is a step''s');
SELECT is((SELECT count(*) FROM named WHERE story(e) LIKE 's completed received%'), 22::bigint, 'and an event''s');
SELECT is((SELECT count(*) FROM precious), 1::bigint, 'the table is there');

SELECT * FROM finish();
ROLLBACK;
