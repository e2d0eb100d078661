// What a batch is about to write, counted for playbook_stat.
#pragma once

#include "execution/model.hpp"

namespace playbook::execution {

// Ends of executions and steps, and attempts that are made again, that the tables do not know yet.
void count_changes(const std::vector<Execution *> &executions);

} // namespace playbook::execution
