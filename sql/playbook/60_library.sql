-- The ready-made playbooks: texts of library/, which are part of the module. Implemented by
-- src/sql_api/library_api.cpp over src/definition/library.cpp.

CREATE FUNCTION playbook_library_list(
    OUT id          text,
    OUT name        text,
    OUT description text,
    OUT version     text,
    OUT parameters  jsonb,
    OUT definition  text
) RETURNS SETOF record
    LANGUAGE C STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'playbook_library_list';
COMMENT ON FUNCTION playbook_library_list() IS 'The ready-made playbooks of this module; read it through the view playbook_library, which says which of them are hidden by a stored playbook.';

CREATE VIEW playbook_library WITH (security_invoker = true) AS
    SELECT l.id,
           l.name,
           l.description,
           l.version,
           l.parameters,
           EXISTS (SELECT FROM playbooks p WHERE p.id = l.id) AS stored,
           l.definition
    FROM playbook_library_list() AS l;
COMMENT ON VIEW playbook_library IS 'Ready-made playbooks, part of the module. Their ids can be started, run, previewed and exported like those of stored playbooks; copy one with playbook_duplicate() to change it.';
COMMENT ON COLUMN playbook_library.id IS 'The id to start it by.';
COMMENT ON COLUMN playbook_library.name IS 'The name, for people.';
COMMENT ON COLUMN playbook_library.description IS 'What it does.';
COMMENT ON COLUMN playbook_library.version IS 'The version its text says, if any.';
COMMENT ON COLUMN playbook_library.parameters IS 'Its parameters: names, types, defaults and descriptions.';
COMMENT ON COLUMN playbook_library.stored IS 'True: a stored playbook that you may see has this id, and runs instead.';
COMMENT ON COLUMN playbook_library.definition IS 'Its text, comments included.';
