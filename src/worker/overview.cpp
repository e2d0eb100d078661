#include "worker/overview.hpp"

#include "worker/slots.hpp"

namespace playbook::worker {
namespace {

const char *word(ExecutorSlot::State state) {
	switch (state) {
	case ExecutorSlot::State::Starting: return "starting";
	case ExecutorSlot::State::Idle: return "idle";
	case ExecutorSlot::State::Working: return "working";
	case ExecutorSlot::State::Alone: return "alone";
	default: return "ended";
	}
}

} // namespace

std::vector<WorkerRow> overview() {
	std::vector<WorkerRow> rows;
	if (shared == nullptr) return rows;
	rows.reserve(2 + max_executors + max_sessions);
	Locked locked(LW_SHARED);
	if (shared->launcher.alive()) {
		WorkerRow row{"launcher", "working"};
		row.pid = shared->launcher.pid;
		rows.push_back(row);
	}
	const DatabaseSlot *database = find_database(MyDatabaseId);
	if (database != nullptr && database->scheduler.alive()) {
		WorkerRow row{"scheduler", "working", MyDatabaseId};
		row.pid = database->scheduler.pid;
		row.since = database->since;
		rows.push_back(row);
	}
	const auto add = [&rows](const char *kind, const ExecutorSlot &slot) {
		if (slot.database != MyDatabaseId || !slot.process.alive()) return;
		rows.push_back(WorkerRow{kind, word(slot.state), slot.database, slot.role, slot.process.pid,
		                         slot.execution, slot.position, slot.item, slot.since});
	};
	for (const ExecutorSlot &slot : shared->executors) add("executor", slot);
	for (const ExecutorSlot &slot : shared->sessions)
		if (slot.state == ExecutorSlot::State::Alone) add("session", slot);
	return rows;
}

} // namespace playbook::worker
