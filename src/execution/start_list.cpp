#include "execution/start_list.hpp"

#include "pg/datum.hpp"
#include "value/excerpt.hpp"
#include "value/json.hpp"

namespace playbook::execution {
namespace {

[[noreturn]] void refuse(const Member &member, const char *wanted) {
	throw pg::Error(ERRCODE_INVALID_PARAMETER_VALUE, "\"" + member.key + "\" must be " + wanted + ", not " +
	                                                     excerpt(to_json(member.value), 60));
}

std::string text_of(const Member &member) {
	if (!member.value.is_string() || member.value.string().empty())
		refuse(member, "a text that is not empty");
	return member.value.string();
}

int integer_of(const Member &member) {
	const std::optional<std::int64_t> number = member.value.as_integer();
	if (!number || *number != static_cast<std::int32_t>(*number)) refuse(member, "an integer");
	return static_cast<int>(*number);
}

} // namespace

void read_request(const Value &start, StartRequest &request) {
	if (!start.is_object())
		throw pg::Error(ERRCODE_INVALID_PARAMETER_VALUE,
		                "each start must be a JSON object, not " + excerpt(to_json(start), 60));
	for (const Member &member : start.members()) {
		if (member.key == "customer") {
			// Ids that are numbers in the application's own tables arrive as such.
			if (member.value.is_number())
				request.customer = member.value.as_text();
			else if (!member.value.is_null())
				request.customer = text_of(member);
		} else if (member.key == "parameters") {
			request.parameters = member.value;
		} else if (member.key == "idempotency_key") {
			if (!member.value.is_null()) request.idempotency_key = text_of(member);
		} else if (member.key == "priority") {
			request.priority = integer_of(member);
		} else if (member.key == "start_at") {
			if (!member.value.is_null())
				request.start_at = DatumGetTimestampTz(pg::input_datum(text_of(member), TIMESTAMPTZOID));
		} else if (member.key == "conflict") {
			if (!member.value.is_null()) request.conflict = text_of(member);
		} else if (member.key == "labels") {
			request.labels = member.value;
		} else {
			throw pg::Error(
			    ERRCODE_INVALID_PARAMETER_VALUE, "unknown key \"" + member.key + "\" in starts",
			    "Known are customer, parameters, idempotency_key, priority, start_at, conflict and labels.");
		}
	}
}

} // namespace playbook::execution
