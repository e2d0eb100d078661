// conflict: replace — the active execution of a customer gives way to a new one.
#pragma once

#include <cstdint>

namespace playbook::execution {

// Cancels the active execution with the reason that `by` replaced it. As playbook_engine, with an open Spi
// connection.
void replace_active(std::int64_t active, std::int64_t by);

} // namespace playbook::execution
