#include "pg/guard.hpp"

#include "pg/interrupt.hpp"

namespace playbook::pg {
namespace {

// A copy that cannot jump: null when memory is short.
char *keep(const std::string &text) noexcept {
	if (text.empty()) return nullptr;
	char *copy = static_cast<char *>(
	    MemoryContextAllocExtended(CurrentMemoryContext, text.size() + 1, MCXT_ALLOC_NO_OOM));
	if (copy != nullptr) memcpy(copy, text.c_str(), text.size() + 1);
	return copy;
}

} // namespace

Report report_of(const Error &error) noexcept {
	Report report{};
	report.sqlstate = error.sqlstate();
	report.message = keep(error.what());
	report.detail = keep(error.detail);
	report.hint = keep(error.hint);
	report.context = keep(error.context);
	report.schema = keep(error.schema);
	report.table = keep(error.table);
	report.column = keep(error.column);
	report.constraint = keep(error.constraint);
	report.datatype = keep(error.datatype);
	return report;
}

Report report_of_foreign(const std::exception &exception) noexcept {
	Report report{};
	report.sqlstate = ERRCODE_INTERNAL_ERROR;
	try {
		report.message = keep(exception.what());
	} catch (...) {
		report.message = nullptr;
	}
	return report;
}

void raise(const Report &report) {
	if (report.sqlstate == ERRCODE_QUERY_CANCELED) was_heard();
	const char *fallback =
	    report.sqlstate == ERRCODE_OUT_OF_MEMORY ? "out of memory" : "an error without a message";
	// The callbacks gave their lines when the error was first raised; asked again they would tell every one
	// twice.
	if (report.context != nullptr) error_context_stack = nullptr;
	ereport(
	    ERROR,
	    (errcode(report.sqlstate),
	     errmsg_internal("%s", report.message != nullptr ? report.message : fallback),
	     report.detail != nullptr ? errdetail_internal("%s", report.detail) : 0,
	     report.hint != nullptr ? errhint("%s", report.hint) : 0,
	     report.context != nullptr ? errcontext("%s", report.context) : 0,
	     report.schema != nullptr ? err_generic_string(PG_DIAG_SCHEMA_NAME, report.schema) : 0,
	     report.table != nullptr ? err_generic_string(PG_DIAG_TABLE_NAME, report.table) : 0,
	     report.column != nullptr ? err_generic_string(PG_DIAG_COLUMN_NAME, report.column) : 0,
	     report.constraint != nullptr ? err_generic_string(PG_DIAG_CONSTRAINT_NAME, report.constraint) : 0,
	     report.datatype != nullptr ? err_generic_string(PG_DIAG_DATATYPE_NAME, report.datatype) : 0));
	pg_unreachable();
}

} // namespace playbook::pg
