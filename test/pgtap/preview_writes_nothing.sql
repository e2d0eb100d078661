-- playbook_preview: what each step would do; it writes nothing, sends nothing, runs no sql step, and explains queries
-- unless it is asked to run them.
BEGIN;
SELECT plan(46);
\ir refusal.psql

CREATE ROLE preview_author; GRANT playbook_author TO preview_author;
CREATE ROLE preview_user;   GRANT playbook_user TO preview_user;
SET LOCAL client_min_messages = error; -- owners of playbooks here do not log in
CREATE TABLE preview_customers (id text PRIMARY KEY, name text, first_name text, csm text);
INSERT INTO preview_customers VALUES ('c1', 'Acme', NULL, 'ana@example.com');
CREATE TABLE preview_ledger (n integer);
CREATE SEQUENCE preview_called;
CREATE FUNCTION preview_call(n integer) RETURNS integer LANGUAGE sql
    AS $$SELECT nextval('preview_called')::integer + n$$;
GRANT SELECT ON preview_customers TO preview_author;
GRANT ALL ON preview_ledger, preview_called TO preview_author;
SELECT playbook_set_customer_source('preview_customers', 'id', 'csm') \g /dev/null
SELECT playbook_set_person('ana', 'Ana', 'ana@example.com') \g /dev/null

-- Everything that could be written: rows of each table, and where each sequence stands.
CREATE FUNCTION everything() RETURNS text LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    relation record;
    found text;
    all_of_it text := '';
BEGIN
    FOR relation IN SELECT c.oid::regclass AS name, c.relkind FROM pg_class c
                    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'S') ORDER BY c.relname LOOP
        IF relation.relkind = 'r' THEN
            EXECUTE format('SELECT count(*) || '' '' || coalesce(md5(string_agg(t::text, '','' ORDER BY '
                't::text)), '''') FROM %s t', relation.name) INTO found;
        ELSE
            EXECUTE format('SELECT last_value || '' '' || is_called FROM %s', relation.name) INTO found;
        END IF;
        all_of_it := all_of_it || relation.name || ': ' || found || E'\n';
    END LOOP;
    RETURN all_of_it;
END
$$;

SET LOCAL ROLE preview_author;
SELECT playbook_create($yaml$
id: many
name: Many
parameters: [{name: least, type: integer, default: 2}]
steps:
  - id: found
    type: query
    config:
      template: SELECT n, preview_call(n) AS called FROM generate_series(1, 3) AS n WHERE n >= {{least}}
      parameters: {least: "${parameters.least}"}
  - {id: few, type: filter, config: {input: "${steps.found}", condition: "n > 2"}}
  - {id: write, type: sql, config: {template: "INSERT INTO preview_ledger VALUES (1)"}}
  - id: mail
    type: email
    require_approval: {approvers: ["{{csm.email}}"]}
    config:
      to: buyer@acme.example
      subject: Hello {{customer.name}}
      body: Dear {{customer.first_name}}, {{csm.name}}
  - {id: rest, type: wait, config: {for: 2 days}}
  - id: decide
    type: condition
    config:
      if: "customer.name = 'Acme'"
      then: [{id: todo, type: task, config: {title: "Call {{customer.name}}", assignee: "{{csm.email}}"}}]
      else: [{id: other, type: notify, config: {to: someone, message: no}}]
  - {id: child, type: playbook, config: {playbook: many}}
  - {id: meet, type: meeting, config: {title: Plan, in: 1 day, at: "10:00", attendees: ["buyer@acme.example"]}}
$yaml$, true) \g /dev/null
RESET ROLE;

SELECT everything() AS before \gset
CREATE TEMP TABLE previewed AS SELECT * FROM playbook_preview('many', 'c1') WHERE false;
GRANT ALL ON previewed TO preview_author;
SELECT everything() AS before \gset
SET LOCAL ROLE preview_author;
INSERT INTO previewed SELECT * FROM playbook_preview('many', 'c1');
SELECT is(everything(), :'before', 'a preview writes nothing, and moves no sequence');
SELECT is((SELECT array_agg(step ORDER BY position) FROM previewed),
    '{found,few,write,mail,rest,decide,todo,other,child,meet}', 'each step, in order');
SELECT is((SELECT array_agg(position ORDER BY position) FROM previewed), ARRAY(SELECT generate_series(0, 9)),
    'with its position');
SELECT is((SELECT array_agg(DISTINCT type ORDER BY type) FROM previewed),
    '{condition,email,filter,meeting,notify,playbook,query,sql,task,wait}', 'and type');
SELECT is((SELECT input ->> 'subject' FROM previewed WHERE step = 'mail'), 'Hello Acme', 'input is rendered');
SELECT is((SELECT missing_variables FROM previewed WHERE step = 'mail'), '{customer.first_name}',
    'variables without a value are listed');
SELECT is((SELECT array_agg(step) FROM previewed WHERE needs_approval), '{mail}', 'what needs an approval');
SELECT is((SELECT approvers FROM previewed WHERE step = 'mail'), '{ana}', 'and whose');
SELECT is((SELECT array_agg(branch ORDER BY position) FROM previewed WHERE branch IS NOT NULL),
    '{decide.then,decide.else (not taken now)}',
          'branches, and which would not be taken now');
SELECT ok((SELECT planned_at FROM previewed WHERE step = 'decide') - (SELECT planned_at FROM previewed
    WHERE step = 'rest') = '2 days',
          'planned_at counts waits');
SELECT ok((SELECT input::text FROM previewed WHERE step = 'write') LIKE '%INSERT INTO preview_ledger%',
    'a statement is shown');
SELECT is_empty('SELECT step, problem FROM previewed WHERE problem IS NOT NULL AND step <> ''mail''',
    'nothing is wrong with the others');

-- run_queries reads, and still writes nothing of ours.
TRUNCATE previewed;
SELECT everything() AS before \gset
INSERT INTO previewed SELECT * FROM playbook_preview('many', 'c1', '{"least": 3}', run_queries => true);
SELECT is((SELECT is_called FROM preview_called), false,
    'a query that would write is not allowed to: a preview is read-only');
SELECT matches((SELECT problem FROM previewed WHERE step = 'found'), 'read-only', 'and says so');
SELECT is(everything(), :'before', 'nothing is written');
SELECT is((SELECT count(*) FROM preview_ledger), 0::bigint, 'the sql step did not run');

-- The same with a query that only reads.
SELECT playbook_create($yaml$
id: reads
name: Reads
steps:
  - {id: found, type: query, config: {template: "SELECT n FROM generate_series(1, 3) AS n"}}
  - {id: odd, type: query, config: {template: "SELECT 1 / (SELECT 0) AS broken"}}
  - {id: nowhere, type: query, config: {template: "SELECT * FROM no_such_table"}}
  - id: each
    type: notify
    for_each: "${steps.found}"
    depends_on: [found]
    config: {to: someone, message: "{{item.n}}"}
  - id: some
    type: condition
    depends_on: [found]
    config:
      if: "steps.found.row_count = 3"
      then: [{id: yes_w, type: wait, config: {for: 0}}]
      else: [{id: no_w, type: wait, config: {for: 0}}]
$yaml$) \g /dev/null
TRUNCATE previewed;
INSERT INTO previewed SELECT * FROM playbook_preview('reads');
SELECT is((SELECT problem FROM previewed WHERE step = 'odd'), NULL,
    'explained only: an error at run time is not met');
SELECT matches((SELECT problem FROM previewed WHERE step = 'nowhere'), 'relation "no_such_table" does not exist',
    'what cannot be planned says so');
SELECT is((SELECT branch FROM previewed WHERE step = 'no_w'), 'some.else', 'what depends on rows is not decided');
TRUNCATE previewed;
INSERT INTO previewed SELECT * FROM playbook_preview('reads', run_queries => true);
SELECT matches((SELECT problem FROM previewed WHERE step = 'odd'), 'division by zero', 'run: the error is met');
SELECT is((SELECT problem FROM previewed WHERE step = 'found'), NULL, 'the others are not affected');
SELECT is((SELECT branch FROM previewed WHERE step = 'no_w'), 'some.else (not taken now)',
    'and conditions see the rows');

-- A text that is not saved.
SELECT everything() AS before \gset
SELECT is((SELECT array_agg(step) FROM playbook_preview(tiny('unsaved'))), '{w}', 'an unsaved text is previewed');
SELECT is(everything(), :'before', 'and stays unsaved');
SELECT is(refusal($$SELECT * FROM playbook_preview('{id: x, steps: []}')$$) ~ '^22023 line 1', true,
    'a text with problems');
SELECT is((SELECT array_agg(step) FROM playbook_preview('reads')), '{found,odd,nowhere,each,some,yes_w,no_w}',
    'who may edit sees the draft');

-- Refusals.
SELECT is(refusal($$SELECT * FROM playbook_preview('mnay')$$),
          E'42704 playbook "mnay" does not exist\nDETAIL: Valid playbooks are: many, reads.\n'
          'HINT: Create it with playbook_create(), or ask its owner to share it with you.',
              'unknown playbook: the valid ids');
SELECT is(refusal($$SELECT * FROM playbook_preview('many', 'c9')$$) ~ '^P0002 customer "c9" does not exist', true,
    'an unknown customer');
SELECT is(refusal($$SELECT * FROM playbook_preview('many', 'c1', '{"most": 1}')$$),
          E'22023 unknown parameter "most"\nHINT: Expected parameters: least (integer, default 2).',
              'a wrong parameter');
SELECT is(refusal($$SELECT * FROM playbook_preview(NULL)$$), '22004 argument "playbook" must not be null', 'null');
SELECT is(refusal($$SELECT * FROM playbook_preview('many',
    '{"least": 1}')$$) ~ '^22023 the customer must be an id, not a JSON object', true,
          'parameters given as the customer');
SELECT results_eq($$SELECT step, approvers FROM playbook_preview('{id: t, steps: [{id: ask, type: approval}, {id: mail, '
    'type: email, require_approval: true, config: {to: b@acme.example, subject: S, body: B}}]}', 'c1')$$,
    $$VALUES ('ask', '{ana}'::text[]), ('mail', '{ana}')$$, 'where nobody is named, the customer''s CSM approves');
SELECT is((SELECT approvers FROM playbook_preview('{id: t, steps: [{id: ask, type: approval}]}')), '{preview_author}',
    'without a customer, whoever starts it');
-- What a step has yet to give is not missing; once it has been run, what it does not give is.
CREATE TEMPORARY TABLE later AS SELECT $yaml$
id: later
steps:
  - {id: found, type: query, config: {template: "SELECT 1 AS n"}}
  - {id: tell, type: notify, config: {to: ana, message: "{{steps.found.row_count}} {{steps.found.lost}} {{customer.lost}}"}}
  - {id: each, type: notify, for_each: "${steps.found}", config: {to: ana, message: "{{item.n}} {{item.lost}}"}}
$yaml$ AS definition;
SELECT results_eq($$SELECT step, missing_variables
    FROM playbook_preview((SELECT definition FROM later), 'c1') WHERE type = 'notify'$$,
    $$VALUES ('tell', '{customer.lost}'::text[]), ('each', '{}')$$, 'what comes later is not missing');
SELECT results_eq($$SELECT step, missing_variables
    FROM playbook_preview((SELECT definition FROM later), 'c1', run_queries => true) WHERE type = 'notify'$$,
    $$VALUES ('tell', '{steps.found.lost,customer.lost}'::text[]), ('each', '{item.lost}')$$,
    'what has come and is not there is');
-- Everything else that would stop a run.
SELECT results_eq($$SELECT step, missing_variables, problem FROM playbook_preview('{id: t, steps: [
    {id: write, type: sql, config: {template: "INSERT INTO preview_ledger VALUES ({{customer.lost}})"}},
    {id: reply, type: wait, config: {event: replied}},
    {id: read, type: query, config: {template: "SELECT {{steps.reply.output.n}}::integer AS n"}}]}', 'c1')$$,
    $$VALUES ('write', '{customer.lost}'::text[], NULL), ('reply', '{}', NULL), ('read', '{}', NULL)$$,
    'what a statement misses is listed, what comes later is not');
SELECT results_eq($$SELECT step, approvers, missing_variables, problem FROM playbook_preview('{id: t, steps: [
    {id: nobody, type: approval, config: {by: zoe}}, {id: unset, type: approval, config: {by: "{{customer.lost}}"}},
    {id: team, type: approval, config: {by: ["role:preview_user", ana]}},
    {id: later, type: approval, config: {by: "{{steps.team.output.next}}"}}]}', 'c1')$$,
    $$VALUES ('nobody', '{zoe}'::text[], '{}'::text[], 'nobody can approve step "nobody"'),
             ('unset', '{""}', '{customer.lost}', 'nobody can approve step "unset"'),
             ('team', '{ana,role:preview_user}', '{}', NULL), ('later', '{""}', '{}', NULL)$$,
    'so is that nobody could approve');
SELECT results_eq($$SELECT problem ~ 'need a connection' FROM playbook_preview('{id: t, steps: [
    {id: think, type: agent, config: {agent: risk, goal: Think}}, {id: ask, type: request, config: {path: /x}},
    {id: look, type: tool, source: docs, config: {tool: search}}]}')$$, $$VALUES (true), (true), (true)$$,
    'and that this version does not run a step');
SELECT playbook_share('many', 'preview_user', 'view') \g /dev/null
RESET ROLE;
SELECT is(refusal($$SELECT as_role('preview_user', $q$SELECT count(*)
    FROM playbook_preview('reads')$q$)$$) ~ '^42704 ', true, 'an invisible one');
SELECT is(refusal($$SELECT as_role('preview_user', $q$SELECT count(*) FROM playbook_preview('many',
    'c1')$q$)$$) ~ '^42501 permission denied to start playbook "many"',
          true, 'who may only look reads nothing as its owner');
SELECT as_role('preview_author', $$SELECT playbook_share('many', 'preview_user', 'start')$$) \g /dev/null
SELECT is(as_role('preview_user', $$SELECT count(*) FROM playbook_preview('many', 'c1')$$), '10',
    'who may start it does');
SELECT is(refusal($$SELECT as_role('preview_user', $q$SELECT max(problem)
    FROM playbook_preview('{id: t, name: T, steps: [{id: q, type: query, config: {template: "SELECT * FROM '
        'preview_ledger"}}]}')$q$)$$),
          'not refused', 'an unsaved text runs with its caller''s rights');
SELECT matches(as_role('preview_user', $$SELECT problem
    FROM playbook_preview('{id: t, name: T, steps: [{id: q, type: query, config: {template: "SELECT * FROM '
        'preview_ledger"}}]}')$$),
          'permission denied for table preview_ledger', 'which may not be enough');
SELECT as_role('preview_author', $$SELECT playbook_create('{id: theirs, name: T, security: invoker, steps: [{id: q, '
    'type: query, config: {template: "SELECT * FROM preview_ledger"}}]}', true)$$) \g /dev/null
SELECT as_role('preview_author', $$SELECT playbook_share('theirs', 'preview_user', 'start')$$) \g /dev/null
SELECT matches(as_role('preview_user', $$SELECT problem FROM playbook_preview('theirs', run_queries => true)$$),
    'permission denied for table preview_ledger', 'one that runs as its invoker reads nothing as its owner');
-- The transaction goes on as if nothing had been.
SELECT is(current_setting('transaction_read_only'), 'off', 'afterwards the transaction may write');
INSERT INTO preview_ledger VALUES (7);
SELECT is((SELECT count(*) FROM preview_ledger), 1::bigint, 'and does');

SELECT * FROM finish();
ROLLBACK;
