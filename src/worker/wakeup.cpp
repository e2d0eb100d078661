// Wake-ups and cancellations that take effect when a transaction commits, once for each role, however many
// calls.
#include "worker/shared_state.hpp"

#include "execution/claim.hpp"

#include "worker/slots.hpp"

extern "C" {
#include <signal.h>
}

namespace playbook::worker {
namespace {

// What the present transaction will do at its commit. A savepoint that is rolled back leaves its entries: a
// wake-up too many costs one look.
struct Pending {
	static constexpr int capacity = 8;
	int count = 0;
	Oid owners[capacity];
	TimestampTz due_at[capacity];
	bool look = false; // more owners than entries: the scheduler asks the tables
	bool announce = false;
	bool registered = false;
};
Pending pending;

struct Cancel {
	std::int64_t execution;
	std::optional<int> position; // of the step that is meant; none: all of them
};

std::vector<Cancel> &pending_cancels() {
	static std::vector<Cancel> cancels;
	return cancels;
}

std::vector<std::int64_t> &pending_waiters() {
	static std::vector<std::int64_t> executions;
	return executions;
}

void forget() {
	pending.count = 0;
	pending.look = false;
	pending.announce = false;
	pending_cancels().clear();
	pending_waiters().clear();
}

// True when an executor of the role will look for work before it sleeps again.
bool reach_executor(Oid owner, TimestampTz since) {
	ExecutorSlot *idle = nullptr;
	for (ExecutorSlot &slot : shared->executors) {
		if (slot.database != MyDatabaseId || slot.role != owner) continue;
		switch (slot.state.load()) {
		case ExecutorSlot::State::Starting: return true; // begins with a look
		case ExecutorSlot::State::Working: slot.wake_for(since); return true;
		case ExecutorSlot::State::Idle: idle = &slot; break;
		default: break;
		}
	}
	if (idle == nullptr) return false;
	idle->wake_for(since);
	return true;
}

// Asks the scheduler of this database for something that one of its flags stands for.
void flag_scheduler(std::atomic<bool> DatabaseSlot::*flag) {
	{
		Locked locked(LW_SHARED);
		DatabaseSlot *slot = find_database(MyDatabaseId);
		if (slot != nullptr && slot->state != DatabaseSlot::State::None) {
			if (!(slot->*flag).exchange(true)) slot->scheduler.wake();
			return;
		}
	}
	Locked locked;
	DatabaseSlot *slot = find_or_add_database(MyDatabaseId);
	if (slot == nullptr) return;
	slot->*flag = true;
	slot->wanted = true;
	(slot->state == DatabaseSlot::State::None ? shared->launcher : slot->scheduler).wake();
}

void cancel_running(std::vector<Cancel> &cancels) {
	const auto earlier = [](const Cancel &left, const Cancel &right) {
		return left.execution < right.execution;
	};
	std::sort(cancels.begin(), cancels.end(), earlier);
	Locked locked;
	const auto is_meant = [&](const ExecutorSlot &slot) {
		const auto [from, to] =
		    std::equal_range(cancels.begin(), cancels.end(), Cancel{slot.execution, {}}, earlier);
		return std::any_of(from, to, [&slot](const Cancel &cancel) {
			return !cancel.position || *cancel.position == slot.position;
		});
	};
	const auto cancel = [&is_meant](ExecutorSlot &slot) {
		if (slot.state != ExecutorSlot::State::Alone || slot.database != MyDatabaseId) return false;
		if (!is_meant(slot)) return false;
		if (slot.cancelled_at == 0) slot.cancelled_at = GetCurrentTimestamp();
		slot.cancel = true;
		slot.process.wake();
		return true;
	};
	bool executor = false;
	for (ExecutorSlot &slot : shared->executors) {
		if (!cancel(slot)) continue;
		executor = true;
		// Its handler cares only while the step runs (executor.cpp).
		if (slot.process.alive()) kill(slot.process.pid, SIGINT);
	}
	// A client's session sees the flag at its next tick; a signal that came late would hit the client's own
	// statement.
	for (ExecutorSlot &slot : shared->sessions) cancel(slot);
	// The scheduler watches that it stops.
	const DatabaseSlot *database = executor ? find_database(MyDatabaseId) : nullptr;
	if (database != nullptr) database->scheduler.wake();
}

// Runs after the commit: must not fail.
void at_end(XactEvent event, void *) {
	if (pending.count == 0 && !pending.look && !pending.announce && pending_cancels().empty() &&
	    pending_waiters().empty())
		return;
	if (event == XACT_EVENT_COMMIT)
		for (int i = 0; i < pending.count; ++i) execution::made_due(pending.owners[i], pending.due_at[i]);
	if (event == XACT_EVENT_COMMIT && shared != nullptr) {
		for (int i = 0; i < pending.count; ++i) wake(pending.owners[i], pending.due_at[i]);
		if (pending.look) flag_scheduler(&DatabaseSlot::look);
		if (pending.announce) flag_scheduler(&DatabaseSlot::announce);
		if (!pending_cancels().empty()) cancel_running(pending_cancels());
		if (!pending_waiters().empty()) wake_waiters(pending_waiters());
	}
	// A prepared transaction commits in whatever session: the scheduler's regular look finds its work.
	if (event == XACT_EVENT_COMMIT || event == XACT_EVENT_ABORT || event == XACT_EVENT_PREPARE) forget();
}

void listen_to_end() {
	if (pending.registered) return;
	pg::call([] { RegisterXactCallback(at_end, nullptr); });
	pending.registered = true;
}

} // namespace

void wake_at_commit(Oid owner, TimestampTz due_at) {
	listen_to_end();
	// "Now" in a table is often the transaction's beginning, and executors believe that nothing is due before
	// the time they were woken for.
	if (due_at <= GetCurrentTimestamp()) due_at = std::min(due_at, GetCurrentTransactionStartTimestamp());
	for (int i = 0; i < pending.count; ++i) {
		if (pending.owners[i] != owner) continue;
		pending.due_at[i] = std::min(pending.due_at[i], due_at);
		return;
	}
	if (pending.count == Pending::capacity) {
		pending.look = true;
		if (owner == GetUserId()) execution::made_due(owner, DT_NOBEGIN);
		return;
	}
	pending.owners[pending.count] = owner;
	pending.due_at[pending.count] = due_at;
	++pending.count;
}

void announce_at_commit() {
	if (shared == nullptr) return;
	listen_to_end();
	pending.announce = true;
}

void cancel_running_at_commit(std::int64_t execution, std::optional<int> position) {
	if (shared == nullptr) return;
	listen_to_end();
	pending_cancels().push_back({execution, position});
}

void wake_waiters_at_commit(std::int64_t execution) {
	if (shared == nullptr) return;
	listen_to_end();
	pending_waiters().push_back(execution);
}

void wake_idle(Oid role, TimestampTz since) {
	Locked locked(LW_SHARED);
	for (ExecutorSlot &slot : shared->executors) {
		if (slot.database != MyDatabaseId || slot.role != role || slot.state != ExecutorSlot::State::Idle)
			continue;
		slot.wake_for(since);
		return;
	}
}

void wake(Oid owner, TimestampTz due_at) {
	if (shared == nullptr) return;
	{
		Locked locked(LW_SHARED);
		if (due_at <= GetCurrentTimestamp() && reach_executor(owner, due_at)) return;
		const DatabaseSlot *slot = find_database(MyDatabaseId);
		// What is due after the scheduler asks the tables next is found then.
		if (slot != nullptr && slot->state == DatabaseSlot::State::Running && due_at >= slot->planned) return;
	}
	post(MyDatabaseId, WokenRole{owner, due_at, false});
}

} // namespace playbook::worker
