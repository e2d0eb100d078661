// Every kind of step there is, one Handler each; handler_of() (handler.hpp) chooses by type.
#pragma once

#include "step/handler.hpp"

namespace playbook::step {

// Acting
const Handler &email_handler();
const Handler &meeting_handler();
const Handler &task_handler();
const Handler &wait_handler();
const Handler &condition_handler();
const Handler &approval_handler();
const Handler &notify_handler();

// Data
const Handler &query_handler();
const Handler &search_handler();
const Handler &join_handler();
const Handler &aggregate_handler();
const Handler &filter_handler();
const Handler &diff_handler();

// Writing, and executions within executions
const Handler &sql_handler();
const Handler &playbook_handler();

} // namespace playbook::step
