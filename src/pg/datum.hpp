// Datums to C++ values and back. Every function here goes through the fence itself.
//
// Datums are made in CurrentMemoryContext; strings and Values are copies that outlive it.
#pragma once

#include "pg/guard.hpp"
#include "value/value.hpp"

namespace playbook::pg {

// A nullable server value of known type.
struct NullableDatumOf {
	Datum value = 0;
	bool is_null = true;
};

std::string text_from(Datum datum);
Datum text_datum(std::string_view text);
Value value_from_jsonb(Datum datum);
Datum jsonb_datum(const Value &value);
// Any type, through its output function.
std::string output_text(Datum datum, Oid type);
// Throws with the server's own message when the text is no value of the type.
Datum input_datum(const std::string &text, Oid type, int32 typmod = -1);

// "2026-01-28T14:30:00.123456+00:00" as PostgreSQL writes a timestamptz into JSON, in UTC.
std::string timestamp_text(TimestampTz at);

// One-dimensional arrays for set-based statements. A nullopt becomes a null element.
Datum array_of(const std::vector<std::int64_t> &items);
Datum array_of(const std::vector<std::optional<std::int64_t>> &items);
Datum array_of(const std::vector<std::int32_t> &items);
Datum array_of(const std::vector<std::string> &items);
Datum array_of(const std::vector<std::optional<std::string>> &items);
// Elements given as Datums of one type.
Datum array_of(const std::vector<NullableDatumOf> &items, Oid element_type);
std::vector<std::string> texts_from_array(Datum array);

// The name of a role as it is; "4711" when the role is gone.
std::string role_name(Oid role);
// Null when there is no such role.
std::optional<Oid> find_role(const std::string &name);

} // namespace playbook::pg
