// Reads the texts of a definition (templates, references, conditions, queries) and lists every name they
// mention.
#pragma once

#include <string>
#include <vector>

#include "definition/model.hpp"
#include "definition/parser.hpp"
#include "definition/report.hpp"
#include "definition/schema.hpp"
#include "expression/condition_names.hpp"

namespace playbook::definition {

// A dotted name in a text of the definition.
struct Mention {
	enum class Form { Reference, Template, Condition, Query };
	Form form = Form::Reference;
	int step = -1;    // whose text it is; -1: none (a trigger, an output, an insight)
	std::string path; // of the text
	const std::string *text = nullptr;
	std::size_t offset = 0;
	std::vector<std::string> name; // {"steps", "reply", "outcome"}
	bool relative = false;         // in a template whose blocks may give a first part a meaning of their own
	bool rows = false;             // the place takes the rows of a step
};

struct Comparison {
	int step = -1;
	std::string path;
	const std::string *text = nullptr;
	expression::WordComparison words;
};

struct Mentions {
	std::vector<Mention> names;
	std::vector<Comparison> comparisons;
	std::vector<ConditionText> conditions;
};

// Syntax errors of the texts go to the report. What is returned points into the annotations' values.
Mentions read_mentions(const Definition &definition, const std::vector<Annotation> &annotations,
                       const Document &document, Report &report);

} // namespace playbook::definition
