// From a definition's text, YAML or JSON, to a Definition and the list of everything that is wrong with it.
//
// The only way in for definitions: playbook_create, playbook_validate, preview of an unsaved text and the
// cache of snapshots all come through here, so that one judge decides. Conditions are checked for shape and
// names here; whether PostgreSQL can parse them is added by expression/condition, which needs a server.
#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include "definition/model.hpp"
#include "definition/problem.hpp"
#include "expression/reference.hpp"

namespace playbook::definition {

struct ParseLimits {
	std::size_t bytes = std::size_t{1} << 20;
	std::size_t depth = 160;    // containers within containers: five for each level of branches, and more
	std::size_t nodes = 100000; // after aliases were followed, so an alias bomb is refused
	std::size_t steps = 1000;
	std::size_t branch_depth = 24;
};

// What a place in the document has in the user's text, to report problems that are found later (by the
// server).
struct Position {
	int line = 0;
	int column = 0;
};

// A condition somewhere in the definition, or an expression over the columns of rows (a filter's condition, a
// metric), for checks that need the server.
struct ConditionText {
	std::string path;
	std::string text;
	Position position;
	bool over_rows = false; // its names are columns, which nobody knows yet
};

struct ParseResult {
	std::shared_ptr<const Definition> definition; // null when there are errors
	Problems problems;
	Value document; // as far as the text could be read, without the outer `playbook:`
	std::vector<ConditionText> conditions;
};

ParseResult parse_definition(std::string_view text, const ParseLimits &limits = {});
// A stored definition (playbook_snapshots.definition); positions are unknown then.
ParseResult read_definition(const Value &document, const ParseLimits &limits = {});

} // namespace playbook::definition
