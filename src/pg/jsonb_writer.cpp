// Values as jsonb, without the detour through JSON text: half of pg/datum.
#include "pg/datum.hpp"

namespace playbook::pg {
namespace {

// What follows runs beyond the fence: references to parts of a Value that outlives it, and no object of our
// own.

JsonbValue string_value(const std::string &text) {
	// As jsonb_in says it, which reads a NUL as an escape only.
	if (memchr(text.data(), 0, text.size()) != nullptr)
		ereport(ERROR,
		        (errcode(ERRCODE_UNTRANSLATABLE_CHARACTER), errmsg("unsupported Unicode escape sequence"),
		         errdetail("\\u0000 cannot be converted to text.")));
	if (text.size() > JENTRY_OFFLENMASK)
		ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
		                errmsg("string too long to represent as jsonb string")));
	JsonbValue item;
	item.type = jbvString;
	item.val.string.val = const_cast<char *>(text.data());
	item.val.string.len = static_cast<int>(text.size());
	return item;
}

JsonbValue number_value(const std::string &digits) {
	JsonbValue item;
	item.type = jbvNumeric;
	// Up to 18 digits fit into 64 bits whatever they are.
	const bool negative = digits.front() == '-';
	bool small = digits.size() <= 18 && digits.size() > (negative ? 1u : 0u);
	std::int64_t integer = 0;
	for (std::size_t i = negative ? 1 : 0; small && i < digits.size(); ++i) {
		small = digits[i] >= '0' && digits[i] <= '9';
		integer = integer * 10 + (digits[i] - '0');
	}
	item.val.numeric =
	    small ? int64_to_numeric(negative ? -integer : integer)
	          : DatumGetNumeric(DirectFunctionCall3(numeric_in, CStringGetDatum(digits.c_str()),
	                                                ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1)));
	return item;
}

JsonbValue scalar_value(const Value &value) {
	if (value.is_string()) return string_value(value.string());
	if (value.is_number()) return number_value(value.number());
	JsonbValue item;
	item.type = jbvNull;
	if (value.is_boolean()) {
		item.type = jbvBool;
		item.val.boolean = value.boolean();
	}
	return item;
}

JsonbValue *push(JsonbParseState **state, const Value &value, JsonbIteratorToken place) {
	check_stack_depth();
	if (value.is_array()) {
		(void) pushJsonbValue(state, WJB_BEGIN_ARRAY, nullptr);
		for (const Value &item : value.items()) (void) push(state, item, WJB_ELEM);
		return pushJsonbValue(state, WJB_END_ARRAY, nullptr);
	}
	if (value.is_object()) {
		(void) pushJsonbValue(state, WJB_BEGIN_OBJECT, nullptr);
		for (const Member &member : value.members()) {
			JsonbValue key = string_value(member.key);
			(void) pushJsonbValue(state, WJB_KEY, &key);
			(void) push(state, member.value, WJB_VALUE);
		}
		return pushJsonbValue(state, WJB_END_OBJECT, nullptr);
	}
	JsonbValue item = scalar_value(value);
	return pushJsonbValue(state, place, &item);
}

} // namespace

Datum jsonb_datum(const Value &value) {
	return call([&value] {
		if (value.is_scalar()) {
			JsonbValue item = scalar_value(value);
			return JsonbPGetDatum(JsonbValueToJsonb(&item));
		}
		JsonbParseState *state = nullptr;
		return JsonbPGetDatum(JsonbValueToJsonb(push(&state, value, WJB_ELEM)));
	});
}

} // namespace playbook::pg
