// What an error message shows of a text that may be long.
#pragma once

#include <string>
#include <string_view>

namespace playbook {

// The text's first bytes, up to so many, without half a character at the end: a message must be text in the
// server's encoding. A text may end in the middle of a character when a scanner has stopped there.
inline std::string excerpt(std::string_view text, std::size_t bytes) {
	text = text.substr(0, bytes);
	std::size_t last = text.size(); // past the last character's first byte
	while (last > 0 && (static_cast<unsigned char>(text[last - 1]) & 0xC0) == 0x80) --last;
	if (last == 0) return {};
	const auto first = static_cast<unsigned char>(text[last - 1]);
	const std::size_t length = first < 0xC0 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
	return std::string(text.substr(0, last - 1 + length <= text.size() ? text.size() : last - 1));
}

} // namespace playbook
