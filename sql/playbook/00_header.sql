-- The head of the install script. Everything below is created with CREATE, never CREATE OR REPLACE or IF NOT EXISTS:
-- somebody may have put an object of that name there first, and then this script must fail.
\echo Use "CREATE EXTENSION playbook" to load this file. \quit

-- What this script runs finds nothing but pg_catalog: whoever may create in the schema could have put a function or an
-- operator there that fits better, and would have it called by the superuser who installs. What it creates is bound to
-- names with the schema on the path, after pg_catalog; the last fragment looks whether anything was bound to others'.
SET LOCAL search_path = pg_catalog, pg_temp;
SET LOCAL client_min_messages = warning;

-- Definitions, templates, mail and documents are UTF-8 throughout. SQL_ASCII passes bytes on as they are; any other
-- encoding would refuse the first umlaut of a definition, or store what an escape such as \u20ac stands for wrongly.
DO $$
BEGIN
    IF getdatabaseencoding() NOT IN ('UTF8', 'SQL_ASCII') THEN
        RAISE EXCEPTION USING ERRCODE = 'feature_not_supported',
            MESSAGE = format('playbook needs a database whose encoding is UTF8, not %s', getdatabaseencoding()),
            HINT = 'Create one with CREATE DATABASE … TEMPLATE template0 ENCODING ''UTF8''.';
    END IF;
END
$$;
SET LOCAL search_path = @extschema@, pg_temp;
