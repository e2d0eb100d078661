// The arguments that playbook_start, playbook_run and playbook_execute have in common.
#pragma once

#include "execution/start.hpp"
#include "pg/function.hpp"

namespace playbook::sql_api {

// playbook_start(playbook, customer, parameters, idempotency_key, priority, start_at, conflict, labels,
// save_artifacts, data_warehouse, crm, draft)
execution::StartRequest start_request(const pg::Arguments &args);
// playbook_run and playbook_execute: the same without key, priority and start_at.
execution::StartRequest run_request(const pg::Arguments &args);
// The argument `customer`: an id, or none; a JSON object there was meant as parameters.
std::optional<std::string> customer_of(const pg::Arguments &args, int at);

} // namespace playbook::sql_api
