-- Functions with which authors try what they write into a playbook, before and outside any execution. They read no
-- table of the extension and run as whoever calls them. Used by nobody else; the engine evaluates conditions itself.
-- Served by src/sql_api/condition_api.cpp and template_api.cpp, over src/expression.

CREATE FUNCTION playbook_condition(expression text, context jsonb DEFAULT '{}')
RETURNS jsonb
LANGUAGE C STABLE STRICT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'playbook_condition';
COMMENT ON FUNCTION playbook_condition(text, jsonb) IS 'Evaluates an expression as a condition of a playbook would see it, over a context such as {"customer": {"health_score": 42}}, and returns its value.';

CREATE FUNCTION playbook_check_condition(expression text)
RETURNS void
LANGUAGE C STABLE STRICT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'playbook_check_condition';
COMMENT ON FUNCTION playbook_check_condition(text) IS 'Raises an error, with the place, when the text could not be a condition whatever the values are; saving a playbook judges its conditions in the same way.';

CREATE FUNCTION playbook_render(template text, context jsonb DEFAULT '{}')
RETURNS text
LANGUAGE C STABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'playbook_render';
COMMENT ON FUNCTION playbook_render(text, jsonb) IS 'Renders a template as a step of a playbook would, over a context such as {"customer": {"name": "Acme"}}; a variable without a value is empty.';
