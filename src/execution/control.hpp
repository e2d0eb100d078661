// What people and applications do to an execution that is under way: pause, resume, cancel, skip, retry,
// signal, hold.
//
// Every function checks the caller's right (identity::require_control), locks the execution's live row and
// refuses a wrong state with 55000 that names the present one. They change rows and make the execution due;
// only cancel and replace also take back what is open. Advancing itself stays with the executors.
#pragma once

#include "execution/model.hpp"

namespace playbook::execution {

void pause(std::int64_t execution, const std::string &reason);
enum class Timers { Shift, Keep };
void resume(std::int64_t execution, Timers timers);
// Returns the status afterwards: cancelled, or running while on_cancel steps are at work.
Status cancel(std::int64_t execution, const std::string &reason);
void skip_step(std::int64_t execution, const std::string &step, const std::string &reason,
               const std::string &outcome);
// From the given step on, or all that failed. `changes` is merged into the input of that step.
// Begins at that time, or now.
void retry(std::int64_t execution, const std::optional<std::string> &from_step, const Value &changes,
           std::optional<TimestampTz> at = std::nullopt);
// Skips all that failed, and goes on with what was skipped because of it.
void skip_failed_steps(std::int64_t execution, const std::string &reason, const std::string &outcome,
                       TimestampTz at);
void signal(std::int64_t execution, const std::string &name, const Value &payload);

// kind: playbook, customer, connection or all.
void hold(const std::string &kind, const std::string &name, const std::string &reason);
// Returns how many holds were lifted.
int release(const std::string &kind, const std::string &name);
// The reason of a hold that stops a step of this execution that is outward or uses a connection (""; none);
// "" when there is none. As playbook_engine.
std::string hold_reason(const Execution &execution, bool outward, const std::string &connection);

// Cancels a locked execution whose steps are loaded; the caller flushes the batch.
class Batch;
void cancel_locked(Batch &batch, Execution &execution, const std::string &reason, const std::string &by);

} // namespace playbook::execution
