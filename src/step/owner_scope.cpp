#include "step/owner_scope.hpp"

namespace playbook::step {

// The server takes a schema that is named twice at its first place.
std::string search_path_of_author(const std::string &saved, bool restricted) {
	return (saved.empty() ? "\"$user\", public" : saved) + (restricted ? ", pg_temp" : "");
}

OwnerScope::OwnerScope(const Context &context, For what) {
	const Oid owner = context.execution.owner;
	const bool is_own = pg::is_session_of(owner);
	if (what == For::Anything) settings_.open(); // functions may be called that change settings
	settings_.set("search_path", search_path_of_author(context.execution.plan->search_path, !is_own).c_str());
	if (GetUserId() != owner || !is_own) identity_.emplace(owner, !is_own);
}

} // namespace playbook::step
