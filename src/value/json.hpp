// JSON text to Value and back.
#pragma once

#include <cstddef>
#include <stdexcept>
#include <string>
#include <string_view>

#include "value/value.hpp"

namespace playbook {

// What a JSON text may cost. Depth is bounded because every later walk over the value is recursive.
struct JsonLimits {
	std::size_t depth = 64;
	std::size_t bytes = std::size_t{64} << 20;
};

// The text is no JSON, or beyond a limit. `offset` is the byte at which that was noticed.
class JsonError : public std::runtime_error {
public:
	JsonError(const std::string &message, std::size_t at) : std::runtime_error(message), offset(at) {}
	const std::size_t offset;
};

// Parses one JSON text; numbers keep their digits. Throws JsonError (also for \u0000, which PostgreSQL cannot
// hold).
Value parse_json(std::string_view text, const JsonLimits &limits = {});

// Compact JSON text, members in their order; UTF-8 is passed through, control characters are escaped.
std::string to_json(const Value &value);
void append_json(std::string &out, const Value &value);
void append_json_string(std::string &out, std::string_view text);

} // namespace playbook
