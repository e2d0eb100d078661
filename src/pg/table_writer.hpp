// Many rows into one of our tables at once, as COPY writes them: page by page into the heap with one record
// of WAL for each page, then into the indexes. An INSERT of a batch's arrays costs about twice as much.
//
//   pg::TableWriter steps("playbook_step_executions_live", {"execution_id", "position", "status"});
//   steps << pg::int8(id) << pg::int4(0) << pg::text("completed");
//   steps.write();
//
// The caller vouches for what it writes: no default is filled in (a column that is not named becomes null)
// and no check constraint is looked at; unique indexes are. Where somebody has put a trigger on the table,
// rows are inserted one by one by statements, so that it fires. Runs as whoever is current, without asking
// for privileges: for tables of ours, from inside an EngineIdentity.
#pragma once

#include "pg/spi.hpp"

namespace playbook::pg {

class TableWriter {
public:
	// `table` and `columns` are names of ours, literals that outlive the writer.
	TableWriter(std::string table, std::vector<const char *> columns)
	    : table_(std::move(table)), columns_(std::move(columns)) {}
	// The next column of the row that is being made; the first of a new row after the last.
	TableWriter &operator<<(const Argument &argument) {
		values_.push_back(argument.value);
		nulls_.push_back(argument.is_null ? 1 : 0);
		return *this;
	}
	bool empty() const { return values_.empty(); }
	// Writes all rows and lets the rest of the transaction see them. Needs an open Spi connection.
	void write();

private:
	void insert_singly(Oid relation);

	const std::string table_;
	const std::vector<const char *> columns_;
	std::vector<Datum> values_; // row by row
	std::vector<char> nulls_;
};

} // namespace playbook::pg
