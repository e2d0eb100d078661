#include "step/owner_scope.hpp"

#include "pg/author_path.hpp"

namespace playbook::step {

OwnerScope::OwnerScope(const Context &context, For what) {
	const Oid owner = context.execution.owner;
	const bool is_own = pg::is_session_of(owner);
	if (what == For::Anything) settings_.open(); // functions may be called that change settings
	settings_.set("search_path",
	              pg::search_path_of_author(context.execution.plan->search_path, !is_own).c_str());
	if (GetUserId() != owner || !is_own) identity_.emplace(owner, !is_own);
}

} // namespace playbook::step
