#include "pg/spi.hpp"

#include "pg/installation.hpp"
#include "pg/transaction.hpp"

extern "C" {
#include "commands/sequence.h"
#include "jit/jit.h"
#include "optimizer/cost.h"
}

namespace playbook::pg {
namespace {

[[noreturn]] void refuse_result(int result, const char *sql) {
	throw Error(ERRCODE_INTERNAL_ERROR, std::string("statement failed: ") + SPI_result_code_string(result),
	            "", std::string("The statement was: ") + sql);
}

// The tables of what is under way are empty one minute and full the next, and plans are kept: one that was
// made while a table was empty reads all of it for ever after. The engine finds its rows by an index, so its
// plans are made as if nothing else would do. What has to be read as a whole then looks so dear that it would
// be compiled, too.
class PlanByIndex {
public:
	PlanByIndex() { enable_seqscan = jit_enabled = false; }
	~PlanByIndex() {
		enable_seqscan = seqscan_;
		jit_enabled = jit_;
	}
	PlanByIndex(const PlanByIndex &) = delete;
	PlanByIndex &operator=(const PlanByIndex &) = delete;

private:
	const bool seqscan_ = enable_seqscan;
	const bool jit_ = jit_enabled;
};

} // namespace

HashJoins::HashJoins() : nestloop_(enable_nestloop) { enable_nestloop = false; }
HashJoins::~HashJoins() { enable_nestloop = nestloop_; }

Spi::Spi() {
	call([] {
		if (SPI_connect() != SPI_OK_CONNECT) elog(ERROR, "SPI_connect failed");
	});
	++spi_connections;
}

Spi::~Spi() {
	// After an error the rollback of the surrounding (sub)transaction ends the connection.
	if (std::uncaught_exceptions() != exceptions_) return;
	SPI_finish();
	--spi_connections;
}

Rows::~Rows() {
	if (table_ != nullptr) SPI_freetuptable(table_);
}

void Rows::take_apart(std::size_t row) const {
	const std::size_t columns = static_cast<std::size_t>(table_->tupdesc->natts);
	values_.resize(columns);
	nulls_.resize(columns);
	static_assert(sizeof(bool) == sizeof(char));
	heap_deform_tuple(table_->vals[row], table_->tupdesc, values_.data(),
	                  reinterpret_cast<bool *>(nulls_.data()));
	taken_apart_ = row;
}

bool Rows::is_null(std::size_t row, int column) const {
	if (taken_apart_ != row) take_apart(row);
	return nulls_[static_cast<std::size_t>(column)] != 0;
}

Datum Rows::datum(std::size_t row, int column) const {
	if (taken_apart_ != row) take_apart(row);
	const Datum value = values_[static_cast<std::size_t>(column)];
	if (nulls_[static_cast<std::size_t>(column)] != 0)
		throw Error(ERRCODE_NULL_VALUE_NOT_ALLOWED,
		            "unexpected null in column \"" +
		                std::string(NameStr(TupleDescAttr(table_->tupdesc, column)->attname)) + "\"");
	return value;
}

std::optional<std::string> Rows::text_or_null(std::size_t row, int column) const {
	if (is_null(row, column)) return std::nullopt;
	return text(row, column);
}

std::optional<std::int64_t> Rows::int8_or_null(std::size_t row, int column) const {
	if (is_null(row, column)) return std::nullopt;
	return int8(row, column);
}

std::optional<TimestampTz> Rows::timestamp_or_null(std::size_t row, int column) const {
	if (is_null(row, column)) return std::nullopt;
	return timestamp(row, column);
}

Value Rows::jsonb_or_null(std::size_t row, int column) const {
	if (is_null(row, column)) return Value();
	return jsonb(row, column);
}

Statement::Statement(std::string sql, std::initializer_list<Oid> types) : sql_(std::move(sql)) {
	std::copy(types.begin(), types.end(), types_.begin());
	count_ = static_cast<int>(types.size());
}

void Statement::prepare() {
	const Installation &here = installation();
	if (plan_ != nullptr && generation_ == here.generation) return;
	if (plan_ != nullptr) {
		SPIPlanPtr old = std::exchange(plan_, nullptr);
		call([old] { SPI_freeplan(old); });
	}
	const std::string text = qualified(sql_);
	plan_ = call([&text, this] {
		// One plan for all arguments: with a batch's lists, planning anew would cost more than executing.
		SPIPlanPtr plan = SPI_prepare_cursor(text.c_str(), count_, types_.data(), CURSOR_OPT_GENERIC_PLAN);
		if (plan == nullptr)
			elog(ERROR, "could not prepare a statement: %s", SPI_result_code_string(SPI_result));
		SPI_keepplan(plan);
		return plan;
	});
	generation_ = here.generation;
}

Rows Statement::run(const Argument *arguments, std::size_t count, long limit) {
	if (count != static_cast<std::size_t>(count_))
		throw Error(ERRCODE_INTERNAL_ERROR, "wrong number of arguments for: " + sql_);
	prepare();
	std::array<Datum, 32> values{};
	std::array<char, 32> nulls{};
	for (std::size_t at = 0; at < count; ++at) {
		values[at] = arguments[at].value;
		nulls[at] = arguments[at].is_null ? 'n' : ' ';
	}
	const PlanByIndex by_index;
	const int result =
	    call([&] { return SPI_execute_plan(plan_, values.data(), nulls.data(), false, limit); });
	if (result < 0) refuse_result(result, sql_.c_str());
	return Rows(SPI_tuptable, SPI_processed);
}

std::int64_t next_number(const char *sequence) {
	const Oid schema = installation().schema;
	return call([&] {
		const Oid found = get_relname_relid(sequence, schema);
		if (!OidIsValid(found)) elog(ERROR, "sequence \"%s\" of the extension does not exist", sequence);
		return nextval_internal(found, false);
	});
}

Rows query_once(std::string_view sql, const std::pair<Oid, Argument> *arguments, std::size_t count,
                bool read_only) {
	const std::string text = qualified(sql);
	std::array<Oid, 32> types{};
	std::array<Datum, 32> values{};
	std::array<char, 32> nulls{};
	for (std::size_t at = 0; at < count; ++at) {
		types.at(at) = arguments[at].first;
		values[at] = arguments[at].second.value;
		nulls[at] = arguments[at].second.is_null ? 'n' : ' ';
	}
	const int result = call([&] {
		return SPI_execute_with_args(text.c_str(), static_cast<int>(count), types.data(), values.data(),
		                             nulls.data(), read_only, 0);
	});
	if (result < 0) refuse_result(result, text.c_str());
	return Rows(SPI_tuptable, SPI_processed);
}

} // namespace playbook::pg
