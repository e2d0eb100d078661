// playbook_wait: sessions that sleep until an execution changed.
#include "worker/shared_state.hpp"

#include "worker/process.hpp"
#include "worker/slots.hpp"

namespace playbook::worker {
namespace {

constexpr long longest_nap = 5000; // with a place in shared memory: only in case a wake-up got lost
constexpr long shortest_poll = 5;  // without: looks again after 5 milliseconds, then 10, …
constexpr long longest_poll = 200;

// One at a time in a session; -1: none, then it polls.
int my_waiter = -1;
long next_poll = shortest_poll;

} // namespace

Waiter::Waiter(std::int64_t execution) {
	next_poll = shortest_poll;
	// On a standby changes arrive without anybody's commit.
	if (shared == nullptr || my_waiter >= 0 || RecoveryInProgress()) return;
	release_at_exit();
	Locked locked;
	for (int i = 0; i < max_waiters; ++i) {
		WaiterSlot &slot = shared->waiting[i];
		if (slot.process) continue;
		slot.process = Process::self();
		slot.database = MyDatabaseId;
		slot.execution = execution;
		slot.woken = false;
		++shared->waiters;
		my_waiter = i;
		return;
	}
}

Waiter::~Waiter() {
	if (my_waiter < 0) return;
	Locked locked;
	shared->waiting[my_waiter].process = Process();
	--shared->waiters;
	my_waiter = -1;
}

void Waiter::sleep(TimestampTz until) {
	long most = longest_nap;
	if (my_waiter < 0) {
		most = next_poll;
		next_poll = std::min(2 * next_poll, longest_poll);
	} else if (shared->waiting[my_waiter].woken.exchange(false)) {
		return;
	}
	nap(until, most);
	if (my_waiter >= 0) shared->waiting[my_waiter].woken = false;
}

void wake_waiters(const std::vector<std::int64_t> &executions) {
	if (shared == nullptr || shared->waiters <= 0) return;
	Locked locked(LW_SHARED);
	for (WaiterSlot &slot : shared->waiting) {
		if (!slot.process || slot.database != MyDatabaseId) continue;
		if (std::find(executions.begin(), executions.end(), slot.execution) == executions.end()) continue;
		slot.woken = true;
		slot.process.wake();
	}
}

} // namespace playbook::worker
