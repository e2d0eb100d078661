// Whether a value may be given for a parameter: its type, its range, its list of allowed values.
#pragma once

#include <optional>
#include <string>

#include "definition/model.hpp"

namespace playbook::definition {

// What is wrong, as in "must be a number, not a text"; nullopt when the value fits.
std::optional<std::string> parameter_problem(const Parameter &parameter, const Value &value);
// The expected form in words: "a number", "one of \"a\" or \"b\"".
std::string expected_form(const Parameter &parameter);

} // namespace playbook::definition
