// The words that names in conditions begin with.
#pragma once

#include "expression/condition_parse.hpp"
#include "value/value.hpp"

namespace playbook::expression {

bool is_condition_root(std::string_view word);

// Throws 42703. `values`, where they are known, tell which field was meant by a name without a root.
[[noreturn]] void refuse_root(const BoundName &name, const Value *values);

} // namespace playbook::expression
