// What launcher, scheduler and executor have in common as processes: signals, sleep, log, registration.
#pragma once

#include "pg/guard.hpp"

extern "C" {
#include "postmaster/bgworker.h"
}

namespace playbook::worker {

// The first thing a worker does, before it connects: SIGTERM ends it, SIGHUP reloads the settings.
void begin_process();

// Sleeps until its latch is set, the time has come, or `most` milliseconds have passed. Takes interrupts:
// SIGTERM ends the process here. Without a time: until = DT_NOEND.
void nap(TimestampTz until, long most);

// One line of the server's log. A failure carries its detail and the place it came from.
void log(const std::string &message);
void log_failure(const std::string &what, const pg::Error &error);

// A trouble that lasts is said again when it was not there for so long.
inline constexpr std::int64_t log_interval = 600 * USECS_PER_SEC;

// Ends whatever transaction a failure left behind. False: the extension was dropped meanwhile, which explains
// any failure.
bool clean_up_after_failure();
// Whether the extension is in this database; in a transaction of its own.
bool extension_is_here();

// A worker to be registered: which function of this library it runs, and what it is told.
struct WorkerOrder {
	const char *function;
	std::string name;             // in the list of processes
	const char *type;             // pg_stat_activity.backend_type
	int argument = 0;             // the slot
	std::uint32_t generation = 0; // of the slot, so that a late start knows that it was given up
};
// Null when all of max_worker_processes are taken. The handle is the server's, freed by forget().
BackgroundWorkerHandle *start_worker(const WorkerOrder &order);
// True when the process has ended, or never came to be.
bool has_stopped(BackgroundWorkerHandle *handle);
void forget(BackgroundWorkerHandle *handle);
// In the worker: the generation it was ordered with.
std::uint32_t ordered_generation();

inline constexpr std::int64_t second = USECS_PER_SEC;

// The pause after so many failures in a row, in microseconds: doubled each time, at most 64 times the first.
std::int64_t back_off(int failures, std::int64_t first = 5 * second);

} // namespace playbook::worker
