#include "thrower.hpp"

#include "pg/transaction.hpp"

namespace fence {
namespace {

using namespace playbook;

static_assert(std::is_nothrow_destructible_v<pg::Subtransaction> &&
              std::is_nothrow_destructible_v<pg::Transaction> &&
              std::is_nothrow_destructible_v<pg::ContextScope> &&
              std::is_nothrow_destructible_v<pg::SnapshotScope> &&
              std::is_nothrow_destructible_v<pg::SettingScope> &&
              std::is_nothrow_destructible_v<pg::ErrorStackScope>);

pg::Error full_error() {
	pg::Error error(MAKE_SQLSTATE('P', 'B', '0', '4', '2'), "ours with 100%s of \"fields\"",
	                "The detail: 50%d.", "The hint: ünïcode %n.");
	error.schema = "our_schema";
	error.table = "our_table";
	error.column = "our_column";
	error.constraint = "our_constraint";
	error.datatype = "our_type";
	return error;
}

void full_server_error() {
	ereport(ERROR, (errcode(ERRCODE_CHECK_VIOLATION), errmsg("server's with 100%% of \"fields\""),
	                errdetail("The detail: %d%%.", 50), errhint("The hint: %s.", "ünïcode"),
	                err_generic_string(PG_DIAG_SCHEMA_NAME, "server_schema"),
	                err_generic_string(PG_DIAG_TABLE_NAME, "server_table"),
	                err_generic_string(PG_DIAG_COLUMN_NAME, "server_column"),
	                err_generic_string(PG_DIAG_CONSTRAINT_NAME, "server_constraint"),
	                err_generic_string(PG_DIAG_DATATYPE_NAME, "server_type")));
}

// Every level is a frame of C++ that has to be unwound, and the error comes from the server at the deepest.
long until_the_stack_ends(long level) {
	const Witness witness;
	pg::call([] { check_stack_depth(); });
	if (level > 100000000) return 0; // max_stack_depth ends it long before
	return until_the_stack_ends(level + 1) + Witness::alive;
}

// Thrown again after the frame that caught it is gone, as a batch does with the failure of one of its steps.
void throw_later() {
	std::exception_ptr kept;
	try {
		pg::call(full_server_error);
	} catch (...) {
		kept = std::current_exception();
	}
	const Witness after;
	std::rethrow_exception(kept);
}

void throw_while_handling() {
	try {
		throw std::runtime_error("the first error");
	} catch (const std::exception &) {
		const Witness witness;
		throw full_error();
	}
}

struct Unspoken : std::exception {
	const char *what() const noexcept override { return ""; }
};

} // namespace

void throw_kind(const std::string &kind) {
	const Witness witness;
	const std::vector<std::unique_ptr<Witness>> several = [] {
		std::vector<std::unique_ptr<Witness>> made;
		for (int n = 0; n < 3; ++n) made.push_back(std::make_unique<Witness>());
		return made;
	}();
	if (kind == "nothing") return;
	if (kind == "error") throw full_error();
	if (kind == "error without fields") throw pg::Error(ERRCODE_NO_DATA_FOUND, "bare");
	if (kind == "error without message") throw pg::Error(ERRCODE_NO_DATA_FOUND, "");
	if (kind == "long error") throw pg::Error(ERRCODE_NO_DATA_FOUND, std::string(1 << 20, 'm'));
	if (kind == "bad_alloc") throw std::bad_alloc();
	if (kind == "impossible allocation") (void) std::vector<char>(static_cast<std::size_t>(-1) / 4);
	if (kind == "runtime_error") throw std::runtime_error("foreign with 100%s");
	if (kind == "exception without message") throw Unspoken();
	if (kind == "out_of_range") (void) several.at(3);
	if (kind == "integer") throw 42;
	if (kind == "pointer") throw "text";
	if (kind == "error while handling") throw_while_handling();
	if (kind == "server error") pg::call(full_server_error);
	if (kind == "server error, kept") throw_later();
	if (kind == "server error in a scope") {
		const pg::ContextScope scope("fence");
		pg::SettingScope settings;
		// Not application_name: setting it leaves a copy behind in the servers of 16 and 17.
		settings.set("search_path", "fence");
		pg::call(full_server_error);
	}
	if (kind == "elog") pg::call([] { elog(ERROR, "internal %d", 7); });
	if (kind == "division")
		pg::call([] { (void) DirectFunctionCall2(int4div, Int32GetDatum(1), Int32GetDatum(0)); });
	if (kind == "out of memory")
		pg::call([] { (void) MemoryContextAllocHuge(CurrentMemoryContext, MaxAllocHugeSize - 64); });
	if (kind == "cancel") {
		pg::call([] {
			QueryCancelPending = true;
			InterruptPending = true;
			CHECK_FOR_INTERRUPTS();
		});
	}
	if (kind == "stack depth") (void) until_the_stack_ends(0);
	throw pg::Error(ERRCODE_INVALID_PARAMETER_VALUE, "unknown kind \"" + kind + "\"");
}

} // namespace fence
