#include "definition/parameter.hpp"

#include <algorithm>

#include "definition/formats.hpp"
#include "definition/wording.hpp"

namespace playbook::definition {
namespace {

struct TypeWords {
	const char *type;
	const char *words;
};

constexpr TypeWords type_words[] = {
    {"string", "a text"},
    {"number", "a number"},
    {"integer", "a whole number"},
    {"boolean", "true or false"},
    {"array", "a list"},
    {"object", "a mapping"},
    {"date", "a date such as \"2026-01-28\""},
    {"timestamp", "a timestamp such as \"2026-01-28T14:30:00Z\""},
};

const char *words_of(const std::string &type) {
	for (const TypeWords &entry : type_words)
		if (entry.type == type) return entry.words;
	return "a text";
}

std::string in_words(const Value &value) {
	if (value.is_null()) return "null";
	if (value.is_string()) return "the text " + quoted(value.string());
	return value.is_scalar() ? value.as_text() : value.is_array() ? "a list" : "a mapping";
}

std::string number_text(double number) {
	std::string text = std::to_string(number);
	while (text.back() == '0') text.pop_back();
	if (text.back() == '.') text.pop_back();
	return text;
}

} // namespace

bool has_type(const std::string &type, const Value &value) {
	if (type == "number") return value.is_number();
	if (type == "integer") return value.as_integer().has_value();
	if (type == "boolean") return value.is_boolean();
	if (type == "array") return value.is_array();
	if (type == "object") return value.is_object();
	if (type == "date") return value.is_string() && is_date(value.string());
	if (type == "timestamp") return value.is_string() && is_timestamp(value.string());
	return value.is_string();
}

std::string type_and_range(const Parameter &parameter) {
	std::string words = parameter.type;
	if (!parameter.allowed.empty()) return words + ", " + expected_form(parameter);
	if (parameter.type == "date" || parameter.type == "timestamp")
		return std::string(words_of(parameter.type)).substr(2); // without its article
	if (parameter.minimum && parameter.maximum)
		return words + ", " + number_text(*parameter.minimum) + " to " + number_text(*parameter.maximum);
	if (parameter.minimum) return words + ", at least " + number_text(*parameter.minimum);
	if (parameter.maximum) return words + ", at most " + number_text(*parameter.maximum);
	return words;
}

std::string expected_form(const Parameter &parameter) {
	if (parameter.allowed.empty()) return words_of(parameter.type);
	std::vector<std::string> allowed;
	for (const Value &value : parameter.allowed)
		allowed.push_back(value.is_string() ? quoted(value.string()) : value.as_text());
	return one_of(allowed);
}

std::optional<std::string> parameter_problem(const Parameter &parameter, const Value &value) {
	if (!has_type(parameter.type, value))
		return "must be " + std::string(words_of(parameter.type)) + ", not " + in_words(value);
	if (!parameter.allowed.empty() &&
	    std::find(parameter.allowed.begin(), parameter.allowed.end(), value) == parameter.allowed.end())
		return "must be " + expected_form(parameter) + ", not " + in_words(value);
	if (const std::optional<double> number = value.as_double()) {
		if (parameter.minimum && *number < *parameter.minimum)
			return "must be at least " + number_text(*parameter.minimum) + ", not " + value.number();
		if (parameter.maximum && *number > *parameter.maximum)
			return "must be at most " + number_text(*parameter.maximum) + ", not " + value.number();
	}
	return std::nullopt;
}

} // namespace playbook::definition
