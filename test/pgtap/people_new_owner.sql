-- A playbook that is given away takes what is under way along: the next step runs as the new owner.
BEGIN;
SELECT plan(13);

CREATE ROLE giving LOGIN;  GRANT playbook_author, playbook_operator TO giving;
CREATE ROLE taking LOGIN;  GRANT playbook_author TO taking;
CREATE ROLE invoking;      GRANT playbook_user, playbook_author TO invoking;
GRANT giving, taking TO CURRENT_USER;
SET LOCAL ROLE giving;
SELECT playbook_create('
    id: given
    name: Given
    steps:
      - {id: before, type: query, config: {template: SELECT current_user::text AS role}}
      - {id: pause, type: wait, config: {event: go}}
      - {id: after, type: query, depends_on: [pause], config: {template: SELECT current_user::text AS role}}', publish => true) \g /dev/null
SELECT playbook_create('
    id: asked
    name: Asked
    security: invoker
    steps:
      - {id: pause, type: wait, config: {event: go}}
      - {id: after, type: query, depends_on: [pause], config: {template: SELECT current_user::text AS role}}', publish => true) \g /dev/null
SELECT playbook_share('asked', 'invoking', 'start') \g /dev/null
RESET ROLE;
SELECT playbook_start('given') AS moves, playbook_start('given') AS ends, playbook_start('given') AS stands,
       playbook_start('given', start_at => now() + interval '1 day') AS later \gset
SET LOCAL ROLE giving;
SELECT playbook_start('asked') AS own \gset
SET LOCAL ROLE invoking;
SELECT playbook_start('asked') AS invoked \gset
RESET ROLE;
SELECT playbook_advance(:moves), playbook_advance(:ends), playbook_advance(:stands) \g /dev/null
SELECT playbook_signal(:ends, 'go'), playbook_pause(:stands, 'for a while') \g /dev/null
SELECT playbook_advance(:ends) \g /dev/null
UPDATE playbook_executions SET reason = 'role "giving" may not log in', due_at = now() WHERE id = :moves;

SET LOCAL ROLE giving;
SELECT throws_ok($$SELECT playbook_set_owner('given', 'taking')$$, '42501',
                 'must be member of role "taking" to make it an owner', 'nobody makes another role run what is under way');
RESET ROLE;
SELECT lives_ok($$SELECT playbook_set_owner('given', 'taking'), playbook_set_owner('asked', 'taking')$$, 'both are given away');

CREATE FUNCTION owner_of(execution bigint) RETURNS text LANGUAGE sql
    RETURN (SELECT owner::text FROM playbook_executions WHERE id = execution);
SELECT is(owner_of(:moves), 'taking', 'what waits goes along');
SELECT is(owner_of(:later), 'taking', 'what has not begun, too');
SELECT is(owner_of(:stands), 'taking', 'what is paused, too');
SELECT is(owner_of(:ends), 'giving', 'what has ended keeps its owner');
SELECT is(owner_of(:invoked), 'invoking', 'whoever invoked it keeps it');
SELECT is(owner_of(:own), 'giving', 'even the former owner');
SELECT is((SELECT reason FROM playbook_executions WHERE id = :moves), NULL, 'it does not wait for the former owner any longer');
SELECT is((SELECT reason FROM playbook_executions WHERE id = :stands), 'for a while', 'why it is paused is kept');

SELECT playbook_signal(:moves, 'go') \g /dev/null
SELECT playbook_advance(:moves) \g /dev/null
SELECT is((SELECT status FROM playbook_executions WHERE id = :moves), 'completed', 'it goes on');
SELECT is((SELECT r ->> 'role' FROM playbook_rows(:moves, 'before') AS r), 'giving', 'the first step ran as the former owner');
SELECT is((SELECT r ->> 'role' FROM playbook_rows(:moves, 'after') AS r), 'taking', 'the next as the new one');

SELECT * FROM finish();
ROLLBACK;
