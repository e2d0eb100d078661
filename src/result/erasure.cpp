#include "result/erasure.hpp"

#include <algorithm>

#include "result/chunk.hpp"

namespace playbook::result {
namespace {

bool is_digits(std::string_view text) {
	return !text.empty() &&
	       std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool is_plain_word(char c) { return (c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'z'); }

// "acme-2" and "acme.com" are other names than "acme", "acme." ends a sentence. A character beyond ASCII
// belongs to no id: in doubt what is around it goes.
bool goes_on(std::string_view text, std::size_t at, std::ptrdiff_t direction) {
	const auto inside = [text](std::ptrdiff_t i) {
		return i >= 0 && i < static_cast<std::ptrdiff_t>(text.size());
	};
	const auto next = static_cast<std::ptrdiff_t>(at);
	if (!inside(next)) return false;
	const char c = text[at];
	if (c == '.')
		return inside(next + direction) && is_plain_word(text[static_cast<std::size_t>(next + direction)]);
	return is_plain_word(c) || c == '-' || c == '_' || c == '@' || c == '+';
}

// Addresses are compared in lower case, as mail is delivered; ids as they are.
std::size_t find_word(std::string_view text, const std::string &word, std::size_t from) {
	if (word.find('@') == word.npos) return text.find(word, from);
	const auto same = [](char a, char b) { return lower(a) == lower(b); };
	const auto found = std::search(text.begin() + static_cast<std::ptrdiff_t>(std::min(from, text.size())),
	                               text.end(), word.begin(), word.end(), same);
	return found == text.end() ? text.npos : static_cast<std::size_t>(found - text.begin());
}

bool has_word(std::string_view text, const std::string &word) {
	if (text == word) return true;
	if (word.empty() || is_digits(word)) return false;
	for (std::size_t at = find_word(text, word, 0); at != text.npos; at = find_word(text, word, at + 1)) {
		const bool begins = at == 0 || !goes_on(text, at - 1, -1);
		if (begins && !goes_on(text, at + word.size(), 1)) return true;
	}
	return false;
}

// Binary forms (arrays, jsonb, composites) have lengths between their texts, which look like letters.
bool contains(std::string_view bytes, const Words &words) {
	return std::any_of(words.begin(), words.end(), [bytes](const std::string &word) {
		if (word.empty()) return false;
		return is_digits(word) ? bytes == word : find_word(bytes, word, 0) != bytes.npos;
	});
}

bool is_named_like_an_id(std::string_view name) {
	return name == "id" || name == "customer" || name == "account" || name == "company" ||
	       name.ends_with("_id");
}

std::int64_t number_of(std::string_view bytes) {
	std::int64_t number = static_cast<signed char>(bytes.front());
	for (const char byte : bytes.substr(1)) number = number * 256 + static_cast<unsigned char>(byte);
	return number;
}

std::string uuid_of(std::string_view bytes) {
	static constexpr char digits[] = "0123456789abcdef";
	std::string text;
	for (std::size_t i = 0; i < bytes.size(); ++i) {
		if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
		text += digits[static_cast<unsigned char>(bytes[i]) >> 4];
		text += digits[static_cast<unsigned char>(bytes[i]) & 15];
	}
	return text;
}

// What a column's type is called: "pg_catalog.int8", or as the SQL standard does.
bool is_one_of(const std::string &type, std::initializer_list<std::string_view> names) {
	const std::string_view bare = type.starts_with("pg_catalog.") ? std::string_view(type).substr(11) : type;
	return std::find(names.begin(), names.end(), bare) != names.end();
}

bool field_mentions(const Column &column, std::string_view bytes, const Words &words) {
	if (column.as_text || is_one_of(column.type, {"text", "varchar", "bpchar", "name", "json"}))
		return mentions(bytes, words);
	if (is_one_of(column.type, {"int2", "int4", "int8"}) && !bytes.empty() && bytes.size() <= 8)
		return is_named_like_an_id(column.name) && mentions(std::to_string(number_of(bytes)), words);
	if (is_one_of(column.type, {"uuid"}) && bytes.size() == 16) return mentions(uuid_of(bytes), words);
	return contains(bytes, words);
}

Value without(const Value &value, std::string_view name, const Words &words) {
	if (value.is_string()) return mentions(value.string(), words) ? Value() : value;
	if (value.is_number())
		return is_named_like_an_id(name) && mentions(value.as_text(), words) ? Value() : value;
	if (value.is_array()) {
		Value items = Value::array();
		for (const Value &item : value.items()) items.push_back(without(item, name, words));
		return items;
	}
	if (!value.is_object()) return value;
	Value members = Value::object();
	for (const Member &member : value.members())
		if (!mentions(member.key, words)) members.set(member.key, without(member.value, member.key, words));
	return members;
}

} // namespace

bool mentions(std::string_view text, const Words &words) {
	return std::any_of(words.begin(), words.end(),
	                   [text](const std::string &word) { return has_word(text, word); });
}

Value without(const Value &document, const Words &words) { return without(document, "", words); }

Remaining rows_without(std::string_view chunk, const Words &words) {
	const ChunkHeader header = read_header(chunk);
	Remaining left;
	left.chunk = chunk_header(header.columns, header.encoding);
	ChunkCursor cursor(chunk, header.size);
	for (std::int32_t row = 0; row < header.rows; ++row) {
		const std::size_t begin = cursor.position();
		bool speaks = false;
		const auto fields = static_cast<std::size_t>(cursor.int16());
		if (fields != header.columns.size())
			throw BrokenChunk("A row has not as many fields as there are columns.");
		for (const Column &column : header.columns) {
			const std::int32_t length = cursor.int32();
			if (length < 0) continue;
			const std::string_view bytes = cursor.bytes(static_cast<std::size_t>(length));
			speaks = speaks || field_mentions(column, bytes, words);
		}
		if (speaks) continue;
		left.chunk += chunk.substr(begin, cursor.position() - begin);
		++left.rows;
	}
	close_chunk(left.chunk, left.rows);
	return left;
}

} // namespace playbook::result
