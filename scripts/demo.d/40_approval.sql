-- A person decides: one mail is approved, and only that one goes out
--
-- The application names its user with playbook.actor; only the account's CSM may decide.
SELECT set_config('role', 'demo_team', false) \g /dev/null
SELECT a.id AS approval, a.execution_id AS execution, a.customer_id AS customer, (a.approvers -> 'people' ->> 0) AS csm
FROM approvals AS a JOIN analytics.accounts AS c ON c.account_id::text = a.customer_id
WHERE a.status = 'pending' ORDER BY c.arr DESC, c.account_id LIMIT 1 \gset
\pset format aligned
\pset tuples_only off
SELECT id, customer_id, step_id, action ->> 'to' AS "to", action ->> 'subject' AS subject,
       approvers -> 'people' AS approvers
FROM approvals WHERE status = 'pending' ORDER BY id;
\pset tuples_only on
\pset format unaligned
BEGIN;
SET LOCAL playbook.actor = :'csm';
SELECT '    ' || :'csm' || ' decides on approval ' || :'approval' || ': ' || playbook_approve(:approval, 'Go ahead');
COMMIT;
SELECT count(playbook_wait(:execution, '1 s')) \g /dev/null
\echo
\echo '    The outbox:'
SELECT '    to ' || recipient || E'\n    ' || (payload ->> 'subject') || E'\n'
       || regexp_replace(payload ->> 'body', '^', '    | ', 'gm')
FROM playbook_outbox WHERE kind = 'email';
SELECT demo.check('mails in the outbox', count(*), 1) FROM playbook_outbox WHERE kind = 'email';
SELECT demo.check('the mail''s text is as expected', o.payload ->> 'body' = format(
    E'Hello %s,\n\nI have seen that %s uses us less than before, and I would like to understand why.\n'
    'Your renewal is on %s. Shall we talk this week?\n\n%s\n',
    c.contact_name, c.account_name, to_char(c.renewal_date, 'FMDD FMMonth YYYY'), p.name), true)
FROM playbook_outbox AS o, analytics.accounts AS c JOIN analytics.people AS p ON p.person_id = c.csm
WHERE o.kind = 'email' AND c.account_id::text = o.customer_id;
\echo
\pset format aligned
\pset tuples_only off
SELECT "position" AS n, coalesce(branch, '') AS branch, step, type, status, coalesce(outcome, '') AS outcome,
       coalesce(waiting_for, '') AS waits_for, coalesce(reason, '') AS reason
FROM playbook_progress(:execution);
\pset tuples_only on
\pset format unaligned
