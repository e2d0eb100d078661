#include "result/document.hpp"

#include "execution/advance.hpp"
#include "execution/estimate.hpp"
#include "execution/store.hpp"
#include "identity/access.hpp"
#include "notification/publisher.hpp"
#include "pg/identity.hpp"
#include "result/artifact.hpp"
#include "result/declared_insights.hpp"
#include "result/output.hpp"
#include "result/output_facts.hpp"
#include "result/row_set.hpp"
#include "settings.hpp"

namespace playbook::result {
namespace {

using execution::Execution;
using execution::StepRow;
using execution::StepStatus;

// The one place where the engine's words become the document's.
const char *word_of(StepStatus status) {
	switch (status) {
	case StepStatus::Completed: return "success";
	case StepStatus::Failed: return "error";
	default: return execution::to_string(status);
	}
}

std::string source_of(const definition::Step &step) {
	if (!step.source.empty()) return step.source;
	switch (step.type) {
	case definition::StepType::Query: return "data_warehouse";
	case definition::StepType::Search: return "crm";
	case definition::StepType::Join:
	case definition::StepType::Aggregate:
	case definition::StepType::Filter:
	case definition::StepType::Diff: return "transform";
	case definition::StepType::Request: return "api";
	default: return "playbook"; // acting steps come from the playbook itself
	}
}

std::int64_t milliseconds(const StepRow &row) {
	if (!row.started_at || !row.finished_at) return 0;
	return std::max<std::int64_t>(0, *row.finished_at - *row.started_at) / 1000;
}

std::shared_ptr<const RowSet> rows_of(const Execution &execution, const StepRow &row) {
	if (!row.has_rows) return nullptr;
	pg::EngineIdentity engine;
	pg::Spi spi;
	return load_rows(execution.id, row.position, row.item);
}

// Writing rows as JSON may run their owner's code, a cast to json, and that may fail. The document says so:
// an error would undo the execution that playbook_run is to tell of.
template <typename Do> std::optional<execution::Failure> guarded(Do work) {
	try {
		pg::Subtransaction inner;
		work();
		inner.commit();
		return std::nullopt;
	} catch (const pg::Error &error) {
		if (error.sqlstate() == ERRCODE_QUERY_CANCELED) throw;
		return execution::failure_from(error);
	}
}

Value data_of(const RowSet &rows) {
	const std::int64_t limit = settings::result_rows();
	Value data = Value::array();
	if (limit > 0)
		for (Value &object : rows.objects(limit)) data.push_back(std::move(object));
	return data;
}

void set_data(Value &document, const RowSet &rows, Value data) {
	if (rows.row_count() > settings::result_rows()) document.set("truncated", Value(true));
	document.set("data", std::move(data));
}

Value step_document(const Execution &execution, const StepRow &row, bool include_data) {
	const definition::Step &step = execution.definition().steps[static_cast<std::size_t>(row.position)];
	Value document = Value::object();
	document.set("step_id", Value(step.id));
	document.set("name", Value(step.name));
	document.set("source", Value(source_of(step)));
	document.set("status", Value(word_of(row.status)));
	document.set("row_count", Value(row.row_count.value_or(0)));
	document.set("execution_time_ms", Value(milliseconds(row)));
	if (!row.outcome.empty()) document.set("outcome", Value(row.outcome));
	if (!row.error.is_null()) document.set("error", row.error);
	if (!row.reason.empty()) document.set("reason", Value(row.reason));
	if (!row.waiting_for.empty()) document.set("waiting_for", Value(row.waiting_for));
	if (const Value *cached = row.output.find("cached")) document.set("cached", *cached);
	if (!include_data) return document;
	if (const std::shared_ptr<const RowSet> rows = rows_of(execution, row)) {
		Value data;
		if (const auto failure = guarded([&] { data = data_of(*rows); }))
			document.set("data_error", failure->to_value());
		else
			set_data(document, *rows, std::move(data));
	} else if (!row.output.is_null()) {
		document.set("data", row.output);
	}
	return document;
}

Value output_document(Execution &execution, const definition::Output &output, bool include_data,
                      std::vector<OutputFacts> &facts, std::vector<OutputRows> &all) {
	Value document = Value::object();
	document.set("name", Value(output.name));
	document.set("type", Value(output.type));
	OutputRows &made = all.emplace_back(rows_of_output(execution, output));
	Value data;
	OutputFacts found;
	if (made.rows != nullptr)
		if (auto failure = guarded([&] {
			    found = facts_of_output(execution, output, made);
			    if (include_data) data = data_of(*made.rows);
		    })) {
			made.failure = std::move(failure);
			made.rows = nullptr; // nor has an insight to speak of it
		}
	if (made.position >= 0)
		document.set("source",
		             Value(execution.definition().steps[static_cast<std::size_t>(made.position)].id));
	if (made.failure) {
		document.set("status", Value("error"));
		document.set("error", made.failure->to_value());
		return document;
	}
	if (made.rows == nullptr) {
		document.set("status", Value("skipped"));
		document.set("reason", Value(made.reason));
		return document;
	}
	facts.push_back(std::move(found));
	document.set("status", Value("success"));
	document.set("row_count", Value(made.rows->row_count()));
	if (include_data) set_data(document, *made.rows, std::move(data));
	return document;
}

Value estimate_document(const Execution &execution) {
	const execution::Estimate estimate = execution::estimate_of(execution);
	const auto seconds = [](const std::optional<std::int64_t> &microseconds) {
		return microseconds ? Value((*microseconds + USECS_PER_SEC / 2) / USECS_PER_SEC) : Value();
	};
	Value document = Value::object();
	document.set("basis", Value(execution::to_string(estimate.basis)));
	document.set("remaining_seconds", seconds(estimate.remaining));
	document.set("ends_at", estimate.ends_at ? Value(notification::utc_text(*estimate.ends_at)) : Value());
	if (estimate.basis != execution::Estimate::Basis::History) return document;
	document.set("p25_seconds", seconds(estimate.p25));
	document.set("p75_seconds", seconds(estimate.p75));
	document.set("n", Value(std::int64_t{estimate.n}));
	return document;
}

Value option(const Execution &execution, const char *name, const std::string &otherwise) {
	const Value *chosen = execution.options.find(name);
	if (chosen != nullptr) return *chosen;
	return Value(otherwise.empty() ? std::string("local") : otherwise);
}

Value stored_path(const Execution &execution) {
	pg::EngineIdentity engine;
	pg::Spi spi;
	const std::optional<Artifact> artifact = find_artifact(execution);
	return artifact ? Value(artifact->path) : Value();
}

} // namespace

Value document_of(std::int64_t id, bool include_data) {
	(void) identity::require_visible(id);
	std::optional<Execution> found;
	{
		pg::EngineIdentity engine;
		pg::Spi spi;
		found = execution::find_execution(id);
		if (!found) identity::unknown_execution(id);
		execution::load_steps({&*found});
	}
	Execution &execution = *found;
	const definition::Definition &definition = execution.definition();
	const bool released = is_released(execution);
	include_data = include_data && released;
	Value document = Value::object();
	document.set("playbook_id", Value(execution.playbook_id));
	document.set("playbook_name", Value(definition.name));
	std::string executed_at = notification::utc_text(execution.created_at / USECS_PER_SEC * USECS_PER_SEC);
	if (execution.options.find("library") != nullptr) document.set("library", Value(true));
	document.set("executed_at", Value(std::move(executed_at)));
	document.set("run_id", Value(execution::run_id_of(execution.id, execution.created_at)));
	document.set("execution", Value(execution.id));
	document.set("status", Value(execution::to_string(execution.status)));
	if (!execution.waiting_for.empty()) document.set("waiting_for", Value(execution.waiting_for));
	if (execution.due_at && execution.status == execution::Status::Waiting)
		document.set("waiting_until", Value(notification::utc_text(*execution.due_at)));
	document.set("error", execution.error);
	if (!execution.reason.empty()) document.set("reason", Value(execution.reason));
	if (!execution::is_final(execution.status)) document.set("estimate", estimate_document(execution));

	Value steps = Value::array();
	std::int64_t total = 0, successful = 0, counted = 0;
	for (const StepRow &row : execution.steps) {
		if (execution::in_cancel_lane(definition, row.position) && !row.stored) continue;
		++counted;
		successful += row.status == StepStatus::Completed ? 1 : 0;
		total += milliseconds(row);
		steps.push_back(step_document(execution, row, include_data));
	}
	document.set("steps", std::move(steps));
	Value summary = Value::object();
	summary.set("total_steps", Value(counted));
	summary.set("successful_steps", Value(successful));
	summary.set("total_execution_time_ms", Value(total));
	document.set("summary", std::move(summary));

	std::vector<OutputFacts> facts;
	std::vector<OutputRows> made;
	Value outputs = Value::array();
	for (const definition::Output &output : definition.outputs)
		outputs.push_back(output_document(execution, output, include_data, facts, made));
	document.set("outputs", std::move(outputs));
	Value insights = Value::array();
	if (std::optional<std::vector<std::string>> own; released && (own = declared_insights(execution, made))) {
		for (const std::string &sentence : *own) insights.push_back(Value(sentence));
	} else if (released && !facts.empty()) {
		const InsightStyle style{settings::locale(), settings::currency()};
		std::vector<OutputFacts> former; // none where they cannot be had
		(void) guarded([&] { former = former_facts(execution); });
		for (const std::string &sentence : insights_of(facts, former, style))
			insights.push_back(Value(sentence));
	}
	document.set("insights", std::move(insights));
	document.set("artifact_path", stored_path(execution));
	Value metadata = Value::object();
	metadata.set("data_warehouse", option(execution, "data_warehouse", settings::data_warehouse()));
	metadata.set("crm", option(execution, "crm", settings::crm()));
	metadata.set("parameters_used", execution.parameters);
	document.set("metadata", std::move(metadata));
	return document;
}

} // namespace playbook::result
