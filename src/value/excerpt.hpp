// What an error message shows of a text that may be long.
#pragma once

#include <string>
#include <string_view>

namespace playbook {

// The text, or its first so many bytes and no half character: a message must be text in the server's
// encoding.
inline std::string excerpt(std::string_view text, std::size_t bytes) {
	if (text.size() <= bytes) return std::string(text);
	while (bytes > 0 && (static_cast<unsigned char>(text[bytes]) & 0xC0) == 0x80) --bytes;
	return std::string(text.substr(0, bytes));
}

} // namespace playbook
