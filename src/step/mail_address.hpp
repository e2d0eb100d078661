// E-mail addresses as people write them ("Ana Lima <ana@example.com>"), checked before anything is queued.
//
// Not the whole of RFC 5322: no comments, no quoted local parts, no address literals. What passes can be put
// into a header or a calendar as it is, so nothing that arrives in a customer's data adds a header or a
// recipient. Core: no server header.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace playbook::step {

struct MailAddress {
	std::string name;    // "Ana Lima", or empty
	std::string address; // "ana@example.com"

	bool operator==(const MailAddress &) const = default;
	// As a header holds it; the name is quoted where it must be.
	std::string text() const;
};

// Nullopt when the text is no address.
std::optional<MailAddress> parse_mail_address(std::string_view text);

// "a@x.org, Ben <b@x.org>; c@x.org" in parts; separators inside double quotes do not count. Empty parts are
// left out.
std::vector<std::string> split_mail_addresses(std::string_view text);

// One line: control characters, line breaks among them, become single spaces; ends are trimmed.
std::string single_line(std::string_view text);

// Whether a header of that name may be set by a playbook: a token, and none of those that the engine writes
// itself.
bool is_free_header(std::string_view name);

} // namespace playbook::step
