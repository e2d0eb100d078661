-- The head of the install script. Everything below is created with CREATE, never CREATE OR REPLACE or IF NOT EXISTS:
-- somebody may have put an object of that name there first, and then this script must fail.
\echo Use "CREATE EXTENSION playbook" to load this file. \quit

SET LOCAL search_path = @extschema@, pg_catalog, pg_temp;
SET LOCAL client_min_messages = warning;
