// The former execution: what ${previous.steps.x} speaks of. The latest completed one of the same playbook and
// owner that was started before this one, for the same customer, or for none as this one. Drafts do not
// count.
#pragma once

#include "step/handler.hpp"

namespace playbook::step {

// Null when there is none. Looked up once for a step, by an index.
execution::Execution *previous_of(const Context &context);
// A value of it: "steps", "x", … as in Context::value_of.
std::optional<Value> previous_value(const Context &context, const std::vector<std::string> &path);
// Its members for templates and conditions, added to values["previous"].
void add_previous(const Context &context, const std::vector<std::string> &path, Value &values);
// The rows of a step of it. Without a former execution, or where the step had no rows then, the rows' present
// columns and no rows; null when these are not known either.
std::shared_ptr<const result::RowSet> previous_rows(const Context &context, const std::string &step);

} // namespace playbook::step
