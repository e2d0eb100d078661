// Steps that wait: what they wait for may have happened, or their time may be up.
#include "execution/advance.hpp"
#include "step/approvals.hpp"

namespace playbook::execution {

std::optional<std::int64_t> time_limit(const definition::Definition &definition,
                                       const definition::Step &step) {
	if (step.timeout) return step.timeout->approximate_microseconds();
	if (definition::is_data(step.type) || step.type == definition::StepType::Sql)
		return definition.step_timeout.approximate_microseconds();
	return std::nullopt;
}

// A step that waits: what it waits for may have happened. Looked at once in an advance, again when it has
// moved.
bool Advancer::look_again(Execution &execution, StepRow &row) {
	if (row.status != StepStatus::Waiting) return false; // an executor has it, or will
	const definition::Step &step = step_of(execution, row);
	if (row.item == 0 && (step.for_each || step.repeat)) return pump_items(execution, row);
	if (!looked_at_.emplace(row.position, row.item).second) return false;
	const bool due = row.due_at && *row.due_at <= now_;
	if (row.waiting_for == "retry") {
		if (!due) return false;
		if (full()) return no_room();
		row.started_at = now_;
		run(execution, row, row.input);
		return true;
	}
	if (row.waiting_for == "hold") {
		run(execution, row, row.input);
		return row.waiting_for != "hold";
	}
	if (row.waiting_for == "approval" && step.type != definition::StepType::Approval) {
		const std::optional<TimestampTz> expiry = row.due_at;
		std::optional<step::Decision> decision;
		if (auto failure = guarded([&] { decision = step::decision_of(context_of(execution, row)); })) {
			fail(execution, row, std::move(*failure));
			return true;
		}
		if (!decision) {
			row.dirty = row.dirty || row.due_at != expiry; // escalated
			return false;
		}
		if (decision->may_run()) {
			row.input = std::move(decision->action);
			row.due_at.reset();
			row.waiting_for.clear();
			row.started_at = now_;
			run(execution, row, row.input);
		} else {
			skip(row, decision->outcome(), decision->reason);
		}
		return true;
	}
	const std::optional<std::int64_t> limit = time_limit(execution.definition(), step);
	Attempted attempted = attempt(execution, row, row.input, true);
	if (attempted.failure) {
		record(execution, row, std::move(attempted));
		return true;
	}
	if (attempted.result.kind == step::Result::Kind::Waiting) {
		if (limit && row.started_at && *row.started_at + *limit <= now_) {
			withdraw(execution, row);
			fail(execution, row,
			     {"57014",
			      "step timeout",
			      "The step did not end within " + definition::to_text(*step.timeout) + ".",
			      {},
			      {}});
			return true;
		}
		const StepRow before = row;
		apply(execution, row, std::move(attempted.result));
		row.dirty = before.dirty || row.due_at != before.due_at || row.waiting_for != before.waiting_for;
		return false;
	}
	record(execution, row, std::move(attempted));
	return true;
}

} // namespace playbook::execution
