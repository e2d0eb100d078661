// Values of a query as the server takes them: each read by the input function of the type that its place
// decided on.
#pragma once

#include "expression/query_template.hpp"
#include "pg/guard.hpp"

extern "C" {
#include "nodes/params.h"
}

namespace playbook::step {

// Made in CurrentMemoryContext; null when there are no values. Throws the input function's own error, saying
// in its detail which parameter it was about.
ParamListInfo bind_values(const std::vector<expression::BoundValue> &values, const std::vector<Oid> &types);

} // namespace playbook::step
