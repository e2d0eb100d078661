// A step that runs alone: claimed and visibly `running` in one transaction, done in the next, which touches
// no table of the engine before the step's SQL has ended. So a ten-minute query blocks neither cancel nor
// signal nor its siblings.
#pragma once

#include "execution/executor.hpp"
#include "execution/store.hpp"

namespace playbook::execution {

// Claims and runs one; false when there is none.
bool run_one_alone(Oid owner, const TurnOptions &options);

// The step that this process claimed and of which it could not be recorded what became: the disk was full, or
// the client cancelled. It is done again. run_one_alone() tries it at once; an executor, which lives on,
// until it succeeds.
void give_back_unrecorded(const TurnOptions &options);

// What others wait for, once a transaction that advanced executions has committed.
void after_commit(const TurnOptions &options, const Batch &batch);

// Ends the execution as failed for a reason that is not a step's. The caller flushes the batch.
void fail_execution(Batch &batch, Execution &execution, const Failure &failure, TimestampTz now);

} // namespace playbook::execution
