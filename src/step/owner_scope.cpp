#include "step/owner_scope.hpp"

namespace playbook::step {

OwnerScope::OwnerScope(const Context &context) {
	const std::string &path = context.execution.plan->search_path;
	settings_.open(); // a condition may call a function that changes settings
	settings_.set("search_path", path.empty() ? "\"$user\", public" : path.c_str());
	const Oid owner = context.execution.owner;
	if (GetUserId() != owner || GetSessionUserId() != owner)
		identity_.emplace(owner, GetSessionUserId() != owner);
}

} // namespace playbook::step
