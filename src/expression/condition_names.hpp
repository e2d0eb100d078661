// What a condition mentions, told from its text alone: dotted names, and steps' outcomes compared with words.
//
// A lexical look, for checks when a definition is saved and for knowing which step waits for which. Whether
// the text is an expression is for PostgreSQL's parser (condition.hpp).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "expression/reference.hpp"

namespace playbook::expression {

struct ConditionName {
	std::vector<std::string> path; // {"steps", "reply", "outcome"}
	std::size_t offset = 0;
};

// steps.reply.outcome = 'received', also IN ('a', 'b') and 'received' = steps.reply.outcome.
struct WordComparison {
	std::string step;
	std::string field; // "outcome" or "status"
	std::string word;
	std::size_t offset = 0; // of the word's opening quote
};

struct ConditionNames {
	std::vector<ConditionName> names; // two parts or more, or item or index; functions and types left out
	std::vector<WordComparison> comparisons;
	std::vector<SyntaxError> errors;
};

ConditionNames read_condition_names(std::string_view text);

} // namespace playbook::expression
