// What to do about a problem whose place knows nothing better to say: each code has such a sentence.
#pragma once

#include <string_view>

namespace playbook::definition {

// "" for a code that does not exist.
std::string_view general_hint(std::string_view code);

} // namespace playbook::definition
