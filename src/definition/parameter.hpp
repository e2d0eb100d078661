// Whether a value may be given for a parameter: its type, its range, its list of allowed values.
#pragma once

#include <optional>
#include <string>

#include "definition/model.hpp"

namespace playbook::definition {

// Whether the value is one of the type that a parameter names.
bool has_type(const std::string &type, const Value &value);
// What is wrong, as in "must be a number, not a text"; nullopt when the value fits.
std::optional<std::string> parameter_problem(const Parameter &parameter, const Value &value);
// The expected form in words: "a number", "one of \"a\" or \"b\"".
std::string expected_form(const Parameter &parameter);
// The same for a list of parameters: "number, 1 to 10", "string, \"warm\" or \"cool\"", "date such as
// \"2026-01-28\"".
std::string type_and_range(const Parameter &parameter);

} // namespace playbook::definition
