// The shared memory: its making, its slots, and their return when a process ends.
#include "worker/shared_state.hpp"

#include "worker/launcher.hpp"
#include "worker/slots.hpp"
#include "worker/utility_hook.hpp"

extern "C" {
#include "catalog/pg_control.h"
#include "common/controldata_utils.h"
}

namespace playbook::worker {

SharedState *shared = nullptr;
ExecutorSlot *my_executor = nullptr;
ExecutorSlot *my_alone = nullptr;

namespace {

constexpr const char *tranche = "playbook";
shmem_request_hook_type request_before = nullptr;
shmem_startup_hook_type startup_before = nullptr;
bool giving_back = false; // release_at_exit() was called in this process

void request_memory() {
	if (request_before != nullptr) request_before();
	RequestAddinShmemSpace(MAXALIGN(sizeof(SharedState)));
	RequestNamedLWLockTranche(tranche, 1);
}

// Whether the server that used this data directory before ended in any other way than by a shutdown.
bool ended_uncleanly() {
	bool readable = false;
	const ControlFileData *control = get_controlfile(DataDir, &readable);
	return readable && (control->state == DB_IN_PRODUCTION || control->state == DB_IN_CRASH_RECOVERY);
}

// The postmaster makes the memory when it starts, and anew after each crash of a backend: what happened in
// between is known only to the postmaster's own memory and to the control file.
void make_memory() {
	static bool made_before = false;
	if (startup_before != nullptr) startup_before();
	LWLockAcquire(AddinShmemInitLock, LW_EXCLUSIVE);
	bool found = false;
	shared = static_cast<SharedState *>(ShmemInitStruct("playbook", sizeof(SharedState), &found));
	if (!found) {
		memset(static_cast<void *>(shared), 0, sizeof(SharedState));
		new (shared) SharedState();
		shared->lock = &GetNamedLWLockTranche(tranche)->lock;
		shared->after_crash = made_before || ended_uncleanly();
		shared->started_at = GetCurrentTimestamp();
	}
	made_before = true;
	LWLockRelease(AddinShmemInitLock);
}

bool is_mine(const Process &process) { return process.pid == MyProcPid; }

// Before this process lets go of shared memory, whatever it is and however it ends.
void give_back(int, Datum) {
	if (shared == nullptr) return;
	// An error that ends the process may have come while a lock was held.
	LWLockReleaseAll();
	Locked locked;
	if (my_executor != nullptr) {
		const ExecutorSlot::State state = my_executor->state;
		const bool working = state == ExecutorSlot::State::Working || state == ExecutorSlot::State::Alone;
		// It does not leave, it is ended: what it was woken or started for is to be found in the tables.
		DatabaseSlot *database = find_database(my_executor->database);
		if (database != nullptr) database->look = true;
		end_executor(*my_executor, working);
		my_executor = nullptr;
	}
	for (ExecutorSlot &slot : shared->sessions)
		if (is_mine(slot.process)) {
			slot.process = Process();
			slot.state = ExecutorSlot::State::Free;
		}
	for (DatabaseSlot &slot : shared->databases)
		if (OidIsValid(slot.database) && is_mine(slot.scheduler)) end_scheduler(slot, Departure::Failed);
	for (WaiterSlot &slot : shared->waiting)
		if (is_mine(slot.process)) {
			slot.process = Process();
			--shared->waiters;
		}
	for (Bar &bar : shared->bars)
		if (is_mine(bar.process)) {
			bar = Bar();
			wake_launcher();
		}
	if (is_mine(shared->launcher)) shared->launcher = Process();
}

// A slot for a client session that runs a step alone, kept until the session ends. Null: none is free, and a
// cancel will reach the step only when it has ended.
ExecutorSlot *take_session_slot() {
	release_at_exit();
	Locked locked;
	for (ExecutorSlot &slot : shared->sessions) {
		if (slot.state != ExecutorSlot::State::Free && slot.process.alive()) continue;
		slot.process = Process::self();
		slot.database = MyDatabaseId;
		slot.state = ExecutorSlot::State::Idle;
		return &slot;
	}
	return nullptr;
}

} // namespace

Process Process::self() { return Process{MyProcPid, pg::compat::process_number()}; }

// A PGPROC keeps the pid of a process that has ended; its latch is disowned, after the process left the
// process array.
bool Process::alive() const { return pid != 0 && GetPGProcByNumber(number)->procLatch.owner_pid == pid; }

void Process::wake() const {
	if (alive()) SetLatch(&GetPGProcByNumber(number)->procLatch);
}

void ExecutorSlot::wake_for(TimestampTz due_since) {
	std::int64_t known = work_since;
	while (due_since < known && !work_since.compare_exchange_weak(known, due_since)) {}
	woken = true; // after the time: who sees it finds that
	process.wake();
}

DatabaseSlot *find_database(Oid database) {
	for (DatabaseSlot &slot : shared->databases)
		if (slot.database == database) return &slot;
	return nullptr;
}

DatabaseSlot *find_or_add_database(Oid database) {
	DatabaseSlot *slot = find_database(database);
	if (slot != nullptr) return slot;
	slot = find_database(InvalidOid);
	if (slot == nullptr) {
		shared->crowded = true;
		return nullptr;
	}
	new (slot) DatabaseSlot();
	slot->database = database;
	slot->since = GetCurrentTimestamp();
	return slot;
}

bool is_barred(Oid database) {
	for (const Bar &bar : shared->bars)
		if (bar.database == database && bar.process.alive()) return true;
	return false;
}

void wake_launcher() { shared->launcher.wake(); }

void release_at_exit() {
	if (giving_back) return;
	pg::call([] { before_shmem_exit(give_back, (Datum) 0); });
	giving_back = true;
}

void post(Oid database, const WokenRole &role) {
	Locked locked;
	DatabaseSlot *slot = find_or_add_database(database);
	if (slot == nullptr) {
		wake_launcher(); // which says once that there are too many databases
		return;
	}
	if (slot->state == DatabaseSlot::State::None) {
		slot->wanted = true;
		wake_launcher();
		return;
	}
	WokenRole *const end = slot->roles + slot->woken;
	WokenRole *known = std::find_if(slot->roles, end, [&role](const WokenRole &other) {
		return other.role == role.role && other.another == role.another;
	});
	if (known != end) {
		known->due_at = std::min(known->due_at, role.due_at);
	} else if (slot->woken < max_woken_roles) {
		*end = role;
		++slot->woken;
	} else {
		slot->look = true;
	}
	slot->scheduler.wake();
}

void end_executor(ExecutorSlot &slot, bool interrupted) {
	if (interrupted) count_now(slot.database, Counter::ExecutorsInterrupted);
	const bool reserved = std::exchange(slot.reserved, false) || slot.reserve_since != 0;
	slot.interrupted = interrupted;
	slot.reserve_since = 0;
	slot.execution = 0;
	slot.cancel = false;
	slot.since = GetCurrentTimestamp();
	slot.state = ExecutorSlot::State::Ended;
	if (reserved) wake_reserving();
	// Its own scheduler reads how it ended; the others may be waiting for its place.
	for (const DatabaseSlot &database : shared->databases)
		if (OidIsValid(database.database) &&
		    (database.database == slot.database || database.places_wanted > 0))
			database.scheduler.wake();
}

void end_scheduler(DatabaseSlot &slot, Departure departure) {
	slot.wanted =
	    slot.wanted || slot.woken > 0 || slot.look || slot.announce || departure == Departure::Asked;
	slot.state = DatabaseSlot::State::None;
	slot.scheduler = Process();
	slot.departure = departure;
	slot.since = GetCurrentTimestamp();
	slot.woken = 0;
	slot.look = false;
	slot.announce = false;
	slot.leave = false;
	shared->places_wanted -= slot.places_wanted;
	slot.places_wanted = 0;
	wake_launcher();
}

void define() {
	if (!process_shared_preload_libraries_in_progress) return;
	request_before = shmem_request_hook;
	shmem_request_hook = request_memory;
	startup_before = shmem_startup_hook;
	shmem_startup_hook = make_memory;
	register_launcher();
	register_utility_hook();
}

bool available() { return shared != nullptr; }

TimestampTz writable_since() {
	if (shared == nullptr || RecoveryInProgress()) return 0;
	std::int64_t known = 0;
	const TimestampTz now = GetCurrentTimestamp();
	return shared->writable_since.compare_exchange_strong(known, now) ? now : known;
}

bool workers_alive() {
	if (shared == nullptr) return false;
	Locked locked(LW_SHARED);
	const DatabaseSlot *slot = find_database(MyDatabaseId);
	return slot != nullptr && slot->state == DatabaseSlot::State::Running && slot->scheduler.alive();
}

void running_alone(std::int64_t execution, int position, int item, bool more) {
	if (shared == nullptr) return;
	if (my_alone == nullptr) my_alone = my_executor != nullptr ? my_executor : take_session_slot();
	if (my_alone != nullptr) {
		Locked locked;
		my_alone->execution = execution;
		my_alone->position = position;
		my_alone->item = item;
		my_alone->cancel = false;
		my_alone->cancelled_at = 0;
		my_alone->role = GetUserId();
		my_alone->since = GetCurrentTimestamp();
		my_alone->state = ExecutorSlot::State::Alone;
	}
	if (my_executor == nullptr) return;
	// From here on this process is deaf to other work of its role. What it was woken for is a colleague's
	// now, and so are more steps that wait to run alone: due, so that a place is made for them if need be.
	const TimestampTz now = GetCurrentTimestamp();
	if (my_executor->woken.exchange(false) || more)
		wake(my_executor->role, std::min(now, my_executor->take_work()));
	else
		post(MyDatabaseId, WokenRole{my_executor->role, now, true});
}

void done() {
	if (my_alone == nullptr) return;
	{
		Locked locked;
		my_alone->state = my_alone == my_executor ? ExecutorSlot::State::Working : ExecutorSlot::State::Idle;
		my_alone->execution = 0;
		my_alone->since = GetCurrentTimestamp();
		my_alone->cancel = false;
		my_alone->cancelled_at = 0;
	}
	// A cancel that arrived with the end of the step must not hit the engine's own statements.
	if (my_alone == my_executor) QueryCancelPending = false;
}

bool cancel_requested() { return my_alone != nullptr && my_alone->cancel.load(std::memory_order_relaxed); }

} // namespace playbook::worker
