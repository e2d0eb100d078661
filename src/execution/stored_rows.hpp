// How executions, steps, messages and notifications lie in their tables: the columns of new rows, for
// pg::TableWriter, and what the feed tells of them. Half of execution/store; a table's column that is not
// named here is null in what the engine writes.
#pragma once

#include "execution/model.hpp"
#include "notification/packed_changes.hpp"
#include "pg/table_writer.hpp"

namespace playbook::execution {

// "playbook_executions_live" for slot 0, "playbook_executions_07" for slot 7.
std::string partition_of(const char *table, int slot);

// Values that are often the same as in the row before, as jsonb: parameters, what a step of a playbook is
// given and gives. To compare costs less than to build. Values outlive it; it lives as long as the memory of
// its datums.
class RepeatedJson {
public:
	// `place`: which of a row's values, or of which kind of row. Null for null.
	pg::Argument operator()(std::size_t place, const Value &value) {
		if (value.is_null()) return pg::null();
		if (place >= last_.size()) last_.resize(place + 1);
		Last &last = last_[place];
		if (last.value == nullptr || !(*last.value == value)) last = {&value, pg::jsonb_datum(value)};
		return pg::datum(last.datum);
	}

private:
	struct Last {
		const Value *value = nullptr;
		Datum datum = 0;
	};
	std::vector<Last> last_;
};

// The present status as a change of the feed, which refers to what it was made from.
notification::PackedChange change_of(const Execution &execution);
notification::PackedChange change_of(const Execution &execution, const StepRow &step);

// Writers for a slot, and a row for each.
pg::TableWriter execution_writer(int slot);
void append_row(pg::TableWriter &writer, const Execution &execution, RepeatedJson &json);
pg::TableWriter step_writer(int slot);
void append_row(pg::TableWriter &writer, const Execution &execution, const StepRow &step, RepeatedJson &json);
pg::TableWriter message_writer();
void append_row(pg::TableWriter &writer, const Execution &execution, const StepRow &step,
                const Message &message);
pg::TableWriter notification_writer();
// A row for each of the people.
void append_rows(pg::TableWriter &writer, const Execution &execution, const StepRow &step,
                 const Notification &notification);

// Whether a row set is kept in its step's row rather than in chunks of its own.
bool is_kept_inline(const StepRow &step);
// The row set's bytes and number of chunks as the step's row has them; {null, -1} leaves what the table
// holds.
struct StoredRowSet {
	pg::Argument rows, chunks;
};
StoredRowSet stored_row_set(const StepRow &step);

inline pg::Argument text_or_null(const std::string &text) {
	return text.empty() ? pg::null() : pg::text(text);
}
inline pg::Argument json_or_null(const Value &value) {
	return value.is_null() ? pg::null() : pg::jsonb(value);
}
inline pg::Argument time_or_null(const std::optional<TimestampTz> &at) {
	return pg::optional_of(at, pg::timestamp);
}

// A step's row from step_id on, in the order that new rows and updates share.
template <typename Row>
void append_step(Row &row, const Execution &execution, const StepRow &step, RepeatedJson &json) {
	const std::size_t place = 2 * static_cast<std::size_t>(step.position);
	const definition::Step &defined = execution.definition().steps[static_cast<std::size_t>(step.position)];
	const StoredRowSet set = stored_row_set(step);
	const bool queued = step.alone && !is_final(step.status);
	row << pg::text(defined.id) << pg::text(definition::to_string(defined.type))
	    << pg::text(to_string(step.status)) << text_or_null(step.outcome) << pg::int4(step.attempt)
	    << text_or_null(step.reason) << text_or_null(step.waiting_for) << time_or_null(step.due_at)
	    << (step.alone ? pg::boolean(true) : pg::null()) << (queued ? pg::oid(execution.owner) : pg::null())
	    << (step.worker != 0 ? pg::int4(step.worker) : pg::null()) << json(place, step.input)
	    << json(place + 1, step.output) << json_or_null(step.error)
	    << pg::optional_of(step.row_count, pg::int8) << set.rows << set.chunks
	    << time_or_null(step.started_at) << time_or_null(step.finished_at);
}

} // namespace playbook::execution
