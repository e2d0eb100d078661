// SQL of the engine: connections, kept statements, results.
//
//   static pg::Statement find("SELECT status FROM @playbook_executions WHERE id = $1", {INT8OID});
//   pg::Rows rows = find.query({pg::int8(id)});
//
// Statements are ours, short and known; they run as playbook_engine (identity.hpp) with a pinned search_path.
// A playbook's own SQL never comes through here (step/user_sql).
#pragma once

#include "pg/datum.hpp"

namespace playbook::pg {

// An SPI connection for one engine call. Nested scopes nest connections.
class Spi {
public:
	Spi();
	~Spi();
	Spi(const Spi &) = delete;
	Spi &operator=(const Spi &) = delete;

private:
	const int exceptions_ = std::uncaught_exceptions();
};

// One argument of a statement.
struct Argument {
	Datum value = 0;
	bool is_null = true;
};
inline Argument null() { return {}; }
inline Argument int8(std::int64_t value) { return {Int64GetDatum(value), false}; }
inline Argument int2(std::int32_t value) { return {Int16GetDatum(static_cast<std::int16_t>(value)), false}; }
inline Argument int4(std::int32_t value) { return {Int32GetDatum(value), false}; }
inline Argument boolean(bool value) { return {BoolGetDatum(value), false}; }
inline Argument oid(Oid value) { return {ObjectIdGetDatum(value), false}; }
inline Argument timestamp(TimestampTz value) { return {TimestampTzGetDatum(value), false}; }
inline Argument datum(Datum value) { return {value, false}; }
inline Argument text(std::string_view value) { return {text_datum(value), false}; }
inline Argument jsonb(const Value &value) { return {jsonb_datum(value), false}; }
template <typename T, typename Make> Argument optional_of(const std::optional<T> &value, Make make) {
	return value ? make(*value) : null();
}

// The rows of one statement: freed with the object, so copy what must last.
class Rows {
public:
	Rows(SPITupleTable *table, std::uint64_t processed) : table_(table), processed_(processed) {}
	Rows(Rows &&other) noexcept
	    : table_(std::exchange(other.table_, nullptr)), processed_(other.processed_),
	      values_(std::move(other.values_)), nulls_(std::move(other.nulls_)),
	      taken_apart_(other.taken_apart_) {}
	Rows &operator=(Rows &&) = delete;
	~Rows();

	std::size_t size() const { return table_ == nullptr ? 0 : static_cast<std::size_t>(table_->numvals); }
	bool empty() const { return size() == 0; }
	// Rows returned or touched.
	std::uint64_t processed() const { return processed_; }

	// Columns count from 0.
	bool is_null(std::size_t row, int column) const;
	Datum datum(std::size_t row, int column) const; // throws when null
	std::int64_t int8(std::size_t row, int column) const { return DatumGetInt64(datum(row, column)); }
	std::int32_t int4(std::size_t row, int column) const { return DatumGetInt32(datum(row, column)); }
	std::int16_t int2(std::size_t row, int column) const { return DatumGetInt16(datum(row, column)); }
	bool boolean(std::size_t row, int column) const { return DatumGetBool(datum(row, column)); }
	Oid oid(std::size_t row, int column) const { return DatumGetObjectId(datum(row, column)); }
	TimestampTz timestamp(std::size_t row, int column) const {
		return DatumGetTimestampTz(datum(row, column));
	}
	std::string text(std::size_t row, int column) const { return text_from(datum(row, column)); }
	Value jsonb(std::size_t row, int column) const { return value_from_jsonb(datum(row, column)); }
	std::optional<std::string> text_or_null(std::size_t row, int column) const;
	std::optional<std::int64_t> int8_or_null(std::size_t row, int column) const;
	std::optional<TimestampTz> timestamp_or_null(std::size_t row, int column) const;
	Value jsonb_or_null(std::size_t row, int column) const;
	SPITupleTable *table() const { return table_; }

private:
	// The columns of one row: rows are read column by column, and looking for one goes over those before it.
	void take_apart(std::size_t row) const;

	SPITupleTable *table_;
	std::uint64_t processed_;
	mutable std::vector<Datum> values_;
	mutable std::vector<char> nulls_;
	mutable std::optional<std::size_t> taken_apart_;
};

// While it lives, statements that are planned join by hashing: a batch's lists with the rows that an index
// finds for them. Where a kept plan takes the table for empty, a nested loop would go through the lists once
// for each of its rows.
class HashJoins {
public:
	HashJoins();
	~HashJoins();
	HashJoins(const HashJoins &) = delete;
	HashJoins &operator=(const HashJoins &) = delete;

private:
	const bool nestloop_;
};

// A statement prepared at its first use and kept for the life of the process; made anew when the extension
// changed. Declare it as a function-local static.
class Statement {
public:
	Statement(std::string sql, std::initializer_list<Oid> types);

	// Runs it within the open Spi connection. `limit` 0: all rows.
	Rows query(std::initializer_list<Argument> arguments, long limit = 0) {
		return run(arguments.begin(), arguments.size(), limit);
	}
	Rows query(const std::vector<Argument> &arguments) { return run(arguments.data(), arguments.size(), 0); }
	std::uint64_t execute(std::initializer_list<Argument> arguments) { return query(arguments).processed(); }
	std::uint64_t execute(const std::vector<Argument> &arguments) { return query(arguments).processed(); }

private:
	Rows run(const Argument *arguments, std::size_t count, long limit);
	void prepare();

	std::string sql_;
	std::array<Oid, 32> types_{};
	int count_ = 0;
	SPIPlanPtr plan_ = nullptr;
	std::uint64_t generation_ = 0;
};

// The next number of a sequence of ours, by its name in the extension's schema.
std::int64_t next_number(const char *sequence);

// A statement used once, of at most 32 arguments. `@name` is qualified as in Statement.
Rows query_once(std::string_view sql, const std::pair<Oid, Argument> *arguments, std::size_t count,
                bool read_only = false);
inline Rows query_once(std::string_view sql, std::initializer_list<std::pair<Oid, Argument>> arguments = {},
                       bool read_only = false) {
	return query_once(sql, arguments.begin(), arguments.size(), read_only);
}

} // namespace playbook::pg
