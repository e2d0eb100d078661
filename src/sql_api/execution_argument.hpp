// The execution that a function's first argument names: `execution bigint`, or `run_id text` of its twin.
//
// Every function that takes an execution exists in both forms, served by the same C++; a test of the catalog
// finds one that does not. The text is a run id or the digits of an id, so that an untyped literal or
// parameter, which PostgreSQL takes for text where it may choose, means what it looks like.
#pragma once

#include "pg/function.hpp"

namespace playbook::sql_api {

// Errors: 22004 null, 22023 a text that is neither, 42704 a run id that is no execution's here.
std::int64_t execution_argument(FunctionCallInfo info);
// The same; nullopt for such a run id.
std::optional<std::int64_t> find_execution_argument(FunctionCallInfo info);

} // namespace playbook::sql_api
