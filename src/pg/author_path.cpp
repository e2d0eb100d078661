#include "pg/author_path.hpp"

#include "pg/guard.hpp"

extern "C" {
#include "utils/varlena.h"
}

namespace playbook::pg {
namespace {

// Without temporary schemas: the author's are not here, and others' are none of the author's.
std::string without_temporary(const std::string &saved) {
	if (saved.find("pg_temp") == saved.npos) return saved;
	return call([&]() -> const char * {
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

} // namespace playbook::pg
