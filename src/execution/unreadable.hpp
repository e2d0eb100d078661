// Executions of a definition that this version of the library cannot read, after a downgrade or with damaged
// tables: they wait and say why, and are no reason for others to wait.
#pragma once

#include <vector>

#include "execution/model.hpp"

namespace playbook::execution {

// Takes them out of what was just claimed, to be looked at again in a minute; what is left has its plan. As
// playbook_engine, with an open Spi connection.
void put_off_unreadable(std::vector<Execution> &claimed);

} // namespace playbook::execution
