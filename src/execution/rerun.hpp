// A former execution's data steps done again, to see whether they still find the same.
//
// What reads is done again: data steps and conditions, from the former execution's snapshot, parameters and
// customer. What acts, waits or is decided by people is not: it stands as it was, so that the conditions
// behind it see what they saw. Nothing stays of it, no row and no message: a trial is no execution that
// dashboards, `previous` or estimates could mistake for the latest.
#pragma once

#include "execution/model.hpp"

namespace playbook::execution {

struct Rerun {
	std::string run_id;
	std::vector<std::string> kept; // steps that were not done again
	Value differences;             // an array of objects: step, item, what, former, now, …; empty: equal
};

// Errors: 42704 an unknown or invisible execution or playbook, 42501 no right to start it, 55000 it did not
// complete or fail, or its rows are gone.
Rerun rerun(std::int64_t execution);

} // namespace playbook::execution
