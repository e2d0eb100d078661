// Fault points: the engine's transitions by name. A test build (make FAULT_POINTS=1) can be told to fail,
// wait, be cancelled or die at each of them; a release build has nothing of it but this list, against which
// the names are checked when it is compiled.
//
// The setting playbook.fault_point = 'name=action[*times], …' says what happens: error, cancel (as a client's
// cancel does), terminate (as pg_terminate_backend does), kill (SIGKILL), wait, or pass, which is nothing. It
// happens to the first process of the cluster that comes by, and to as many as `times` says. Each leaves a
// file "name.number" in the folder playbook_fault_points of the data directory, so that no crash makes it
// happen again; who waits goes on when there is a file "name.number.go". The read-only setting
// playbook.fault_points lists the names: a test visits whatever is in it.
#pragma once

#include <algorithm>
#include <array>
#include <string_view>

namespace playbook::fault_points {

inline constexpr auto names = std::to_array<std::string_view>({
    // Starting
    "start.prepared",
    "start.inserted",
    "start_many.inserted",
    // A batch of an executor, or of playbook_work
    "claim.locked",
    "claim.loaded",
    "claim.counted",
    "claim.count_committed",
    "limit.admitted",
    "advance.step_begun",
    "advance.step_ended",
    "step.sql_begun",
    "step.sql_ended",
    "flush.executions",
    "flush.steps",
    "flush.messages",
    "flush.notifications",
    "flush.moved",
    "flush.row_sets",
    "flush.artifacts",
    "flush.changes",
    "batch.written",
    "batch.committed",
    "batch.views_shown",
    "batch.parents_told",
    "batch.given_up",
    // A step alone
    "alone.marked",
    "alone.claimed",
    "alone.sql_ended",
    "alone.recorded",
    "alone.written",
    "alone.found_lost",
    "alone.given_back",
    // In a client's session
    "run.written",
    "execute.started",
    "execute.turn_ended",
    "work.turn_ended",
    "control.locked",
    "pause.written",
    "resume.written",
    "cancel.stopped",
    "cancel.written",
    "signal.inserted",
    "retry.revived",
    "decision.recorded",
    "decision.touched",
    "task.finished",
    "outbox.claimed",
    "outbox.reported",
    // The feed
    "feed.numbered",
    "feed.told",
    "feed.announced",
    "feed.forgotten",
    // Retention
    "purge.truncated",
    "purge.slot_dropped",
    "purge.swept",
    "purge.rest_cleared",
    // Processes
    "launcher.started",
    "launcher.scheduler_ordered",
    "scheduler.started",
    "scheduler.looked",
    "scheduler.executor_ordered",
    "executor.started",
    "executor.leaving",
});

constexpr bool is_known(std::string_view name) {
	return std::find(names.begin(), names.end(), name) != names.end();
}

#ifdef PLAYBOOK_FAULT_POINTS
void reach(std::string_view name);
void define_settings();
#define FAULT_POINT(name)                                                                                    \
	do {                                                                                                     \
		static_assert(::playbook::fault_points::is_known(name));                                             \
		::playbook::fault_points::reach(name);                                                               \
	} while (false)
#else
inline void define_settings() {}
#define FAULT_POINT(name) static_assert(::playbook::fault_points::is_known(name))
#endif

} // namespace playbook::fault_points
