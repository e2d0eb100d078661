// The shared memory behind shared_state.hpp: fixed arrays, one lock, and a latch to knock on for every
// process.
//
// Included by src/worker only. What is not atomic is read and written under `lock`; what is atomic may be
// read by anybody and is a hint. A process is named by its PGPROC, verified by its pid, so a stale entry
// wakes nobody wrongly.
#pragma once

#include "pg/guard.hpp"

#include "worker/counters.hpp"

#include <atomic>

namespace playbook::worker {

inline constexpr int max_databases = 64;
inline constexpr int max_executors = 64; // the upper bound of the setting playbook.max_executors
inline constexpr int max_sessions = 64;  // client sessions that run a step alone
inline constexpr int max_waiters = 256;
inline constexpr int max_bars = 16;
inline constexpr int max_woken_roles = 16;

static_assert(std::atomic<bool>::is_always_lock_free && std::atomic<std::int64_t>::is_always_lock_free);

struct Process {
	int pid = 0;
	int number = -1; // of its PGPROC

	static Process self();
	bool alive() const;
	// Sets its latch; nothing happens when it has ended.
	void wake() const;
	explicit operator bool() const { return pid != 0; }
};

// How a scheduler left; what the launcher does next depends on it.
enum class Departure : std::uint8_t {
	None,
	Idle, // no extension, not enabled here, or a version that this library does not know: until somebody asks
	      // again
	Asked,  // by the utility hook
	Failed, // anything else
};

// A role that has work, for the scheduler to find an executor for.
struct WokenRole {
	Oid role;
	TimestampTz due_at;
	bool another; // one executor more, beside those that are busy, if a place is free
};

struct DatabaseSlot {
	enum class State : std::uint8_t { None, Starting, Running };

	Oid database; // InvalidOid: free
	State state;
	Process scheduler;
	std::uint32_t generation; // tells a scheduler that its start was given up meanwhile
	bool wanted;              // there is work and no scheduler yet
	Departure departure;
	bool served;            // it found an installation that may work
	int failures;           // starts in a row that came to nothing
	TimestampTz not_before; // of the next start
	TimestampTz since;      // of the present state
	int places_wanted;      // executors it would start if it could
	TimestampTz wanted_since;
	int woken;
	WokenRole roles[max_woken_roles];
	std::atomic<std::int64_t> planned; // next look at the tables: what is due later needs no call
	std::atomic<bool> announce;
	std::atomic<bool> look; // ask the tables which roles have work
	std::atomic<bool> leave;
};

struct ExecutorSlot {
	enum class State : std::uint8_t { Free, Starting, Idle, Working, Alone, Ended };

	std::atomic<State> state;
	Process process;
	std::uint32_t generation;
	Oid database, role;
	TimestampTz since;         // of the present state
	bool connected;            // false at its end: the server refused it as this role
	bool careful;              // starts with one execution per transaction
	bool interrupted;          // ended in the middle of its work
	bool reserved;             // may run a step alone: counted against the place kept for quick work
	TimestampTz reserve_since; // waits for that right; 0: it does not
	std::int64_t execution;    // what it runs alone
	int position, item;
	TimestampTz cancelled_at;
	bool terminated;                      // sent SIGTERM, since its cancelled step did not stop
	std::atomic<bool> woken;              // there may be work: look before sleeping
	std::atomic<std::int64_t> work_since; // the earliest due time it was woken for; DT_NOEND: none
	std::atomic<bool> leave;
	std::atomic<bool> cancel;

	// Wakes it for work that is due since then. The caller holds the lock.
	void wake_for(TimestampTz since);
	// What it was woken for; from here on it is told anew.
	TimestampTz take_work() { return work_since.exchange(DT_NOEND); }
};

struct WaiterSlot {
	Process process; // free when it has no pid
	Oid database;
	std::int64_t execution;
	std::atomic<bool> woken;
};

// The counters of a database; it keeps them until the server stops.
struct CounterSlot {
	std::atomic<Oid> database; // InvalidOid: free
	TimestampTz since;
	std::atomic<std::int64_t> values[all_counters];
};

// While a bar is up no worker enters the database.
struct Bar {
	Oid database;
	Process process; // who put it up; free when it has no pid
};

struct SharedState {
	LWLock *lock;
	Process launcher;
	bool crowded;     // more databases than slots
	bool after_crash; // the server did not end cleanly before; the launcher turns it into careful_until
	TimestampTz careful_until; // until then executors start carefully
	std::uint32_t generation;
	std::atomic<std::int64_t> writable_since;  // at the latest; 0: nobody has asked yet
	std::atomic<int> places_wanted;            // by all databases
	std::atomic<std::int64_t> exhausted_until; // all of max_worker_processes are taken
	std::atomic<int> waiters;
	DatabaseSlot databases[max_databases];
	ExecutorSlot executors[max_executors];
	ExecutorSlot sessions[max_sessions];
	WaiterSlot waiting[max_waiters];
	Bar bars[max_bars];
	TimestampTz started_at;
	CounterSlot counters[max_databases];
};

// Null without shared_preload_libraries.
extern SharedState *shared;

// The lock as a scope. No server call that can fail inside.
class Locked {
public:
	explicit Locked(LWLockMode mode = LW_EXCLUSIVE) { LWLockAcquire(shared->lock, mode); }
	~Locked() { LWLockRelease(shared->lock); }
	Locked(const Locked &) = delete;
	Locked &operator=(const Locked &) = delete;
};

// The caller holds the lock, for writing where something is made.
DatabaseSlot *find_database(Oid database);
DatabaseSlot *find_or_add_database(Oid database);
bool is_barred(Oid database);
void wake_launcher();

// What the exit of this process must give back; from the first call on it is given back.
void release_at_exit();
// This process as an executor; null in every other one.
extern ExecutorSlot *my_executor;
// The slot in which this process, an executor or a client session, says what it runs alone.
extern ExecutorSlot *my_alone;

// Gives the scheduler of this database something to do; starts it if there is none.
void post(Oid database, const WokenRole &role);
// Gives an executor's slot back and tells its scheduler. The caller holds the lock.
void end_executor(ExecutorSlot &slot, bool interrupted);
// Those who wait for the right to run a step alone look again. The caller holds the lock.
void wake_reserving();
// The scheduler's slot when it leaves; what was asked for meanwhile is kept for the next one. The caller
// holds the lock.
void end_scheduler(DatabaseSlot &slot, Departure departure);

} // namespace playbook::worker
