#include "result/output.hpp"

#include "definition/wording.hpp"
#include "pg/identity.hpp"
#include "pg/spi.hpp"
#include "step/data_step.hpp"
#include "step/transform.hpp"

namespace playbook::result {
namespace {

using execution::Execution;
using execution::StepRow;
using execution::StepStatus;

int last_with_rows(const Execution &execution) {
	int last = -1;
	for (const StepRow &row : execution.steps)
		if (row.has_rows && row.status == StepStatus::Completed) last = row.position;
	return last;
}

int source_of(const Execution &execution, const definition::Output &output) {
	if (output.source >= 0) return output.source;
	int before = -1;
	for (const definition::Output &other : execution.definition().outputs) {
		if (other.name == output.name) break;
		if (other.type == "data" && other.source >= 0) before = other.source;
	}
	return before >= 0 ? before : last_with_rows(execution);
}

std::shared_ptr<const RowSet> rows_of_step(const Execution &execution, const StepRow &row) {
	if (row.rows != nullptr || !row.has_rows) return row.rows;
	pg::EngineIdentity engine;
	pg::Spi spi;
	return load_rows(execution.id, row.position, row.item);
}

// The rows as the output wants them; the same where it says nothing.
std::shared_ptr<const RowSet> shaped(std::shared_ptr<const RowSet> rows, const definition::Output &output,
                                     const step::UserSqlOptions &options) {
	const Value *metrics = output.raw.find("metrics"), *columns = output.raw.find("columns");
	if (metrics != nullptr) {
		const Value *group_by = output.raw.find("group_by");
		return step::run_aggregate_over(rows, *metrics, group_by != nullptr ? *group_by : Value(), options);
	}
	if (columns != nullptr) return step::rows_with_columns(rows, *columns, options);
	return rows;
}

} // namespace

OutputRows rows_of_output(Execution &execution, const definition::Output &output) {
	OutputRows made;
	made.position = source_of(execution, output);
	if (made.position < 0) {
		made.reason = "no step has rows";
		return made;
	}
	StepRow &row = execution.steps[static_cast<std::size_t>(made.position)];
	std::shared_ptr<const RowSet> rows = rows_of_step(execution, row);
	if (rows == nullptr || row.status != StepStatus::Completed) {
		made.reason = std::string("its step is ") + execution::to_string(row.status);
		return made;
	}
	const step::Context context{execution,
	                            execution.definition().steps[static_cast<std::size_t>(made.position)], row,
	                            GetCurrentTimestamp(), step::Mode::Session};
	try {
		pg::Subtransaction guarded;
		made.rows = shaped(std::move(rows), output, step::user_sql_options(context, true));
		guarded.commit();
	} catch (const pg::Error &error) {
		made.failure = execution::failure_from(error);
	}
	return made;
}

bool is_released(const Execution &execution) {
	const int review = execution.definition().review;
	if (review < 0) return true;
	const StepRow &row = execution.steps[static_cast<std::size_t>(review)];
	return row.status == StepStatus::Completed && (row.outcome == "approved" || row.outcome == "changed");
}

void require_released(const Execution &execution) {
	if (is_released(execution)) return;
	throw pg::Error(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
	                "the outputs of execution " + std::to_string(execution.id) + " are not released",
	                "Its playbook requires a person's review, and nobody has approved.");
}

std::shared_ptr<const RowSet> rows_of_part(Execution &execution, const std::optional<std::string> &part) {
	const definition::Definition &definition = execution.definition();
	for (const definition::Output &output : definition.outputs) {
		if (part && output.name != *part) continue;
		OutputRows made = rows_of_output(execution, output);
		if (made.failure)
			throw pg::Error(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
			                "output \"" + output.name + "\" cannot be made", made.failure->message);
		if (made.rows == nullptr)
			throw pg::Error(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
			                "output \"" + output.name + "\" has no rows", "The reason: " + made.reason + ".");
		return made.rows;
	}
	const definition::Step *step = part ? definition.find(*part) : nullptr;
	if (part && step == nullptr) {
		std::vector<std::string> known;
		for (const definition::Output &output : definition.outputs) known.push_back(output.name);
		for (const definition::Step &other : definition.steps) known.push_back(other.id);
		throw pg::Error(ERRCODE_UNDEFINED_OBJECT, "there is no output or step " + definition::quoted(*part),
		                "", definition::suggestion(*part, known, "There are"));
	}
	const int position = step != nullptr ? step->position : last_with_rows(execution);
	std::shared_ptr<const RowSet> rows =
	    position < 0 ? nullptr : rows_of_step(execution, execution.steps[static_cast<std::size_t>(position)]);
	if (rows == nullptr)
		throw pg::Error(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
		                step != nullptr ? "step \"" + step->id + "\" has no rows"
		                                : "execution " + std::to_string(execution.id) + " has no rows");
	return rows;
}

} // namespace playbook::result
