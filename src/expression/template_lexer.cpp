#include "expression/template_lexer.hpp"

#include <algorithm>

#include "expression/script_value.hpp"

namespace playbook::expression {
namespace {

using Kind = TemplateTokenKind;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

class Scanner {
public:
	Scanner(std::string_view text, std::vector<SyntaxError> &error) : text_(text), error_(error) {}

	std::vector<TemplateToken> scan() {
		while (error_.empty() && (at_ < text_.size() || state_ == State::Mustache)) {
			switch (state_) {
			case State::Text: content(); break;
			case State::AfterEscape: escaped_content(); break;
			case State::Raw: raw_content(); break;
			case State::Mustache:
				if (at_ >= text_.size())
					unclosed();
				else
					mustache();
				break;
			}
		}
		if (error_.empty() && raw_depth_ > 0)
			fail(opened_, "raw block is not closed", "Close it with {{{{/name}}}}.");
		at_ = text_.size();
		add(Kind::End, at_);
		return std::move(tokens_);
	}

private:
	enum class State { Text, AfterEscape, Mustache, Raw };

	char peek(std::size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }
	bool looking_at(std::string_view expected) const {
		return text_.substr(at_, expected.size()) == expected;
	}
	void fail(std::size_t offset, std::string message, std::string hint) {
		error_.push_back(SyntaxError{offset, std::move(message), std::move(hint)});
	}
	void unclosed() {
		fail(opened_, "\"{{\" is not closed by \"}}\"", "Write \\{{ for the two braces themselves.");
	}
	TemplateToken &add(Kind kind, std::size_t begin) {
		TemplateToken token;
		token.kind = kind;
		token.offset = begin;
		token.text = std::string(text_.substr(begin, at_ - begin));
		tokens_.push_back(std::move(token));
		return tokens_.back();
	}
	void add_content(std::size_t begin, std::size_t end) {
		if (end == begin) return;
		TemplateToken &token = add(Kind::Content, begin);
		token.text = std::string(text_.substr(begin, end - begin));
	}

	// Text up to the next "{{"; "\{{" makes it text as well, "\\{{" is a backslash and a mustache.
	void content() {
		const std::size_t begin = at_;
		const std::size_t open = text_.find("{{", at_);
		if (open == std::string_view::npos) {
			at_ = text_.size();
			return add_content(begin, at_);
		}
		at_ = open;
		const std::string_view before = text_.substr(begin, open - begin);
		const bool one = !before.empty() && before.back() == '\\';
		const bool two = one && before.size() > 1 && before[before.size() - 2] == '\\';
		add_content(begin, one ? open - 1 : open);
		state_ = one && !two ? State::AfterEscape : State::Mustache;
		opened_ = open;
	}

	// After "\": the "{{" and what follows, up to the next mustache, escaped or not.
	void escaped_content() {
		const std::size_t begin = at_;
		std::size_t end = text_.find("{{", begin + 2);
		if (end == std::string_view::npos) end = text_.size();
		// The backslashes of the next one belong to it.
		for (int i = 0; i < 2 && end < text_.size() && end > begin + 2 && text_[end - 1] == '\\'; ++i) --end;
		at_ = end;
		add_content(begin, end);
		state_ = State::Text;
	}

	// The inside of a raw block is text up to its end; raw blocks nest.
	void raw_content() {
		const std::size_t begin = at_;
		if (looking_at("{{{{/")) {
			const std::size_t close = text_.find("}}}}", at_);
			const std::string_view name =
			    close == std::string_view::npos ? "" : text_.substr(at_ + 5, close - at_ - 5);
			if (name.empty() || id_length(at_ + 5) != name.size())
				return fail(begin, "\"{{{{/\" begins no end of a raw block", "Close it with {{{{/name}}}}.");
			at_ = close + 4;
			if (--raw_depth_ > 0) return add_content(begin, at_);
			add(Kind::EndRawBlock, begin).text = std::string(name);
			state_ = State::Text;
		} else if (looking_at("{{{{")) {
			++raw_depth_;
			at_ += 4;
			add_content(begin, at_);
		} else {
			const std::size_t next = text_.find("{{{{", at_ + 1);
			at_ = next == std::string_view::npos ? text_.size() : next;
			add_content(begin, at_);
		}
	}

	void mustache() {
		const std::size_t begin = at_;
		if (const std::size_t space = space_at(text_, at_)) {
			at_ += space;
		} else if (looking_at("{{")) {
			open_tag();
		} else if (peek() == '}' || peek() == '~') {
			close_tag();
		} else if (peek() == '(' || peek() == ')') {
			const Kind kind = peek() == '(' ? Kind::OpenCall : Kind::CloseCall;
			++at_;
			add(kind, begin);
		} else if (peek() == '=') {
			++at_;
			add(Kind::Equals, begin);
		} else if (looking_at("..")) {
			at_ += 2;
			add_id(begin);
		} else if (peek() == '.' && ends_name(at_ + 1)) {
			++at_;
			add_id(begin);
		} else if (peek() == '.' || peek() == '/') {
			++at_;
			add(Kind::Separator, begin);
		} else if (peek() == '"' || peek() == '\'') {
			quoted(peek());
		} else if (peek() == '@') {
			++at_;
			add(Kind::Data, begin);
		} else if (!literal() && !block_parameters() && !name()) {
			unexpected();
		}
	}

	void unexpected() {
		const std::size_t name = id_length(at_);
		if (name > 0 && at_ + name == text_.size()) return unclosed();
		std::size_t end = at_ + 1;
		while (end < text_.size() && (static_cast<unsigned char>(text_[end]) & 0xC0) == 0x80) ++end;
		fail(at_, "unexpected \"" + std::string(text_.substr(at_, end - at_)) + "\" in a mustache",
		     "Write \\{{ for the two braces themselves; put an unusual name in brackets, as in "
		     "{{customer.[the name]}}.");
	}

	void open_tag() {
		const std::size_t begin = at_;
		if (looking_at("{{{{")) {
			at_ += 4;
			add(Kind::OpenRawBlock, begin);
			return;
		}
		const bool strip = peek(2) == '~';
		at_ += strip ? 3 : 2;
		if (peek() == '!') return comment(begin);
		Kind kind = Kind::Open;
		if (peek() == '>' || looking_at("#>")) {
			at_ += peek() == '>' ? 1 : 2;
			kind = Kind::OpenPartial;
		} else if (peek() == '#') {
			at_ += peek(1) == '*' ? 2 : 1;
			kind = Kind::OpenBlock;
		} else if (peek() == '/') {
			++at_;
			kind = Kind::OpenEndBlock;
		} else if (const std::size_t after = else_end(); after > 0 || peek() == '^') {
			return inverse_tag(begin, strip, after);
		} else if (peek() == '{') {
			++at_;
			kind = Kind::OpenUnescaped;
		} else if (peek() == '&' || peek() == '*') {
			++at_;
		}
		add(kind, begin).strip_left = strip;
	}

	// Past "else" (spaces before it included) when it stands here as a word; 0 otherwise.
	std::size_t else_end() const {
		std::size_t at = at_;
		while (const std::size_t space = space_at(text_, at)) at += space;
		if (text_.substr(at, 4) != "else") return 0;
		at += 4;
		const char next = at < text_.size() ? text_[at] : '\0';
		const bool word =
		    is_digit(next) || (next >= 'a' && next <= 'z') || (next >= 'A' && next <= 'Z') || next == '_';
		return word ? 0 : at;
	}

	// {{^}} and {{else}} are whole tags; {{^x}} opens a block, {{else if x}} goes on with one.
	void inverse_tag(std::size_t begin, bool strip, std::size_t after_else) {
		const bool caret = after_else == 0;
		at_ = caret ? at_ + 1 : after_else;
		std::size_t at = at_;
		while (const std::size_t space = space_at(text_, at)) at += space;
		const bool strip_right = at < text_.size() && text_[at] == '~';
		if (text_.substr(at + (strip_right ? 1 : 0), 2) == "}}") {
			at_ = at + (strip_right ? 3 : 2);
			TemplateToken &token = add(Kind::Inverse, begin);
			token.strip_left = strip;
			token.strip_right = strip_right;
			state_ = State::Text;
		} else {
			add(caret ? Kind::OpenInverse : Kind::OpenInverseChain, begin).strip_left = strip;
		}
	}

	void comment(std::size_t begin) {
		// {{!-- … --}} may hold "}}"; its closing dashes may be its opening ones.
		const bool dashes = text_.substr(at_, 3) == "!--";
		std::size_t end = at_;
		for (;;) {
			end = text_.find("}}", end);
			if (end == std::string_view::npos)
				return fail(begin, "comment is not closed",
				            dashes ? "Close it with --}}." : "Close it with }}.");
			std::size_t inner = end;
			if (dashes && inner > begin && text_[inner - 1] == '~') --inner;
			if (!dashes || (inner >= at_ + 3 && text_.substr(inner - 2, 2) == "--")) break;
			++end;
		}
		const bool strip_right = text_[end - 1] == '~';
		at_ = end + 2;
		TemplateToken &token = add(Kind::Comment, begin);
		token.strip_left = text_[begin + 2] == '~';
		token.strip_right = strip_right;
		state_ = State::Text;
	}

	void close_tag() {
		const std::size_t begin = at_;
		if (looking_at("}}}}")) {
			at_ += 4;
			add(Kind::CloseRawBlock, begin);
			state_ = State::Raw;
			raw_depth_ = 1;
			return;
		}
		const bool triple = peek() == '}' && (looking_at("}}}") || looking_at("}~}}"));
		std::size_t at = at_ + (triple ? 1 : 0);
		const bool strip = at < text_.size() && text_[at] == '~';
		if (strip) ++at;
		if (text_.substr(at, 2) != "}}") return unexpected();
		at_ = at + 2;
		add(triple ? Kind::CloseUnescaped : Kind::Close, begin).strip_right = strip;
		state_ = State::Text;
	}

	// A quote is escaped by a backslash before it, except when no other is left to close the string.
	void quoted(char quote) {
		const std::size_t begin = at_;
		std::size_t close = std::string_view::npos;
		for (std::size_t at = text_.find(quote, begin + 1); at != std::string_view::npos;
		     at = text_.find(quote, at + 1)) {
			close = at;
			if (at == begin + 1 || text_[at - 1] != '\\') break;
		}
		if (close == std::string_view::npos)
			return fail(begin, "quoted text is not closed", "Close it with the same quote.");
		std::string value;
		for (std::size_t at = begin + 1; at < close; ++at) {
			if (text_[at] == '\\' && at + 1 < close && text_[at + 1] == quote) ++at;
			value += text_[at];
		}
		at_ = close + 1;
		add(Kind::String, begin).text = std::move(value);
	}

	bool ends_literal(std::size_t at) const {
		return at < text_.size() &&
		       (text_[at] == '~' || text_[at] == '}' || text_[at] == ')' || space_at(text_, at) > 0);
	}
	bool ends_name(std::size_t at) const {
		return at < text_.size() && (std::string_view("=~}/.)|").find(text_[at]) != std::string_view::npos ||
		                             space_at(text_, at) > 0);
	}

	bool literal() {
		const std::size_t begin = at_;
		static constexpr std::pair<std::string_view, Kind> words[] = {{"true", Kind::Boolean},
		                                                              {"false", Kind::Boolean},
		                                                              {"undefined", Kind::Undefined},
		                                                              {"null", Kind::Null}};
		for (const auto &[word, kind] : words) {
			if (!looking_at(word) || !ends_literal(at_ + word.size())) continue;
			at_ += word.size();
			add(kind, begin);
			return true;
		}
		std::size_t at = at_ + (peek() == '-' ? 1 : 0);
		const std::size_t digits = at;
		while (at < text_.size() && is_digit(text_[at])) ++at;
		if (at == digits) return false;
		if (at + 1 < text_.size() && text_[at] == '.' && is_digit(text_[at + 1])) {
			++at;
			while (at < text_.size() && is_digit(text_[at])) ++at;
		}
		if (!ends_literal(at)) return false;
		at_ = at;
		add(Kind::Number, begin);
		return true;
	}

	// as |item index|
	bool block_parameters() {
		const std::size_t begin = at_;
		if (peek() == '|') {
			++at_;
			add(Kind::CloseParameters, begin);
			return true;
		}
		if (!looking_at("as") || space_at(text_, at_ + 2) == 0) return false;
		std::size_t at = at_ + 2;
		while (const std::size_t space = space_at(text_, at)) at += space;
		if (at >= text_.size() || text_[at] != '|') return false;
		at_ = at + 1;
		add(Kind::OpenParameters, begin);
		return true;
	}

	std::size_t id_length(std::size_t begin) const {
		std::size_t at = begin;
		while (at < text_.size() && space_at(text_, at) == 0 &&
		       std::string_view("!\"#%&'()*+,./;<=>@[\\]^`{|}~").find(text_[at]) == std::string_view::npos)
			++at;
		return at - begin;
	}

	bool name() {
		const std::size_t begin = at_;
		if (peek() == '[') return bracketed();
		const std::size_t length = id_length(at_);
		if (length == 0 || !ends_name(at_ + length)) return false;
		at_ += length;
		add_id(begin);
		return true;
	}

	void add_id(std::size_t begin) {
		TemplateToken &token = add(Kind::Id, begin);
		token.source = token.text;
	}

	// [any text], in which "\]" is a bracket; closed as quoted text is.
	bool bracketed() {
		const std::size_t begin = at_;
		std::size_t close = std::string_view::npos;
		for (std::size_t at = text_.find(']', begin + 1); at != std::string_view::npos;
		     at = text_.find(']', at + 1)) {
			close = at;
			if (at == begin + 1 || text_[at - 1] != '\\') break;
		}
		if (close == std::string_view::npos) {
			fail(begin, "\"[\" is not closed by \"]\"", "Close the segment with a bracket.");
			return true;
		}
		std::string value;
		for (std::size_t at = begin + 1; at < close; ++at) {
			if (text_[at] == '\\' && at + 1 < close && (text_[at + 1] == '\\' || text_[at + 1] == ']')) ++at;
			value += text_[at];
		}
		at_ = close + 1;
		TemplateToken &token = add(Kind::Id, begin);
		token.source = token.text;
		// Handlebars leaves the brackets on when there is a line break between them.
		const bool one_line = value.find_first_of("\n\r") == std::string::npos;
		token.text = one_line ? std::move(value) : "[" + value + "]";
		if (!one_line) token.source = token.text;
		return true;
	}

	const std::string_view text_;
	std::vector<SyntaxError> &error_;
	std::size_t at_ = 0;
	std::size_t opened_ = 0; // where the present mustache began
	State state_ = State::Text;
	int raw_depth_ = 0;
	std::vector<TemplateToken> tokens_;
};

} // namespace

std::vector<TemplateToken> scan_template(std::string_view text, std::vector<SyntaxError> &error) {
	return Scanner(text, error).scan();
}

} // namespace playbook::expression
