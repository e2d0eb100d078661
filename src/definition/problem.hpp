// One thing that is wrong with a definition; validation reports all of them, each with its place in the
// user's text.
#pragma once

#include <string>
#include <vector>

namespace playbook::definition {

struct Problem {
	enum class Severity { Error, Warning };
	Severity severity = Severity::Error;
	std::string code; // stable, "PB012"; each is described in doc/definition.md
	std::string path; // "steps[2].config.if"; "" for the document
	int line = 0;     // 1-based; 0 when unknown
	int column = 0;
	std::string message; // lower case, no full stop, values quoted
	std::string hint;    // a full sentence; Report gives those without one the hint of their code
};

using Problems = std::vector<Problem>;

inline bool has_errors(const Problems &problems) {
	for (const Problem &problem : problems)
		if (problem.severity == Problem::Severity::Error) return true;
	return false;
}

} // namespace playbook::definition
