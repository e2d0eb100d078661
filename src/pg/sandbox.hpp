// What somebody else's SQL may leave behind in this process, besides settings (pg::SettingScope): deferred
// triggers, temporary tables, open cursors, prepared statements, session advisory locks and the memory of
// sequences. For processes of the engine's own only, never in a client's session, where these things are the
// client's.
#pragma once

#include "pg/guard.hpp"

namespace playbook::pg {

// Fires the deferred triggers that the present subtransaction queued, so that their failure is this
// subtransaction's. Only in a process that runs no statement around us, and only when no deferred trigger was
// pending before it began.
void fire_deferred_triggers();

// Drops temporary tables and cursors: part of the transaction, may throw.
void drop_temporary_objects();
// Forgets what no rollback takes back; for after the subtransaction, however it ended.
void forget_session_state();

} // namespace playbook::pg
