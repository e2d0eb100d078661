#include "step/owner_scope.hpp"

extern "C" {
#include "utils/varlena.h"
}

namespace playbook::step {

namespace {

// Without temporary schemas: the author's are not here, and others' are none of the author's.
std::string without_temporary(const std::string &saved) {
	if (saved.find("pg_temp") == saved.npos) return saved;
	return pg::call([&]() -> const char * {
		List *names = NIL;
		StringInfoData kept;
		initStringInfo(&kept);
		if (!SplitIdentifierString(pstrdup(saved.c_str()), ',', &names))
			elog(ERROR, "search_path is no list");
		ListCell *cell = nullptr;
		foreach (cell, names) {
			const char *name = static_cast<const char *>(lfirst(cell));
			if (strcmp(name, "pg_temp") == 0 || strncmp(name, "pg_temp_", 8) == 0) continue;
			appendStringInfo(&kept, "%s%s", kept.len == 0 ? "" : ", ", quote_identifier(name));
		}
		return kept.data;
	});
}

} // namespace

std::string search_path_of_author(const std::string &saved, bool restricted) {
	const std::string path = saved.empty() ? "\"$user\", public" : saved;
	if (!restricted) return path;
	const std::string lasting = without_temporary(path);
	return lasting.empty() ? "pg_temp" : lasting + ", pg_temp";
}

OwnerScope::OwnerScope(const Context &context, For what) {
	const Oid owner = context.execution.owner;
	const bool is_own = pg::is_session_of(owner);
	if (what == For::Anything) settings_.open(); // functions may be called that change settings
	settings_.set("search_path", search_path_of_author(context.execution.plan->search_path, !is_own).c_str());
	if (GetUserId() != owner || !is_own) identity_.emplace(owner, !is_own);
}

} // namespace playbook::step
