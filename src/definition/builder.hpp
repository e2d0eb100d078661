// From a document's values to a Definition: which key means what.
//
// Tolerant: a value of the wrong kind counts as absent, since the schema has reported it already, so that the
// rest of the definition can be judged too. Order and names are for graph.hpp and validator.hpp.
#pragma once

#include "definition/model.hpp"
#include "definition/parser.hpp"
#include "definition/problem.hpp"
#include "value/value.hpp"

namespace playbook::definition {

struct Built {
	Definition definition;
	Problems problems; // limits, keys that contradict each other; with paths, without positions
	// For each step: the dependencies as written; nullopt when the step has no depends_on.
	std::vector<std::optional<std::vector<std::string>>> written_dependencies;
};

Built build_definition(const Value &document, const ParseLimits &limits);

} // namespace playbook::definition
