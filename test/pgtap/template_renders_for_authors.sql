-- playbook_render() gives what a step would: the session's settings for time zone, locale and currency, and errors
-- with their place.
BEGIN;
SELECT plan(10);

SELECT is(playbook_render('Dear {{customer.name}}', '{"customer": {"name": "A & B <Ltd>"}}'),
          'Dear A & B <Ltd>',
          'plain text is not escaped');
SELECT is(playbook_render('{{#each items}}{{@index}}:{{this}} {{/each}}', '{"items": ["a", "b"]}'), '0:a 1:b ',
          'blocks');
SELECT is(playbook_render('[{{customer.nothing}}]', '{"customer": {}}'), '[]', 'a missing variable is empty');
SELECT is(playbook_render('{{default customer.first_name "there"}}', '{}'), 'there', 'unless there is a default');
SELECT is(playbook_render('{{v}}', '{"v": "{{customer.name}} ''; DROP TABLE t; --"}'),
          '{{customer.name}} ''; DROP TABLE t; --',
          'a value is not read as a template');
SELECT is(playbook_render('{{n}}', '{"n": 12345678901234567890.123}'), '12345678901234567890.123',
          'digits stay');
SELECT throws_matching($$SELECT playbook_render('Hi {{#if a}}')$$, 'template cannot be read', 'an open block');
SELECT throws_ok($$SELECT playbook_render('x', '[]')$$, '22023',
                 'context must be a JSON object, not array', 'no object');
SELECT is(playbook_render(NULL), NULL, 'no template, no text');
SELECT is(playbook_render(''), '', 'an empty one');

SELECT * FROM finish();
ROLLBACK;
