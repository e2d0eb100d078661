// How long an execution that is under way will take: for playbook_estimate, playbook_progress and the result
// document.
//
// Where at least ten of the latest completed executions of the playbook came to the same point (the same
// steps ended in the same way), from how long they took from there: the median, and between which times half
// of them lay. Else from the definition: waits and the dates it waits for; everything else takes no time.
// What nobody can tell is left open: a step that a person ends, an event without a timeout, a playbook within
// the playbook.
#pragma once

#include "execution/model.hpp"

namespace playbook::execution {

struct Estimate {
	enum class Basis { None, Definition, History }; // None: it has ended
	Basis basis = Basis::None;
	int n = 0; // executions it is made from
	// Microseconds from `at`; nullopt: nobody can tell. The quartiles are of History only.
	std::optional<std::int64_t> remaining, p25, p75;
	std::optional<TimestampTz> ends_at;
	TimestampTz at = 0;
	// When each step that has not ended is expected to, by position.
	std::map<int, TimestampTz> steps;
};
const char *to_string(Estimate::Basis basis);

// Of an execution whose steps are loaded. Opens its own identity and connection. Reads a bounded number of
// rows, however many executions there were.
Estimate estimate_of(const Execution &execution);

} // namespace playbook::execution
