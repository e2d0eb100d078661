// Makes a row set out of tuples as they come, and refuses the row that is one too many.
#pragma once

#include "pg/transaction.hpp"
#include "result/row_set.hpp"

extern "C" {
#include "tcop/dest.h"
}

namespace playbook::result {

class RowSetBuilder {
public:
	// Throws 54000 past so many rows or past playbook.max_row_set_size; 0: any number of rows.
	explicit RowSetBuilder(TupleDesc descriptor, std::int64_t max_rows = 0);
	~RowSetBuilder();
	void add(const Datum *values, const bool *nulls);
	std::int64_t row_count() const { return rows_ + static_cast<std::int64_t>(pending_.size()); }
	std::shared_ptr<const RowSet> finish();

	RowSetBuilder(const RowSetBuilder &) = delete;
	RowSetBuilder &operator=(const RowSetBuilder &) = delete;

private:
	void encode(const Datum *values, const bool *nulls);
	void encode_pending();
	void close();

	const std::int64_t max_rows_;
	const std::size_t max_bytes_;
	MemoryContext context_ = nullptr; // functions, descriptor, tuples that wait for their text form
	MemoryContext scratch_ = nullptr; // one row's fields
	TupleDesc descriptor_ = nullptr;
	std::vector<Column> columns_;
	std::vector<FmgrInfo> functions_; // typsend, or the output function of a column kept as text
	bool any_text_ = false;
	std::vector<HeapTuple> pending_;
	std::string header_;
	std::string chunk_;
	std::int32_t chunk_rows_ = 0;
	std::int64_t rows_ = 0;
	std::size_t bytes_ = 0;
	std::vector<std::string> chunks_;
};

// What the executor hands rows to: a builder that is made when the first statement says its columns.
struct RowSetReceiver {
	DestReceiver callbacks; // first: the server knows this struct by it
	std::int64_t max_rows = 0;
	MemoryContext memory = nullptr; // where the builder's memory goes; outlives the statement
	std::unique_ptr<RowSetBuilder> builder;

	explicit RowSetReceiver(std::int64_t max);
	// Null when the statement returns no rows.
	std::shared_ptr<const RowSet> finish() { return builder == nullptr ? nullptr : builder->finish(); }
};

} // namespace playbook::result
