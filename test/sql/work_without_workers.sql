-- Where no worker may come: CALL playbook_work() does what is due for the role that calls it, and nothing for others.
-- The owners may not connect, so that workers of a server that has them leave the work alone, too.
SET client_min_messages = error; -- says so
SELECT format('REVOKE CONNECT ON DATABASE %I FROM PUBLIC', current_database()) \gexec
CREATE ROLE regress_playbook_one;
CREATE ROLE regress_playbook_two;
GRANT playbook_author TO regress_playbook_one, regress_playbook_two;
CREATE TABLE done (word text NOT NULL, role name NOT NULL DEFAULT current_user);
GRANT SELECT, INSERT ON done TO regress_playbook_one, regress_playbook_two;

SET SESSION AUTHORIZATION regress_playbook_one;
SELECT playbook_create($$
id: notes
parameters: [{name: word, type: string}]
steps:
  - {id: note, type: sql, config: {template: "INSERT INTO done (word) VALUES ({{word}})", parameters: {word: "${parameters.word}"}}}
  - {id: go, type: wait, config: {event: go}}
  - {id: alone, type: sql, alone: true, config: {template: "INSERT INTO done (word) VALUES ({{word}} || ', alone')", parameters: {word: "${parameters.word}"}}}
  - {id: all, type: query, depends_on: [alone], config: {template: SELECT word FROM done ORDER BY word}}
$$, publish => true);
SELECT playbook_create('{id: fails, steps: [{id: s, type: sql, config: {template: "INSERT INTO done (word) VALUES (NULL)"}}]}', publish => true);
SELECT playbook_start('notes', parameters => '{"word": "first"}') AS first \gset
SELECT playbook_start('notes', parameters => '{"word": "second"}') AS second \gset
SELECT playbook_start('notes', parameters => '{"word": "tomorrow"}', start_at => now() + interval '1 day') AS tomorrow \gset
SELECT playbook_start('fails') AS fails \gset

-- Another role does nothing of it.
SET SESSION AUTHORIZATION regress_playbook_two;
CALL playbook_work('1 second');
SELECT * FROM done;

SET SESSION AUTHORIZATION regress_playbook_one;
BEGIN;
CALL playbook_work('1 second');
ROLLBACK;
CALL playbook_work() \gset
SELECT * FROM done ORDER BY word;
SELECT playbook_id, parameters ->> 'word' AS word, status, waiting_for FROM playbook_executions
WHERE owner = 'regress_playbook_one'::regrole ORDER BY playbook_id, word;
SELECT step, status, error FROM playbook_progress(:fails);

SELECT playbook_signal(:first, 'go');
CALL playbook_work() \gset
SELECT * FROM done ORDER BY word;
SELECT status FROM playbook_executions WHERE id IN (:first, :second) ORDER BY id;
SELECT playbook_rows(:first, 'all');

RESET SESSION AUTHORIZATION;
SELECT playbook_cancel(id, 'the end') FROM playbook_executions WHERE id IN (:second, :tomorrow) ORDER BY id;
DROP TABLE done;
SELECT playbook_set_owner(id, current_user::text::regrole) FROM playbooks WHERE id IN ('notes', 'fails') ORDER BY id;
DROP OWNED BY regress_playbook_one, regress_playbook_two;
DROP ROLE regress_playbook_one, regress_playbook_two;
SELECT format('GRANT CONNECT ON DATABASE %I TO PUBLIC', current_database()) \gexec
