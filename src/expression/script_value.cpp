#include "expression/script_value.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>

namespace playbook::expression {
namespace {

bool is_zero(const std::string &number) {
	for (const char c : number) {
		if (c == 'e' || c == 'E') break;
		if (c >= '1' && c <= '9') return false;
	}
	return true;
}

double to_double(std::string_view text) {
	double result = 0;
	const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), result);
	if (failure == std::errc::result_out_of_range) {
		// Either far too large or far too small; the exponent's sign tells.
		const bool tiny =
		    text.find("e-") != std::string_view::npos || text.find("E-") != std::string_view::npos;
		const double magnitude = tiny ? 0.0 : std::numeric_limits<double>::infinity();
		return !text.empty() && text.front() == '-' ? -magnitude : magnitude;
	}
	if (failure != std::errc() || end != text.data() + text.size()) return std::nan("");
	return result;
}

// Number(x) of JavaScript, for the loose equality of scalars.
double as_script_number(const Value &value) {
	if (value.is_boolean()) return value.boolean() ? 1 : 0;
	if (value.is_number()) return to_double(value.number());
	std::string_view text = value.string();
	while (const std::size_t bytes = space_at(text, 0)) text.remove_prefix(bytes);
	while (const std::size_t bytes = space_before(text, text.size())) text.remove_suffix(bytes);
	if (text.empty()) return 0;
	if (text.front() == '+') text.remove_prefix(1);
	return to_double(text);
}

// "7" but not "07" or "-1"; nothing at or beyond 2^32 - 1.
std::optional<std::size_t> array_index(const std::string &name) {
	if (name.empty() || name.size() > 10 || (name[0] == '0' && name.size() > 1)) return std::nullopt;
	std::uint64_t index = 0;
	for (const char c : name) {
		if (c < '0' || c > '9') return std::nullopt;
		index = index * 10 + static_cast<std::uint64_t>(c - '0');
	}
	if (index >= 4294967295u) return std::nullopt;
	return static_cast<std::size_t>(index);
}

std::size_t character_bytes(char c) {
	const auto byte = static_cast<unsigned char>(c);
	return byte < 0xC0 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4;
}

// The character at a UTF-16 index; a half of a surrogate pair has no UTF-8 form and is nothing.
Operand character(std::string_view text, std::size_t index) {
	std::size_t unit = 0;
	for (std::size_t at = 0; at < text.size();) {
		const std::size_t bytes = std::min(character_bytes(text[at]), text.size() - at);
		if (unit == index) return bytes < 4 ? Operand::own(Value(text.substr(at, bytes))) : Operand();
		if (unit > index) return Operand();
		unit += bytes == 4 ? 2 : 1;
		at += bytes;
	}
	return Operand();
}

} // namespace

bool is_truthy(const Operand &operand) {
	if (operand.is_nothing()) return false;
	const Value &value = *operand.get();
	if (value.is_boolean()) return value.boolean();
	if (value.is_number()) return !is_zero(value.number());
	if (value.is_string()) return !value.string().empty();
	return true;
}

bool is_empty(const Operand &operand) {
	if (operand.is_nothing()) return true;
	const Value &value = *operand.get();
	if (value.is_number()) return false;
	return value.is_array() ? value.items().empty() : !is_truthy(operand);
}

bool passes_if(const Operand &operand, bool include_zero) {
	return !is_empty(operand) && (include_zero || is_truthy(operand));
}

bool loosely_equal(const Operand &a, const Operand &b) {
	if (a.get() == b.get()) return true;
	if (a.is_nothing() || b.is_nothing()) return a.is_nothing() && b.is_nothing();
	const Value &left = *a.get(), &right = *b.get();
	if (!left.is_scalar() && !right.is_scalar()) return false;
	if (!left.is_scalar()) return loosely_equal(Operand::own(Value(script_text(a))), b);
	if (!right.is_scalar()) return loosely_equal(a, Operand::own(Value(script_text(b))));
	if (left.is_string() && right.is_string()) return left.string() == right.string();
	return as_script_number(left) == as_script_number(right);
}

void append_script_text(std::string &out, const Operand &operand) {
	if (operand.is_nothing()) return;
	const Value &value = *operand.get();
	if (value.is_array()) {
		bool first = true;
		for (const Value &item : value.items()) {
			if (!first) out += ',';
			first = false;
			append_script_text(out, operand.part(&item));
		}
	} else if (value.is_object()) {
		out += "[object Object]";
	} else {
		out += value.as_text();
	}
}

std::string script_text(const Operand &operand) {
	std::string out;
	append_script_text(out, operand);
	return out;
}

Operand property(const Operand &parent, const std::string &name) {
	if (parent.is_nothing()) return Operand();
	const Value &value = *parent.get();
	if (value.is_object()) {
		const Value *found = value.find(name);
		return found != nullptr ? parent.part(found) : Operand();
	}
	if (value.is_array()) {
		if (name == "length") return Operand::own(Value(value.items().size()));
		const std::optional<std::size_t> index = array_index(name);
		return index && *index < value.items().size() ? parent.part(&value.items()[*index]) : Operand();
	}
	if (value.is_string()) {
		if (name == "length") return Operand::own(Value(utf16_length(value.string())));
		if (const std::optional<std::size_t> index = array_index(name))
			return character(value.string(), *index);
	}
	return Operand();
}

std::string property_key(const Operand &operand) {
	if (operand.get() == nullptr) return "undefined";
	if (operand.get()->is_null()) return "null";
	if (operand.get()->is_number()) return script_number(operand.get()->number());
	return script_text(operand);
}

std::vector<const Member *> visited_members(const Value &object) {
	std::vector<const Member *> indexes, names;
	for (const Member &member : object.members())
		(array_index(member.key) ? indexes : names).push_back(&member);
	std::sort(indexes.begin(), indexes.end(), [](const Member *a, const Member *b) {
		return a->key.size() != b->key.size() ? a->key.size() < b->key.size() : a->key < b->key;
	});
	indexes.insert(indexes.end(), names.begin(), names.end());
	return indexes;
}

// ECMAScript, Number::toString: the shortest digits that identify the double, laid out by its decimal
// exponent.
std::string script_number(std::string_view decimal) {
	const double number = to_double(decimal);
	if (std::isnan(number)) return "NaN";
	if (number == 0) return "0";
	if (std::isinf(number)) return number > 0 ? "Infinity" : "-Infinity";
	char buffer[64];
	const auto [end, failure] =
	    std::to_chars(buffer, buffer + sizeof buffer, std::fabs(number), std::chars_format::scientific);
	if (failure != std::errc()) return std::string(decimal);
	std::string digits;
	int exponent = 0;
	for (const char *at = buffer; at != end; ++at) {
		if (*at == 'e') {
			const char *from = at[1] == '+' ? at + 2 : at + 1;
			std::from_chars(from, end, exponent);
			break;
		}
		if (*at != '.') digits += *at;
	}
	const int count = static_cast<int>(digits.size());
	const int point = exponent + 1; // digits before the decimal point
	std::string out = number < 0 ? "-" : "";
	if (count <= point && point <= 21)
		return out + digits + std::string(static_cast<std::size_t>(point - count), '0');
	if (0 < point && point <= 21) return out + digits.insert(static_cast<std::size_t>(point), ".");
	if (-6 < point && point <= 0)
		return out + "0." + std::string(static_cast<std::size_t>(-point), '0') + digits;
	const std::string sign = exponent < 0 ? "e-" : "e+";
	if (count > 1) digits.insert(1, ".");
	return out + digits + sign + std::to_string(std::abs(exponent));
}

std::size_t space_at(std::string_view text, std::size_t at) {
	if (at >= text.size()) return 0;
	const auto byte = [&](std::size_t i) {
		return at + i < text.size() ? static_cast<unsigned char>(text[at + i]) : 0u;
	};
	const unsigned first = byte(0);
	if (first == ' ' || (first >= '\t' && first <= '\r')) return 1;
	if (first == 0xC2) return byte(1) == 0xA0 ? 2 : 0;
	if (first == 0xE1) return byte(1) == 0x9A && byte(2) == 0x80 ? 3 : 0;
	if (first == 0xE2 && byte(1) == 0x80) {
		const unsigned last = byte(2);
		return (last >= 0x80 && last <= 0x8A) || last == 0xA8 || last == 0xA9 || last == 0xAF ? 3 : 0;
	}
	if (first == 0xE2) return byte(1) == 0x81 && byte(2) == 0x9F ? 3 : 0;
	if (first == 0xE3) return byte(1) == 0x80 && byte(2) == 0x80 ? 3 : 0;
	if (first == 0xEF) return byte(1) == 0xBB && byte(2) == 0xBF ? 3 : 0;
	return 0;
}

std::size_t space_before(std::string_view text, std::size_t at) {
	for (std::size_t bytes = 1; bytes <= 3 && bytes <= at; ++bytes)
		if (space_at(text, at - bytes) == bytes) return bytes;
	return 0;
}

std::size_t utf16_length(std::string_view text) {
	std::size_t units = 0;
	for (const char c : text) {
		const auto byte = static_cast<unsigned char>(c);
		if ((byte & 0xC0) != 0x80) units += byte >= 0xF0 ? 2 : 1;
	}
	return units;
}

} // namespace playbook::expression
