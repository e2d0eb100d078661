// What somebody else's SQL may leave behind in this process, undone.
//
// SettingSandbox: a level of settings at whose end everything set inside is taken back, a plain SET or
// set_config(…, false) included (an ordinary level keeps those). SessionTraces: temporary tables, open
// cursors, prepared statements, session advisory locks and the memory of sequences; for processes of the
// engine's own only, never in a client's session, where these things are the client's.
#pragma once

#include "pg/guard.hpp"

namespace playbook::pg {

// Ends before the subtransaction it was opened in.
class SettingSandbox {
public:
	SettingSandbox() : level_(NewGUCNestLevel()) {}
	// Throws when the server refuses the value.
	void set(const char *name, const char *value);
	// As after an error: only so is a SET that was not LOCAL taken back.
	~SettingSandbox() { AtEOXact_GUC(false, level_); }
	SettingSandbox(const SettingSandbox &) = delete;
	SettingSandbox &operator=(const SettingSandbox &) = delete;

private:
	const int level_;
};

// Fires the deferred triggers that the present subtransaction queued, so that their failure is this
// subtransaction's. Only in a process that runs no statement around us, and only when no deferred trigger was
// pending before it began.
void fire_deferred_triggers();

// Drops temporary tables and cursors: part of the transaction, may throw.
void drop_temporary_objects();
// Forgets what no rollback takes back; for after the subtransaction, however it ended.
void forget_session_state();

} // namespace playbook::pg
