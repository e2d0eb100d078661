#include "execution/rerun.hpp"

#include "execution/advance.hpp"
#include "execution/start.hpp"
#include "identity/access.hpp"
#include "pg/identity.hpp"
#include "pg/sandbox.hpp"
#include "result/comparison.hpp"
#include "result/output.hpp"

namespace playbook::execution {
namespace {

Execution finished(std::int64_t id) {
	(void) identity::require_visible(id);
	std::optional<Execution> found;
	{
		pg::EngineIdentity engine;
		pg::Spi spi;
		found = find_execution(id);
		if (!found) identity::unknown_execution(id);
		load_steps({&*found});
	}
	if (found->status != Status::Completed && found->status != Status::Failed)
		throw pg::Error(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
		                "execution " + std::to_string(id) + " is " + to_string(found->status),
		                "It must be completed or failed.",
		                "Only what has run to its end can be compared with what it would find now.");
	result::require_released(*found);
	return std::move(*found);
}

// Its SQL runs as its owner did, whose definition it was; so whoever asks must be able to start as that role
// today.
void require_rights(const Execution &former) {
	const auto chosen = [&former](const char *name) { return former.options.find(name) != nullptr; };
	std::optional<Oid> owner;
	if (!chosen("library")) {
		{
			pg::EngineIdentity engine;
			pg::Spi spi;
			static pg::Statement find("SELECT owner::oid FROM @playbooks WHERE id = $1", {TEXTOID});
			const pg::Rows rows = find.query({pg::text(former.playbook_id)});
			if (!rows.empty()) owner = rows.oid(0, 0);
		}
		if (!owner) identity::unknown_playbook(former.playbook_id);
		identity::require_start(former.playbook_id, *owner);
		if (chosen("draft")) identity::require_edit(former.playbook_id, *owner);
		if (former.definition().security == definition::Security::Invoker) owner.reset();
	}
	if (former.owner != owner.value_or(identity::caller()) &&
	    !identity::member_of(identity::caller(), former.owner))
		throw pg::Error(ERRCODE_INSUFFICIENT_PRIVILEGE,
		                "execution " + std::to_string(former.id) + " ran as another role",
		                "A start would not run as that role now.",
		                "Ask a member of that role, or compare with a new execution.");
	require_usable_owner(former.owner);
}

// What only reads, and needs nobody's word.
bool is_redone(const Execution &former, const definition::Step &step) {
	if (!definition::is_data(step.type) && step.type != definition::StepType::Condition) return false;
	if (step.require_approval || step.repeat || in_cancel_lane(former.definition(), step.position))
		return false;
	// Not done since another step failed: whether that one would now is what its own line says.
	const StepRow &row = former.steps[static_cast<std::size_t>(step.position)];
	return row.status != StepStatus::Skipped ||
	       (row.outcome != skip_cause::dependency && row.outcome != skip_cause::failed);
}

void require_rows(const Execution &former, const definition::Step &step) {
	const StepRow &row = former.steps[static_cast<std::size_t>(step.position)];
	if (row.status != StepStatus::Completed || row.has_rows || !row.row_count || step.for_each) return;
	throw pg::Error(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
	                "the rows of execution " + std::to_string(former.id) + " are gone",
	                "Step \"" + step.id + "\" had " + std::to_string(*row.row_count) +
	                    ", and they were erased since.");
}

// The former execution as it stood before the steps that are to be done again.
Execution before(const Execution &former, const std::vector<bool> &redone) {
	Execution again = former;
	again.status = Status::Running;
	again.error = Value();
	again.finished_at.reset();
	again.deadline_at.reset();
	again.parent_execution.reset();
	again.options.set("conflict", Value("allow")); // it takes no place of the customer's
	again.stored = false;
	for (StepRow &row : again.steps) {
		const definition::Step &step = again.definition().steps[static_cast<std::size_t>(row.position)];
		if (redone[static_cast<std::size_t>(row.position)]) {
			const int position = row.position;
			row = StepRow();
			row.position = position;
		} else if (row.status == StepStatus::Failed && step.on_error != definition::OnError::Continue) {
			row.status = StepStatus::Skipped; // or nothing would begin
		}
	}
	std::erase_if(again.items,
	              [&redone](const auto &item) { return redone[static_cast<std::size_t>(item.first.first)]; });
	return again;
}

// To the end, without waiting between the attempts of a step that fails.
void advance_to_end(Execution &again) {
	while (!is_final(again.status)) {
		pg::call([] { CHECK_FOR_INTERRUPTS(); });
		Batch never_written;
		Advancer advancer(never_written, step::Mode::Session, GetCurrentTimestamp());
		advancer.set_trial();
		advancer.advance(again);
		again.queued_in = nullptr;
		if (is_final(again.status) || again.waiting_for == "step") continue;
		bool is_retrying = false;
		const auto hurry = [&is_retrying](StepRow &row) {
			if (row.status != StepStatus::Waiting || row.waiting_for != "retry") return;
			row.due_at = GetCurrentTimestamp();
			is_retrying = true;
		};
		for (StepRow &row : again.steps) hurry(row);
		for (auto &[key, row] : again.items) hurry(row);
		if (!is_retrying)
			throw pg::Error(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
			                "execution " + std::to_string(again.id) + " cannot be run again now",
			                "A step would wait for: " + again.waiting_for + ".");
	}
}

} // namespace

Rerun rerun(std::int64_t execution) {
	const Execution former = finished(execution);
	require_rights(former);
	Rerun rerun;
	rerun.run_id = run_id_of(former.id, former.created_at);
	std::vector<bool> redone;
	for (const definition::Step &step : former.definition().steps) {
		redone.push_back(is_redone(former, step));
		if (redone.back())
			require_rows(former, step);
		else
			rerun.kept.push_back(step.id);
	}
	if (rerun.kept.size() == redone.size())
		throw pg::Error(ERRCODE_FEATURE_NOT_SUPPORTED,
		                "playbook \"" + former.playbook_id + "\" has no step that can be run again",
		                "Only data steps and conditions are; what acts is never done twice.",
		                "See what it would do now with playbook_preview().");
	Execution again = before(former, redone);
	pg::Subtransaction nothing_stays; // rolled back whatever happens
	pg::SettingScope settings;
	settings.open();
	advance_to_end(again);
	rerun.differences = result::differences(former, again, redone);
	return rerun;
}

} // namespace playbook::execution
