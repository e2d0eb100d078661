// What follows from an execution's end for others: the parent that waits for it. As playbook_engine, with an
// open Spi connection.
#pragma once

#include "execution/model.hpp"

namespace playbook::execution {

// The parent is looked at again once this transaction has committed. Never waits for the parent's lock:
// another executor may hold it while it waits for this child's.
void tell_parent(std::int64_t parent);
// After a commit, in a transaction of its own, and after a crash: parents whose lock was not to be had
// before.
void tell_parents_left();
bool parents_are_left();

// Whether the on_cancel lane that the step is in belongs to something that was begun.
bool lane_is_open(const Execution &execution, int position);

} // namespace playbook::execution
