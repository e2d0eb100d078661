// Running in the caller's session: playbook_run, playbook_execute, playbook_advance, playbook_work,
// playbook_wait.
#pragma once

#include "execution/start.hpp"
#include "pg/postgres.hpp"

namespace playbook::execution {

// Starts and advances in the caller's transaction until it ends or must wait; written when it returns. The
// id.
std::int64_t run_now(const StartRequest &request);

// One more look at a live execution, in the caller's transaction. The status afterwards.
Status advance_now(std::int64_t execution);

// Outside of a transaction block: starts, then a transaction for each step, waiting for what others do up to
// `most` microseconds. The id.
std::int64_t execute(const StartRequest &request, std::int64_t most);

// Outside of a transaction block: due work of the current role until nothing is due or the time is over.
struct WorkDone {
	std::int64_t executions = 0;
	std::int64_t steps_alone = 0;
};
WorkDone work(std::int64_t most);

struct Waited {
	Status status = Status::Pending;
	std::string waiting_for;
	std::optional<TimestampTz> waiting_until;
	Value error;
};
enum class Until { End, Person };
// Sleeps until the execution has ended (or waits for a person), at most that long; then the present state.
// While it sleeps it holds no snapshot of its own; `call` is asked to give back the one of the statement.
Waited wait_for(FunctionCallInfo call, std::int64_t execution, std::int64_t most, Until until);

} // namespace playbook::execution
