#include "worker/counters.hpp"

#include "worker/shared_state.hpp"
#include "worker/slots.hpp"

namespace playbook::worker {
namespace {

constexpr std::array<const char *, plain_counters> names = {"executions_started",
                                                            "executions_completed",
                                                            "executions_failed",
                                                            "executions_cancelled",
                                                            "batches",
                                                            "batches_redone",
                                                            "careful_turns",
                                                            "step_retries",
                                                            "step_overruns",
                                                            "sql_microseconds",
                                                            "sql_statements",
                                                            "messages",
                                                            "notifications",
                                                            "changes",
                                                            "executors_started",
                                                            "executors_interrupted",
                                                            "history_slots_dropped"};
constexpr std::array<const char *, step_ends> ends = {"completed", "failed", "skipped"};

// Of the present transaction.
std::int64_t pending[all_counters];
bool is_pending = false;
CounterSlot *mine = nullptr; // of this database

// Without shared memory.
CounterSlot &own() {
	static CounterSlot slot;
	if (slot.since == 0) slot.since = MyStartTimestamp;
	return slot;
}

CounterSlot *take_slot(Oid database) {
	Locked locked;
	for (CounterSlot &slot : shared->counters) {
		if (slot.database == database) return &slot;
		if (slot.database != InvalidOid) continue;
		slot.since = shared->started_at;
		slot.database.store(database, std::memory_order_release);
		return &slot;
	}
	return nullptr;
}

// One that was counted for and does not exist any more; InvalidOid when there is none.
Oid dropped_database() {
	for (const CounterSlot &slot : shared->counters) {
		const Oid database = slot.database.load(std::memory_order_acquire);
		const bool exists =
		    pg::call([database] { return SearchSysCacheExists1(DATABASEOID, ObjectIdGetDatum(database)); });
		if (!exists) return database;
	}
	return InvalidOid;
}

// The slot of a database that was dropped, for another: nobody counts in it any more.
CounterSlot *take_slot_of(Oid dropped, Oid database) {
	Locked locked;
	for (CounterSlot &slot : shared->counters) {
		if (slot.database == database) return &slot;
		if (slot.database != dropped) continue;
		for (std::atomic<std::int64_t> &value : slot.values) value = 0;
		slot.since = GetCurrentTimestamp();
		slot.database.store(database, std::memory_order_release);
		return &slot;
	}
	return nullptr;
}

// Null when more databases count than there are slots.
CounterSlot *slot_of(Oid database) {
	if (shared == nullptr) return &own();
	for (CounterSlot &slot : shared->counters)
		if (slot.database.load(std::memory_order_acquire) == database) return &slot;
	if (CounterSlot *slot = take_slot(database)) return slot;
	const Oid dropped = IsTransactionState() ? dropped_database() : InvalidOid;
	return OidIsValid(dropped) ? take_slot_of(dropped, database) : nullptr;
}

void at_end(XactEvent event, void *) {
	if (!is_pending || (event != XACT_EVENT_COMMIT && event != XACT_EVENT_ABORT)) return;
	if (event == XACT_EVENT_COMMIT && mine != nullptr)
		for (int i = 0; i < all_counters; ++i)
			if (pending[i] != 0) mine->values[i].fetch_add(pending[i], std::memory_order_relaxed);
	memset(pending, 0, sizeof(pending));
	is_pending = false;
}

void add(int index, std::int64_t by) {
	if (!is_pending) {
		static const bool registered = (pg::call([] { RegisterXactCallback(at_end, nullptr); }), true);
		(void) registered;
		if (mine == nullptr) mine = slot_of(MyDatabaseId);
		is_pending = true;
	}
	pending[index] += by;
}

} // namespace

void count(Counter counter, std::int64_t by) { add(static_cast<int>(counter), by); }

void count_step(definition::StepType type, execution::StepStatus ended) {
	const int end = ended == execution::StepStatus::Completed ? 0
	                : ended == execution::StepStatus::Failed  ? 1
	                                                          : 2;
	add(plain_counters + static_cast<int>(type) * step_ends + end, 1);
}

void count_now(Oid database, Counter counter) {
	if (shared == nullptr) return;
	for (CounterSlot &slot : shared->counters)
		if (slot.database == database)
			slot.values[static_cast<int>(counter)].fetch_add(1, std::memory_order_relaxed);
}

Counters counters() {
	Counters result;
	const CounterSlot *slot = slot_of(MyDatabaseId);
	if (slot == nullptr) return result;
	result.since = slot->since;
	for (int i = 0; i < plain_counters; ++i)
		result.values.push_back({names[static_cast<std::size_t>(i)], nullptr, nullptr,
		                         slot->values[i].load(std::memory_order_relaxed)});
	for (int type = 0; type < step_types; ++type)
		for (int end = 0; end < step_ends; ++end)
			result.values.push_back(
			    {"steps", definition::to_string(static_cast<definition::StepType>(type)),
			     ends[static_cast<std::size_t>(end)],
			     slot->values[plain_counters + type * step_ends + end].load(std::memory_order_relaxed)});
	return result;
}

} // namespace playbook::worker
