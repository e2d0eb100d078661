// Rows of a row set in the shape that a caller asked for: columns found by name, values cast where types
// differ.
#pragma once

#include "pg/transaction.hpp"
#include "result/row_set.hpp"

namespace playbook::result {

// Where a set-returning function's rows go: a tuplestore of the shape that the caller expects.
class RowSink {
public:
	explicit RowSink(FunctionCallInfo info);
	TupleDesc descriptor() const { return result_->setDesc; }
	// The function returns a set of one plain value, not of rows.
	bool is_scalar() const { return scalar_; }
	void put(const Datum *values, const bool *nulls);
	Datum done() {
		info_->isnull = true;
		return 0;
	}

private:
	FunctionCallInfo info_;
	ReturnSetInfo *result_;
	bool scalar_ = false;
	Oid domain_ = InvalidOid; // the rows are of this domain over a composite type
	void *checked_ = nullptr; // what the server keeps of it from row to row
};

class RowShape {
public:
	enum class Missing { IsNull, IsError };
	// A scalar shape takes the first column. Throws 42703 when no column is common to both, 42804 naming both
	// types when there is no cast.
	RowShape(const RowSet &rows, TupleDesc wanted, bool scalar, Missing missing);
	// For a dashboard: the first `own` columns are not the rows', and a value that a column cannot hold is
	// null.
	RowShape(const RowSet &rows, TupleDesc wanted, int own);
	void put(const Datum *values, const bool *nulls, RowSink &sink, const std::vector<Datum> &own = {}) const;

private:
	struct Field {
		int source = -1; // column of the row set; -1: null
		bool same_type = false;
		FmgrInfo cast{}; // else by way of text:
		FmgrInfo output{}, input{};
		Oid parameter = InvalidOid;
		std::int32_t typmod = -1;
		std::string between; // both types, for people
	};
	// False when there is no cast.
	static bool prepare(Field &field, const std::string &name, Oid from, const FormData_pg_attribute *column);
	static Datum converted(Field &field, Datum value);
	static std::optional<Datum> converted_or_null(Field &field, Datum value);
	mutable std::vector<Field> fields_;
	mutable std::vector<Datum> values_;
	std::unique_ptr<bool[]> nulls_;
	bool forgiving_ = false;
};

} // namespace playbook::result
