// A definition as text again: readable YAML, and the one canonical JSON form that a digest is taken of.
#pragma once

#include <string>

#include "value/value.hpp"

namespace playbook::definition {

// Block style, literal blocks for texts of several lines, quotes only where needed: reading it gives the
// identical Value.
std::string to_yaml(const Value &value);
// Keys sorted by their bytes, no spaces: equal for equal definitions, however they were written.
std::string canonical_json(const Value &value);

} // namespace playbook::definition
