// The items of a for_each: the rows of a step, or the elements of a list.
#pragma once

#include "step/handler.hpp"

namespace playbook::step {

// All items, in order; throws 54000 past playbook.max_items and 22023 when the source is no list.
std::shared_ptr<const std::vector<Value>> items_of(const Context &context);
// The item that context.row belongs to.
Value item_value(const Context &context);

} // namespace playbook::step
