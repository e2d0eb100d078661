#include "expression/sql_lexer.hpp"

namespace playbook::expression {
namespace {

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool starts_word(char c) {
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
	       static_cast<unsigned char>(c) >= 0x80;
}

constexpr const char *drop_quotes =
    "Write the placeholder without quotes: its value is bound, not pasted, and text "
    "is joined with ||, as in '%' || {{name}} || '%'.";

class Scanner {
public:
	Scanner(std::string_view text, SqlScanMode mode) : text_(text), mode_(mode) {}

	SqlScan scan() {
		while (at_ < text_.size()) step();
		return std::move(result_);
	}

private:
	char peek(std::size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }
	bool looking_at(std::string_view expected) const {
		return text_.substr(at_, expected.size()) == expected;
	}
	void fail(std::size_t offset, std::string message, std::string hint) {
		result_.errors.push_back(SyntaxError{offset, std::move(message), std::move(hint)});
	}
	void add(SqlTokenKind kind, std::size_t begin, std::string_view name = {}) {
		result_.tokens.push_back(SqlToken{kind, begin, at_, text_.substr(begin, at_ - begin), name});
	}

	void step() {
		const std::size_t begin = at_;
		const char c = peek();
		if (is_space(c)) {
			++at_;
		} else if (looking_at("--")) {
			line_comment();
		} else if (looking_at("/*")) {
			block_comment();
		} else if (c == '\'') {
			quoted('\'', false, "quoted literal");
			add(SqlTokenKind::Literal, begin);
		} else if (c == '"') {
			quoted('"', false, "quoted name");
			add(SqlTokenKind::QuotedName, begin);
		} else if (starts_word(c)) {
			word();
		} else if (is_digit(c) || (c == '.' && is_digit(peek(1)))) {
			number();
		} else if (c == '$') {
			dollar();
		} else if (mode_ == SqlScanMode::Template && looking_at("{{")) {
			braces();
		} else {
			at_ += looking_at("::") ? 2 : 1;
			add(SqlTokenKind::Operator, begin);
		}
	}

	void line_comment() {
		const std::size_t begin = at_;
		while (at_ < text_.size() && peek() != '\n' && peek() != '\r') ++at_;
		refuse_placeholders(begin, at_, "a comment", "Take it out of the comment.");
	}

	void block_comment() {
		const std::size_t begin = at_;
		int depth = 0;
		do {
			if (looking_at("/*")) {
				++depth;
				at_ += 2;
			} else if (looking_at("*/")) {
				--depth;
				at_ += 2;
			} else {
				++at_;
			}
		} while (depth > 0 && at_ < text_.size());
		if (depth > 0) {
			at_ = text_.size();
			fail(begin, "comment is not closed", "Close it with */; comments nest.");
		}
		refuse_placeholders(begin, at_, "a comment", "Take it out of the comment.");
	}

	void quoted(char quote, bool backslashes, const char *what) {
		const std::size_t begin = at_++;
		for (;; ++at_) {
			if (at_ >= text_.size()) {
				fail(begin, std::string(what) + " is not closed", "Double a quote that belongs to the text.");
				break;
			}
			if (backslashes && peek() == '\\') {
				// A backslash at the very end escapes nothing; the loop then reports the open literal.
				if (at_ + 1 < text_.size()) ++at_;
			} else if (peek() == quote) {
				if (peek(1) == quote) {
					++at_;
				} else {
					++at_;
					if (!backslashes || !continue_literal()) break;
				}
			}
		}
		refuse_placeholders(begin, at_, std::string("a ") + what, drop_quotes);
	}

	// E'a' followed by a line break and 'b' is one literal, in which the backslash rules go on. Leaves at_
	// on the new opening quote.
	bool continue_literal() {
		bool line_break = false;
		std::size_t at = at_;
		while (at < text_.size()) {
			const char c = text_[at];
			if (c == '\n' || c == '\r') {
				line_break = true;
				++at;
			} else if (is_space(c)) {
				++at;
			} else if (text_.substr(at, 2) == "--") {
				while (at < text_.size() && text_[at] != '\n' && text_[at] != '\r') ++at;
			} else {
				break;
			}
		}
		if (!line_break || at >= text_.size() || text_[at] != '\'') return false;
		at_ = at;
		return true;
	}

	void word() {
		const std::size_t begin = at_;
		const char first = peek();
		if ((first == 'e' || first == 'E') && peek(1) == '\'') {
			++at_;
			quoted('\'', true, "quoted literal");
			return add(SqlTokenKind::Literal, begin);
		}
		if ((first == 'u' || first == 'U') && peek(1) == '&' && (peek(2) == '\'' || peek(2) == '"')) {
			at_ += 2;
			const bool name = peek() == '"';
			quoted(peek(), false, name ? "quoted name" : "quoted literal");
			return add(name ? SqlTokenKind::QuotedName : SqlTokenKind::Literal, begin);
		}
		if (std::string_view("bBxXnN").find(first) != std::string_view::npos && peek(1) == '\'') {
			++at_;
			quoted('\'', false, "quoted literal");
			return add(SqlTokenKind::Literal, begin);
		}
		while (at_ < text_.size() && continues_sql_word(peek())) ++at_;
		add(SqlTokenKind::Word, begin);
	}

	// Digits with whatever letters follow ("1e5", "0x1F"); a sign inside an exponent ends it, which does no
	// harm here.
	void number() {
		const std::size_t begin = at_;
		while (at_ < text_.size() && (is_digit(peek()) || peek() == '.' || starts_word(peek()))) ++at_;
		add(SqlTokenKind::Number, begin);
	}

	void dollar() {
		const std::size_t begin = at_;
		if (is_digit(peek(1))) {
			++at_;
			while (is_digit(peek())) ++at_;
			if (mode_ == SqlScanMode::Template)
				fail(begin,
				     "positional parameter \"" + std::string(text_.substr(begin, at_ - begin)) +
				         "\" in a query",
				     "Name the value in config.parameters and write {{name}}.");
			return add(SqlTokenKind::Parameter, begin);
		}
		std::size_t tag_end = at_ + 1;
		if (tag_end < text_.size() && starts_word(text_[tag_end]))
			while (tag_end < text_.size() && text_[tag_end] != '$' && continues_sql_word(text_[tag_end]))
				++tag_end;
		if (tag_end < text_.size() && text_[tag_end] == '$') {
			const std::string_view tag = text_.substr(begin, tag_end + 1 - begin);
			const std::size_t close = text_.find(tag, tag_end + 1);
			if (close == std::string_view::npos) {
				fail(begin, "dollar quote " + std::string(tag) + " is not closed",
				     "Close it with the same tag.");
				at_ = text_.size();
			} else {
				at_ = close + tag.size();
			}
			refuse_placeholders(begin, at_, "a dollar quote",
			                    "A value cannot reach into quoted text; pass it as an argument instead.");
			return add(SqlTokenKind::Literal, begin);
		}
		if (mode_ == SqlScanMode::Template && looking_at("${")) {
			report_reference(begin);
			return;
		}
		++at_;
		add(SqlTokenKind::Operator, begin);
	}

	void report_reference(std::size_t begin) {
		const ReferenceScan scan = scan_references(text_.substr(begin, 512));
		const bool whole = !scan.references.empty() && scan.references.front().begin == 0;
		fail(
		    begin,
		    whole ? "reference \"${" + scan.references.front().text() + "}\" in the text of a query"
		          : "\"${\" in the text of a query",
		    "Give the value a name in config.parameters and write {{name}} here; it is bound, never pasted.");
		at_ += whole ? scan.references.front().end : 2;
	}

	void braces() {
		const std::size_t begin = at_;
		const std::size_t close = text_.find("}}", at_ + 2);
		if (close == std::string_view::npos) {
			at_ = text_.size();
			return fail(begin, "\"{{\" is not closed by \"}}\"", "A placeholder is {{name}}.");
		}
		const char sign = peek(2);
		const std::string_view inside = text_.substr(begin + 2, close - begin - 2);
		std::string_view name = inside;
		while (!name.empty() && is_space(name.front())) name.remove_prefix(1);
		while (!name.empty() && is_space(name.back())) name.remove_suffix(1);
		at_ = close + 2;
		while (peek() == '}') ++at_; // "{{{x}}}" is one mistake, not two
		if (sign == '#' || sign == '/' || sign == '^' || name == "else" || name.substr(0, 5) == "else ")
			fail(begin, "block \"{{" + excerpt(inside) + "}}\" in a query",
			     "A query has placeholders only. Choose with SQL, as in ({{region}} IS NULL OR region = "
			     "{{region}}).");
		else if (sign == '{' || sign == '&')
			fail(begin, "\"{{" + excerpt(inside) + "}}\" is no placeholder of a query",
			     "Write two braces: {{name}}. Whether a value is bound or pasted does not depend on the "
			     "braces.");
		else if (!is_name(name) || at_ != close + 2)
			fail(begin, "\"{{" + excerpt(inside) + "}}\" is no placeholder of a query",
			     "A placeholder is a name or a dotted path, as in {{min_arr}} or {{customer.id}}; helpers, "
			     "comments and "
			     "expressions are not available here.");
		else
			return add(SqlTokenKind::Placeholder, begin, name);
		// Stands in for the placeholder that was meant, so that its neighbours are judged as they should be.
		add(SqlTokenKind::Operator, begin);
	}

	// Names separated by dots, each of letters, digits and "_", not beginning with a digit unless it is an
	// index.
	static bool is_name(std::string_view text) {
		bool at_start = true;
		for (const char c : text) {
			if (c == '.') {
				if (at_start) return false;
				at_start = true;
			} else {
				if (!starts_word(c) && !is_digit(c) && (at_start || c != '-')) return false;
				at_start = false;
			}
		}
		return !at_start && !is_digit(text.front());
	}

	static std::string excerpt(std::string_view text) {
		if (text.size() <= 40) return std::string(text);
		std::size_t end = 40;
		while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
		return std::string(text.substr(0, end)) + "…";
	}

	// Array and JSON literals may hold braces ('{{1,2},{3,4}}'); only what reads as a placeholder, block or
	// reference is refused.
	void refuse_placeholders(std::size_t begin, std::size_t end, const std::string &where,
	                         const std::string &hint) {
		if (mode_ != SqlScanMode::Template) return;
		const std::string_view inside = text_.substr(begin, end - begin);
		std::size_t close = 0;
		for (std::size_t at = inside.find("{{"); at != std::string_view::npos;
		     at = inside.find("{{", at + 1)) {
			if (close < at + 2) close = inside.find("}}", at + 2);
			if (close == std::string_view::npos) break;
			if (close - at > 200) continue; // no name is that long
			const char sign = inside[at + 2];
			std::string_view name = inside.substr(at + 2, close - at - 2);
			while (!name.empty() && is_space(name.front())) name.remove_prefix(1);
			while (!name.empty() && is_space(name.back())) name.remove_suffix(1);
			if (sign != '#' && sign != '/' && !is_name(name)) continue;
			fail(begin + at, "placeholder \"{{" + excerpt(name) + "}}\" inside " + where, hint);
		}
		for (const Reference &reference : scan_references(inside).references) {
			// "$${" opens a dollar quote here; its second "$" begins no reference.
			fail(
			    begin + reference.begin, "reference \"${" + reference.text() + "}\" inside " + where,
			    "Give the value a name in config.parameters and write {{name}} outside quotes and comments.");
		}
	}

	const std::string_view text_;
	const SqlScanMode mode_;
	std::size_t at_ = 0;
	SqlScan result_;
};

} // namespace

bool continues_sql_word(char c) { return starts_word(c) || is_digit(c) || c == '$'; }

bool SqlToken::is_word(std::string_view upper) const {
	if (kind != SqlTokenKind::Word || text.size() != upper.size()) return false;
	for (std::size_t i = 0; i < text.size(); ++i) {
		const char c = text[i] >= 'a' && text[i] <= 'z' ? static_cast<char>(text[i] - 'a' + 'A') : text[i];
		if (c != upper[i]) return false;
	}
	return true;
}

SqlScan scan_sql(std::string_view text, SqlScanMode mode) { return Scanner(text, mode).scan(); }

} // namespace playbook::expression
