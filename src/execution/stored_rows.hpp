// How executions, steps and messages lie in their tables: the columns of new rows, for pg::TableWriter.
// Half of execution/store; a table's column that is not named here is null in what the engine writes.
#pragma once

#include "execution/model.hpp"
#include "pg/table_writer.hpp"

namespace playbook::execution {

// "playbook_executions_live" for slot 0, "playbook_executions_07" for slot 7.
std::string partition_of(const char *table, int slot);

// Writers for a slot, and a row for each.
pg::TableWriter execution_writer(int slot);
void append_row(pg::TableWriter &writer, const Execution &execution);
pg::TableWriter step_writer(int slot);
void append_row(pg::TableWriter &writer, const Execution &execution, const StepRow &step);
pg::TableWriter message_writer();
void append_row(pg::TableWriter &writer, const Execution &execution, const StepRow &step,
                const Message &message);

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

} // namespace playbook::execution
