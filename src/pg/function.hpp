// Arguments and results of SQL-callable functions, through the fence.
//
// A function is  Datum name(PG_FUNCTION_ARGS) { return pg::entry([&]() -> Datum { pg::Arguments args(fcinfo);
// … }); } and is not STRICT when it has defaults of null: every accessor says what null means.
#pragma once

#include "pg/datum.hpp"
#include "pg/spi.hpp"

namespace playbook::pg {

class Arguments {
public:
	explicit Arguments(FunctionCallInfo call_info) : info_(call_info) {}

	bool is_null(int at) const { return at >= info_->nargs || info_->args[at].isnull; }
	// Throw 22004 naming the argument when it is null.
	std::string text(int at, const char *name) const;
	std::int64_t int8(int at, const char *name) const { return DatumGetInt64(datum(at, name)); }
	std::int32_t int4(int at, const char *name) const { return DatumGetInt32(datum(at, name)); }
	bool boolean(int at, const char *name) const { return DatumGetBool(datum(at, name)); }
	TimestampTz timestamp(int at, const char *name) const { return DatumGetTimestampTz(datum(at, name)); }
	Value jsonb(int at, const char *name) const;
	Oid oid(int at, const char *name) const { return DatumGetObjectId(datum(at, name)); }
	Datum datum(int at, const char *name) const;
	// What the function that was called declares: for C++ that serves several of one name. Known however the
	// call came about, also without an expression (the protocol's function call).
	Oid declared_type(int at) const;
	// Microseconds, months and days taken as 30 days and 24 hours.
	std::int64_t interval(int at, const char *name) const;
	// Null: nullopt, or the default given.
	std::optional<std::string> text_or_null(int at) const;
	Value jsonb_or(int at, Value otherwise) const;
	std::vector<std::string> texts(int at, const char *name) const;

private:
	FunctionCallInfo info_;
};

inline Datum return_null(FunctionCallInfo info) {
	info->isnull = true;
	return (Datum) 0;
}

// The rows of a set-returning function, materialized.
class ResultSet {
public:
	explicit ResultSet(FunctionCallInfo info);
	void row(std::initializer_list<Argument> columns);
	void row(const std::vector<Argument> &columns) { put(columns.data(), columns.size()); }
	// All that a statement returned, whose columns are those of the function.
	void rows(const Rows &found);
	TupleDesc descriptor() const { return result_->setDesc; }
	Datum done(FunctionCallInfo info) const { return return_null(info); }

private:
	void put(const Argument *columns, std::size_t count);
	ReturnSetInfo *result_;
};

// One composite value of the function's declared result type.
Datum composite(FunctionCallInfo info, std::initializer_list<Argument> columns);

} // namespace playbook::pg
