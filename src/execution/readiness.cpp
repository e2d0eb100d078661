#include "execution/readiness.hpp"

#include <algorithm>

namespace playbook::execution {
namespace {

using definition::Definition;
using definition::Lane;
using definition::OnError;
using definition::Step;

Decision hold() { return {}; }
Decision skip(const char *cause, std::string reason) {
	return {Decision::Kind::Skip, cause, std::move(reason)};
}

std::string quoted(const std::string &id) { return "\"" + id + "\""; }

bool needs_rows_of(const Step &step, int position) {
	return std::find(step.inputs.begin(), step.inputs.end(), position) != step.inputs.end();
}

const Lane &lane_of(const Definition &definition, const Step &step) {
	return definition.steps[static_cast<std::size_t>(step.parent)].lanes[static_cast<std::size_t>(step.lane)];
}

// What the step that carries the lane says: start, hold or skip.
Decision lane_verdict(const Definition &definition, const std::vector<StepFacts> &facts, const Step &step) {
	const Step &parent = definition.steps[static_cast<std::size_t>(step.parent)];
	const Lane &lane = lane_of(definition, step);
	const StepFacts &fact = facts[static_cast<std::size_t>(step.parent)];
	if (!is_final(fact.status)) return hold();
	if (lane.kind == Lane::Kind::OnCancel) return hold(); // opened by cancelling only
	const std::string_view wanted =
	    lane.kind == Lane::Kind::OnExpiry ? std::string_view("expired") : lane.name;
	if (fact.outcome == wanted) return {Decision::Kind::Start, {}, {}};
	if (lane.kind == Lane::Kind::OnExpiry && fact.status == StepStatus::Completed && fact.item_expired)
		return {Decision::Kind::Start, {}, {}};
	if (fact.status == StepStatus::Completed)
		return skip(skip_cause::branch, "step " + quoted(parent.id) + " took " +
		                                    (fact.outcome.empty() ? std::string("no branch")
		                                                          : "\"" + std::string(fact.outcome) + "\""));
	if (fact.status == StepStatus::Skipped && lane.kind == Lane::Kind::Branch)
		return skip(fact.outcome == skip_cause::dependency ? skip_cause::dependency : skip_cause::branch,
		            "step " + quoted(parent.id) + " was skipped");
	if (fact.status == StepStatus::Failed)
		return skip(skip_cause::dependency, "step " + quoted(parent.id) + " failed");
	return skip(skip_cause::branch, "step " + quoted(parent.id) + " did not expire");
}

} // namespace

bool in_cancel_lane(const Definition &definition, int position) {
	for (int at = position; at >= 0;) {
		const Step &step = definition.steps[static_cast<std::size_t>(at)];
		if (step.parent < 0) {
			for (const Lane &lane : definition.on_cancel)
				if (std::find(lane.steps.begin(), lane.steps.end(), at) != lane.steps.end()) return true;
			return false;
		}
		if (lane_of(definition, step).kind == Lane::Kind::OnCancel) return true;
		at = step.parent;
	}
	return false;
}

int failing_step(const Definition &definition, const std::vector<StepFacts> &facts) {
	for (const Step &step : definition.steps)
		if (facts[static_cast<std::size_t>(step.position)].status == StepStatus::Failed &&
		    step.on_error == OnError::Fail)
			return step.position;
	return -1;
}

Decision decide(const Definition &definition, const std::vector<StepFacts> &facts, int position,
                int failing) {
	const Step &step = definition.steps[static_cast<std::size_t>(position)];
	if (failing >= 0)
		return skip(skip_cause::failed,
		            "step " + quoted(definition.steps[static_cast<std::size_t>(failing)].id) + " failed");
	if (step.parent >= 0) {
		Decision verdict = lane_verdict(definition, facts, step);
		if (verdict.kind != Decision::Kind::Start) return verdict;
	}
	for (const int other : step.waits_for)
		if (!is_final(facts[static_cast<std::size_t>(other)].status)) return hold();
	for (const int other : step.depends_on) {
		const Step &needed = definition.steps[static_cast<std::size_t>(other)];
		const StepFacts &fact = facts[static_cast<std::size_t>(other)];
		if (fact.status == StepStatus::Failed) {
			if (needed.on_error == OnError::Continue && !needs_rows_of(step, other)) continue;
			return skip(skip_cause::dependency, "step " + quoted(needed.id) + " failed");
		}
		if (fact.status != StepStatus::Skipped) continue;
		if (fact.outcome == skip_cause::dependency || needs_rows_of(step, other))
			return skip(skip_cause::dependency, "step " + quoted(needed.id) + " was skipped");
	}
	return {Decision::Kind::Start, {}, {}};
}

Decision decide_in_cancel_lane(const Definition &definition, const std::vector<StepFacts> &facts,
                               int position) {
	const Step &step = definition.steps[static_cast<std::size_t>(position)];
	if (step.parent >= 0 && lane_of(definition, step).kind != Lane::Kind::OnCancel) {
		Decision verdict = lane_verdict(definition, facts, step);
		if (verdict.kind != Decision::Kind::Start) return verdict;
	}
	for (const int other : step.waits_for)
		if (!is_final(facts[static_cast<std::size_t>(other)].status)) return hold();
	return {Decision::Kind::Start, {}, {}};
}

bool all_final(const Definition &definition, const std::vector<StepFacts> &facts) {
	for (const Step &step : definition.steps)
		if (!is_final(facts[static_cast<std::size_t>(step.position)].status) &&
		    !in_cancel_lane(definition, step.position))
			return false;
	return true;
}

bool has_unforgiven_failure(const Definition &definition, const std::vector<StepFacts> &facts) {
	for (const Step &step : definition.steps)
		if (facts[static_cast<std::size_t>(step.position)].status == StepStatus::Failed &&
		    step.on_error != OnError::Continue)
			return true;
	return false;
}

} // namespace playbook::execution
