-- Saving, judging, publishing and comparing definitions. Implemented by src/sql_api/define_api.cpp and src/definition.

CREATE FUNCTION playbook_create(definition text, publish boolean DEFAULT false)
RETURNS text LANGUAGE C AS 'MODULE_PATHNAME', 'playbook_create';
COMMENT ON FUNCTION playbook_create(text, boolean) IS
    'Stores a new playbook from YAML or JSON, with or without the outer playbook key, as a draft or published; the caller becomes its owner. Returns its id. Everything wrong with the text is reported at once (22023) and nothing is stored.';

CREATE FUNCTION playbook_update(
    playbook   text,
    definition text,
    publish    boolean DEFAULT false,
    expected   text    DEFAULT NULL)
RETURNS text LANGUAGE C AS 'MODULE_PATHNAME', 'playbook_update';
COMMENT ON FUNCTION playbook_update(text, text, boolean, text) IS
    'Writes the draft of a playbook, or what runs with publish => true. expected is the digest the editor started from (playbook_digest): another one meanwhile is refused with the text that is stored now. Returns updated or unchanged.';

CREATE FUNCTION playbook_apply(definition text, publish boolean DEFAULT true)
RETURNS text LANGUAGE C AS 'MODULE_PATHNAME', 'playbook_apply';
COMMENT ON FUNCTION playbook_apply(text, boolean) IS
    'For deployment from a repository: creates or updates the playbook of the text''s own id. Returns created, updated or unchanged.';

CREATE FUNCTION playbook_publish(playbook text)
RETURNS void LANGUAGE C STRICT AS 'MODULE_PATHNAME', 'playbook_publish';
COMMENT ON FUNCTION playbook_publish(text) IS 'Makes the draft what runs. Executions that are under way keep the definition they started with.';

CREATE FUNCTION playbook_restore(playbook text, history bigint, publish boolean DEFAULT false)
RETURNS text LANGUAGE C AS 'MODULE_PATHNAME', 'playbook_restore';
COMMENT ON FUNCTION playbook_restore(text, bigint, boolean) IS 'Takes the definition of an entry of playbook_history back as the draft, or as what runs with publish => true; itself an entry, restored. Returns updated or unchanged.';

CREATE FUNCTION playbook_archive(playbook text)
RETURNS void LANGUAGE C STRICT AS 'MODULE_PATHNAME', 'playbook_archive';
COMMENT ON FUNCTION playbook_archive(text) IS 'No new execution can be started; those under way go on. playbook_publish() brings it back.';

CREATE FUNCTION playbook_validate(definition text)
RETURNS TABLE (path text, line integer, "column" integer, message text, hint text, severity text, code text)
LANGUAGE C STRICT AS 'MODULE_PATHNAME', 'playbook_validate';
COMMENT ON FUNCTION playbook_validate(text) IS
    'Everything that is wrong with a definition''s text, each with its place in that text; no rows when it is good. Codes are described in doc/definition.md.';

CREATE FUNCTION playbook_export(playbook text, format text DEFAULT 'yaml')
RETURNS text LANGUAGE C STRICT AS 'MODULE_PATHNAME', 'playbook_export';
COMMENT ON FUNCTION playbook_export(text, text) IS 'The definition as yaml, as json, or as its source: the text as it was saved, comments included.';

CREATE FUNCTION playbook_duplicate(playbook text, new_id text, new_name text DEFAULT NULL)
RETURNS text LANGUAGE C AS 'MODULE_PATHNAME', 'playbook_duplicate';
COMMENT ON FUNCTION playbook_duplicate(text, text, text) IS 'A copy under another id, as a draft owned by the caller. Returns the new id.';

CREATE FUNCTION playbook_digest(playbook text)
RETURNS text LANGUAGE C STRICT AS 'MODULE_PATHNAME', 'playbook_digest';
COMMENT ON FUNCTION playbook_digest(text) IS 'SHA-256, in hex, of the draft, or of what is published when there is no draft: what playbook_update() takes as expected.';

CREATE FUNCTION playbook_diff(a text, b text)
RETURNS TABLE (step text, change text, path text, before jsonb, after jsonb)
LANGUAGE C STRICT AS 'MODULE_PATHNAME', 'playbook_diff';
COMMENT ON FUNCTION playbook_diff(text, text) IS 'The difference of two definitions, each given as a playbook''s id or as a text: one row for each thing added, removed, changed or moved.';

CREATE FUNCTION playbook_schema(step_type text DEFAULT NULL)
RETURNS jsonb LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'playbook_schema';
COMMENT ON FUNCTION playbook_schema(text) IS 'The JSON Schema that definitions are judged by: of the whole language, or of a step of one type.';
