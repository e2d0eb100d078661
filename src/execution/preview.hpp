// What a playbook would do for a customer, step by step, as it would be rendered now.
//
// Nothing is written and nothing is sent: everything happens in a read-only subtransaction that is rolled
// back, and handlers are only asked to prepare; data steps are planned, or run when asked for, so that later
// steps see rows.
#pragma once

#include "execution/model.hpp"

namespace playbook::execution {

struct Previewed {
	int position = 0;
	std::string id, type;
	Value input;
	bool needs_approval = false;
	std::vector<std::string> approvers;
	std::string branch; // "answered.then"; with " (not taken)" where the condition is known
	std::optional<TimestampTz> planned_at;
	std::vector<std::string> missing_variables;
	std::string problem;
};

// `playbook`: an id, or a definition's text.
std::vector<Previewed> preview(const std::string &playbook, const std::optional<std::string> &customer,
                               const Value &parameters, bool run_queries);

} // namespace playbook::execution
