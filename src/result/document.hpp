// The result document of an execution: the requirements' output schema, with status and error added.
// doc/result.schema.json describes it, and a test validates documents against it.
#pragma once

#include "value/value.hpp"

namespace playbook::result {

// The caller must be allowed to see the execution: checked here. `include_data`: rows of each step, at most
// playbook.result_rows, "truncated" where there are more.
Value document_of(std::int64_t execution, bool include_data);

} // namespace playbook::result
