// Whether and when a failed attempt is made again. Core: no clock of its own, no server header.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "definition/model.hpp"

namespace playbook::execution {

// Microseconds to wait before the attempt after `attempt` (1: the first one failed); nullopt when there is
// none left or the policy does not name this error. `salt` spreads the delays of different executions by up
// to a tenth.
std::optional<std::int64_t> retry_delay(const definition::RetryPolicy &policy, int attempt,
                                        std::string_view sqlstate, std::uint64_t salt);

// The disk is full: nobody's failure, whatever it met. A step's attempt is made again, whatever its policy,
// until there is room: for about a day, since it may be the step that fills the disk.
bool is_shortage(std::string_view sqlstate);

// Deadlocks and serialization failures say nothing about the step or the execution that met them.
bool is_passing(std::string_view sqlstate);

} // namespace playbook::execution
