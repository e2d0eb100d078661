// People decide approvals, complete tasks and hand them on: what playbook_approve() and its sisters do.
//
// Every function here asks who the caller is, refuses with 42501 whoever is not named, and with 55000, saying
// who decided when, whoever comes late; it locks the execution before the approval or task, writes as
// playbook_engine, and makes the execution due when something was settled.
#pragma once

#include "pg/guard.hpp"
#include "value/value.hpp"

namespace playbook::step {

struct Verdict {
	bool approve = true;
	std::optional<std::string> comment;
	std::optional<Value> changes; // a JSON merge patch for the action
};

// The approval's status afterwards; "pending" when more people must approve. One rejection settles it.
// Throws 42704 (unknown), 42501, 55000, and 22023 for changes that do not fit the action.
std::string decide(std::int64_t approval, const Verdict &verdict);

// outcome: done or declined. Throws 42704, 42501, 55000, 22023.
void complete_task(std::int64_t task, const Value &result, const std::string &outcome);

// Somebody who is named puts another person in his place; kind is "approval" or "task".
void delegate(const std::string &kind, std::int64_t id, const std::string &person,
              const std::optional<std::string> &comment);

} // namespace playbook::step
