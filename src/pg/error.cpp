#include "pg/error.hpp"

#include "pg/guard.hpp"
#include "pg/interrupt.hpp"

namespace playbook::pg {
namespace {

std::string text_of(const char *text) { return text == nullptr ? std::string() : std::string(text); }

} // namespace

std::string Error::code() const {
	std::string code(5, '0');
	int packed = sqlstate_;
	for (char &letter : code) {
		letter = static_cast<char>((packed & 0x3F) + '0');
		packed >>= 6;
	}
	return code;
}

void throw_current_error(MemoryContext caller) {
	// CopyErrorData must not run in ErrorContext, and may itself run out of memory.
	MemoryContextSwitchTo(caller);
	ErrorData *data = nullptr;
	auto copy = [&data] { data = CopyErrorData(); };
	const bool copied = completes(copy);
	FlushErrorState();
	if (!copied || data == nullptr) throw std::bad_alloc();

	Error error(data->sqlerrcode, text_of(data->message), text_of(data->detail), text_of(data->hint));
	error.context = text_of(data->context);
	error.schema = text_of(data->schema_name);
	error.table = text_of(data->table_name);
	error.column = text_of(data->column_name);
	error.constraint = text_of(data->constraint_name);
	error.datatype = text_of(data->datatype_name);
	FreeErrorData(data);
	if (error.sqlstate() == ERRCODE_QUERY_CANCELED && MyBackendType == B_BACKEND && !Deadline::any_fired())
		ask_again();
	throw error;
}

Error to_error(const std::exception &exception) {
	if (const Error *error = dynamic_cast<const Error *>(&exception)) return *error;
	if (dynamic_cast<const std::bad_alloc *>(&exception) != nullptr)
		return Error(ERRCODE_OUT_OF_MEMORY, "out of memory");
	return Error(ERRCODE_INTERNAL_ERROR, exception.what());
}

} // namespace playbook::pg
