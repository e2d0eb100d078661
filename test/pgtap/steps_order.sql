-- In which order steps run, which are skipped and why, what branches inside branches do.
BEGIN;
SELECT plan(35);
\ir steps.psql

-- Sequence and dependencies.
SELECT run($$steps:
  - {id: a, type: sql, config: {template: INSERT INTO said (word) VALUES ('a')}}
  - {id: b, type: sql, config: {template: INSERT INTO said (word) VALUES ('b')}}
  - {id: c, type: sql, config: {template: INSERT INTO said (word) VALUES ('c')}}
$$) AS e \gset
SELECT is(words(), 'a b c', 'acting steps run in the order of the text');
SELECT is(story(:e), 'a completed, b completed, c completed', 'and complete');
SELECT is(status_of(:e), 'completed', 'and so does the execution');
TRUNCATE said;
SELECT run($$steps:
  - {id: a, type: sql, depends_on: [c], config: {template: INSERT INTO said (word) VALUES ('a')}}
  - {id: b, type: sql, depends_on: [a], config: {template: INSERT INTO said (word) VALUES ('b')}}
  - {id: c, type: sql, depends_on: [], config: {template: INSERT INTO said (word) VALUES ('c')}}
$$) AS e \gset
SELECT is(words(), 'c a b', 'depends_on wins over the order of the text');
SELECT run($$steps:
  - {id: w, type: wait, config: {event: go}}
  - {id: after, type: wait, config: {for: 0}}
  - {id: free, type: wait, depends_on: [], config: {for: 0}}
  - {id: both, type: wait, depends_on: [w, free], config: {for: 0}}
  - {id: rows, type: query, config: {template: SELECT 1 AS one}}
  - {id: kept, type: filter, config: {input: "${steps.rows}", limit: 5}}
$$) AS e \gset
SELECT is(story(:e), 'w waiting event, free completed elapsed, rows completed, kept completed',
          'what depends on nothing does not wait, nor do data steps');
SELECT playbook_signal(:e, 'go') \g /dev/null
SELECT playbook_advance(:e) \g /dev/null
SELECT is(story(:e), 'w completed received, after completed elapsed, free completed elapsed, both completed elapsed, '
          'rows completed, kept completed', 'the others follow');

-- when.
TRUNCATE said;
SELECT run($$parameters: [{name: n, type: integer, default: 1}]
steps:
  - {id: a, type: wait, when: parameters.n > 5, config: {for: 0}}
  - {id: b, type: wait, when: "steps.a.status = 'skipped'", config: {for: 0}}
  - {id: c, type: wait, if: steps.b.elapsed >= interval '0' AND execution.elapsed < interval '1 hour',
      config: {for: 0}}
  - {id: rows, type: query, when: parameters.n > 5, config: {template: SELECT 1 AS one}}
  - {id: kept, type: filter, config: {input: "${steps.rows}", limit: 5}}
  - {id: last, type: filter, config: {input: "${steps.kept}", limit: 5}}
$$) AS e \gset
SELECT is(story(:e), 'a skipped when, b completed elapsed, c completed elapsed, rows skipped when, '
          'kept skipped dependency, last skipped dependency', 'a guard skips its step, and what needs its rows');
SELECT is(reason_of(:e, 'a'), 'its condition does not hold: parameters.n > 5', 'and the step says which');
SELECT is(reason_of(:e, 'kept'), 'step "rows" was skipped', 'what needed its rows says that they are missing');
SELECT is(status_of(:e), 'completed', 'nothing failed');
SELECT ok((row_of(:e, 'a')).started_at IS NULL, 'what was skipped never began');
SELECT is((SELECT attempt FROM row_of(:e, 'a')), 0, 'nor made an attempt');
SELECT run($$parameters: [{name: n, type: integer}]
steps: [{id: a, type: wait, when: parameters.n > 5, config: {for: 0}}]$$) AS e \gset
SELECT is(story(:e), 'a skipped when', 'a guard over a missing value does not hold');
SELECT run($$parameters: [{name: n, type: string, default: x}]
steps: [{id: a, type: wait, when: parameters.n > 5, config: {for: 0}}, {id: b, type: wait,
    config: {for: 0}}]$$) AS e \gset
SELECT is(story(:e), 'a failed, b skipped failed', 'one that cannot be evaluated fails its step');
SELECT alike(failure_of(:e, 'a'), '%operator does not exist: text > integer%', 'and names both types');

-- What steps tell about each other.
SELECT run($$steps:
  - {id: rows, type: query, config: {template: "SELECT n FROM generate_series(1, 3) n"}}
  - {id: wrote, type: sql, config: {template: "INSERT INTO said (word) SELECT 'x' FROM generate_series(1, 4)"}}
  - {id: told, type: sql, config: {template: "INSERT INTO said (word) VALUES ('y') RETURNING word || '!' AS cry"}}
  - {id: rc, type: wait, when: steps.rows.row_count = 3 AND steps.rows.status = 'completed', config: {for: 0}}
  - {id: sc, type: wait, when: steps.wrote.output.row_count = 4 AND steps.wrote.outcome = 'completed',
      config: {for: 0}}
  - {id: oc, type: wait, when: "steps.told.output[0].cry = 'y!' AND steps.told.row_count = 1", config: {for: 0}}
  - {id: at, type: wait, when: steps.told.attempts = 1 AND steps.told.error IS NULL, config: {for: 0}}
  - {id: el, type: wait, when: steps.told.elapsed BETWEEN '0' AND interval '1 hour', config: {for: 0}}
$$) AS e \gset
SELECT is(story(:e), 'rows completed, wrote completed, told completed, rc completed elapsed, sc completed elapsed, '
          'oc completed elapsed, at completed elapsed, el completed elapsed',
          'status, outcome, output, row_count, attempts and elapsed are there for conditions');
SELECT is((SELECT array_agg(r) FROM playbook_rows(:e, 'told') r), ARRAY['{"cry": "y!"}'::jsonb],
    'RETURNING makes rows');
SELECT is((SELECT count(*) FROM playbook_rows(:e, 'wrote') r), 0::bigint, 'without it there are none');
SELECT is((SELECT row_count FROM row_of(:e, 'wrote')), 4::bigint, 'but the count of what was touched');
SELECT is((SELECT count(*) FROM said WHERE word = 'x'), 4::bigint, 'a statement takes effect once');

-- Conditions.
CREATE FUNCTION branching(n integer) RETURNS bigint LANGUAGE sql AS $f$ SELECT run($$
parameters: [{name: n, type: integer}]
steps:
  - id: size
    type: condition
    config:
      cases:
        - {name: large, when: parameters.n >= 100, steps: [{id: visit, type: wait, config: {for: 0}}]}
        - {when: parameters.n >= 10, steps: [{id: ring, type: wait, config: {for: 0}}]}
      else: [{id: mail, type: wait, config: {for: 0}}]
  - {id: told, type: wait, when: "steps.size.outcome = 'case 2'", config: {for: 0}}
$$, parameters => jsonb_build_object('n', n)) $f$;
SELECT is(story(branching(1000)), 'size completed large, visit completed elapsed, ring skipped branch, '
          'mail skipped branch, told skipped when', 'the first case that holds is taken');
SELECT is(story(branching(50)), 'size completed case 2, visit skipped branch, ring completed elapsed, '
          'mail skipped branch, told completed elapsed', 'a case without a name has a number');
SELECT is(story(branching(1)), 'size completed else, visit skipped branch, ring skipped branch, '
          'mail completed elapsed, told skipped when', 'else when none holds');
SELECT branching(5) AS e \gset
SELECT is(reason_of(:e, 'visit'), 'step "size" took "else"', 'the reason names the branch that was taken');
SELECT is(story(run($$steps:
  - {id: q, type: condition, config: {if: 1 = 2, then: [{id: t, type: wait, config: {for: 0}}]}}
  - {id: after, type: wait, config: {for: 0}}$$)), 'q completed else, t skipped branch, after completed elapsed',
          'without else nothing runs and the rest goes on');
SELECT is(story(run($$steps:
  - {id: q, type: condition, if: 1 = 1, then: [{id: t, type: wait, config: {for: 0}}]}$$)),
          'q completed then, t completed elapsed', 'the question may stand beside the type');

-- Branches in branches; a step after a condition waits for what the branches do.
SELECT run($$steps:
  - id: q1
    type: condition
    config:
      if: 1 = 1
      then:
        - id: q2
          type: condition
          config:
            if: 1 = 2
            then: [{id: deep_no, type: wait, config: {for: 0}}]
            else:
              - id: q3
                type: condition
                config: {if: 1 = 1, then: [{id: deep_wait, type: wait, config: {event: go}}, {id: deep_after,
                    type: wait, config: {for: 0}}]}
        - {id: beside, type: wait, config: {for: 0}}
      else:
        - id: q4
          type: condition
          config: {if: 1 = 1, then: [{id: never, type: wait, config: {for: 0}}]}
  - {id: last, type: wait, config: {for: 0}}
$$) AS e \gset
SELECT is(story(:e), 'q1 completed then, q2 completed else, deep_no skipped branch, q3 completed then, '
          'deep_wait waiting event, q4 skipped branch, never skipped branch',
              'who follows a branch waits for its steps');
SELECT playbook_signal(:e, 'go') \g /dev/null
SELECT playbook_advance(:e) \g /dev/null
SELECT is(story(:e), 'q1 completed then, q2 completed else, deep_no skipped branch, q3 completed then, '
          'deep_wait completed received, deep_after completed elapsed, beside completed elapsed, q4 skipped branch, '
          'never skipped branch, last completed elapsed', 'and goes on then');
SELECT is(reason_of(:e, 'never'), 'step "q4" was skipped', 'inside a branch not taken the reason is the carrier''s');

-- A skipped or failed condition.
SELECT is(story(run($$steps:
  - {id: q, type: condition, when: 1 = 2, config: {if: 1 = 1, then: [{id: t, type: wait, config: {for: 0}}]}}
  - {id: after, type: wait, config: {for: 0}}$$)), 'q skipped when, t skipped branch, after completed elapsed',
          'a condition that is skipped takes no branch');
SELECT run($$parameters: [{name: zero, type: integer, default: 0}]
steps:
  - {id: q, type: condition, on_error: continue, config: {if: 1 / parameters.zero = 1, then: [{id: t, type: wait,
      config: {for: 0}}]}}
  - {id: after, type: wait, config: {for: 0}}$$) AS e \gset
SELECT is(story(:e), 'q failed, t skipped dependency, after completed elapsed', 'one that fails takes none either');
SELECT is(failure_of(:e, 'q'), '22012 division by zero', 'and says why');
SELECT is(status_of(:e), 'completed', 'on_error: continue forgives it');

-- The number of steps of one list, and an empty branch.
SELECT is(story(run($$steps: [{id: q, type: condition, config: {if: 1 = 1, then: [], else: [{id: x, type: wait,
    config: {for: 0}}]}},
    {id: after, type: wait, config: {for: 0}}]$$)), 'q completed then, x skipped branch, after completed elapsed',
          'an empty branch does nothing');
SELECT run(E'steps:\n' || (SELECT string_agg(format(E'  - {id: s%s, type: wait, config: {for: 0}}\n', n), ''
    ORDER BY n)
    FROM generate_series(1, 300) n)) AS e \gset
SELECT is((SELECT count(*) FROM playbook_step_executions WHERE execution_id = :e AND status = 'completed'),
    300::bigint,
          'three hundred steps in one go');

SELECT * FROM finish();
ROLLBACK;
