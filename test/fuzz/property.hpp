// What a fuzz target says of its input besides "nothing breaks". A target has the name of what it reads; its
// input is any bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "definition/node.hpp"

namespace playbook::fuzz {

inline void require(bool holds, const char *what) {
	if (holds) return;
	std::fprintf(stderr, "property does not hold: %s\n", what);
	std::abort();
}

inline std::string_view text_of(const std::uint8_t *data, std::size_t size) {
	return {reinterpret_cast<const char *>(data), size};
}

// A text that PostgreSQL could have handed over: valid UTF-8 without \0.
inline bool is_server_text(std::string_view text) {
	return text.find('\0') == text.npos && !definition::first_invalid_utf8(text);
}

} // namespace playbook::fuzz
