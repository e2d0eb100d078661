// Reading the keys of a mapping that may hold anything: a key of the wrong kind reads as absent.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "definition/duration.hpp"
#include "value/value.hpp"

namespace playbook::definition {

inline std::string text_of(const Value &mapping, std::string_view key) {
	const Value *value = mapping.find(key);
	return value != nullptr && value->is_string() ? value->string() : std::string();
}

inline bool flag_of(const Value &mapping, std::string_view key, bool otherwise = false) {
	const Value *value = mapping.find(key);
	return value != nullptr && value->is_boolean() ? value->boolean() : otherwise;
}

inline std::optional<int> integer_of(const Value &mapping, std::string_view key) {
	const Value *value = mapping.find(key);
	const std::optional<std::int64_t> number = value != nullptr ? value->as_integer() : std::nullopt;
	if (!number || *number < INT32_MIN || *number > INT32_MAX) return std::nullopt;
	return static_cast<int>(*number);
}

inline std::optional<double> number_of(const Value &mapping, std::string_view key) {
	const Value *value = mapping.find(key);
	return value != nullptr ? value->as_double() : std::nullopt;
}

inline std::optional<Duration> duration_of(const Value *value) {
	if (value == nullptr || !(value->is_string() || value->is_number())) return std::nullopt;
	return parse_duration(value->as_text());
}
inline std::optional<Duration> duration_of(const Value &mapping, std::string_view key) {
	return duration_of(mapping.find(key));
}

// The list under a key, or null; a place where steps or other mappings are listed.
inline const Value *list_of(const Value &mapping, std::string_view key) {
	const Value *value = mapping.find(key);
	return value != nullptr && value->is_array() ? value : nullptr;
}

// One text or a list of texts, as a list.
inline std::vector<std::string> texts_of(const Value *value) {
	std::vector<std::string> texts;
	if (value == nullptr) return texts;
	if (value->is_string()) texts.push_back(value->string());
	if (value->is_array())
		for (const Value &item : value->items())
			if (item.is_string()) texts.push_back(item.string());
	return texts;
}

} // namespace playbook::definition
