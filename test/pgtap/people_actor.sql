-- For whom a session acts: playbook.actor where it is believed, else the role's person, else the role's name.
BEGIN;
SELECT plan(27);
\ir refusal.psql

CREATE ROLE people_app;      GRANT playbook_trusted_app TO people_app;
CREATE ROLE people_plain;    GRANT playbook_user TO people_plain;
CREATE ROLE people_nobody;   GRANT playbook_user TO people_nobody;
GRANT people_plain TO people_app;
GRANT CREATE ON SCHEMA public TO people_app;
SELECT playbook_set_person('p1', 'Petra', 'petra@example.com', 'people_plain') \g /dev/null
SELECT playbook_set_person('p2', 'Paul', deputy => 'p1', away_until => now() + interval '1 day') \g /dev/null
SELECT playbook_set_person('p3', 'Pia', deputy => 'p1', away_until => now() - interval '1 day') \g /dev/null

SET LOCAL ROLE people_nobody;
SELECT is(playbook_actor(), 'people_nobody', 'a role without a person acts under its name');
SET LOCAL playbook.actor = 'p1';
SELECT is(playbook_actor(), 'people_nobody', 'playbook.actor of a role that is not trusted is not believed');
RESET playbook.actor;

SET LOCAL ROLE people_plain;
SELECT is(playbook_actor(), 'p1', 'a role with a person acts for the person');
SELECT ok(playbook_is_named('{"people": ["p0", "p1"]}'), 'a person is named by its id');
SELECT ok(playbook_is_named('{"people": ["p2"]}'), 'a deputy is named while the other is away');
SELECT ok(NOT playbook_is_named('{"people": ["p3"]}'), 'a deputy is not named when the other is back');
SELECT ok(playbook_is_named('{"roles": ["people_plain"]}'), 'a role is named by its name');
SELECT ok(NOT playbook_is_named('{"people": ["people_plain"], "roles": ["people_app", "no_such_role"]}'),
          'the name of a role is no person, and another role is not named');

SET LOCAL ROLE people_app;
SELECT is(playbook_actor(), 'people_app', 'an application that names nobody acts under its name');
SET LOCAL playbook.actor = 'p2';
SELECT is(playbook_actor(), 'p2', 'an application names its user');
CREATE FUNCTION people_wrapper() RETURNS text LANGUAGE sql SECURITY DEFINER RETURN playbook_actor();
GRANT EXECUTE ON FUNCTION people_wrapper() TO PUBLIC;
SELECT is(people_wrapper(), 'p2', 'also within its own SECURITY DEFINER function');
SET LOCAL ROLE people_plain;
SELECT is(people_wrapper(), 'p1', 'but not when somebody else calls that function');

RESET ROLE;
SELECT playbook_set_person('p0', 'Pit', 'pit@example.com', 'people_plain') \g /dev/null
SELECT is(as_role('people_plain', 'SELECT playbook_actor()'), 'people_plain',
    'a role that two people share acts for neither of them');
SELECT playbook_set_person('people_nobody', 'Nora') \g /dev/null
SELECT is(as_role('people_nobody', 'SELECT playbook_actor()'), 'role:people_nobody',
    'a role that is called like a person does not act for the person');
SELECT is(as_role('people_nobody', $$SELECT playbook_is_named('{"people": ["people_nobody"]}')$$), 'false',
    'and may not decide for the person');
SELECT is(as_role('people_nobody', $$SELECT playbook_is_named('{"roles": ["people_nobody"]}')$$), 'true',
    'but where the role is named');
SELECT is(refusal($$SELECT playbook_set_person('p4', 'Pau', 'PETRA@example.com')$$) ~ '^23505 ', true,
    'an e-mail is one person''s, in whatever case');

SELECT is(refusal(format($$SELECT playbook_set_person('p5', 'Pam', %L)$$, address)),
          format(E'22023 "%s" is no e-mail address\nHINT: Write the address alone, as in ana@example.com.', address), 'no address: ' || address)
FROM unnest(ARRAY['bad mail', 'pam', 'pam@', '@example.com', 'Pam <pam@example.com>', 'pam@example.com, b@example.com', 'p..m@example.com',
                  'pam@example.', E'pam@example.com\nBcc: x@y.example']) AS address;
SELECT lives_ok($$SELECT playbook_set_person('p5', 'Pam', 'pam.o''neil+crm@mail.bücher.example')$$, 'what is one, is taken');

SELECT * FROM finish();
ROLLBACK;
