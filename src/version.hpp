// The version of this library, stamped from META.json by the build (scripts/embed-version).
#pragma once

#include <string_view>

namespace playbook {

extern const std::string_view version; // "0.1.0"

} // namespace playbook
