#include "execution/plan_cache.hpp"

#include <list>

#include "definition/parser.hpp"
#include "pg/installation.hpp"
#include "pg/spi.hpp"

namespace playbook::execution {
namespace {

constexpr std::size_t capacity = 256;

struct Cache {
	std::uint64_t generation = 0;
	std::list<std::shared_ptr<const Plan>> recent; // most recent first
	std::unordered_map<std::int64_t, std::list<std::shared_ptr<const Plan>>::iterator> by_snapshot;
};

// Made at first use and never destroyed: the server unloads no library.
Cache &cache() {
	static Cache *const made = new Cache();
	const std::uint64_t generation = pg::installation().generation;
	if (made->generation != generation) {
		made->recent.clear();
		made->by_snapshot.clear();
		made->generation = generation;
	}
	return *made;
}

std::shared_ptr<const Plan> read_plan(std::int64_t snapshot) {
	static pg::Statement find("SELECT definition, search_path FROM @playbook_snapshots WHERE id = $1",
	                          {INT8OID});
	const pg::Rows rows = find.query({pg::int8(snapshot)});
	if (rows.empty())
		throw pg::Error(ERRCODE_UNDEFINED_OBJECT, "snapshot " + std::to_string(snapshot) + " does not exist",
		                "An execution points at a definition that is not in playbook_snapshots.",
		                "Restore playbook_snapshots from the backup that the executions came from.");
	definition::ParseResult read = definition::read_definition(rows.jsonb(0, 0));
	if (read.definition == nullptr) {
		const std::string first =
		    read.problems.empty() ? std::string("unreadable") : read.problems.front().message;
		throw pg::Error(
		    ERRCODE_FEATURE_NOT_SUPPORTED,
		    "this version of playbook cannot read snapshot " + std::to_string(snapshot), first,
		    "Install the version of the library that the definition was saved with, or a later one.");
	}
	auto plan = std::make_shared<Plan>();
	plan->snapshot = snapshot;
	plan->search_path = rows.text(0, 1);
	plan->definition = std::move(read.definition);
	return plan;
}

} // namespace

void remember_plan(std::shared_ptr<const Plan> plan) {
	Cache &plans = cache();
	const std::int64_t snapshot = plan->snapshot;
	if (plans.by_snapshot.contains(snapshot)) return;
	plans.recent.push_front(std::move(plan));
	plans.by_snapshot.emplace(snapshot, plans.recent.begin());
	if (plans.recent.size() > capacity) {
		plans.by_snapshot.erase(plans.recent.back()->snapshot);
		plans.recent.pop_back();
	}
}

std::shared_ptr<const Plan> plan_of(std::int64_t snapshot) {
	Cache &plans = cache();
	if (const auto found = plans.by_snapshot.find(snapshot); found != plans.by_snapshot.end()) {
		plans.recent.splice(plans.recent.begin(), plans.recent, found->second);
		return *found->second;
	}
	std::shared_ptr<const Plan> plan = read_plan(snapshot);
	remember_plan(plan);
	return plan;
}

} // namespace playbook::execution
