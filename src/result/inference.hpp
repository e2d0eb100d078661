// The type of each column of rows that came as JSON: decided once for the whole column, from all of its
// values.
#pragma once

#include <string>
#include <vector>

#include "value/value.hpp"

namespace playbook::result {

enum class InferredKind { Integer, Number, Boolean, Date, Timestamp, Text, Json };

struct InferredColumn {
	std::string name;
	InferredKind kind = InferredKind::Text;
};

// Columns in the order of their first appearance. All integers: bigint; numbers: numeric; booleans: boolean;
// texts that are all ISO dates: date, or all ISO times with a zone: timestamptz; any array or object: jsonb;
// else, and for a column that is always null: text. A value that is no object is a row of one column named
// "value".
std::vector<InferredColumn> infer_columns(const std::vector<Value> &objects);

// 60, but neither 60.0 nor 6e1, and nothing beyond 64 bits.
bool is_written_as_integer(const Value &value);
// "2026-01-28"; only days that exist.
bool is_iso_date(const std::string &text);
// "2026-01-28T14:30:00.25Z", also with a space, without seconds, with +01:00, +0100 or +01.
bool is_iso_timestamp(const std::string &text);

} // namespace playbook::result
