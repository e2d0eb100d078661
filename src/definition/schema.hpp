// The published JSON Schema of definitions (doc/definition.schema.json), and checking a document against it.
//
// One text serves editors, playbook_schema() and validation. The checker knows the part of JSON Schema that
// the text uses and speaks in problems rather than in keywords. `format` annotations say what a text is
// (template, condition, query, duration …); what they find is handed to the validator, which judges those
// texts.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "definition/model.hpp"
#include "definition/problem.hpp"
#include "value/value.hpp"

namespace playbook::definition {

const Value &definition_schema();
// A schema of its own for one type of step, for forms and completion; nullopt never happens for a type of the
// model.
std::optional<Value> step_schema(StepType type);

// A value that the schema calls by a format. Points into the checked document.
struct Annotation {
	std::string path;
	std::string format;
	const Value *value;
};

struct SchemaFindings {
	Problems problems;                   // with paths, without positions
	std::vector<Annotation> annotations; // in the order of the document's walk
};

// Checks a definition (without the outer `playbook:`), or a part of it against $defs/<part>.
SchemaFindings check_schema(const Value &document, const char *part = "definition");

} // namespace playbook::definition
