// A playbook's unfinished executions go on as another role when the playbook is given away: else those of a
// role that was dropped, or may not log in any longer, would wait for good.
#pragma once

#include "pg/postgres.hpp"

namespace playbook::execution {

// Those of the playbook that run as `from` because it owned the playbook; not those that run as their starter
// (security: invoker). A step that runs alone at this moment ends as what it began. As playbook_engine, with
// an open Spi connection; takes the rows' locks.
void hand_over(const std::string &playbook, Oid from, Oid to);

} // namespace playbook::execution
