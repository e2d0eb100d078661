-- The customer source: declaring it, reading customers through it, and the people.
BEGIN;
SELECT plan(34);

CREATE ROLE source_admin;   GRANT playbook_admin TO source_admin;
CREATE ROLE source_user;    GRANT playbook_user TO source_user;
CREATE TABLE accounts (account_id bigint PRIMARY KEY, account_name text, owner text, arr numeric, "odd@name" text);
INSERT INTO accounts VALUES (1, 'Acme', 'Ana@Example.com', 12345678901234567890.123, 'x'), (2, 'Globex', NULL, 0.10, NULL);
CREATE TABLE by_text (id text, name text);
INSERT INTO by_text VALUES ('007', 'Bond'), ('twice', 'a'), ('twice', 'b');
CREATE TABLE by_uuid (id uuid PRIMARY KEY, name text);
INSERT INTO by_uuid VALUES ('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', 'U');
CREATE TABLE by_date (id date PRIMARY KEY, name text);
INSERT INTO by_date VALUES ('2026-01-28', 'D');
CREATE TEMP TABLE passing (id text PRIMARY KEY);
CREATE SEQUENCE counter;

SELECT is(playbook_customer('anything'), '{"id": "anything"}', 'while no source is declared, an id is all there is');

SET LOCAL ROLE source_user;
SELECT throws_ok($$SELECT playbook_set_customer_source('accounts', 'account_id')$$, '42501');
SELECT throws_ok($$SELECT playbook_set_person('x', 'X')$$, '42501');
SET LOCAL ROLE source_admin;
SELECT throws_ok($$SELECT playbook_set_customer_source('accounts', NULL)$$, '22004');
SELECT throws_ok($$SELECT playbook_set_customer_source('accounts', 'id')$$, '42703', 'relation "public.accounts" has no column "id"');
SELECT throws_ok($$SELECT playbook_set_customer_source('accounts', 'account_id', 'csm')$$, '42703');
SELECT throws_ok($$SELECT playbook_set_customer_source('accounts', 'account_id', mapping => '{"name": "nix"}')$$, '42703');
SELECT throws_ok($$SELECT playbook_set_customer_source('accounts', 'account_id', mapping => '{"name": 1}')$$, '22023');
SELECT throws_ok($$SELECT playbook_set_customer_source('accounts', 'account_id', mapping => '[]')$$, '22023');
SELECT throws_ok($$SELECT playbook_set_customer_source('accounts', 'account_id', mapping => '{"id": "owner"}')$$, '22023');
SELECT throws_ok($$SELECT playbook_set_customer_source('counter', 'last_value')$$, '42809');
RESET ROLE;
SELECT throws_ok($$SELECT playbook_set_customer_source('pg_temp.passing', 'id')$$, '42809');
SELECT is((SELECT count(*) FROM playbook_customer_source), 0::bigint, 'what was refused left nothing');

SET LOCAL ROLE source_admin;
SELECT lives_ok($$SELECT playbook_set_customer_source('accounts', 'account_id', 'owner', '{"name": "account_name", "odd": "odd@name"}')$$);
RESET ROLE;
SELECT is(playbook_customer('1') ->> 'name', 'Acme', 'a mapped name');
SELECT is(playbook_customer('1') ->> 'odd', 'x', 'a column whose name holds an @');
SELECT is(playbook_customer('1') ->> 'account_name', 'Acme', 'a column under its own name');
SELECT is(playbook_customer('1') ->> 'arr', '12345678901234567890.123', 'numbers keep their digits');
SELECT is(playbook_customer('2') ->> 'arr', '0.10', 'trailing zeros too');
SELECT is(playbook_customer('1') -> 'id', '"1"', 'the id is text');
SELECT is(playbook_customer(id), NULL, format('no customer: %s', id))
FROM unnest(ARRAY['3', '01', 'x'' OR true --']) AS id;
SET LOCAL ROLE source_user;
SELECT throws_ok($$SELECT playbook_customer('1')$$, '42501', 'permission denied for table accounts');
RESET ROLE;

SET LOCAL client_min_messages = error;
SELECT playbook_set_customer_source('by_text', 'id') \g /dev/null
SELECT is(playbook_customer('007') ->> 'name', 'Bond', 'a text key');
SELECT throws_ok($$SELECT playbook_customer('twice')$$, '21000');
SELECT playbook_set_customer_source('by_uuid', 'id') \g /dev/null
SELECT is(ARRAY[playbook_customer('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11') ->> 'name', playbook_customer('no uuid') ->> 'name'],
          ARRAY['U', NULL], 'a uuid key');
SELECT playbook_set_customer_source('by_date', 'id') \g /dev/null
SELECT is(ARRAY[playbook_customer('2026-01-28') ->> 'name', playbook_customer('28 January') ->> 'name'],
          ARRAY['D', NULL], 'a key of another type, by its text');
DROP TABLE by_date;
SELECT throws_ok($$SELECT playbook_customer('2026-01-28')$$, '42P01');

SELECT playbook_set_person('ana', 'Ana', manager => NULL) \g /dev/null
SELECT playbook_set_person('ben', 'Ben', manager => 'ana') \g /dev/null
SELECT throws_ok($$SELECT playbook_set_person('ana', 'Ana', manager => 'ben')$$, '22023', 'person "ana" would be a manager of its own');
SELECT playbook_set_person('ben', 'Ben', 'Ben@example.com', manager => 'ana') \g /dev/null
SELECT throws_ok($$SELECT playbook_set_person('ana', 'Ana', 'ben@example.com')$$, '23505', '"ben@example.com" is the address of person "ben"');
SELECT throws_ok($$SELECT playbook_set_person(' ', 'Ana')$$, '22023', 'the id and the name of a person must not be empty');
SELECT throws_ok($$SELECT playbook_set_person('ana', '')$$, '22023', 'the id and the name of a person must not be empty');
SELECT throws_ok($$SELECT playbook_set_person('ana', 'Ana', time_zone => 'Mars/Olympus')$$, '22023', 'unknown time zone "Mars/Olympus"');

SELECT * FROM finish();
ROLLBACK;
