#include "step/owner_scope.hpp"

namespace playbook::step {

OwnerScope::OwnerScope(const Context &context) {
	const std::string &path = context.execution.plan->search_path;
	settings_.open(); // a condition may call a function that changes settings
	settings_.set("search_path", path.empty() ? "\"$user\", public" : path.c_str());
	const Oid owner = context.execution.owner;
	const bool is_own = pg::is_session_of(owner);
	if (GetUserId() != owner || !is_own) identity_.emplace(owner, !is_own);
}

} // namespace playbook::step
