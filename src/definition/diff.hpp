// The difference of two definitions as rows, for playbook_diff and for refusing an edit that started from
// another text.
//
// Steps are matched by id wherever they stand, so a step that moved into a branch is one row, not a removal
// and an addition.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "value/value.hpp"

namespace playbook::definition {

struct Difference {
	enum class Kind { Added, Removed, Changed, Moved };
	std::string step; // its id; "" for what belongs to the definition itself
	Kind kind = Kind::Changed;
	std::string path;            // in the new definition; of a removed value in the old one
	std::optional<Value> before; // of a moved step: its path
	std::optional<Value> after;
};

const char *to_string(Difference::Kind kind);
// Both without the outer `playbook:`. Rows of the definition first, then of steps in the order of the new
// definition, removed steps last. Equal definitions give no rows.
std::vector<Difference> diff_definitions(const Value &before, const Value &after);

} // namespace playbook::definition
