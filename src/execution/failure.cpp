#include "execution/model.hpp"
#include "pg/guard.hpp"

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

Failure failure_from(const std::exception &exception) {
	const pg::Error error = pg::to_error(exception);
	return {error.code(), error.what(), error.detail, error.hint, error.context};
}

} // namespace playbook::execution
