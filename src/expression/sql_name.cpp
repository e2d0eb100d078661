#include "expression/sql_name.hpp"

#include "expression/sql_lexer.hpp"

namespace playbook::expression {
namespace {

constexpr std::size_t max_parts = 4; // catalog, schema, table, column
constexpr std::size_t max_part_bytes =
    63; // PostgreSQL cuts longer names off, and could then mean another object

} // namespace

std::vector<std::string> split_sql_name(std::string_view text, std::string &problem) {
	std::vector<std::string> parts;
	std::size_t at = 0;
	const auto fail = [&](const char *what) {
		problem = what;
		return std::vector<std::string>{};
	};
	for (;;) {
		std::string part;
		if (at < text.size() && text[at] == '"') {
			for (++at;; ++at) {
				if (at >= text.size()) return fail("a double quote is not closed");
				if (static_cast<unsigned char>(text[at]) < 0x20) return fail("it holds a control character");
				if (text[at] == '"' && (++at >= text.size() || text[at] != '"')) break;
				part += text[at];
			}
		} else {
			for (; at < text.size() && (continues_sql_word(text[at]) || text[at] == '-'); ++at)
				part += text[at];
			if (at < text.size() && text[at] != '.')
				return fail("it holds a character that needs double quotes");
		}
		if (part.empty()) return fail("a part of it is empty");
		if (part.size() > max_part_bytes) return fail("a part of it is longer than 63 bytes");
		parts.push_back(std::move(part));
		if (at >= text.size()) break;
		if (text[at] != '.') return fail("something other than a dot follows a double quote");
		++at;
		if (parts.size() == max_parts) return fail("it has more than four parts");
	}
	return parts;
}

std::string quote_sql_name(std::string_view part) {
	std::string out = "\"";
	for (const char c : part) {
		if (c == '"') out += '"';
		out += c;
	}
	return out += '"';
}

} // namespace playbook::expression
