-- Sample data: a company that sells software to 2,000 customers, as its warehouse and its CRM would show it.
--
--     psql -d playbook_demo -v as_of=2026-01-28 -f scripts/sample-data.sql
--
-- Schema analytics (people, accounts, health_history, usage_history) plays the warehouse, schema crm (companies,
-- contacts, deals) the CRM, with HubSpot's property names. accounts.account_id, companies.company_id and
-- deals.company_id are one key of one type. Everything is computed from row numbers: the same as_of gives the
-- same rows every time, and all dates move with it. Some deals have no company or no amount, some accounts no
-- survey score, as in life.
--
-- Loading again replaces the rows. A schema of that name that is not the sample's own is left alone: the script
-- stops.
\if :{?as_of}
\else
\set as_of 2026-01-28
\endif
\set ON_ERROR_STOP on
BEGIN;
SET LOCAL client_min_messages = warning;
SET LOCAL timezone = 'UTC';
SET LOCAL synchronous_commit = off;

DO $guard$
DECLARE
    taken text;
BEGIN
    SELECT string_agg(quote_ident(nspname), ', ') INTO taken
    FROM pg_namespace
    WHERE nspname IN ('analytics', 'crm')
      AND obj_description(oid, 'pg_namespace') IS DISTINCT FROM 'Sample data of playbook.';
    IF taken IS NOT NULL THEN
        RAISE EXCEPTION USING
            ERRCODE = '42P06',
            MESSAGE = format('this database has its own schema %s', taken),
            HINT    = 'Load the sample data into a database of its own.';
    END IF;
END
$guard$;

CREATE SCHEMA IF NOT EXISTS analytics;
CREATE SCHEMA IF NOT EXISTS crm;
COMMENT ON SCHEMA analytics IS 'Sample data of playbook.';
COMMENT ON SCHEMA crm IS 'Sample data of playbook.';

CREATE TABLE IF NOT EXISTS analytics.people (
    person_id text PRIMARY KEY,
    name      text NOT NULL,
    email     text NOT NULL UNIQUE,
    role      text NOT NULL,
    team      text NOT NULL,
    time_zone text NOT NULL,
    manager   text REFERENCES analytics.people
);
CREATE TABLE IF NOT EXISTS analytics.accounts (
    account_id      bigint PRIMARY KEY,
    account_name    text NOT NULL,
    name            text GENERATED ALWAYS AS (account_name) STORED,
    industry        text NOT NULL,
    segment         text NOT NULL,
    region          text NOT NULL,
    time_zone       text NOT NULL,
    plan            text NOT NULL,
    arr             numeric(12, 2) NOT NULL,
    seats           integer NOT NULL,
    seats_used      integer NOT NULL,
    usage_30d       integer NOT NULL,
    usage_prior_30d integer NOT NULL,
    health_score    integer NOT NULL CHECK (health_score BETWEEN 0 AND 100),
    health_status   text NOT NULL,
    nps             integer,
    open_tickets    integer NOT NULL,
    csm             text NOT NULL REFERENCES analytics.people,
    owner_email     text NOT NULL,
    contact_name    text NOT NULL,
    contact_email   text NOT NULL,
    customer_since  date NOT NULL,
    renewal_date    date NOT NULL,
    last_login_at   timestamptz
);
CREATE INDEX IF NOT EXISTS accounts_health_score_idx ON analytics.accounts (health_score);
CREATE INDEX IF NOT EXISTS accounts_renewal_date_idx ON analytics.accounts (renewal_date);
CREATE TABLE IF NOT EXISTS analytics.health_history (
    account_id    bigint NOT NULL REFERENCES analytics.accounts,
    observed_on   date NOT NULL,
    health_score  integer NOT NULL,
    health_status text NOT NULL,
    PRIMARY KEY (account_id, observed_on)
);
CREATE TABLE IF NOT EXISTS analytics.usage_history (
    account_id bigint NOT NULL REFERENCES analytics.accounts,
    week       date NOT NULL,
    sessions   integer NOT NULL,
    PRIMARY KEY (account_id, week)
);
CREATE TABLE IF NOT EXISTS crm.companies (
    company_id     bigint PRIMARY KEY,
    name           text NOT NULL,
    domain         text NOT NULL,
    industry       text NOT NULL,
    lifecyclestage text NOT NULL
);
CREATE TABLE IF NOT EXISTS crm.contacts (
    contact_id         bigint PRIMARY KEY,
    email              text NOT NULL,
    firstname          text NOT NULL,
    lastname           text NOT NULL,
    jobtitle           text NOT NULL,
    lifecyclestage     text NOT NULL,
    associated_company bigint NOT NULL REFERENCES crm.companies
);
CREATE TABLE IF NOT EXISTS crm.deals (
    deal_id            bigint PRIMARY KEY,
    dealname           text NOT NULL,
    amount             numeric(12, 2),
    closedate          date NOT NULL,
    createdate         date NOT NULL,
    dealstage          text NOT NULL,
    dealtype           text NOT NULL,
    owner_email        text NOT NULL,
    associated_company bigint REFERENCES crm.companies,
    company_id         bigint GENERATED ALWAYS AS (associated_company) STORED
);
CREATE INDEX IF NOT EXISTS deals_company_id_idx ON crm.deals (company_id);
CREATE INDEX IF NOT EXISTS deals_dealstage_idx ON crm.deals (dealstage);

TRUNCATE analytics.people, analytics.accounts, analytics.health_history, analytics.usage_history,
    crm.companies, crm.contacts, crm.deals;

-- Chance without chance ---------------------------------------------------------------------------

-- Uniform in [0, 1), always the same for the same arguments.
CREATE OR REPLACE FUNCTION pg_temp.roll(topic text, n bigint) RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN ('x' || substr(md5(topic || ':' || n), 1, 8))::bit(32)::bigint / 4294967296.0::double precision;

-- One of the list, evenly.
CREATE OR REPLACE FUNCTION pg_temp.pick(list text[], topic text, n bigint) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN list[1 + floor(pg_temp.roll(topic, n) * cardinality(list))::integer];

CREATE OR REPLACE FUNCTION pg_temp.health_status(score integer) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN score >= 85 THEN 'Champion' WHEN score >= 70 THEN 'Healthy' WHEN score >= 60 THEN 'Neutral'
            WHEN score >= 40 THEN 'At-Risk' ELSE 'Critical' END;

-- The score of an account so many months ago: a level, a slow drift, some noise, and for a few a recent fall.
CREATE TEMP TABLE health ON COMMIT DROP AS
SELECT account_id, months_ago,
       greatest(3, least(99, round(level + months_ago * drift
                                   + 8 * (pg_temp.roll('noise', account_id * 100 + months_ago) - 0.5)
                                   - CASE WHEN months_ago < 3 THEN fall ELSE 0 END)))::integer AS score
FROM (
    SELECT n AS account_id, 41 + 54 * power(pg_temp.roll('health', n), 0.45) AS level,
           2.0 * pg_temp.roll('drift', n) - 1.1 AS drift,
           CASE WHEN pg_temp.roll('fall', n) < 0.06 THEN 25 ELSE 0 END AS fall
    FROM generate_series(10000, 11999) AS n
    OFFSET 0 -- computed once for each account, not once for each month
) AS account, generate_series(0, 12) AS months_ago;

CREATE TEMP TABLE first_name ON COMMIT DROP AS
SELECT string_to_array(
           'Ana, Bruno, Chidi, Dana, Emeka, Farah, Greta, Hiro, Ines, Jonas, Katya, Liam, Mei, Nadia,'
           ' Omar, Priya, Quentin, Rosa, Søren, Tomás, Uma, Viktor, Wanda, Ximena, Yusuf, Zoë', ', ') AS list;
CREATE TEMP TABLE last_name ON COMMIT DROP AS
SELECT string_to_array(
           'Abara, Bergström, Castillo, Dubois, Eriksen, Fischer, García, Haddad, Ivanova, Jansen,'
           ' Kowalski, Lindqvist, Müller, Nakamura, O''Brien, Petrov, Quiroga, Rossi, Sharma, Tanaka,'
           ' Ueda, Varga, Weiss, Xu, Yilmaz, Zhang', ', ') AS list;

-- The company's own people: a leader, four managers, twenty customer success managers -------------

INSERT INTO analytics.people (person_id, name, email, role, team, time_zone, manager)
SELECT 'lead', 'Ruth Adler', 'ruth.adler@vendor.example', 'leader', 'Customer Success', 'America/New_York', NULL
UNION ALL
SELECT 'manager-' || n, (ARRAY['Marta Silva', 'Noah Okafor', 'Petra Novak', 'Sanjay Rao'])[n],
       (ARRAY['marta.silva', 'noah.okafor', 'petra.novak', 'sanjay.rao'])[n] || '@vendor.example', 'manager',
       (ARRAY['Enterprise', 'Mid-Market', 'EMEA', 'APAC'])[n],
       (ARRAY['America/New_York', 'America/Chicago', 'Europe/Berlin', 'Asia/Singapore'])[n], 'lead'
FROM generate_series(1, 4) AS n;

INSERT INTO analytics.people (person_id, name, email, role, team, time_zone, manager)
SELECT format('csm-%s', to_char(n, 'FM00')), f.list[n] || ' ' || l.list[1 + (n * 7) % 26],
       format('csm%s@vendor.example', to_char(n, 'FM00')), 'csm', m.team, m.time_zone, m.person_id
FROM generate_series(1, 20) AS n, first_name AS f, last_name AS l, analytics.people AS m
WHERE m.person_id = 'manager-' || (1 + (n - 1) % 4);

-- Accounts ----------------------------------------------------------------------------------------

WITH words AS (
    SELECT string_to_array(
           'Acme, Alder, Amber, Aster, Basalt, Beacon, Birch, Blue Heron, Bright, Cedar, Cinder,'
           ' Clover, Cobalt, Copper, Coral, Crescent, Delta, Drift, Echo, Ember, Fern, Flint, Garnet,'
           ' Granite, Harbor, Hazel, Indigo, Iron Oak, Juniper, Keystone, Lantern, Larch, Linden,'
           ' Lumen, Maple, Meridian, Mosaic, Nimbus, Northwind, Onyx, Orchard, Pebble, Quartz, Raven,'
           ' Sable, Sierra, Sparrow, Timber, Umbra, Willow', ', ') AS heads,
           string_to_array(
           'Corp, Analytics, Bank, Biotech, Capital, Clinics, Cloud, Couriers, Dental, Designs,'
           ' Energy, Engineering, Foods, Freight, Games, Health, Hotels, Insurance, Labs, Learning,'
           ' Legal, Logistics, Marine, Media, Mills, Mobility, Motors, Networks, Optics, Outfitters,'
           ' Payments, Pharma, Power, Press, Retail, Robotics, Security, Software, Studios, Textiles', ', ') AS tails
), account AS MATERIALIZED (
    -- Fifty heads with forty tails are 2,000 names, each once.
    SELECT 10000 + n AS id, w.heads[1 + n % 50] || ' ' || w.tails[1 + n / 50] AS account_name,
           pg_temp.roll('size', n) AS size, h.score AS health,
           1 + floor(pg_temp.roll('csm', n) * 20)::integer AS csm,
           pg_temp.pick(f.list, 'first', n) AS first_name, pg_temp.pick(l.list, 'last', n) AS last_name,
           :'as_of'::date + floor(pg_temp.roll('renewal', n) * 365)::integer AS renewal_date
    FROM generate_series(0, 1999) AS n
    JOIN health AS h ON h.account_id = 10000 + n AND h.months_ago = 0
    CROSS JOIN words AS w CROSS JOIN first_name AS f CROSS JOIN last_name AS l
), sized AS MATERIALIZED (
    SELECT *, CASE WHEN size < 0.55 THEN 'Starter' WHEN size < 0.88 THEN 'Growth' ELSE 'Enterprise' END AS plan,
           round((3600 * exp(size * size * 4.1))::numeric, -2) AS arr
    FROM account
), seated AS MATERIALIZED (
    SELECT *, greatest(3, round(arr / CASE plan WHEN 'Starter' THEN 480 WHEN 'Growth' THEN 600
                                             ELSE 720 END))::integer AS seats
    FROM sized
), used AS MATERIALIZED (
    SELECT *, greatest(1, round(seats * least(1, 0.25 + health / 130.0
                                                 + 0.2 * pg_temp.roll('adoption', id))))::integer AS seats_used
    FROM seated
)
INSERT INTO analytics.accounts (account_id, account_name, industry, segment, region, time_zone, plan, arr, seats,
    seats_used, usage_30d, usage_prior_30d, health_score, health_status, nps, open_tickets, csm, owner_email,
    contact_name, contact_email, customer_since, renewal_date, last_login_at)
SELECT u.id, u.account_name,
       pg_temp.pick(ARRAY['Finance', 'Healthcare', 'Manufacturing', 'Retail', 'Software', 'Transport'],
                    'industry', u.id),
       CASE u.plan WHEN 'Starter' THEN 'smb' WHEN 'Growth' THEN 'mid_market' ELSE 'enterprise' END,
       CASE split_part(p.time_zone, '/', 1) WHEN 'America' THEN 'AMER' WHEN 'Europe' THEN 'EMEA' ELSE 'APAC' END,
       p.time_zone, u.plan, u.arr, u.seats, u.seats_used,
       usage.sessions,
       greatest(1, round(usage.sessions * CASE WHEN u.health < 60 THEN 1.1 + 0.5 * pg_temp.roll('decline', u.id)
                                               ELSE 0.85 + 0.25 * pg_temp.roll('decline', u.id) END))::integer,
       u.health, pg_temp.health_status(u.health),
       CASE WHEN pg_temp.roll('survey', u.id) < 0.62
            THEN least(10, round(u.health / 10.0 + 3 * (pg_temp.roll('nps', u.id) - 0.5)))::integer END,
       floor(power(pg_temp.roll('tickets', u.id), 3) * (110 - u.health) / 6)::integer,
       p.person_id, p.email, u.first_name || ' ' || u.last_name,
       lower(translate(u.first_name || '.' || u.last_name, 'áäçéëíöøúü''', 'aaceeioouu')) || '@'
           || lower(replace(u.account_name, ' ', '-')) || '.example',
       u.renewal_date - 365 * (1 + floor(pg_temp.roll('tenure', u.id) * 5)::integer), u.renewal_date,
       -- Four in a hundred never log in.
       CASE WHEN pg_temp.roll('login', u.id) > 0.04
            THEN :'as_of'::date - make_interval(hours =>
                     floor(power(pg_temp.roll('login', u.id), 2) * (110 - u.health) * 8)::integer) END
FROM used AS u
JOIN analytics.people AS p ON p.person_id = format('csm-%s', to_char(u.csm, 'FM00'))
CROSS JOIN LATERAL (
    SELECT greatest(1, round(u.seats_used * u.health / 75.0
                             * (6 + 14 * pg_temp.roll('intensity', u.id))))::integer AS sessions
) AS usage;

INSERT INTO analytics.health_history (account_id, observed_on, health_score, health_status)
SELECT account_id, (:'as_of'::date - make_interval(months => months_ago))::date, score,
       pg_temp.health_status(score)
FROM health;

-- Twelve weeks; the last four add up to about usage_30d, the four before them to usage_prior_30d.
INSERT INTO analytics.usage_history (account_id, week, sessions)
SELECT account_id, :'as_of'::date - 7 * ago,
       round(CASE WHEN ago < 4 THEN usage_30d ELSE usage_prior_30d END / 4.0
             * (0.9 + 0.2 * pg_temp.roll('week', account_id * 100 + ago)))::integer
FROM analytics.accounts CROSS JOIN generate_series(0, 11) AS ago;

-- The CRM -----------------------------------------------------------------------------------------

INSERT INTO crm.companies (company_id, name, domain, industry, lifecyclestage)
SELECT account_id, account_name, split_part(contact_email, '@', 2), industry,
       CASE health_status WHEN 'Champion' THEN 'evangelist' ELSE 'customer' END
FROM analytics.accounts;

-- The account's own contact, and up to three colleagues.
INSERT INTO crm.contacts (contact_id, email, firstname, lastname, jobtitle, lifecyclestage, associated_company)
SELECT account_id * 10, contact_email, split_part(contact_name, ' ', 1), split_part(contact_name, ' ', 2),
       'Head of Operations', 'customer', account_id
FROM analytics.accounts
UNION ALL
SELECT account_id * 10 + n,
       lower(translate(first_name, 'áäçéëíöøúü', 'aaceeioouu')) || n || '@' || split_part(contact_email, '@', 2),
       first_name, pg_temp.pick(l.list, 'colleague-last', account_id * 10 + n),
       pg_temp.pick(ARRAY['Analyst', 'Administrator', 'Finance Director', 'Product Owner', 'Team Lead'],
                    'title', account_id * 10 + n),
       pg_temp.pick(ARRAY['customer', 'customer', 'customer', 'opportunity', 'lead', 'subscriber'],
                    'stage', account_id * 10 + n),
       account_id
FROM analytics.accounts
CROSS JOIN generate_series(1, 3) AS n
CROSS JOIN first_name AS f CROSS JOIN last_name AS l
CROSS JOIN LATERAL (
    SELECT pg_temp.pick(f.list, 'colleague-first', account_id * 10 + n) AS first_name
) AS colleague
WHERE pg_temp.roll('colleague', account_id * 10 + n) < 0.55;

-- Renewals of the next 150 days, and expansions, more of them where customers are well.
WITH deal AS (
    SELECT account_id * 10 AS id, account_id,
           account_name || ' – Renewal ' || extract(year FROM renewal_date) AS dealname, 'renewal' AS dealtype,
           arr * (0.95 + 0.2 * pg_temp.roll('uplift', account_id))::numeric AS amount,
           renewal_date AS closedate, owner_email
    FROM analytics.accounts
    WHERE renewal_date < :'as_of'::date + 150
    UNION ALL
    SELECT account_id * 10 + 1, account_id, account_name || ' – Expansion', 'expansion',
           arr * (0.1 + 0.5 * pg_temp.roll('expansion', account_id))::numeric,
           :'as_of'::date + 5 + floor(pg_temp.roll('close', account_id) * 170)::integer, owner_email
    FROM analytics.accounts
    WHERE pg_temp.roll('interest', account_id) < CASE WHEN health_score >= 70 THEN 0.25 ELSE 0.08 END
)
INSERT INTO crm.deals (deal_id, dealname, amount, closedate, createdate, dealstage, dealtype, owner_email,
    associated_company)
SELECT id, dealname,
       -- Not every deal was entered with care.
       CASE WHEN pg_temp.roll('amount', id) > 0.015 THEN round(amount, -2) END,
       closedate, closedate - 30 - floor(pg_temp.roll('cycle', id) * 120)::integer,
       pg_temp.pick(ARRAY['appointmentscheduled', 'qualifiedtobuy', 'qualifiedtobuy', 'presentationscheduled',
                          'decisionmakerboughtin', 'contractsent', 'closedwon', 'closedlost'], 'stage', id),
       dealtype, owner_email,
       CASE WHEN pg_temp.roll('association', id) > 0.01 THEN account_id END
FROM deal;

COMMIT;
ANALYZE analytics.people, analytics.accounts, analytics.health_history, analytics.usage_history,
    crm.companies, crm.contacts, crm.deals;
