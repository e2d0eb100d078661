// Whether an executor may be connected as a role, and if not, why: what an execution of that role waits for.
#pragma once

#include "pg/guard.hpp"

namespace playbook::worker {

// Nothing when an executor can run for the role in this database; else a reason for people, such as
// `role "reports" may not log in`. Needs a transaction. Shown at publish, by waiting executions and in
// playbook_health.
std::optional<std::string> unreachable_reason(Oid role);

} // namespace playbook::worker
