#include "definition/export.hpp"

#include <algorithm>

#include "definition/node.hpp"
#include "value/json.hpp"

namespace playbook::definition {
namespace {

constexpr std::size_t longest_literal_line = 4000;

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }

// NEL, the line and paragraph separators and the byte order mark: YAML readers disagree about them.
bool has_unusual_break(std::string_view text) {
	for (const std::string_view mark : {"\xC2\x85", "\xE2\x80\xA8", "\xE2\x80\xA9", "\xEF\xBB\xBF"})
		if (text.find(mark) != text.npos) return true;
	return false;
}

// True when the plain text would be read as something else than a text, by our reader or by older ones (yes,
// on, 12:30).
bool reads_as_other(std::string_view text) {
	static constexpr std::string_view words[] = {"null", "true", "false", "yes",  "no",  "on",
	                                             "off",  "y",    "n",     ".inf", ".nan"};
	std::string lower(text);
	std::transform(lower.begin(), lower.end(), lower.begin(),
	               [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
	if (std::find(std::begin(words), std::end(words), lower) != std::end(words)) return true;
	const std::size_t sign = lower[0] == '-' || lower[0] == '+' ? 1 : 0;
	// A number, an infinity, or what YAML 1.1 took for a sexagesimal number or an octal.
	return read_number(text).has_value() || lower.substr(sign) == ".inf" ||
	       lower.find_first_not_of("0123456789.:_", sign) == lower.npos;
}

bool is_plain(std::string_view text) {
	static constexpr std::string_view indicators = "-?:,[]{}#&*!|>'\"%@`~=<";
	if (text.empty() || text.size() > 200 || text.front() == ' ' || text.back() == ' ' || text.back() == ':')
		return false;
	if (indicators.find(text.front()) != indicators.npos || text.starts_with("...")) return false;
	if (std::any_of(text.begin(), text.end(), is_control) || has_unusual_break(text)) return false;
	return text.find(": ") == text.npos && text.find(" #") == text.npos && !reads_as_other(text);
}

bool is_literal(std::string_view text) {
	const std::size_t content = text.find_first_not_of('\n');
	if (text.find('\n') == text.npos || content == text.npos || content > 0 || has_unusual_break(text))
		return false;
	for (const char c : text)
		if (is_control(c) && c != '\n' && c != '\t') return false;
	std::size_t blank = 0;
	for (std::size_t start = 0; start <= text.size();) {
		const std::size_t end = std::min(text.find('\n', start), text.size());
		const std::string_view line = text.substr(start, end - start);
		if (start == 0 && line.front() == ' ') return false; // would need an indentation indicator
		if (!line.empty() && line.find_first_not_of(" \t") == line.npos) return false;
		if (line.find('\t') == 0 || line.size() > longest_literal_line) return false;
		blank = line.empty() ? blank + 1 : 0;
		if (blank > 100) return false;
		start = end + 1;
	}
	return true;
}

void append_quoted(std::string &out, std::string_view text) {
	// JSON's escapes are YAML's too; what YAML readers may fold or refuse raw is escaped on top.
	std::string json;
	append_json_string(json, text);
	for (std::size_t i = 0; i < json.size(); ++i) {
		const std::string_view rest = std::string_view(json).substr(i);
		if (rest.starts_with("\xC2\x85"))
			out += "\\u0085", i += 1;
		else if (rest.starts_with("\xE2\x80\xA8"))
			out += "\\u2028", i += 2;
		else if (rest.starts_with("\xE2\x80\xA9"))
			out += "\\u2029", i += 2;
		else if (rest.starts_with("\xEF\xBB\xBF"))
			out += "\\ufeff", i += 2;
		else if (json[i] == 0x7F)
			out += "\\u007f";
		else
			out += json[i];
	}
}

class Writer {
public:
	// The value after "key:" or at the top; `indent` is that of its own lines.
	void write_member_value(const Value &value, std::size_t indent) {
		if (value.is_object() && value.size() > 0) {
			out_ += '\n';
			write_members(value, indent, false);
		} else if (value.is_array() && value.size() > 0) {
			out_ += '\n';
			write_items(value, indent, false);
		} else {
			out_ += ' ';
			write_scalar(value, indent);
		}
	}

	// `started`: the first line's indentation stands already, after "- ".
	void write_members(const Value &value, std::size_t indent, bool started) {
		for (const Member &member : value.members()) {
			if (!started) out_.append(indent, ' ');
			started = false;
			if (is_plain(member.key))
				out_ += member.key;
			else
				append_quoted(out_, member.key);
			out_ += ':';
			write_member_value(member.value, indent + 2);
		}
	}

	void write_items(const Value &value, std::size_t indent, bool started) {
		for (const Value &item : value.items()) {
			if (!started) out_.append(indent, ' ');
			started = false;
			out_ += "- ";
			if (item.is_object() && item.size() > 0)
				write_members(item, indent + 2, true);
			else if (item.is_array() && item.size() > 0)
				write_items(item, indent + 2, true);
			else
				write_scalar(item, indent + 2);
		}
	}

	void write_scalar(const Value &value, std::size_t indent) {
		if (value.is_string() && is_literal(value.string())) return write_literal(value.string(), indent);
		if (value.is_string() && !is_plain(value.string()))
			append_quoted(out_, value.string());
		else if (value.is_string())
			out_ += value.string();
		else
			append_json(out_, value); // numbers, true, null, {} and []
		out_ += '\n';
	}

	std::string take() { return std::move(out_); }

private:
	void write_literal(std::string_view text, std::size_t indent) {
		const std::size_t last = text.find_last_not_of('\n');
		const std::size_t trailing = text.size() - last - 1;
		out_ += trailing == 0 ? "|-" : trailing == 1 ? "|" : "|+";
		out_ += '\n';
		const std::string_view content = trailing == 0 ? text : text.substr(0, text.size() - 1);
		for (std::size_t start = 0; start <= content.size();) {
			const std::size_t end = std::min(content.find('\n', start), content.size());
			if (end > start)
				out_.append(std::max<std::size_t>(indent, 2), ' ').append(content.substr(start, end - start));
			out_ += '\n';
			start = end + 1;
		}
	}

	std::string out_;
};

void append_canonical(std::string &out, const Value &value) {
	if (value.is_array()) {
		out += '[';
		bool first = true;
		for (const Value &item : value.items()) {
			if (!first) out += ',';
			first = false;
			append_canonical(out, item);
		}
		out += ']';
	} else if (value.is_object()) {
		std::vector<const Member *> members;
		for (const Member &member : value.members()) members.push_back(&member);
		std::stable_sort(members.begin(), members.end(),
		                 [](const Member *a, const Member *b) { return a->key < b->key; });
		out += '{';
		bool first = true;
		for (const Member *member : members) {
			if (!first) out += ',';
			first = false;
			append_json_string(out, member->key);
			out += ':';
			append_canonical(out, member->value);
		}
		out += '}';
	} else {
		append_json(out, value);
	}
}

} // namespace

std::string to_yaml(const Value &value) {
	Writer writer;
	if (value.is_object() && value.size() > 0)
		writer.write_members(value, 0, false);
	else if (value.is_array() && value.size() > 0)
		writer.write_items(value, 0, false);
	else
		writer.write_scalar(value, 0);
	return writer.take();
}

std::string canonical_json(const Value &value) {
	std::string out;
	append_canonical(out, value);
	return out;
}

} // namespace playbook::definition
