// Writing half of execution/store: one insert and one update per table and batch, arrays through unnest.
#include "execution/customer_place.hpp"
#include "execution/retention.hpp"
#include "execution/statistics.hpp"
#include "execution/store.hpp"
#include "execution/stored_rows.hpp"
#include "execution/touch.hpp"
#include "fault_points.hpp"
#include "notification/publisher.hpp"
#include "result/artifact.hpp"
#include "result/output_view.hpp"
#include "result/row_set.hpp"
#include "worker/shared_state.hpp"

namespace playbook::execution {
namespace {

// Rows to be written, column by column, as arrays for unnest.
class Columns {
public:
	explicit Columns(std::vector<Oid> types) : types_(std::move(types)), columns_(types_.size()) {}
	Columns &operator<<(const pg::Argument &argument) {
		columns_[at_].push_back({argument.value, argument.is_null});
		at_ = (at_ + 1) % columns_.size();
		return *this;
	}
	bool empty() const { return columns_.front().empty(); }
	std::vector<pg::Argument> arrays() const {
		std::vector<pg::Argument> arguments;
		arguments.reserve(columns_.size());
		for (std::size_t i = 0; i < columns_.size(); ++i)
			arguments.push_back(pg::datum(pg::array_of(columns_[i], types_[i])));
		return arguments;
	}

private:
	std::vector<Oid> types_;
	std::vector<std::vector<pg::NullableDatumOf>> columns_;
	std::size_t at_ = 0;
};

const std::vector<Oid> step_types = {
    INT8OID,  INT4OID,  INT4OID, INT4OID,        TEXTOID, TEXTOID,        TEXTOID,       TEXTOID,
    INT4OID,  TEXTOID,  TEXTOID, TIMESTAMPTZOID, BOOLOID, OIDOID,         INT4OID,       JSONBOID,
    JSONBOID, JSONBOID, INT8OID, BYTEAOID,       INT4OID, TIMESTAMPTZOID, TIMESTAMPTZOID};
#define STEP_ARRAYS                                                                                          \
	"$1::bigint[], $2::integer[], $3::integer[], $4::integer[], $5::text[], $6::text[], $7::text[], "        \
	"$8::text[], "                                                                                           \
	"$9::integer[], $10::text[], $11::text[], $12::timestamptz[], $13::boolean[], $14::oid[], "              \
	"$15::integer[], "                                                                                       \
	"$16::jsonb[], $17::jsonb[], $18::jsonb[], $19::bigint[], $20::bytea[], $21::integer[], "                \
	"$22::timestamptz[], "                                                                                   \
	"$23::timestamptz[]"
#define STEP_TYPES                                                                                           \
	INT8ARRAYOID, INT4ARRAYOID, INT4ARRAYOID, INT4ARRAYOID, TEXTARRAYOID, TEXTARRAYOID, TEXTARRAYOID,        \
	    TEXTARRAYOID, INT4ARRAYOID, TEXTARRAYOID, TEXTARRAYOID, TIMESTAMPTZARRAYOID_, BOOLARRAYOID,          \
	    OIDARRAYOID, INT4ARRAYOID, JSONBARRAYOID_, JSONBARRAYOID_, JSONBARRAYOID_, INT8ARRAYOID,             \
	    BYTEAARRAYOID, INT4ARRAYOID, TIMESTAMPTZARRAYOID_, TIMESTAMPTZARRAYOID_

// Array types that the server's headers give no name in every version.
constexpr Oid TIMESTAMPTZARRAYOID_ = 1185;
constexpr Oid JSONBARRAYOID_ = 3807;

const char *const update_steps_sql =
    "UPDATE @playbook_step_executions_live s SET status = u.status, outcome = u.outcome, attempt = "
    "u.attempt, "
    "reason = u.reason, waiting_for = u.waiting_for, due_at = u.due_at, alone = u.alone, owner = u.owner, "
    "worker = u.worker, "
    "input = u.input, output = u.output, error = u.error, row_count = u.row_count, "
    "rows = CASE WHEN u.chunks = -1 THEN s.rows ELSE u.rows END, chunks = CASE WHEN u.chunks = -1 THEN "
    "s.chunks ELSE u.chunks END, "
    "started_at = u.started_at, finished_at = u.finished_at "
    "FROM unnest(" STEP_ARRAYS
    ") AS u (execution_id, position, item, home, step_id, type, status, outcome, attempt, reason, "
    "waiting_for, due_at, alone, owner, worker, input, output, error, row_count, rows, chunks, started_at, "
    "finished_at) "
    "WHERE s.execution_id = ANY ($1) AND s.execution_id = u.execution_id AND s.position = u.position AND "
    "s.item = u.item";

void append_update(Columns &columns, const Execution &execution, const StepRow &step, RepeatedJson &json) {
	columns << pg::int8(execution.id) << pg::int4(step.position) << pg::int4(step.item)
	        << pg::int4(execution.home);
	append_step(columns, execution, step, json);
}

// The writer of a slot, made when its first row comes.
pg::TableWriter &writer_of(std::map<int, pg::TableWriter> &writers, int slot,
                           pg::TableWriter (*make)(int slot)) {
	const auto found = writers.find(slot);
	return found != writers.end() ? found->second : writers.emplace(slot, make(slot)).first->second;
}

} // namespace

void Batch::add(Execution &execution) {
	if (execution.queued_in == this) return;
	execution.queued_in = this;
	executions_.push_back(&execution);
}

void Batch::flush() {
	if (executions_.empty()) return;
	count_changes(executions_);
	// What has ended goes to history with its last values. Rows that were never in the table go there at
	// once.
	std::vector<const Execution *> ending;
	for (Execution *execution : executions_) {
		if (!is_final(execution->status) || execution->slot != 0 || !execution->finished_at) continue;
		ending.push_back(execution);
		execution->slot = history_slot(*execution);
		if (!execution->stored) continue;
		moved_.push_back(execution);
		execution->moves = true;
	}
	write_executions();
	FAULT_POINT("flush.executions");
	write_steps();
	FAULT_POINT("flush.steps");
	write_messages();
	FAULT_POINT("flush.messages");
	write_notifications();
	FAULT_POINT("flush.notifications");
	move_finished();
	FAULT_POINT("flush.moved");
	// In the order in which all take several places, so that nobody waits for whoever waits for this.
	std::sort(ending.begin(), ending.end(), [](const Execution *one, const Execution *other) {
		return std::tie(one->playbook_id, one->customer_id, one->id) <
		       std::tie(other->playbook_id, other->customer_id, other->id);
	});
	for (const Execution *execution : ending) release_customer(*execution);
	write_row_sets();
	FAULT_POINT("flush.row_sets");
	std::vector<const Execution *> ended;
	for (const Execution *execution : executions_)
		if (execution->dirty && is_final(execution->status)) ended.push_back(execution);
	result::save_artifacts(ended);
	FAULT_POINT("flush.artifacts");
	for (const Execution *execution : ended)
		if (result::lacks_output_views(*execution)) without_views_.insert(execution->playbook_id);
	notification::write_changes(changes_);
	FAULT_POINT("flush.changes");
	for (Execution *execution : executions_) {
		if (is_final(execution->status) && execution->dirty) finished_.push_back(execution->id);
		const bool person = execution->waiting_for == "approval" || execution->waiting_for == "task" ||
		                    execution->status == Status::Paused;
		if (execution->dirty && (is_final(execution->status) || person))
			worker::wake_waiters_at_commit(execution->id);
		execution->dirty = execution->moves = false;
		execution->stored = true;
		execution->announced = execution->status;
		execution->queued_in = nullptr;
		const auto written = [](StepRow &step) {
			if (!step.dirty) return;
			step.stored = true;
			step.announced = step.status;
			step.dirty = false;
		};
		for (StepRow &step : execution->steps) written(step);
		for (auto &[key, step] : execution->items) written(step);
	}
	executions_.clear();
	changes_ = {};
	moved_.clear();
}

void Batch::write_executions() {
	Columns updated({INT8OID, TEXTOID, TEXTOID, TIMESTAMPTZOID, TIMESTAMPTZOID, TIMESTAMPTZOID,
	                 TIMESTAMPTZOID, TIMESTAMPTZOID, INT4OID, INT4OID, JSONBOID, TEXTOID, JSONBOID,
	                 JSONBOID});
	std::map<int, pg::TableWriter> inserted;
	RepeatedJson json;
	for (Execution *execution : executions_) {
		if (!execution->dirty && !execution->moves) continue;
		if (execution->announced != execution->status) changes_.add(change_of(*execution));
		// A child's end or a signal of this transaction must not be written over.
		if ((execution->status == Status::Running || execution->status == Status::Waiting) &&
		    was_made_due(execution->id))
			execution->due_at =
			    std::min(execution->due_at.value_or(DT_NOEND), GetCurrentTransactionStartTimestamp());
		if (was_given_place(execution->id)) execution->options.set("conflict", Value("skip"));
		if (!execution->stored || execution->moves) {
			append_row(writer_of(inserted, execution->slot, execution_writer), *execution, json);
			continue;
		}
		updated << pg::int8(execution->id) << pg::text(to_string(execution->status))
		        << text_or_null(execution->waiting_for) << time_or_null(execution->due_at)
		        << time_or_null(execution->started_at) << time_or_null(execution->finished_at)
		        << time_or_null(execution->paused_at) << time_or_null(execution->deadline_at)
		        << pg::int4(execution->paused_seconds) << pg::int4(execution->attempt)
		        << json_or_null(execution->error) << text_or_null(execution->reason)
		        << json_or_null(execution->at_start) << json_or_null(execution->options);
	}
	for (auto &[slot, writer] : inserted) writer.write();
	if (updated.empty()) return;
	static pg::Statement update("UPDATE @playbook_executions_live e SET status = u.status, waiting_for = "
	                            "u.waiting_for, due_at = u.due_at, "
	                            "started_at = u.started_at, finished_at = u.finished_at, paused_at = "
	                            "u.paused_at, deadline_at = u.deadline_at, "
	                            "paused_seconds = nullif(u.paused_seconds, 0), attempt = u.attempt, error = "
	                            "u.error, reason = u.reason, at_start = u.at_start, options = u.options "
	                            "FROM unnest($1::bigint[], $2::text[], $3::text[], $4::timestamptz[], "
	                            "$5::timestamptz[], $6::timestamptz[], "
	                            "$7::timestamptz[], $8::timestamptz[], $9::integer[], $10::integer[], "
	                            "$11::jsonb[], $12::text[], $13::jsonb[], $14::jsonb[]) "
	                            "AS u (id, status, waiting_for, due_at, started_at, finished_at, paused_at, "
	                            "deadline_at, paused_seconds, attempt, error, "
	                            "reason, at_start, options) WHERE e.id = ANY ($1) AND e.id = u.id",
	                            {INT8ARRAYOID, TEXTARRAYOID, TEXTARRAYOID, TIMESTAMPTZARRAYOID_,
	                             TIMESTAMPTZARRAYOID_, TIMESTAMPTZARRAYOID_, TIMESTAMPTZARRAYOID_,
	                             TIMESTAMPTZARRAYOID_, INT4ARRAYOID, INT4ARRAYOID, JSONBARRAYOID_,
	                             TEXTARRAYOID, JSONBARRAYOID_, JSONBARRAYOID_});
	const pg::HashJoins joins;
	update.execute(updated.arrays());
}

void Batch::write_steps() {
	std::map<int, pg::TableWriter> inserted;
	Columns updated(step_types);
	RepeatedJson json;
	for (Execution *execution : executions_) {
		const auto queue = [&](StepRow &step) {
			if (!step.dirty) return;
			if (step.announced != step.status) changes_.add(change_of(*execution, step));
			if (step.stored)
				append_update(updated, *execution, step, json);
			else
				append_row(writer_of(inserted, execution->slot, step_writer), *execution, step, json);
		};
		for (StepRow &step : execution->steps) queue(step);
		for (auto &[key, step] : execution->items) queue(step);
	}
	for (auto &[slot, writer] : inserted) writer.write();
	if (updated.empty()) return;
	static pg::Statement update(update_steps_sql, {STEP_TYPES});
	const pg::HashJoins joins;
	update.execute(updated.arrays());
}

void Batch::write_messages() {
	pg::TableWriter writer = message_writer();
	for (Execution *execution : executions_) {
		const auto queue = [&](StepRow &step) {
			for (const Message &message : step.messages) append_row(writer, *execution, step, message);
			step.messages.clear();
		};
		for (StepRow &step : execution->steps) queue(step);
		for (auto &[key, step] : execution->items) queue(step);
	}
	writer.write();
}

void Batch::write_notifications() {
	pg::TableWriter writer = notification_writer();
	for (Execution *execution : executions_) {
		const auto queue = [&](StepRow &step) {
			if (step.notification == nullptr) return;
			append_rows(writer, *execution, step, *step.notification);
			step.notification.reset();
		};
		for (StepRow &step : execution->steps) queue(step);
		for (auto &[key, step] : execution->items) queue(step);
	}
	writer.write();
}

void Batch::write_row_sets() {
	const auto store = [](const Execution &execution, const StepRow &step) {
		if (!step.dirty || step.rows == nullptr || is_kept_inline(step)) return;
		result::store_chunks(execution.id, execution.slot, execution.home, step.position, step.item,
		                     *step.rows);
	};
	for (const Execution *execution : executions_) {
		for (const StepRow &step : execution->steps) store(*execution, step);
		for (const auto &[key, step] : execution->items) store(*execution, step);
	}
}

// Their new rows are written; the live ones go, and with them go steps and row sets that were in the table
// before.
void Batch::move_finished() {
	if (moved_.empty()) return;
	std::vector<std::int64_t> ids;
	std::vector<pg::PlacedRow> places;
	std::map<int, std::vector<std::int64_t>> with_steps;
	for (Execution *execution : moved_) {
		ids.push_back(execution->id);
		if (ItemPointerIsValid(&execution->place)) places.push_back({execution->place, execution->id});
		const auto stored = [](const StepRow &step) { return step.stored; };
		if (std::any_of(execution->steps.begin(), execution->steps.end(), stored))
			with_steps[execution->slot].push_back(execution->id);
	}
	// By their places, since they are locked; a row that this transaction has changed meanwhile lies
	// elsewhere.
	if (pg::delete_rows("playbook_executions_live", places) != ids.size()) {
		static pg::Statement by_id("DELETE FROM @playbook_executions_live WHERE id = ANY ($1)",
		                           {INT8ARRAYOID});
		by_id.execute({pg::datum(pg::array_of(ids))});
	}

	const auto move_sql = [](const char *table, const char *columns, int slot) {
		return "WITH gone AS (DELETE FROM @" + partition_of(table, 0) +
		       " WHERE execution_id = ANY ($1) RETURNING *) INSERT INTO @" + partition_of(table, slot) +
		       " (slot, " + columns + ") SELECT " + std::to_string(slot) + "::smallint, " + columns +
		       " FROM gone";
	};
	static std::map<int, pg::Statement> steps, rows;
	for (const auto &[slot, moving] : with_steps) {
		const auto run = [&, number = slot](std::map<int, pg::Statement> &made, const char *table,
		                                    const char *columns) {
			auto found = made.find(number);
			if (found == made.end())
				found = made.emplace(number, pg::Statement(move_sql(table, columns, number), {INT8ARRAYOID}))
				            .first;
			found->second.execute({pg::datum(pg::array_of(moving))});
		};
		run(steps, "playbook_step_executions",
		    "execution_id, position, item, home, step_id, type, status, outcome, attempt, reason, "
		    "waiting_for, due_at, alone, owner, "
		    "worker, input, output, error, row_count, rows, chunks, started_at, finished_at");
		run(rows, "playbook_step_rows", "execution_id, position, item, chunk, home, row_count, data");
	}
}

} // namespace playbook::execution
