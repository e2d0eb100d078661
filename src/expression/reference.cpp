#include "expression/reference.hpp"

#include <algorithm>

namespace playbook::expression {
namespace {

// Names may be written in any alphabet: every byte of a multi-byte UTF-8 character counts as a letter.
bool is_name_byte(char c) {
	const auto byte = static_cast<unsigned char>(c);
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
	       byte >= 0x80;
}

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

// Reads one "${…}" that begins at `begin`. On a mistake `error` says what is wrong and the result has end
// == begin.
class ReferenceReader {
public:
	ReferenceReader(std::string_view text, std::size_t begin) : text_(text), begin_(begin), at_(begin + 2) {}

	Reference read() {
		Reference result;
		result.begin = result.end = begin_;
		skip_spaces();
		for (;;) {
			const std::size_t start = at_;
			while (at_ < text_.size() && (is_name_byte(text_[at_]) || (at_ > start && text_[at_] == '-')))
				++at_;
			if (at_ == start) return fail_at_name(result);
			result.path.emplace_back(text_.substr(start, at_ - start));
			if (at_ >= text_.size() || text_[at_] != '.') break;
			++at_;
		}
		if (result.path[0][0] >= '0' && result.path[0][0] <= '9')
			return fail(result, begin_, "a reference cannot begin with a digit",
			            "Begin with parameters, steps, customer or another known name.");
		skip_spaces();
		if (at_ >= text_.size()) return unterminated(result);
		if (text_[at_] != '}') return unexpected(result);
		result.end = at_ + 1;
		return result;
	}
	const SyntaxError &error() const { return error_; }

private:
	void skip_spaces() {
		while (at_ < text_.size() && is_space(text_[at_])) ++at_;
	}
	Reference fail(Reference &result, std::size_t offset, std::string message, std::string hint) {
		error_ = SyntaxError{offset, std::move(message), std::move(hint)};
		result.path.clear();
		return result;
	}
	Reference unterminated(Reference &result) {
		return fail(result, begin_, "\"${\" is not closed by \"}\"",
		            "Write $${ for the two characters themselves.");
	}
	Reference fail_at_name(Reference &result) {
		if (at_ >= text_.size()) return unterminated(result);
		if (text_[at_] == '}' && result.path.empty())
			return fail(
			    result, begin_, "empty reference \"${}\"",
			    "Name a value, such as ${parameters.limit}; write $${ for the two characters themselves.");
		if (text_[at_] == '}' || text_[at_] == '.')
			return fail(result, at_, "a name is missing beside a dot of a reference",
			            "Write names separated by single dots, such as ${steps.open_deals.amount}.");
		return unexpected(result);
	}
	Reference unexpected(Reference &result) {
		std::size_t end = at_ + 1;
		while (end < text_.size() && (static_cast<unsigned char>(text_[end]) & 0xC0) == 0x80) ++end;
		const std::string found(text_.substr(at_, end - at_));
		std::string hint = "A reference is names separated by dots, such as ${steps.open_deals.amount}.";
		if (found == "[") hint = "Write an element as .0, as in ${steps.open_deals.0}.";
		return fail(result, at_, "unexpected \"" + found + "\" in a reference", std::move(hint));
	}

	const std::string_view text_;
	const std::size_t begin_;
	std::size_t at_;
	SyntaxError error_;
};

// Calls literal(text) and reference(Reference) for the parts of a text in order; a faulty reference is
// literal text.
template <typename OnLiteral, typename OnReference, typename OnError>
void walk(std::string_view text, OnLiteral &&on_literal, OnReference &&on_reference, OnError &&on_error) {
	std::size_t pending = 0;
	std::size_t at = 0;
	while ((at = text.find('$', at)) != std::string_view::npos) {
		if (text.substr(at, 3) == "$${") {
			on_literal(text.substr(pending, at - pending));
			pending = at + 1;
			at += 3;
		} else if (text.substr(at, 2) == "${") {
			ReferenceReader reader(text, at);
			Reference reference = reader.read();
			if (reference.end == at) {
				on_error(reader.error());
				at += 2;
				continue;
			}
			on_literal(text.substr(pending, at - pending));
			pending = at = reference.end;
			on_reference(std::move(reference));
		} else {
			++at;
		}
	}
	on_literal(text.substr(pending));
}

const Reference *single_reference(const ReferenceScan &scan, std::string_view text) {
	if (scan.references.size() != 1 || !scan.errors.empty()) return nullptr;
	const Reference &only = scan.references.front();
	const bool alone =
	    std::all_of(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(only.begin), is_space) &&
	    std::all_of(text.begin() + static_cast<std::ptrdiff_t>(only.end), text.end(), is_space);
	return alone ? &only : nullptr;
}

class ReferenceReplacer {
public:
	ReferenceReplacer(const Resolver &resolve, std::vector<std::string> *missing)
	    : resolve_(resolve), missing_(missing) {}

	// Recursion is bounded by the depth that every reader of definitions enforces.
	Value replace(const Value &value) const {
		if (value.is_string()) return replace_text(value.string());
		if (value.is_array()) {
			Value::Array items;
			items.reserve(value.size());
			for (const Value &item : value.items()) items.push_back(replace(item));
			return Value(std::move(items));
		}
		if (value.is_object()) {
			Value::Object members;
			members.reserve(value.size());
			for (const Member &member : value.members())
				members.push_back(Member{member.key, replace(member.value)});
			return Value(std::move(members));
		}
		return value;
	}

private:
	Value replace_text(const std::string &text) const {
		if (text.find("${") == std::string::npos) return Value(text);
		const ReferenceScan scan = scan_references(text);
		if (const Reference *only = single_reference(scan, text)) return look_up(*only).value_or(Value());
		// What a reference yields is copied, never scanned again: a customer's "${…}" stays text.
		std::string out;
		walk(
		    text, [&](std::string_view literal) { out += literal; },
		    [&](const Reference &reference) {
			    if (const std::optional<Value> found = look_up(reference)) out += found->as_text();
		    },
		    [](const SyntaxError &) {});
		return Value(std::move(out));
	}
	std::optional<Value> look_up(const Reference &reference) const {
		std::optional<Value> found = resolve_(reference);
		if (!found && missing_ != nullptr) {
			std::string name = reference.text();
			if (std::find(missing_->begin(), missing_->end(), name) == missing_->end())
				missing_->push_back(std::move(name));
		}
		return found;
	}

	const Resolver &resolve_;
	std::vector<std::string> *const missing_;
};

} // namespace

std::string Reference::text() const {
	std::string out;
	for (const std::string &part : path) {
		if (!out.empty()) out += '.';
		out += part;
	}
	return out;
}

ReferenceScan scan_references(std::string_view text) {
	ReferenceScan scan;
	walk(
	    text, [](std::string_view) {},
	    [&](Reference reference) { scan.references.push_back(std::move(reference)); },
	    [&](const SyntaxError &error) { scan.errors.push_back(error); });
	return scan;
}

bool is_single_reference(std::string_view text) {
	return single_reference(scan_references(text), text) != nullptr;
}

Value resolve_references(const Value &value, const Resolver &resolve, std::vector<std::string> *missing) {
	return ReferenceReplacer(resolve, missing).replace(value);
}

} // namespace playbook::expression
