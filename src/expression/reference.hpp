// ${…} references: ${parameters.x}, ${steps.open_deals}, ${steps.open_deals.company_id}, ${item.id},
// ${previous.steps.x}.
//
// A string that is exactly one reference keeps the value's type; otherwise each reference is replaced by
// its text. ${env…} never resolves. Column arrays (steps.s.column, steps.s.columns) are resolved by the
// caller, who has the rows.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "value/value.hpp"

namespace playbook::expression {

struct Reference {
	std::vector<std::string> path; // {"steps", "open_deals", "company_id"}
	std::size_t begin = 0;         // of "${" in the text, bytes
	std::size_t end = 0;           // past "}"
	std::string text() const;      // "steps.open_deals.company_id"
};

// What is wrong with a reference's or template's text, and where (byte offset; callers turn it into line
// and column).
struct SyntaxError {
	std::size_t offset = 0;
	std::string message;
	std::string hint;
};

struct ReferenceScan {
	std::vector<Reference> references;
	std::vector<SyntaxError> errors;
};

// "$${" is a literal "${".
ReferenceScan scan_references(std::string_view text);
// True when the whole text (spaces around apart) is one reference.
bool is_single_reference(std::string_view text);

// Returns the value of a path, or nullopt when there is none.
using Resolver = std::function<std::optional<Value>(const Reference &)>;

// Replaces every reference in every string of `value`, deeply. Unresolved ones become null (single) or ""
// (inside a text) and are added to `missing` when it is given.
Value resolve_references(const Value &value, const Resolver &resolve,
                         std::vector<std::string> *missing = nullptr);

} // namespace playbook::expression
