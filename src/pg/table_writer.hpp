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

// A row by its place and by its column "id", for when something else lies there by now.
struct PlacedRow {
	ItemPointerData place;
	std::int64_t id;
};
// Deletes rows of one of our tables, which this transaction has locked. What this transaction has changed or
// deleted meanwhile lies elsewhere or nowhere and is left out. Returns how many were deleted; none where
// somebody has put a trigger on the table, which only a statement fires. Lets the rest of the transaction see
// it.
std::size_t delete_rows(const std::string &table, const std::vector<PlacedRow> &rows);

} // namespace playbook::pg
