// playbook_snooze(): an item of the actor's own work is not shown until a time.
#pragma once

#include "pg/guard.hpp"

namespace playbook::step {

// kind and id as in playbook_my_work; nullopt: it is shown again. Throws 22023 for another kind or a time
// that has passed, 42704 for what is not among the actor's work.
void snooze(const std::string &kind, std::int64_t id, const std::optional<TimestampTz> &until);

} // namespace playbook::step
