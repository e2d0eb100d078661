// SQL-callable: playbook_progress, playbook_estimate, playbook_result, playbook_changes, playbook_preview
// (sql/playbook/44_execution_functions.sql, 48_watch_functions.sql).
#include "execution/advance.hpp"
#include "execution/estimate.hpp"
#include "execution/preview.hpp"
#include "execution/store.hpp"
#include "identity/access.hpp"
#include "notification/publisher.hpp"
#include "pg/function.hpp"
#include "pg/identity.hpp"
#include "result/document.hpp"
#include "sql_api/execution_argument.hpp"
#include "sql_api/start_request.hpp"

PLAYBOOK_EXPORT_BEGIN
PG_FUNCTION_INFO_V1(playbook_progress);
PG_FUNCTION_INFO_V1(playbook_estimate);
PG_FUNCTION_INFO_V1(playbook_result);
PG_FUNCTION_INFO_V1(playbook_changes);
PG_FUNCTION_INFO_V1(playbook_preview);
PLAYBOOK_EXPORT_END

using namespace playbook;

namespace {

pg::Argument text_or_null(const std::string &text) { return text.empty() ? pg::null() : pg::text(text); }

pg::Argument interval_of(std::int64_t microseconds) {
	Interval *span = pg::call([] { return static_cast<Interval *>(palloc0(sizeof(Interval))); });
	span->time = microseconds;
	return pg::datum(IntervalPGetDatum(span));
}

int depth_of(const definition::Definition &definition, const definition::Step &step) {
	int depth = 0;
	for (int at = step.parent; at >= 0; at = definition.steps[static_cast<std::size_t>(at)].parent) ++depth;
	return depth;
}

std::string branch_of(const definition::Definition &definition, const definition::Step &step) {
	if (step.parent < 0) return {};
	const definition::Step &parent = definition.steps[static_cast<std::size_t>(step.parent)];
	return parent.id + "." + parent.lanes[static_cast<std::size_t>(step.lane)].name;
}

void progress_row(pg::ResultSet &rows, const execution::Execution &execution, const execution::StepRow &row,
                  const execution::Estimate &estimate) {
	const definition::Definition &definition = execution.definition();
	const definition::Step &step = definition.steps[static_cast<std::size_t>(row.position)];
	const Value *message = row.error.find("message");
	const auto expected = estimate.steps.find(row.item == 0 ? row.position : -1);
	const TimestampTz until = row.finished_at.value_or(GetCurrentTimestamp());
	rows.row({pg::int4(row.position), pg::int4(row.item), pg::int4(depth_of(definition, step)),
	          text_or_null(branch_of(definition, step)), pg::text(step.id), pg::text(step.name),
	          pg::text(definition::to_string(step.type)), pg::text(execution::to_string(row.status)),
	          text_or_null(row.outcome), text_or_null(row.waiting_for),
	          pg::optional_of(row.due_at, pg::timestamp), text_or_null(row.reason), pg::int4(row.attempt),
	          pg::optional_of(row.started_at, pg::timestamp), pg::optional_of(row.finished_at, pg::timestamp),
	          row.started_at ? interval_of(std::max<std::int64_t>(0, until - *row.started_at)) : pg::null(),
	          pg::optional_of(row.row_count, pg::int8),
	          message != nullptr ? pg::text(message->as_text()) : pg::null(),
	          expected != estimate.steps.end() ? pg::timestamp(expected->second) : pg::null()});
}

// With its steps; 42704 when the caller may not see it.
execution::Execution visible_execution(std::int64_t id) {
	(void) identity::require_visible(id);
	pg::EngineIdentity engine;
	pg::Spi spi;
	std::optional<execution::Execution> execution = execution::find_execution(id);
	if (!execution) identity::unknown_execution(id);
	execution::load_steps({&*execution});
	return std::move(*execution);
}

} // namespace

Datum playbook_progress(PG_FUNCTION_ARGS) {
	return pg::entry([&]() -> Datum {
		const execution::Execution execution = visible_execution(sql_api::execution_argument(fcinfo));
		const execution::Estimate estimate = execution::estimate_of(execution);
		pg::ResultSet rows(fcinfo);
		for (const execution::StepRow &row : execution.steps) {
			if (execution::in_cancel_lane(execution.definition(), row.position) && !row.stored) continue;
			progress_row(rows, execution, row, estimate);
			for (auto at = execution.items.lower_bound({row.position, 0});
			     at != execution.items.end() && at->first.first == row.position; ++at)
				progress_row(rows, execution, at->second, estimate);
		}
		return rows.done(fcinfo);
	});
}

Datum playbook_estimate(PG_FUNCTION_ARGS) {
	return pg::entry([&]() -> Datum {
		const execution::Estimate estimate =
		    execution::estimate_of(visible_execution(sql_api::execution_argument(fcinfo)));
		const bool from_history = estimate.basis == execution::Estimate::Basis::History;
		return pg::composite(fcinfo, {pg::optional_of(estimate.remaining, interval_of),
		                              pg::optional_of(estimate.p25, interval_of),
		                              pg::optional_of(estimate.p75, interval_of),
		                              pg::optional_of(estimate.ends_at, pg::timestamp),
		                              text_or_null(execution::to_string(estimate.basis)),
		                              from_history ? pg::int4(estimate.n) : pg::null()});
	});
}

Datum playbook_result(PG_FUNCTION_ARGS) {
	return pg::entry([&]() -> Datum {
		const pg::Arguments args(fcinfo);
		return pg::jsonb_datum(result::document_of(sql_api::execution_argument(fcinfo),
		                                           args.is_null(1) || args.boolean(1, "include_data")));
	});
}

Datum playbook_changes(PG_FUNCTION_ARGS) {
	return pg::entry([&]() -> Datum {
		const pg::Arguments args(fcinfo);
		const int limit = args.int4(1, "limit");
		if (limit < 1 || limit > 100000)
			throw pg::Error(ERRCODE_INVALID_PARAMETER_VALUE, "limit must be between 1 and 100000");
		notification::announce_for_the_next();
		pg::ResultSet rows(fcinfo);
		// The limit counts what the caller may see: a page of others' changes must not look like the end.
		std::int64_t after = args.int8(0, "after");
		for (int left = limit; left > 0;) {
			const std::vector<notification::Change> page = notification::changes_after(after, limit);
			for (const notification::Change &change : page) {
				after = change.seq;
				if (!identity::can_see(change.execution)) continue;
				rows.row({pg::int8(change.seq), pg::int8(change.execution), text_or_null(change.playbook),
				          text_or_null(change.step), change.item > 0 ? pg::int4(change.item - 1) : pg::null(),
				          pg::text(change.status), text_or_null(change.waiting_for),
				          pg::timestamp(change.at)});
				if (--left == 0) break;
			}
			if (page.size() < static_cast<std::size_t>(limit)) break;
		}
		return rows.done(fcinfo);
	});
}

Datum playbook_preview(PG_FUNCTION_ARGS) {
	return pg::entry([&]() -> Datum {
		const pg::Arguments args(fcinfo);
		const std::vector<execution::Previewed> steps = execution::preview(
		    args.text(0, "playbook"), sql_api::customer_of(args, 1), args.jsonb_or(2, Value::object()),
		    !args.is_null(3) && args.boolean(3, "run_queries"));
		pg::ResultSet rows(fcinfo);
		for (const execution::Previewed &step : steps)
			rows.row({pg::int4(step.position), pg::text(step.id), pg::text(step.type),
			          step.input.is_null() ? pg::null() : pg::jsonb(step.input),
			          pg::boolean(step.needs_approval), pg::datum(pg::array_of(step.approvers)),
			          text_or_null(step.branch), pg::optional_of(step.planned_at, pg::timestamp),
			          pg::datum(pg::array_of(step.missing_variables)), text_or_null(step.problem)});
		return rows.done(fcinfo);
	});
}
