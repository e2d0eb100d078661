// One element of playbook_start_many's list as a request.
#pragma once

#include "execution/start.hpp"

namespace playbook::execution {

// {customer, parameters, idempotency_key, priority, start_at, conflict, labels}; throws 22023 for anything
// else, with what was read so far in the request.
void read_request(const Value &start, StartRequest &request);

} // namespace playbook::execution
