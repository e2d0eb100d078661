// What differs between two executions of one snapshot, step by step.
#pragma once

#include "execution/model.hpp"

namespace playbook::result {

// Of the steps whose positions are marked: an array of {"step", "item", "what", "former", "now", …}, at most
// one for each step or item; `item` only for those of a for_each. `what`, in the order in which it is looked
// for: status, outcome, error, cached, items, columns, rows. Rows are compared in their canonical form and
// order (result/canonical); a difference of rows says how many there are on each side and the first that is
// not the same, counted from 1.
Value differences(const execution::Execution &former, const execution::Execution &now,
                  const std::vector<bool> &compared);

} // namespace playbook::result
