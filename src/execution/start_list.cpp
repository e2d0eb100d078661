#include "execution/start_list.hpp"

#include "pg/datum.hpp"
#include "value/json.hpp"

namespace playbook::execution {

StartRequest request_from(const Value &start) {
	StartRequest request;
	if (!start.is_object())
		throw pg::Error(ERRCODE_INVALID_PARAMETER_VALUE, "each start must be a JSON object, not " + to_json(start).substr(0, 60));
	for (const Member &member : start.members()) {
		const Value &value = member.value;
		if (member.key == "customer") {
			if (!value.is_null()) request.customer = value.as_text();
		} else if (member.key == "parameters") {
			request.parameters = value;
		} else if (member.key == "idempotency_key") {
			request.idempotency_key = value.as_text();
		} else if (member.key == "priority") {
			request.priority = static_cast<int>(value.as_integer().value_or(0));
		} else if (member.key == "start_at") {
			request.start_at = DatumGetTimestampTz(pg::input_datum(value.as_text(), TIMESTAMPTZOID));
		} else if (member.key == "conflict") {
			request.conflict = value.as_text();
		} else if (member.key == "labels") {
			request.labels = value;
		} else {
			throw pg::Error(ERRCODE_INVALID_PARAMETER_VALUE, "unknown key \"" + member.key + "\" in starts", "",
			                "Known are customer, parameters, idempotency_key, priority, start_at, conflict and labels.");
		}
	}
	return request;
}

} // namespace playbook::execution
