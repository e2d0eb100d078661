// Steps that overran playbook.step_budget lately in this process: they begin alone, so that a batch does not pay for
// finding out again and again. Forgotten after a while, for the statement may have become quicker.
#pragma once

#include "pg/postgres.hpp"

namespace playbook::execution {

void note_slow(std::int64_t snapshot, int position);
bool is_known_to_be_slow(std::int64_t snapshot, int position);

} // namespace playbook::execution
