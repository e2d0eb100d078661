// The sentences that a definition declares itself, which take the place of the default ones.
#pragma once

#include "result/output.hpp"

namespace playbook::result {

// Nullopt when it declares none. A sentence whose condition does not hold, or that misses a value, is not
// said. `outputs` are those of the definition, in its order.
std::optional<std::vector<std::string>> declared_insights(execution::Execution &execution,
                                                          const std::vector<OutputRows> &outputs);

} // namespace playbook::result
