// The items of a for_each: the rows of a step, or the elements of a list.
#pragma once

#include "step/handler.hpp"

namespace playbook::step {

// Reads all items and returns how many there are; throws 54000 past playbook.max_items and 22023 when the
// source is no list. What was read is kept in the step's row in memory.
std::size_t count_items(const Context &context);
// The item that context.row belongs to.
Value item_value(const Context &context);

} // namespace playbook::step
