#include "execution/statistics.hpp"

#include "worker/counters.hpp"

namespace playbook::execution {
namespace {

using worker::Counter;

void count_end(Status status) {
	switch (status) {
	case Status::Completed: worker::count(Counter::ExecutionsCompleted); break;
	case Status::Failed: worker::count(Counter::ExecutionsFailed); break;
	case Status::Cancelled: worker::count(Counter::ExecutionsCancelled); break;
	default: break;
	}
}

} // namespace

void count_changes(const std::vector<Execution *> &executions) {
	for (const Execution *execution : executions) {
		if (execution->dirty && execution->announced != execution->status) count_end(execution->status);
		const auto count_step = [execution](const StepRow &step) {
			if (!step.messages.empty())
				worker::count(Counter::Messages, static_cast<std::int64_t>(step.messages.size()));
			if (step.notification != nullptr)
				worker::count(Counter::Notifications,
				              static_cast<std::int64_t>(step.notification->people.size()));
			if (!step.dirty || step.announced == step.status) return;
			if (is_final(step.status))
				worker::count_step(
				    execution->definition().steps[static_cast<std::size_t>(step.position)].type, step.status);
			else if (step.status == StepStatus::Waiting && step.waiting_for == "retry")
				worker::count(Counter::StepRetries);
		};
		for (const StepRow &step : execution->steps) count_step(step);
		for (const auto &[key, step] : execution->items) count_step(step);
	}
}

} // namespace playbook::execution
