#include "execution/unreadable.hpp"

#include "execution/plan_cache.hpp"
#include "pg/spi.hpp"
#include "worker/process.hpp"

namespace playbook::execution {
namespace {

// Gives the execution its plan, or says why the snapshot cannot be read.
std::optional<std::string> read_plan(Execution &execution) {
	try {
		execution.plan = plan_of(execution.snapshot);
		return std::nullopt;
	} catch (const pg::Error &error) {
		if (error.sqlstate() != ERRCODE_FEATURE_NOT_SUPPORTED && error.sqlstate() != ERRCODE_UNDEFINED_OBJECT)
			throw;
		return std::string(error.what()) + (error.detail.empty() ? "" : ": " + error.detail);
	}
}

// Once for each snapshot and process: executions are looked at again and again.
void log_once(std::int64_t snapshot, const std::string &reason) {
	static auto *const logged = new std::set<std::int64_t>();
	if (!logged->insert(snapshot).second) return;
	worker::log("executions wait, since " + reason);
}

} // namespace

void put_off_unreadable(std::vector<Execution> &claimed) {
	std::map<std::int64_t, std::optional<std::string>> reasons; // by snapshot
	std::map<std::string, std::vector<std::int64_t>> put_off;   // by reason
	std::erase_if(claimed, [&](Execution &execution) {
		if (execution.plan != nullptr) return false;
		const auto [known, is_new] = reasons.try_emplace(execution.snapshot);
		if (is_new || !known->second) known->second = read_plan(execution);
		if (!known->second) return false;
		log_once(execution.snapshot, *known->second);
		put_off[*known->second].push_back(execution.id);
		return true;
	});
	static pg::Statement later("UPDATE @playbook_executions_live SET reason = $2, "
	                           "due_at = clock_timestamp() + interval '1 minute' WHERE id = ANY ($1)",
	                           {INT8ARRAYOID, TEXTOID});
	for (const auto &[reason, executions] : put_off)
		later.execute({pg::datum(pg::array_of(executions)), pg::text(reason)});
}

} // namespace playbook::execution
