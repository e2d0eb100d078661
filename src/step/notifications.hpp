// What people are told by notify steps: rows of playbook_notifications, one for each of them, and what they
// do with theirs.
#pragma once

#include "pg/spi.hpp"
#include "step/handler.hpp"

namespace playbook::step {

// Tells people, as playbook_engine, whoever is current; whom this step has told before, at an attempt that
// was made again, is not told twice. At the first attempt of a step, when nobody can have been, it is left to
// be written with all of its batch.
void tell(const Context &context, execution::Notification notification);

// The actor's own, the newest first, in an open Spi connection as playbook_engine: the columns of
// playbook_my_notifications(). `names` are identity::Viewer::names().
pg::Rows notifications_of(const std::vector<std::string> &names, bool unread_only, std::int32_t most);
// Marks them as read up to this time; returns how many were not, counted as they are shown. Likewise.
std::int64_t mark_read(const std::vector<std::string> &names, TimestampTz until);

} // namespace playbook::step
