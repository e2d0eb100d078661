// Paths into a definition: "steps[2].config.then[0].id", and "labels[\"two words\"]" for a key that is no
// plain word.
//
// They name places in problems, key the positions of the user's text, and tie a schema's annotations to
// steps.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace playbook::definition {

std::string child_path(std::string_view parent, std::string_view key);
std::string child_path(std::string_view parent, std::size_t index);
// "steps[2].config" of "steps[2].config.then"; "" of "steps".
std::string_view parent_path(std::string_view path);
// The name that a place is called in a message: "steps[2].config", or "the definition" for the whole
// document.
std::string place_name(std::string_view path);

} // namespace playbook::definition
