// Files that go with an e-mail: the rows of a step as CSV or JSON.
#pragma once

#include "step/handler.hpp"

namespace playbook::step {

// The attachments of an e-mail step with their templates rendered; which rows to attach stays a reference.
Value rendered_attachments(const Context &context, const Value &attachments,
                           std::vector<std::string> *missing);

// [{"name", "type", "content"}]. Throws 54000 for more rows than playbook.max_items, 0A000 for what cannot be
// attached.
Value attached(const Context &context, const Value &attachments);

} // namespace playbook::step
