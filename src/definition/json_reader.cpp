// Strict JSON with positions. value/json.hpp reads JSON elsewhere; here every value must know its line and
// column, and a repeated key must be reported rather than resolved.
#include <unordered_set>

#include "definition/node.hpp"
#include "definition/wording.hpp"

namespace playbook::definition {
namespace {

class Reader {
public:
	Reader(std::string_view text, const ParseLimits &limits, Tree &tree)
	    : text_(text), limits_(limits), tree_(tree) {}

	void read() {
		const int root = read_value(1);
		if (root < 0) return;
		skip_spaces();
		if (!at_end()) {
			fail("PB004", "invalid JSON: nothing may follow the closing brace");
			return;
		}
		tree_.root = root;
	}

private:
	bool at_end() const { return at_ >= text_.size(); }
	char peek() const { return at_end() ? '\0' : text_[at_]; }
	Position here() const { return {line_, column_}; }
	void advance() {
		const unsigned char c = static_cast<unsigned char>(text_[at_++]);
		if (c == '\n') {
			++line_;
			column_ = 1;
		} else if ((c & 0xC0) != 0x80) {
			++column_; // one for each character, not for each byte
		}
	}
	void skip_spaces() {
		while (peek() == ' ' || peek() == '\n' || peek() == '\r' || peek() == '\t') advance();
	}
	int fail(const char *code, std::string message, std::string hint = {}) {
		tree_.report(code, here(), std::move(message), std::move(hint));
		return -1;
	}
	int unexpected(const char *wanted) {
		if (at_end())
			return fail("PB004",
			            std::string("invalid JSON: the text ends where ") + wanted + " was expected");
		return fail("PB004",
		            std::string("invalid JSON: expected ") + wanted + ", found \"" + character() + "\"");
	}
	std::string character() const {
		std::size_t end = at_ + 1;
		while (end < text_.size() && (static_cast<unsigned char>(text_[end]) & 0xC0) == 0x80) ++end;
		return std::string(text_.substr(at_, end - at_));
	}

	int add(Node node) {
		if (tree_.nodes.size() >= limits_.nodes)
			return fail("PB006", "the definition has more than " + std::to_string(limits_.nodes) + " values");
		tree_.nodes.push_back(std::move(node));
		return static_cast<int>(tree_.nodes.size()) - 1;
	}

	int read_value(std::size_t depth) {
		skip_spaces();
		Node node;
		node.position = here();
		switch (peek()) {
		case '{':
		case '[':
			if (depth > limits_.depth)
				return fail("PB005", "the definition is nested deeper than " + std::to_string(limits_.depth) +
				                         " levels");
			return peek() == '{' ? read_object(std::move(node), depth) : read_array(std::move(node), depth);
		case '"': {
			std::optional<std::string> text = read_string();
			if (!text) return -1;
			node.position.column += 1; // of its first character, as for YAML
			node.bytes = text->size();
			node.scalar = Value(std::move(*text));
			return add(std::move(node));
		}
		case 't': return read_word("true", Value(true), std::move(node));
		case 'f': return read_word("false", Value(false), std::move(node));
		case 'n': return read_word("null", Value(), std::move(node));
		default: return read_number_value(std::move(node));
		}
	}

	int read_word(std::string_view word, Value value, Node node) {
		if (text_.substr(at_, word.size()) != word) return unexpected("a value");
		for (std::size_t i = 0; i < word.size(); ++i) advance();
		node.scalar = std::move(value);
		return add(std::move(node));
	}

	int read_number_value(Node node) {
		std::size_t end = at_;
		const auto digits = [&] {
			const std::size_t start = end;
			while (end < text_.size() && text_[end] >= '0' && text_[end] <= '9') ++end;
			return end - start;
		};
		if (peek() == '-') ++end;
		const std::size_t first = end;
		const std::size_t whole = digits();
		bool valid = whole > 0 && (whole == 1 || text_[first] != '0');
		if (valid && end < text_.size() && text_[end] == '.') {
			++end;
			valid = digits() > 0;
		}
		if (valid && end < text_.size() && (text_[end] == 'e' || text_[end] == 'E')) {
			++end;
			if (end < text_.size() && (text_[end] == '+' || text_[end] == '-')) ++end;
			valid = digits() > 0;
		}
		if (!valid) return unexpected("a value");
		Number number{std::string(text_.substr(at_, end - at_))};
		if (!number_is_reasonable(number))
			return fail("PB014", "a number has too many digits or too large an exponent");
		while (at_ < end) advance();
		node.scalar = Value(std::move(number));
		return add(std::move(node));
	}

	int read_array(Node node, std::size_t depth) {
		node.kind = Node::Kind::Sequence;
		advance();
		skip_spaces();
		if (peek() == ']') {
			advance();
			return add(std::move(node));
		}
		for (;;) {
			const int item = read_value(depth + 1);
			if (item < 0) return -1;
			tree_.charge(node, tree_.nodes[static_cast<std::size_t>(item)]);
			node.entries.push_back({"", {}, item, false});
			skip_spaces();
			if (peek() == ']') break;
			if (peek() != ',') return unexpected("\",\" or \"]\"");
			advance();
		}
		advance();
		return add(std::move(node));
	}

	int read_object(Node node, std::size_t depth) {
		node.kind = Node::Kind::Mapping;
		advance();
		skip_spaces();
		if (peek() == '}') {
			advance();
			return add(std::move(node));
		}
		std::unordered_set<std::string> seen;
		for (;;) {
			skip_spaces();
			const Position key_position = here();
			if (peek() != '"') return unexpected("a key in double quotes");
			std::optional<std::string> key = read_string();
			if (!key) return -1;
			const bool repeated = !seen.insert(*key).second;
			if (repeated)
				tree_.report("PB007", key_position, "key " + quoted(*key) + " is given twice",
				             "Keep one of them.");
			skip_spaces();
			if (peek() != ':') return unexpected("\":\"");
			advance();
			const int value = read_value(depth + 1);
			if (value < 0) return -1;
			if (!repeated) {
				tree_.charge(node, tree_.nodes[static_cast<std::size_t>(value)]);
				node.bytes += key->size();
				node.entries.push_back({std::move(*key), key_position, value, false});
			}
			skip_spaces();
			if (peek() == '}') break;
			if (peek() != ',') return unexpected("\",\" or \"}\"");
			advance();
		}
		advance();
		return add(std::move(node));
	}

	std::optional<unsigned> read_hex() {
		unsigned code = 0;
		for (int i = 0; i < 4; ++i) {
			const char c = peek();
			unsigned digit;
			if (c >= '0' && c <= '9')
				digit = static_cast<unsigned>(c - '0');
			else if (c >= 'a' && c <= 'f')
				digit = static_cast<unsigned>(c - 'a') + 10;
			else if (c >= 'A' && c <= 'F')
				digit = static_cast<unsigned>(c - 'A') + 10;
			else
				return std::nullopt;
			code = code * 16 + digit;
			advance();
		}
		return code;
	}

	static void append_utf8(std::string &out, unsigned code) {
		if (code < 0x80) {
			out += static_cast<char>(code);
		} else if (code < 0x800) {
			out += static_cast<char>(0xC0 | (code >> 6));
			out += static_cast<char>(0x80 | (code & 0x3F));
		} else if (code < 0x10000) {
			out += static_cast<char>(0xE0 | (code >> 12));
			out += static_cast<char>(0x80 | ((code >> 6) & 0x3F));
			out += static_cast<char>(0x80 | (code & 0x3F));
		} else {
			out += static_cast<char>(0xF0 | (code >> 18));
			out += static_cast<char>(0x80 | ((code >> 12) & 0x3F));
			out += static_cast<char>(0x80 | ((code >> 6) & 0x3F));
			out += static_cast<char>(0x80 | (code & 0x3F));
		}
	}

	bool read_escape(std::string &out) {
		advance();
		static constexpr std::string_view names = "\"\\/bfnrt", values = "\"\\/\b\f\n\r\t";
		if (const std::size_t simple = at_end() ? names.npos : names.find(peek()); simple != names.npos) {
			out += values[simple];
			advance();
			return true;
		}
		if (peek() != 'u') {
			unexpected("an escape such as \\n or \\u00e9");
			return false;
		}
		advance();
		std::optional<unsigned> code = read_hex();
		if (code && *code >= 0xD800 && *code < 0xDC00) {
			std::optional<unsigned> low;
			if (text_.substr(at_, 2) == "\\u") {
				advance();
				advance();
				low = read_hex();
			}
			code = low && *low >= 0xDC00 && *low < 0xE000
			           ? std::optional(0x10000 + ((*code - 0xD800) << 10) + (*low - 0xDC00))
			           : std::nullopt;
		} else if (code && *code >= 0xDC00 && *code < 0xE000) {
			code = std::nullopt;
		}
		if (!code) {
			fail("PB004",
			     "invalid JSON: a \\u escape needs four hexadecimal digits, and a surrogate its other half");
			return false;
		}
		if (*code == 0) {
			fail("PB003", "\\u0000 cannot be stored as text");
			return false;
		}
		append_utf8(out, *code);
		return true;
	}

	std::optional<std::string> read_string() {
		const Position start = here();
		std::string out;
		advance();
		while (!at_end() && peek() != '"') {
			if (static_cast<unsigned char>(peek()) < 0x20) {
				fail("PB004",
				     "invalid JSON: a line break or tab inside a text must be written as \\n or \\t");
				return std::nullopt;
			}
			if (peek() == '\\') {
				if (!read_escape(out)) return std::nullopt;
			} else {
				out += peek();
				advance();
			}
		}
		if (at_end()) {
			tree_.report("PB004", start, "invalid JSON: a text is not closed");
			return std::nullopt;
		}
		advance();
		return out;
	}

	const std::string_view text_;
	const ParseLimits &limits_;
	Tree &tree_;
	std::size_t at_ = 0;
	int line_ = 1, column_ = 1;
};

} // namespace

Tree read_json(std::string_view text, const ParseLimits &limits) {
	Tree tree;
	Reader(text, limits, tree).read();
	return tree;
}

} // namespace playbook::definition
