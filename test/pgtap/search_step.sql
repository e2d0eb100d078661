-- search: HubSpot's filters over the tables of the local CRM.
BEGIN;
SELECT plan(26);
\ir data_steps.psql
CREATE SCHEMA sc;
SET LOCAL playbook.crm_schema = 'sc';
CREATE TABLE sc.deals (deal_id integer PRIMARY KEY, dealname text, amount numeric, closedate date, dealstage text, company_id integer,
    associated_company text, "Odd Name" text);
INSERT INTO sc.deals VALUES
    (1, 'Acme renewal', 100, '2026-01-10', 'open', 11, 'Acme', 'x'), (2, 'Bolt upsell', 250.5, '2026-02-10', 'won', 12, 'Bolt', NULL),
    (3, 'Acme+Cog pilot', NULL, '2026-03-10', 'open', 11, '', NULL), (4, 'Dune_100%', 50, NULL, 'lost', NULL, NULL, NULL);
CREATE FUNCTION searched(config jsonb, given jsonb DEFAULT '{}') RETURNS SETOF jsonb LANGUAGE sql AS $$
    SELECT playbook_rows(run_steps(jsonb_build_array(step('s', 'search', '{"object": "deals"}' || config) || '{"source": "crm"}'), given) ->> 'run_id', 's')
$$;
-- The ids that one filter finds.
CREATE FUNCTION found(filter jsonb, given jsonb DEFAULT '{}') RETURNS text LANGUAGE sql AS $$
    SELECT coalesce(string_agg(r ->> 'deal_id', ' ' ORDER BY r ->> 'deal_id'), '')
    FROM searched(jsonb_build_object('filters', jsonb_build_array(filter)), given) r
$$;
CREATE FUNCTION search_refused(config jsonb) RETURNS text LANGUAGE sql AS
    $$SELECT refused('search', '{"object": "deals"}' || config)$$;

SELECT is(found('{"property": "dealstage", "operator": "EQ", "value": "open"}'), '1 3', 'EQ');
SELECT is(found('{"property": "amount", "operator": "EQ", "value": "250.50"}'), '2', 'EQ with a text for a number');
SELECT is(found('{"property": "dealstage", "operator": "NEQ", "value": "open"}'), '2 4', 'NEQ');
SELECT is(found('{"property": "amount", "operator": "LT", "value": 100}'), '4', 'LT');
SELECT is(found('{"property": "amount", "operator": "LTE", "value": 100}'), '1 4', 'LTE');
SELECT is(found('{"property": "amount", "operator": "GT", "value": 100}'), '2', 'GT');
SELECT is(found('{"property": "amount", "operator": "GTE", "value": 100}'), '1 2', 'GTE');
SELECT is(found('{"property": "closedate", "operator": "BETWEEN", "value": "2026-02-01", "highValue": "2026-03-31"}'), '2 3', 'BETWEEN');
SELECT is(found('{"property": "closedate", "operator": "GTE", "value": "1770681600000"}'), '2 3', 'milliseconds since 1970 for a date');
SELECT is(found('{"property": "dealstage", "operator": "IN", "values": ["open", "won"]}'), '1 2 3', 'IN');
SELECT is(found('{"property": "dealstage", "operator": "NOT_IN", "values": ["open", "won"]}'), '4', 'NOT_IN');
SELECT is(found('{"property": "company_id", "operator": "IN", "values": "${parameters.ids}"}', '{"ids": [12, 13]}'), '2', 'IN a list that came at run time');
SELECT is(found('{"property": "associated_company", "operator": "HAS_PROPERTY"}'), '1 2', 'HAS_PROPERTY: neither null nor empty');
SELECT is(found('{"property": "associated_company", "operator": "NOT_HAS_PROPERTY"}'), '3 4', 'NOT_HAS_PROPERTY');
SELECT is(found('{"property": "dealname", "operator": "CONTAINS_TOKEN", "value": "acme"}'), '1 3', 'CONTAINS_TOKEN: a word, in any case');
SELECT is(found('{"property": "dealname", "operator": "CONTAINS_TOKEN", "value": "acm"}'), '', 'not a part of one');
SELECT is(found('{"property": "dealname", "operator": "CONTAINS_TOKEN", "value": "up*"}'), '2', 'but with a star');
SELECT is(found('{"property": "dealname", "operator": "NOT_CONTAINS_TOKEN", "value": "acme"}'), '2 4', 'NOT_CONTAINS_TOKEN');
SELECT is(found('{"property": "dealname", "operator": "EQ", "value": "${parameters.x}"}', '{"x": "'' OR true --"}'), '', 'a hostile value is a value');
SELECT is((SELECT string_agg(r ->> 'deal_id', ' ') FROM searched('{"filter_groups": [{"filters": [{"property": "dealstage", "operator": "EQ", "value": "won"}]},
    {"filters": [{"property": "dealstage", "operator": "EQ", "value": "open"}, {"property": "amount", "operator": "HAS_PROPERTY"}]}], "sort": "-amount"}') r), '2 1',
    'one of several groups, sorted downwards');
SELECT is((SELECT string_agg(r ->> 'deal_id', ' ') FROM searched('{"query": "100%"}') r), '4', 'free text, its signs taken as they are');
SELECT results_eq($$SELECT searched('{"properties": ["dealname"], "sort": "deal_id", "limit": 1}')$$,
    $$VALUES ('{"dealname": "Acme renewal", "deal_id": 1, "company_id": 11, "associated_company": "Acme"}'::jsonb)$$, 'properties, and always the keys');
SELECT is(search_refused('{"properties": ["dealnam"]}'), '42703 column "dealnam" does not exist in CRM object "deals"', 'an unknown property');
SELECT alike(error_of('s') ->> 'hint', '%"dealname"%', 'and the nearest one');
SELECT is(search_refused('{"object": "deal"}'), '42P01 CRM object "deal" does not exist', 'an unknown object');
SET LOCAL playbook.crm = 'hub';
SELECT alike(search_refused('{"filters": []}'), '0A000 connection "hub"%', 'another platform says which setting');

SELECT * FROM finish();
ROLLBACK;
