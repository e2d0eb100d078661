#include "execution/estimate.hpp"

#include "execution/readiness.hpp"
#include "pg/identity.hpp"
#include "pg/spi.hpp"

namespace playbook::execution {
namespace {

constexpr int sample_size = 100;
constexpr int enough = 10; // of them at the same point

const definition::Step &step_at(const Execution &execution, int position) {
	return execution.definition().steps[static_cast<std::size_t>(position)];
}

bool is_in_lane(const Execution &execution, int position, definition::Lane::Kind kind) {
	for (int at = position; step_at(execution, at).parent >= 0; at = step_at(execution, at).parent) {
		const definition::Step &step = step_at(execution, at);
		const definition::Step &parent = step_at(execution, step.parent);
		if (parent.lanes[static_cast<std::size_t>(step.lane)].kind == kind) return true;
	}
	return false;
}

// Steps of the usual path; those for cancelling and for approvals that expire are not counted on.
bool is_expected(const Execution &execution, int position) {
	return !in_cancel_lane(execution.definition(), position) &&
	       !is_in_lane(execution, position, definition::Lane::Kind::OnExpiry);
}

// What the executions of the sample must have in common with this one, and how long ago it came there.
struct Point {
	std::vector<std::string> ids, statuses, open;
	TimestampTz reached = 0;
};

Point point_of(const Execution &execution) {
	Point point;
	point.reached = execution.started_at.value_or(execution.created_at);
	for (const StepRow &row : execution.steps) {
		if (!is_expected(execution, row.position)) continue;
		const std::string &id = step_at(execution, row.position).id;
		if (!is_final(row.status)) {
			point.open.push_back(id);
			continue;
		}
		point.ids.push_back(id);
		point.statuses.emplace_back(to_string(row.status));
		if (row.finished_at) point.reached = std::max(point.reached, *row.finished_at);
	}
	return point;
}

// The sample by the index on playbook_id and finished_at, its steps by their primary key.
bool from_history(const Execution &execution, Estimate &estimate) {
	static pg::Statement ask(
	    "WITH sample AS MATERIALIZED (SELECT id, slot, coalesce(started_at, created_at) AS began, "
	    "finished_at "
	    "FROM @playbook_executions WHERE playbook_id = $1 AND status = 'completed' "
	    "AND finished_at - started_at > interval '1 second' ORDER BY finished_at DESC LIMIT $2), "
	    "reached AS MATERIALIZED (SELECT h.id, h.slot, h.finished_at, "
	    "greatest(h.began, (SELECT max(s.finished_at) FROM @playbook_step_executions s "
	    "WHERE s.execution_id = h.id AND s.slot = h.slot AND s.item = 0 AND s.step_id = ANY ($3))) AS at "
	    "FROM sample h WHERE (SELECT count(*) FROM @playbook_step_executions s JOIN unnest($3, $4) AS "
	    "here (step_id, status) ON here.step_id = s.step_id AND here.status = s.status "
	    "WHERE s.execution_id = h.id AND s.slot = h.slot AND s.item = 0) = cardinality($3)), "
	    "spans AS (SELECT NULL::text AS step_id, finished_at - at AS span FROM reached UNION ALL "
	    "SELECT s.step_id, s.finished_at - r.at FROM reached r JOIN @playbook_step_executions s "
	    "ON s.execution_id = r.id AND s.slot = r.slot AND s.item = 0 "
	    "WHERE s.step_id = ANY ($5) AND s.status = 'completed') "
	    "SELECT step_id, count(*)::integer, "
	    "(1e6 * percentile_cont(0.25) WITHIN GROUP (ORDER BY extract(epoch FROM span)::float8))::bigint, "
	    "(1e6 * percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM span)::float8))::bigint, "
	    "(1e6 * percentile_cont(0.75) WITHIN GROUP (ORDER BY extract(epoch FROM span)::float8))::bigint "
	    "FROM spans GROUP BY step_id ORDER BY step_id NULLS FIRST",
	    {TEXTOID, INT4OID, TEXTARRAYOID, TEXTARRAYOID, TEXTARRAYOID});
	const Point point = point_of(execution);
	const pg::Rows rows =
	    ask.query({pg::text(execution.playbook_id), pg::int4(sample_size), pg::datum(pg::array_of(point.ids)),
	               pg::datum(pg::array_of(point.statuses)), pg::datum(pg::array_of(point.open))});
	if (rows.empty() || rows.int4(0, 1) < enough) return false;
	// The time that has passed since that point is over; what took longer than they did may end any moment.
	// One that has not begun counts from its beginning.
	const bool begun = execution.started_at.has_value();
	const TimestampTz begin = begun ? estimate.at : std::max(estimate.at, execution.due_at.value_or(0));
	const TimestampTz from = begun ? point.reached : begin;
	const auto left = [&](std::size_t row, int column) {
		return std::max<std::int64_t>(0, from + rows.int8(row, column) - estimate.at);
	};
	estimate.basis = Estimate::Basis::History;
	estimate.n = rows.int4(0, 1);
	estimate.p25 = left(0, 2);
	estimate.remaining = left(0, 3);
	estimate.p75 = left(0, 4);
	for (std::size_t row = 1; row < rows.size(); ++row)
		if (const definition::Step *step = execution.definition().find(rows.text(row, 0)))
			estimate.steps[step->position] = estimate.at + left(row, 3);
	return true;
}

// How long a step takes that has not begun, as far as its definition says.
std::optional<std::int64_t> span_of(const definition::Step &step) {
	using definition::StepType;
	const auto length = [&step](const char *key) -> std::optional<std::int64_t> {
		const Value *text = step.config.find(key);
		const auto duration = text != nullptr ? definition::parse_duration(text->as_text()) : std::nullopt;
		if (!duration) return std::nullopt;
		return duration->approximate_microseconds();
	};
	const Value *wait = step.config.find("wait");
	const bool goes_on = wait != nullptr && wait->as_text() == "false";
	if (step.require_approval) return std::nullopt;
	switch (step.type) {
	case StepType::Wait:
		for (const char *key : {"for", "duration", "timeout"})
			if (step.config.find(key) != nullptr) return length(key);
		return std::nullopt; // an event, or a date that is known when it begins
	case StepType::Approval: return std::nullopt;
	case StepType::Task:
	case StepType::Meeting:
	case StepType::Playbook: return goes_on ? std::optional<std::int64_t>(0) : std::nullopt;
	default: break;
	}
	if (!step.repeat) return 0;
	if (step.repeat->times == 0) return std::nullopt;
	return step.repeat->every.approximate_microseconds() * (step.repeat->times - 1);
}

// What is under way ends when it is due, unless somebody or something else ends it.
std::optional<TimestampTz> end_of(const StepRow &row, TimestampTz now) {
	if (row.status == StepStatus::Running) return now;
	const bool by_itself = row.waiting_for == "time" || row.waiting_for == "event" ||
	                       row.waiting_for == "retry" || row.waiting_for == "executor";
	if (!by_itself) return std::nullopt;
	if (row.waiting_for == "executor") return now;
	if (!row.due_at) return std::nullopt;
	return std::max(now, *row.due_at);
}

void from_definition(const Execution &execution, Estimate &estimate) {
	const TimestampTz begin =
	    execution.started_at ? estimate.at : std::max(estimate.at, execution.due_at.value_or(0));
	std::map<int, std::optional<TimestampTz>> ends; // nullopt: nobody can tell
	TimestampTz last = begin;
	bool known = true;
	for (const definition::Step &step : execution.definition().steps) {
		const StepRow &row = execution.steps[static_cast<std::size_t>(step.position)];
		std::optional<TimestampTz> &end = ends[step.position];
		end = begin;
		if (is_final(row.status) || !is_expected(execution, step.position)) continue;
		const auto after = [&](int other) {
			const auto found = ends.find(other);
			if (found == ends.end()) return;
			if (!end || !found->second)
				end.reset();
			else
				end = std::max(*end, *found->second);
		};
		for (const int other : step.waits_for) after(other);
		if (step.parent >= 0) after(step.parent);
		if (row.status == StepStatus::Waiting || row.status == StepStatus::Running) {
			end = end_of(row, estimate.at);
		} else if (const std::optional<std::int64_t> span = span_of(step); end && span) {
			*end += *span;
		} else {
			end.reset();
		}
		known = known && end;
		if (!end) continue;
		estimate.steps[step.position] = *end;
		last = std::max(last, *end);
	}
	estimate.basis = Estimate::Basis::Definition;
	if (known) estimate.remaining = last - estimate.at;
}

} // namespace

const char *to_string(Estimate::Basis basis) {
	switch (basis) {
	case Estimate::Basis::History: return "history";
	case Estimate::Basis::Definition: return "definition";
	default: return "";
	}
}

Estimate estimate_of(const Execution &execution) {
	Estimate estimate;
	estimate.at = GetCurrentTimestamp();
	if (is_final(execution.status)) return estimate;
	pg::EngineIdentity engine;
	pg::Spi spi;
	if (!from_history(execution, estimate)) from_definition(execution, estimate);
	// How long a pause lasts is anybody's guess, when another execution ends too.
	const bool stands = execution.status == Status::Paused || execution.waiting_for == "customer";
	if (stands) estimate.steps.clear();
	if (estimate.remaining && !stands) estimate.ends_at = estimate.at + *estimate.remaining;
	return estimate;
}

} // namespace playbook::execution
