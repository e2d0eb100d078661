-- What an operator is told who holds a connection that nothing uses: in whose name, perhaps, there is a slip.
BEGIN;
SELECT playbook_hold('connection', 'realy', 'key is changed');
SELECT playbook_create('{id: relayed, steps: [{id: m, type: email, source: relay,
    config: {to: a@example.com, subject: s, body: b}}]}');
SELECT playbook_hold('connection', 'realy', 'key is changed');
SELECT playbook_hold('connection', 'relay', 'key is changed');
SELECT kind, name, reason FROM playbook_holds ORDER BY name;
ROLLBACK;
