-- playbook_snooze: an item of one's own work is not shown until a time; and the order of playbook_my_work, page by page.
SELECT plan(24);
\ir refusal.psql
SET client_min_messages = error; -- owners of playbooks here do not log in
CREATE ROLE snooze_owner; GRANT playbook_author TO snooze_owner;
CREATE ROLE snooze_ana;   GRANT playbook_user TO snooze_ana;
CREATE ROLE snooze_ben;   GRANT playbook_user TO snooze_ben;
SELECT playbook_set_person('ana', 'Ana', 'ana@example.com', 'snooze_ana'),
       playbook_set_person('ben', 'Ben', 'ben@example.com', 'snooze_ben') \g /dev/null
SET ROLE snooze_owner;
SELECT playbook_create($yaml$
id: work
name: Work
steps:
  - {id: t, type: task, config: {title: Call, assignee: "role:snooze_ana"}}
  - {id: a, type: approval, depends_on: [], config: {approvers: [ana, ben]}}
$yaml$, true) \g /dev/null
SELECT playbook_create('{id: bad, name: B, steps: [{id: s, type: sql, config: {template: "SELECT 1 / 0"}}]}', true) \g /dev/null
SELECT playbook_start('work') AS execution \gset
SELECT playbook_advance(:execution), playbook_run('bad') \g /dev/null
RESET ROLE;
SELECT t.id AS task, a.id AS approval FROM playbook_tasks t, approvals a \gset
SELECT id AS failed FROM playbook_executions WHERE status = 'failed' \gset
CREATE FUNCTION work_of(role text) RETURNS text LANGUAGE sql AS
    $$SELECT as_role(role, 'SELECT string_agg(kind, '' '' ORDER BY kind) FROM playbook_my_work')$$;

SELECT is(work_of('snooze_ana'), 'approval task', 'her work');
SELECT as_role('snooze_ana', format($$SELECT playbook_snooze('task', %s, now() + interval '1 hour')$$, :task)) \g /dev/null
SELECT is(work_of('snooze_ana'), 'approval', 'a task is snoozed');
SELECT as_role('snooze_ana', format($$SELECT playbook_snooze('approval', %s, now() + interval '1 hour')$$, :approval)) \g /dev/null
SELECT is(work_of('snooze_ana'), NULL, 'and an approval');
SELECT is(work_of('snooze_ben'), 'approval', 'to others it is shown');
SELECT is(as_role('snooze_ana', 'SELECT string_agg(kind, '' '' ORDER BY kind) FROM playbook_snoozes'), 'approval task',
    'what one has snoozed can be seen');
SELECT is(as_role('snooze_ben', 'SELECT count(*) FROM playbook_snoozes'), '0', 'by oneself');
SELECT as_role('snooze_ana', format($$SELECT playbook_snooze('task', %s, now() + interval '2 hours')$$, :task)) \g /dev/null
SELECT ok(until > now() + interval '90 minutes', 'for longer') FROM playbook_snoozes WHERE kind = 'task';
UPDATE playbook_snoozes SET until = now() - interval '1 second' WHERE kind = 'task';
SELECT is(work_of('snooze_ana'), 'task', 'the time has come');
SELECT as_role('snooze_ana', format($$SELECT playbook_snooze('approval', %s, NULL)$$, :approval)) \g /dev/null
SELECT is(work_of('snooze_ana'), 'approval task', 'null brings it back');
SELECT is((SELECT count(*) FROM playbook_snoozes), 0::bigint, 'and what was over is gone');
SELECT as_role('snooze_owner', format($$SELECT playbook_snooze('failure', %s, now() + interval '1 hour')$$, :failed)) \g /dev/null
SELECT is(work_of('snooze_owner'), NULL, 'a failure is snoozed');
UPDATE playbook_executions SET due_at = now() - interval '1 hour' WHERE id = :execution;
SELECT is(work_of('snooze_owner'), 'stalled', 'what stands still');
SELECT as_role('snooze_owner', format($$SELECT playbook_snooze('stalled', %s, now() + interval '1 hour')$$, :execution)) \g /dev/null
SELECT is(work_of('snooze_owner'), NULL, 'is snoozed, too');
-- A snooze hides, and changes nothing else.
SELECT as_role('snooze_ana', format($$SELECT playbook_snooze('task', %s, now() + interval '1 hour')$$, :task)) \g /dev/null
SELECT as_role('snooze_ana', format('SELECT playbook_complete_task(%s)', :task)) \g /dev/null
SELECT is((SELECT status FROM playbook_tasks WHERE id = :task), 'done', 'what is snoozed can be done');

-- Refusals.
SELECT is(refusal(format($$SELECT as_role('snooze_ben', 'SELECT playbook_snooze(''task'', %s, now() + interval ''1 h'')')$$, :task)),
    format(E'42704 task %s is not among the work of "ben"\nHINT: playbook_my_work has what is.', :task), 'another one''s');
SELECT is(refusal($$SELECT playbook_snooze('task', 0, now() + interval '1 h')$$) ~ '^42704 task 0 is not among', true, 'unknown');
SELECT is(refusal($$SELECT playbook_snooze('meeting', 1, now() + interval '1 h')$$),
    E'22023 "meeting" is no kind of work\nHINT: Use approval, task, failure or stalled, as playbook_my_work has it.', 'another kind');
SELECT is(refusal($$SELECT playbook_snooze('task', 1, '2020-01-01 00:00Z')$$),
    E'22023 cannot snooze until 2020-01-01T00:00:00+00:00\nDETAIL: This time has passed.\n'
    'HINT: Give a later time, or null to see the item again.', 'a time that has passed');
SELECT is(refusal($$SELECT playbook_snooze(NULL, 1, NULL)$$), '22004 argument "kind" must not be null', 'no kind');
SELECT is(refusal($$SELECT playbook_snooze('task', NULL, NULL)$$), '22004 argument "id" must not be null', 'no id');

-- The order, and pages of it.
SET ROLE snooze_owner;
SELECT count(playbook_advance(playbook_start('work'))) FROM generate_series(1, 20) AS n \g /dev/null
RESET ROLE;
UPDATE playbook_tasks SET priority = (ARRAY['low', 'normal', 'high', 'urgent'])[id % 4 + 1];
UPDATE playbook_tasks SET due_at = now() + id * interval '1 minute' WHERE id % 3 = 0;
UPDATE playbook_tasks SET due_at = now() - interval '1 hour' WHERE id % 7 = 0;
GRANT CREATE ON SCHEMA public TO snooze_ana;
SET ROLE snooze_ana;
CREATE TABLE pages (number integer GENERATED ALWAYS AS IDENTITY, rank integer, due_at timestamptz, since timestamptz, kind text,
    id bigint);
DO $$
DECLARE
    l pages;
BEGIN
    FOR page IN 1 .. 100 LOOP
        INSERT INTO pages (rank, due_at, since, kind, id)
        SELECT w.rank, w.due_at, w.since, w.kind, w.id FROM playbook_my_work w
        WHERE l.id IS NULL OR (w.rank, coalesce(w.due_at, 'infinity'), w.since, w.kind, w.id)
              > (l.rank, coalesce(l.due_at, 'infinity'), l.since, l.kind, l.id)
        ORDER BY w.rank, coalesce(w.due_at, 'infinity'), w.since, w.kind, w.id LIMIT 6;
        EXIT WHEN NOT FOUND;
        SELECT * INTO l FROM pages ORDER BY number DESC LIMIT 1;
    END LOOP;
END
$$;
SELECT set_eq('SELECT kind, id FROM pages', 'SELECT kind, id FROM playbook_my_work', 'the pages have everything');
SELECT is((SELECT count(*) FROM pages), (SELECT count(*) FROM playbook_my_work), 'once');
SELECT results_eq('SELECT rank FROM pages ORDER BY number', 'SELECT rank FROM playbook_my_work ORDER BY rank',
    'the most pressing first');
SELECT ok((SELECT bool_or(rank = 0) AND bool_or(rank = 5) FROM pages), 'from what is overdue to what may wait');
RESET ROLE;

SELECT * FROM finish();
DROP OWNED BY snooze_owner, snooze_ana, snooze_ben;
DROP EXTENSION playbook CASCADE;
DROP ROLE snooze_owner, snooze_ana, snooze_ben;
