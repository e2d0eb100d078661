-- A company with 2,000 customers: its warehouse and its CRM
--
-- Nothing of playbook yet; only what the later chapters work on.
\pset format aligned
\pset tuples_only off
\pset border 1
\pset footer off
SELECT health_status, count(*) AS accounts, round(avg(health_score)) AS score,
       to_char(sum(arr) / 1e6, 'FM$990.00"M"') AS arr
FROM analytics.accounts
GROUP BY health_status
ORDER BY min(health_score);
SELECT dealstage, count(*) AS deals, to_char(sum(amount) / 1e6, 'FM$990.00"M"') AS amount
FROM crm.deals
WHERE dealstage NOT LIKE 'closed%'
GROUP BY dealstage
ORDER BY sum(amount) DESC;
\pset tuples_only on
\pset format unaligned
SELECT demo.check('customers', (SELECT count(*) FROM analytics.accounts), 2000);
SELECT demo.check('customers without a CSM who has a manager', count(*), 0)
FROM analytics.accounts AS a
LEFT JOIN analytics.people AS p ON p.person_id = a.csm
WHERE p.manager IS NULL;
