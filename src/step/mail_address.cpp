#include "step/mail_address.hpp"

#include <algorithm>
#include <array>

namespace playbook::step {
namespace {

constexpr std::size_t longest_address = 254;
constexpr std::size_t longest_local_part = 64;
constexpr std::size_t longest_label = 63;

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }
bool is_multibyte(char c) { return static_cast<unsigned char>(c) >= 0x80; }
bool is_letter_or_digit(char c) {
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

std::string_view trimmed(std::string_view text) {
	const auto is_space = [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; };
	while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
	while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
	return text;
}

bool is_local_part(std::string_view text) {
	if (text.empty() || text.size() > longest_local_part || text.front() == '.' || text.back() == '.')
		return false;
	if (text.find("..") != text.npos) return false;
	return std::all_of(text.begin(), text.end(), [](char c) {
		return is_letter_or_digit(c) || is_multibyte(c) ||
		       std::string_view("!#$%&'*+-/=?^_`{|}~.").find(c) != std::string_view::npos;
	});
}

bool is_label(std::string_view label) {
	if (label.empty() || label.size() > longest_label || label.front() == '-' || label.back() == '-')
		return false;
	return std::all_of(label.begin(), label.end(),
	                   [](char c) { return is_letter_or_digit(c) || is_multibyte(c) || c == '-'; });
}

bool is_domain(std::string_view text) {
	while (true) {
		const std::size_t dot = text.find('.');
		if (!is_label(text.substr(0, dot))) return false;
		if (dot == text.npos) return true;
		text.remove_prefix(dot + 1);
	}
}

bool is_bare_address(std::string_view text) {
	const std::size_t at = text.rfind('@');
	return at != text.npos && text.size() <= longest_address && is_local_part(text.substr(0, at)) &&
	       is_domain(text.substr(at + 1));
}

// A display name without its quotes and backslashes.
std::string unquoted(std::string_view text) {
	if (text.size() < 2 || text.front() != '"' || text.back() != '"') return std::string(text);
	std::string name;
	for (std::size_t i = 1; i + 1 < text.size(); ++i) {
		if (text[i] == '\\' && i + 2 < text.size()) ++i;
		name += text[i];
	}
	return name;
}

} // namespace

std::string MailAddress::text() const {
	if (name.empty()) return address;
	const bool plain = std::all_of(name.begin(), name.end(), [](char c) {
		return is_letter_or_digit(c) || is_multibyte(c) || c == ' ' || c == '-' || c == '\'' || c == '_';
	});
	if (plain) return name + " <" + address + ">";
	std::string quoted = "\"";
	for (const char c : name) {
		if (c == '"' || c == '\\') quoted += '\\';
		quoted += c;
	}
	return quoted + "\" <" + address + ">";
}

std::optional<MailAddress> parse_mail_address(std::string_view text) {
	text = trimmed(text);
	if (std::any_of(text.begin(), text.end(), is_control)) return std::nullopt;
	MailAddress result;
	if (!text.empty() && text.back() == '>') {
		const std::size_t open = text.rfind('<');
		if (open == text.npos) return std::nullopt;
		// Trimmed once more: spaces inside the quotes would not survive a header that needs no quotes.
		result.name = trimmed(unquoted(trimmed(text.substr(0, open))));
		text = trimmed(text.substr(open + 1, text.size() - open - 2));
	}
	if (!is_bare_address(text)) return std::nullopt;
	result.address = text;
	return result;
}

std::vector<std::string> split_mail_addresses(std::string_view text) {
	std::vector<std::string> parts;
	std::size_t begin = 0;
	bool in_quotes = false;
	for (std::size_t i = 0; i <= text.size(); ++i) {
		if (in_quotes && i + 1 < text.size() && text[i] == '\\') {
			++i;
			continue;
		}
		if (i < text.size() && text[i] == '"') in_quotes = !in_quotes;
		const bool separates = i >= text.size() || (!in_quotes && (text[i] == ',' || text[i] == ';'));
		if (!separates) continue;
		const std::string_view part = trimmed(text.substr(begin, std::min(i, text.size()) - begin));
		if (!part.empty()) parts.emplace_back(part);
		begin = i + 1;
	}
	return parts;
}

std::string single_line(std::string_view text) {
	std::string line;
	for (const char c : trimmed(text)) {
		if (!is_control(c))
			line += c;
		else if (!line.empty() && line.back() != ' ')
			line += ' ';
	}
	return std::string(trimmed(line));
}

bool is_free_header(std::string_view name) {
	static constexpr std::array<std::string_view, 12> taken = {
	    "to",      "cc",   "bcc",        "from",         "sender",       "reply-to",
	    "subject", "date", "message-id", "mime-version", "content-type", "content-transfer-encoding"};
	if (name.empty() || name.size() > longest_label) return false;
	std::string lower;
	for (const char c : name) {
		if (!is_letter_or_digit(c) && c != '-' && c != '_') return false;
		lower += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
	}
	return std::find(taken.begin(), taken.end(), lower) == taken.end();
}

} // namespace playbook::step
