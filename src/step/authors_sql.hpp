// Whoever approves or retries a step may change what it does, but not the SQL that it does it with.
#pragma once

#include "pg/guard.hpp"
#include "step/action_changes.hpp"

namespace playbook::step {

// Throws 42501 when the changes would put SQL of somebody else in the place of its author's.
inline void require_authors_sql(definition::StepType type, const std::string &step, const Value &action,
                                const Value &changes) {
	const std::string key = changed_sql(type, action, changes);
	if (key.empty()) return;
	throw pg::Error(
	    ERRCODE_INSUFFICIENT_PRIVILEGE,
	    "\"" + key + "\" of step \"" + step + "\" is SQL, and cannot be changed here",
	    "It runs with the rights of the playbook's owner, so only who may edit the playbook writes it.",
	    "Change the step's parameters, or edit the playbook.");
}

} // namespace playbook::step
