// A step's rows, typed: column names, types, and the rows in PostgreSQL's binary COPY form, in chunks of
// about 1 MB.
//
// Made from the tuples of a statement, written with the step, read back as jsonb, as records, as a column's
// array, or as a relation that the next statement joins. Values survive exactly. A type without a usable
// binary form is kept as text. The server's encoding is used, whatever the client's is; lz4 compresses chunks
// where the server has it.
#pragma once

#include "pg/guard.hpp"
#include "result/chunk.hpp"
#include "value/value.hpp"

namespace playbook::result {

// Runs what reads chunks: a broken one is the error that clients see.
template <typename Fn> auto reading_chunks(Fn &&fn) {
	try {
		return fn();
	} catch (const BrokenChunk &broken) {
		throw pg::Error(ERRCODE_DATA_CORRUPTED, "row set cannot be read", broken.what());
	}
}

class RowSet {
public:
	const std::vector<Column> &columns() const { return columns_; }
	std::int64_t row_count() const { return row_count_; }
	const std::vector<std::string> &chunks() const { return chunks_; }
	std::size_t bytes() const;
	int column_index(std::string_view name) const; // -1 when there is none

	// Tuples of a finished statement (SPI_tuptable), or of any descriptor and array of tuples.
	static std::shared_ptr<const RowSet> from_tuples(SPITupleTable *table);
	// From what playbook_step_rows.data holds. Each chunk is self-contained: header, then rows.
	// `owner` is the role whose statement made them: reading a value of a type that somebody created may run
	// that somebody's code (a domain's check, a cast to json), which is then run as that role, restricted,
	// whoever reads. Without an owner, or when that role is gone, such columns are text.
	static std::shared_ptr<const RowSet> from_chunks(std::vector<std::string> chunks, Oid owner = InvalidOid);
	// From JSON objects: columns in order of first appearance, types inferred once per column.
	static std::shared_ptr<const RowSet> from_values(const std::vector<Value> &objects);

	// A tuple descriptor of the present database; unknown types (dropped since) become text. In
	// CurrentMemoryContext.
	TupleDesc tuple_descriptor() const;
	// Calls `each` with the values of every row, in order, as the owner when there are columns of types that
	// somebody created; the values live in CurrentMemoryContext (reset between rows is the callee's).
	// The rows before `first` are passed over.
	using EachRow = std::function<void(const Datum *values, const bool *nulls)>;
	void scan(const EachRow &each, std::int64_t first = 0) const;
	// The same for an `each` that runs code of whoever reads (the checks of a domain that was asked for),
	// which is no code of the owner: the values are read as the owner, `each` is called as the caller.
	void scan_for_caller(const EachRow &each) const;
	// Up to `limit` rows (0: all) from `first` on as objects; numbers keep their digits, the rest as to_jsonb
	// would write it.
	std::vector<Value> objects(std::int64_t limit = 0, std::int64_t first = 0) const;
	// The values of a column, one for each row.
	Value column_values(int column) const;
	// Its distinct non-null values, in order of first appearance.
	Value distinct_column_values(int column) const;

private:
	friend class RowSetBuilder;
	bool has_foreign_code() const;
	bool reads_as_owner() const;
	void scan_as(bool caller, const EachRow &each, std::int64_t first) const;
	Oid type_now(const Column &column) const;
	std::vector<Column> columns_;
	std::vector<std::string> chunks_;
	std::int64_t row_count_ = 0;
	Oid owner_ = InvalidOid;
};

// Row sets up to this many bytes are kept in playbook_step_executions.rows, larger ones in
// playbook_step_rows.
inline constexpr std::size_t inline_bytes = 2000;

// Reads the row set of a finished step; null when it has none. As playbook_engine.
std::shared_ptr<const RowSet> load_rows(std::int64_t execution, int position, int item);
// Writes the chunks of a large row set (small ones go with the step's row). As playbook_engine.
void store_chunks(std::int64_t execution, int slot, std::int32_t home, int position, int item,
                  const RowSet &rows);

} // namespace playbook::result
