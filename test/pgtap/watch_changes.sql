-- playbook_changes and NOTIFY: every change of status once, numbered without gaps, for those who may see it; the form
-- of a payload; playbook_progress.
SELECT plan(38);
\ir refusal.psql
SET client_min_messages = error; -- owners of playbooks here may not connect: no background worker interferes
REVOKE CONNECT ON DATABASE :"DBNAME" FROM PUBLIC;
CREATE ROLE watch_changes_owner; GRANT playbook_author TO watch_changes_owner;
CREATE ROLE watch_changes_user;  GRANT playbook_user TO watch_changes_user;
GRANT playbook_admin TO watch_changes_owner;
SET ROLE watch_changes_owner;
SELECT playbook_create($yaml$
id: flow
name: Flow
steps:
  - {id: q, type: query, config: {template: "SELECT n FROM generate_series(1, 2) AS n"}}
  - id: c
    type: condition
    depends_on: [q]
    config:
      if: "true"
      then: [{id: inside, type: wait, config: {for: 0}}]
      else: [{id: not_taken, type: wait, config: {for: 0}}]
  - {id: each, type: notify, depends_on: [c], for_each: "${steps.q}", config: {to: someone, message: "{{item.n}}"}}
  - {id: w, type: wait, depends_on: [each], config: {event: go}}
$yaml$, true) \g /dev/null
SELECT playbook_create(tiny('theirs'), true) \g /dev/null

-- Numbers of changes are given by the scheduler, a moment after the commit; before there is one, by who reads, for the
-- next reader: each look is a transaction.
CREATE PROCEDURE pg_temp.await_changes(wanted bigint) LANGUAGE plpgsql AS $$
BEGIN
    FOR look IN 1 .. 2000 LOOP
        EXIT WHEN (SELECT count(*) FROM playbook_changes()) >= wanted;
        COMMIT;
        PERFORM pg_sleep(0.01);
    END LOOP;
END
$$;
SELECT is((SELECT count(*) FROM playbook_changes()), 0::bigint, 'before anything there are no changes');
SELECT playbook_start('flow', 'c1') AS execution \gset
SELECT playbook_advance(:execution) \g /dev/null
CALL pg_temp.await_changes(9);
SELECT is((SELECT count(*) FROM playbook_changes()), 9::bigint, 'the execution and each step and item that changed');
SELECT set_eq('SELECT step, item, status, waiting_for FROM playbook_changes()',
              format($$SELECT step, nullif(item, 0) - 1, status, CASE status WHEN 'waiting' THEN waiting_for END
                  FROM playbook_progress(%s)
                       UNION SELECT NULL, NULL, 'waiting', 'event'$$, :execution),
                           'they are what playbook_progress shows');
SELECT results_eq('SELECT seq FROM playbook_changes() ORDER BY seq',
    'SELECT generate_series(1::bigint, (SELECT count(*) FROM playbook_changes()))',
                  'numbered from 1 without gaps');
SELECT results_eq('SELECT seq FROM playbook_changes()', 'SELECT seq FROM playbook_changes() ORDER BY seq',
    'and in that order');
SELECT is_empty(format($$SELECT * FROM playbook_changes()
    WHERE execution <> %s OR playbook <> 'flow' OR at > clock_timestamp()$$, :execution),
                'each names execution and playbook');
SELECT is((SELECT array_agg(seq) FROM playbook_changes(3, 2)), '{4,5}', 'after and limit');
SELECT is((SELECT count(*) FROM playbook_changes(9)), 0::bigint, 'after the last there is nothing');
SELECT is(refusal('SELECT * FROM playbook_changes(1000)'),
          E'55000 the feed has not come to 1000 yet\nDETAIL: The next change will be 10. The number is another database''s, '
          'or of a time after the one that this database was restored to.\nHINT: Read the present state, then go on after 9.',
          'a number from elsewhere would miss what comes until then');
SELECT is((SELECT count(*) FROM playbook_changes(-5)), (SELECT count(*) FROM playbook_changes()),
    'before the first there is all');
SELECT max(seq) AS last FROM playbook_changes() \gset
SELECT playbook_pause(:execution), playbook_resume(:execution) \g /dev/null
SELECT playbook_cancel(:execution) \g /dev/null
CALL pg_temp.await_changes(:last + 4);
SELECT cmp_ok((SELECT count(*) FROM playbook_changes()), '>=', :last::bigint + 4, 'what people do is announced, too');
SELECT ok(ARRAY['paused', 'running', 'cancelled'] <@ array_agg(status), 'each state of it')
    FROM playbook_changes(:last) WHERE step IS NULL;
SELECT ok(bool_or(step = 'w' AND status = 'skipped'), 'and of its steps') FROM playbook_changes(:last);

SELECT is((SELECT waiting_for FROM playbook_changes() WHERE step = 'w' AND status = 'waiting'), 'event',
    'what it waited for, though it waits no longer');
SELECT is_empty($$SELECT * FROM playbook_changes() WHERE (status = 'waiting') <> (waiting_for IS NOT NULL)$$,
    'whatever waits says for what, and nothing else does');

-- Others see what they may see, and others' changes do not hide theirs.
RESET ROLE;
SELECT is(as_role('watch_changes_user', 'SELECT count(*) FROM playbook_changes()'), '0',
    'who may see nothing hears nothing');
SET ROLE watch_changes_owner;
SELECT playbook_share('theirs', 'watch_changes_user', 'start') \g /dev/null
SELECT count(*) AS before FROM playbook_changes() \gset
SET ROLE watch_changes_user;
SELECT playbook_run('theirs') ->> 'execution' AS theirs \gset
SET ROLE watch_changes_owner;
CALL pg_temp.await_changes(:before + 2);
RESET ROLE;
SELECT is(as_role('watch_changes_user', 'SELECT array_agg(DISTINCT execution) FROM playbook_changes(0, 1)'),
    format('{%s}', :theirs),
          'a page is filled with what is visible');
SET ROLE watch_changes_user;
SELECT is((SELECT array_agg(status ORDER BY status) FROM playbook_changes()), '{completed,completed}',
    'its own two changes');
RESET ROLE;

-- Refusals.
SELECT is(refusal(format('SELECT * FROM playbook_changes(0, %s)', n)), '22023 limit must be between 1 and 100000',
    format('a limit of %s', n))
FROM (VALUES (0), (-1), (100001)) AS t (n);
SELECT is_empty('SELECT * FROM playbook_changes(NULL)', 'after null there is nothing');
BEGIN READ ONLY;
SELECT cmp_ok((SELECT count(*) FROM playbook_changes()), '>', 0::bigint,
    'they can be read in a read-only transaction');
COMMIT;
SELECT is(refusal('SELECT * FROM playbook_progress(1)') ~ '^42704 execution 1 does not exist', true,
    'progress: unknown');
SELECT is(refusal(format($$SELECT as_role('watch_changes_user', 'SELECT playbook_progress(%s)')$$,
    :execution)) ~ '^42704 ', true, 'progress: invisible');

-- Progress.
SET ROLE watch_changes_owner;
SELECT playbook_start('flow') AS execution \gset
SELECT results_eq(format('SELECT step, status FROM playbook_progress(%s)', :execution),
    $$VALUES ('q', 'pending'), ('c', 'pending'), ('inside', 'pending'), ('not_taken', 'pending'), ('each',
        'pending'), ('w', 'pending')$$,
    'before the begin every step is pending');
SELECT playbook_advance(:execution) \g /dev/null
SELECT results_eq(format('SELECT position, item, depth, branch, step, type, status, outcome, waiting_for, '
    'row_count FROM playbook_progress(%s)', :execution),
    $$VALUES (0, 0, 0, NULL, 'q', 'query', 'completed', 'completed', NULL, 2::bigint),
             (1, 0, 0, NULL, 'c', 'condition', 'completed', 'then', NULL, NULL),
             (2, 0, 1, 'c.then', 'inside', 'wait', 'completed', 'elapsed', NULL, NULL),
             (3, 0, 1, 'c.else', 'not_taken', 'wait', 'skipped', 'branch', NULL, NULL),
             (4, 0, 0, NULL, 'each', 'notify', 'completed', 'completed', NULL, 2),
             (4, 1, 0, NULL, 'each', 'notify', 'completed', 'completed', NULL, NULL),
             (4, 2, 0, NULL, 'each', 'notify', 'completed', 'completed', NULL, NULL),
             (5, 0, 0, NULL, 'w', 'wait', 'waiting', NULL, 'event', NULL)$$,
                 'then each step with what became of it, items after their step');
SELECT is_empty(format('SELECT * FROM playbook_progress(%s) WHERE started_at IS NULL AND status <> ''skipped'' OR '
    'elapsed < ''0'' OR error IS NOT NULL',
                       :execution), 'with its times');
RESET ROLE;

-- NOTIFY, heard by another psql: it prints what it received after each statement.
SELECT playbook_cancel(:execution) \g /dev/null
\setenv DATABASE :DBNAME
\set heard `psql -XAtq -d "$DATABASE" -f test/pgtap/watch_changes_listener.psql`
CREATE TABLE heard AS SELECT m[1] AS channel, m[2]::jsonb AS payload
FROM regexp_matches(:'heard', 'Asynchronous notification "([^"]*)" with payload "(\{[^}]*\})" received', 'g') AS m;
SELECT cmp_ok((SELECT count(*) FROM heard WHERE payload ->> 'status' = 'completed'
    AND payload ->> 'playbook' = 'theirs'), '>=', 2::bigint,
              'both changes are heard');
SELECT results_eq($$SELECT payload FROM heard WHERE channel = 'playbook_' || (payload ->> 'execution') ORDER BY payload ->> 'seq'$$,
    $$SELECT payload FROM heard WHERE channel = 'playbook' AND payload ->> 'playbook' = 'theirs' ORDER BY payload ->> 'seq'$$,
    'on the channel of the execution, too');
SELECT is((SELECT array_agg(DISTINCT key ORDER BY key) FROM heard, jsonb_object_keys(payload) AS key
           WHERE payload ->> 'playbook' = 'theirs' AND payload ? 'step'),
          '{at,execution,labels,playbook,seq,status,step,v}', 'a payload has these keys');
SELECT is((SELECT array_agg(DISTINCT payload -> 'labels') FROM heard WHERE payload ->> 'playbook' = 'theirs'),
          ARRAY['["batch", "ticket"]'::jsonb], 'of labels the keys only');
SELECT is_empty($$SELECT * FROM heard WHERE payload ->> 'v' <> '1' OR jsonb_typeof(payload -> 'seq') <> 'number'
                  OR payload ->> 'at' !~ '^\d{4}-\d\d-\d\d.\d\d:\d\d:\d\d(\.\d+)?Z$'$$,
                      'version, number and time in UTC');
SELECT is_empty($$SELECT * FROM heard WHERE payload::text LIKE '%secret%'$$, 'and no customer');
SELECT is_empty($$SELECT payload FROM heard h WHERE NOT EXISTS (
    SELECT FROM playbook_changes() c WHERE c.seq = (h.payload ->> 'seq')::bigint
        AND c.execution = (h.payload ->> 'execution')::bigint
      AND c.status = h.payload ->> 'status' AND c.step IS NOT DISTINCT FROM h.payload ->> 'step')$$,
          'what is heard is what playbook_changes gives');

-- What is not kept any longer is not passed over in silence.
SELECT max(seq) AS last, min(seq) AS middle FROM (SELECT seq FROM playbook_changes() ORDER BY seq DESC LIMIT 3) AS t \gset
DELETE FROM playbook_change_batches WHERE first_seq < :middle;
SELECT min(first_seq) AS oldest FROM playbook_change_batches \gset
SELECT is(refusal('SELECT * FROM playbook_changes(1)'),
          format(E'55000 changes after 1 are not all kept any longer\nDETAIL: The oldest that is kept, or the next to come, '
                 'is %s; see playbook.feed_retention.\nHINT: Read the present state, then go on after %s.', :oldest, :oldest - 1),
          'a number whose next is gone');
SELECT is((SELECT min(seq) FROM playbook_changes(:oldest - 1)), :oldest::bigint, 'the hint is right');
SELECT is((SELECT min(seq) FROM playbook_changes()), :oldest::bigint, 'from the beginning: from what is kept');

SELECT * FROM finish();
DROP OWNED BY watch_changes_owner, watch_changes_user;
DROP EXTENSION playbook CASCADE;
DROP ROLE watch_changes_owner, watch_changes_user;
