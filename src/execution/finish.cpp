// What an advance leaves behind: an execution that has ended, or one that says what it waits for and until
// when.
#include "execution/finish.hpp"
#include "execution/admission.hpp"
#include "execution/advance.hpp"
#include "execution/touch.hpp"
#include "pg/identity.hpp"
#include "worker/shared_state.hpp"

namespace playbook::execution {
namespace {

// What a person would first want to know, of all the things an execution waits for at once.
int rank(const std::string &waiting_for) {
	static constexpr std::array order = {"approval", "task",  "event", "outbox", "execution",
	                                     "executor", "retry", "hold",  "time",   "step"};
	const auto found = std::find(order.begin(), order.end(), waiting_for);
	return static_cast<int>(found - order.begin());
}

} // namespace

void Advancer::settle(Execution &execution) {
	batch_.add(execution);
	execution.dirty = true;
	const std::vector<StepFacts> facts = facts_of(execution);
	const definition::Definition &definition = execution.definition();
	if (is_cancelling(execution)) {
		bool left = false;
		for (const StepRow &row : execution.steps)
			left = left || (in_cancel_lane(definition, row.position) && !is_final(row.status) &&
			                lane_is_open(execution, row.position));
		if (!left) {
			finish(execution, Status::Cancelled);
			return;
		}
	} else if (all_final(definition, facts)) {
		finish(execution, has_unforgiven_failure(definition, facts) ? Status::Failed : Status::Completed);
		return;
	}
	std::optional<TimestampTz> due;
	std::string waiting_for;
	bool running = false;
	const auto look = [&](const StepRow &row) {
		if (is_final(row.status)) return;
		if (row.status == StepStatus::Running || (row.status == StepStatus::Pending && row.alone)) {
			running = true;
			return;
		}
		if (row.status != StepStatus::Waiting) return;
		if (waiting_for.empty() || rank(row.waiting_for) < rank(waiting_for)) waiting_for = row.waiting_for;
		if (row.due_at && (!due || *row.due_at < *due)) due = row.due_at;
	};
	for (const StepRow &row : execution.steps) look(row);
	for (const auto &[key, row] : execution.items) look(row);
	if (execution.deadline_at && (!due || *execution.deadline_at < *due)) due = execution.deadline_at;
	if (held_back_) { // it goes on in the next batch, whatever else is running
		due = now_;
		running = true;
	}
	execution.status = running ? Status::Running : Status::Waiting;
	execution.waiting_for = running ? std::string("step") : waiting_for;
	execution.due_at = due;
	if (worker_wake_) {
		worker::wake_at_commit(execution.owner, now_);
		worker_wake_ = false;
	} else if (due) {
		worker::wake_at_commit(execution.owner, *due);
	}
}

void Advancer::finish(Execution &execution, Status status) {
	load_other_items(execution); // what it leaves is made of all
	execution.status = status;
	execution.finished_at = std::max(GetCurrentTimestamp(), now_);
	execution.due_at.reset();
	execution.waiting_for.clear();
	execution.dirty = true;
	if (status == Status::Failed && execution.error.is_null()) {
		for (const StepRow &row : execution.steps) {
			const definition::Step &step = step_of(execution, row);
			if (row.status != StepStatus::Failed || step.on_error == definition::OnError::Continue) continue;
			execution.error = row.error;
			execution.error.erase("attempts");
			execution.error.set("step", Value(step.id));
			break;
		}
	}
	batch_.add(execution);
	if (!is_limited(execution.definition()) && !execution.parent_execution) return;
	pg::EngineIdentity engine;
	pg::Spi spi;
	leave_place(execution);
	if (execution.parent_execution) tell_parent(*execution.parent_execution);
}

bool lane_is_open(const Execution &execution, int position) {
	for (int at = position; at >= 0;) {
		const definition::Step &step = execution.definition().steps[static_cast<std::size_t>(at)];
		if (step.parent < 0) return true; // of the definition's own on_cancel
		const definition::Step &parent = execution.definition().steps[static_cast<std::size_t>(step.parent)];
		if (parent.lanes[static_cast<std::size_t>(step.lane)].kind == definition::Lane::Kind::OnCancel)
			return !in_cancel_lane(execution.definition(), step.parent) && // cancelled already when it acts
			       execution.steps[static_cast<std::size_t>(step.parent)].attempt > 0;
		at = step.parent;
	}
	return false;
}

} // namespace playbook::execution
