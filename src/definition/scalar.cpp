// Numbers as YAML's core schema writes them, turned into the decimal text that JSON and PostgreSQL read.
#include <charconv>
#include <cstdlib>

#include "definition/node.hpp"

namespace playbook::definition {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::size_t count_digits(std::string_view text, std::size_t from) {
	std::size_t end = from;
	while (end < text.size() && is_digit(text[end])) ++end;
	return end - from;
}

std::optional<Number> read_radix(std::string_view digits, int base) {
	std::uint64_t value = 0;
	const auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
	if (failure != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
	return Number{std::to_string(value)};
}

} // namespace

std::optional<Number> read_number(std::string_view text) {
	if (text.empty() || text.size() > 2000) return std::nullopt;
	if (text.size() > 2 && text.substr(0, 2) == "0x") return read_radix(text.substr(2), 16);
	if (text.size() > 2 && text.substr(0, 2) == "0o") return read_radix(text.substr(2), 8);
	std::string out;
	std::size_t at = 0;
	if (text[0] == '-' || text[0] == '+') {
		if (text[0] == '-') out += '-';
		++at;
	}
	const std::size_t whole = count_digits(text, at);
	std::string_view digits = text.substr(at, whole);
	while (digits.size() > 1 && digits[0] == '0') digits.remove_prefix(1);
	out += whole > 0 ? digits : "0";
	at += whole;
	std::size_t decimals = 0;
	if (at < text.size() && text[at] == '.') {
		decimals = count_digits(text, at + 1);
		if (decimals > 0) {
			out += '.';
			out += text.substr(at + 1, decimals);
		}
		at += 1 + decimals;
	}
	if (whole + decimals == 0) return std::nullopt;
	if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
		std::size_t exponent = at + 1;
		if (exponent < text.size() && (text[exponent] == '-' || text[exponent] == '+')) ++exponent;
		const std::size_t length = count_digits(text, exponent);
		if (length == 0) return std::nullopt;
		out += text.substr(at, exponent - at + length);
		at = exponent + length;
	}
	if (at != text.size()) return std::nullopt;
	return Number{std::move(out)};
}

bool number_is_reasonable(const Number &number) {
	const std::string &text = number.text;
	if (text.size() > 1000) return false;
	const std::size_t mark = text.find_first_of("eE");
	if (mark == std::string::npos) return true;
	return text.size() - mark <= 8 && std::abs(std::atol(text.c_str() + mark + 1)) <= 1000;
}

} // namespace playbook::definition
