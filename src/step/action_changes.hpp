// What an approver makes of an action: a JSON merge patch (RFC 7396) that may change values but not the
// action's shape.
//
// Nothing is added, nothing is taken away and every value keeps its kind, so that what runs after an approval
// with changes is the action that the playbook prepared, with other words in it. Core: no server header.
#pragma once

#include <stdexcept>
#include <string>
#include <vector>

#include "definition/model.hpp"

namespace playbook::step {

// The changes do not fit the action. `path` is where, "body" or "payload.items"; `known` the keys that exist
// there.
class ChangeError : public std::runtime_error {
public:
	ChangeError(const std::string &message, std::string where, std::vector<std::string> keys = {})
	    : std::runtime_error(message), path(std::move(where)), known(std::move(keys)) {}
	const std::string path;
	const std::vector<std::string> known;
};

// The action with the changes merged into it. Throws ChangeError.
Value changed_action(const Value &action, const Value &changes);

// The key of an action that holds SQL and would get another one by the changes; "" when there is none. SQL
// runs with the rights of the playbook's owner, so nobody but its author writes it.
std::string changed_sql(definition::StepType type, const Value &action, const Value &changes);

// Two sets of changes that were made one after the other, as one.
Value merged_changes(const Value &earlier, const Value &later);

} // namespace playbook::step
