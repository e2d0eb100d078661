#include "sql_api/execution_argument.hpp"

#include "execution/store.hpp"
#include "identity/access.hpp"
#include "pg/identity.hpp"

namespace playbook::sql_api {
namespace {

struct Named {
	std::int64_t id = 0;
	bool is_known = true;
};

// A run id says when its execution was made. One of another database may well have the number of an execution
// of this one, which is not meant.
Named named_by(const std::string &text) {
	const Named named{execution::execution_from_text(text)};
	if (!text.starts_with("run_")) return named;
	const pg::Spi connection;
	const pg::EngineIdentity engine;
	static pg::Statement made("SELECT created_at FROM @playbook_executions WHERE id = $1", {INT8OID});
	const pg::Rows rows = made.query({pg::int8(named.id)});
	return {named.id, !rows.empty() && execution::run_id_of(named.id, rows.timestamp(0, 0)) == text};
}

Named named_in(FunctionCallInfo info) {
	const pg::Arguments args(info);
	if (args.declared_type(0) == TEXTOID) return named_by(args.text(0, "run_id"));
	return {args.int8(0, "execution")};
}

} // namespace

std::int64_t execution_argument(FunctionCallInfo info) {
	const Named named = named_in(info);
	if (!named.is_known) identity::unknown_execution(named.id);
	return named.id;
}

std::optional<std::int64_t> find_execution_argument(FunctionCallInfo info) {
	const Named named = named_in(info);
	return named.is_known ? std::optional(named.id) : std::nullopt;
}

} // namespace playbook::sql_api
