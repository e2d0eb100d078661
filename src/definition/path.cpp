#include "definition/path.hpp"

#include "value/json.hpp"

namespace playbook::definition {
namespace {

bool is_plain_word(std::string_view key) {
	if (key.empty() || key.size() > 128) return false;
	for (const char c : key)
		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
		      c == '-' || c == '$'))
			return false;
	return true;
}

} // namespace

std::string child_path(std::string_view parent, std::string_view key) {
	std::string path(parent);
	if (is_plain_word(key)) {
		if (!path.empty()) path += '.';
		path += key;
	} else {
		path += '[';
		append_json_string(path, key);
		path += ']';
	}
	return path;
}

std::string child_path(std::string_view parent, std::size_t index) {
	return std::string(parent) + '[' + std::to_string(index) + ']';
}

std::string_view parent_path(std::string_view path) {
	if (path.ends_with("\"]")) {
		// A quoted key ends at the quote that follows its opening bracket; quotes inside it are escaped.
		std::size_t at = path.size() - 2;
		while (at > 1) {
			--at;
			if (path[at] == '"' && path[at - 1] == '[') return path.substr(0, at - 1);
		}
		return {};
	}
	const std::size_t cut = path.find_last_of(".[");
	return cut == std::string_view::npos ? std::string_view() : path.substr(0, cut);
}

std::string place_name(std::string_view path) { return path.empty() ? "the definition" : std::string(path); }

} // namespace playbook::definition
