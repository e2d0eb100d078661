// Steps that overran playbook.step_budget lately in this process. After a few times they begin alone, so that
// batches do not pay for finding out again and again; once would be too few, for it may have been a lock or a
// cold cache. Forgotten after a while, for the statement may have become quicker.
#pragma once

#include "pg/postgres.hpp"

namespace playbook::execution {

void note_overrun(std::int64_t snapshot, int position);
bool is_known_to_be_slow(std::int64_t snapshot, int position);

} // namespace playbook::execution
