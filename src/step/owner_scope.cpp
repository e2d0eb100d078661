#include "step/owner_scope.hpp"

namespace playbook::step {

OwnerScope::OwnerScope(const Context &context, For what) {
	const std::string &path = context.execution.plan->search_path;
	if (what == For::Anything) settings_.open(); // functions may be called that change settings
	settings_.set("search_path", path.empty() ? "\"$user\", public" : path.c_str());
	const Oid owner = context.execution.owner;
	const bool is_own = pg::is_session_of(owner);
	if (GetUserId() != owner || !is_own) identity_.emplace(owner, !is_own);
}

} // namespace playbook::step
