// Plans of authors' statements, kept by the process that runs them: a few, the least recently used leave.
//
// A plan is found by everything its making depended on: the text, the search_path and the role. The server
// itself makes a plan anew when a table it reads has changed.
#pragma once

#include "pg/guard.hpp"

namespace playbook::step {

struct KeptPlan {
	SPIPlanPtr plan = nullptr;   // ours, freed with this object
	SPIPlanPtr unkept = nullptr; // or one of the open SPI connection, which ends with it
	std::vector<Oid> types;      // of $1, $2, …

	SPIPlanPtr get() const { return plan != nullptr ? plan : unkept; }

	KeptPlan() = default;
	~KeptPlan();
	KeptPlan(const KeptPlan &) = delete;
	KeptPlan &operator=(const KeptPlan &) = delete;
};

// Null when there is none. A plan stays valid as long as somebody holds it, even when it was forgotten
// meanwhile.
std::shared_ptr<const KeptPlan> find_plan(const std::string &key);
void keep_plan(const std::string &key, std::shared_ptr<const KeptPlan> plan);
void forget_plan(const std::string &key);

} // namespace playbook::step
