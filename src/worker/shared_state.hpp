// What the processes of the engine tell each other through shared memory: wake-ups, cancellations, who works
// on what.
//
// Everything here is a hint or a request; the truth is in the tables. Without shared_preload_libraries there
// is no shared memory: every function then does nothing and available() is false.
#pragma once

#include "pg/postgres.hpp"

namespace playbook::worker {

// Called from _PG_init while preloading: shared memory, the launcher, hooks.
void define();
bool available();

// Wakes, when the present transaction commits (once, whatever the number of calls), an executor of `owner` in
// this database, or the scheduler, or the launcher when this database has no scheduler yet. With a time in
// the future only the scheduler's alarm is moved. Nothing happens when the transaction rolls back.
void wake_at_commit(Oid owner, TimestampTz due_at);
// The same, at once; for processes that have just committed.
void wake(Oid owner, TimestampTz due_at);
// An executor of the role that is there and has nothing to do, if there is one: others have more than they
// can take at once. What it is to look for may have been due since then.
void wake_idle(Oid role, TimestampTz since);
// Work was committed that is to be announced (NOTIFY, sequence numbers): wakes the scheduler.
void announce_at_commit();

// At commit: asks the processes that run steps of this execution alone to stop them, or, with a position,
// those that run this step or items of it; they poll cancel_requested().
void cancel_running_at_commit(std::int64_t execution, std::optional<int> position = {});

// An executor says what it runs alone, so that a cancel can reach it; done() when the step has ended.
void running_alone(std::int64_t execution, int position, int item, bool more);
void done();
// Async-signal-safe: whether somebody asked for the step that runs now to be cancelled.
bool cancel_requested();

// playbook_wait: sleeps until an execution of interest may have changed, the deadline passes, or an interrupt
// comes. Register before reading the execution's state, then sleep, then read again.
class Waiter {
public:
	explicit Waiter(std::int64_t execution);
	~Waiter();
	void sleep(TimestampTz until);
	Waiter(const Waiter &) = delete;
	Waiter &operator=(const Waiter &) = delete;
};
// When this transaction has committed, those who wait for the execution look again.
void wake_waiters_at_commit(std::int64_t execution);
// The same at once, after a commit.
void wake_waiters(const std::vector<std::int64_t> &executions);

// A time after which the processes of this server, as it is now, began whatever they are at: since then it is
// no standby any more, and no crash has ended them all. 0: not known. Asked before anything is begun.
TimestampTz writable_since();

// Whether a live scheduler serves this database.
bool workers_alive();

} // namespace playbook::worker
