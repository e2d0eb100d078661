#include "execution/model.hpp"
#include "pg/guard.hpp"

extern "C" {
#include "mb/pg_wchar.h"
}

namespace playbook::execution {

Value Failure::to_value() const {
	Value value = Value::object();
	value.set("sqlstate", Value(sqlstate));
	value.set("message", Value(message));
	if (!detail.empty()) value.set("detail", Value(detail));
	if (!hint.empty()) value.set("hint", Value(hint));
	if (!context.empty()) value.set("context", Value(context));
	return value;
}

namespace {

// Without an encoding the server takes any bytes for text. What cannot be UTF-8 is replaced: a failure is
// kept as JSON, which could not be read again.
std::string as_utf8(std::string text) {
	if (GetDatabaseEncoding() != PG_SQL_ASCII) return text;
	std::size_t good = 0;
	for (;;) {
		good += static_cast<std::size_t>(
		    pg_encoding_verifymbstr(PG_UTF8, text.data() + good, static_cast<int>(text.size() - good)));
		if (good >= text.size()) return text;
		text.replace(good, 1, "\uFFFD");
	}
}

} // namespace

Failure failure_from(const std::exception &exception) {
	const pg::Error error = pg::to_error(exception);
	return {error.code(), as_utf8(error.what()), as_utf8(error.detail), as_utf8(error.hint),
	        as_utf8(error.context)};
}

} // namespace playbook::execution
