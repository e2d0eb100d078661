// One turn of whoever executes for a role: an executor process, playbook_work(), an idle playbook_execute().
//
// take_turn() opens and ends its own transactions, so it must be called outside of one; the caller is
// connected as the role whose executions it advances (GetUserId() then). The other functions need a
// transaction. Failures of a playbook never come out of here; what is thrown is the engine's own trouble
// (lost connection, disk full) and the caller backs off.
#pragma once

#include "pg/postgres.hpp"

namespace playbook::execution {

struct TurnOptions {
	bool executor = true;   // the process connected as the role; false in a client's session
	bool take_batch = true; // claim a batch of due executions first
	bool take_alone = true; // also run a step that needs a transaction of its own
	bool careful = false; // after an unclean end: one execution per transaction, the attempt committed first
};

struct Turn {
	int executions = 0;         // advanced in a batch
	bool ran_alone = false;     // a step ran in a transaction of its own
	bool full = false;          // there were as many as it could take, so there may be work for others
	bool more = false;          // something is due now
	bool alone_waiting = false; // a step waits for an executor of its own, asked for or not (take_alone)
	std::optional<TimestampTz>
	    next_due; // when nothing is due now: when something will be; absent: never by itself
};

// A batch of due executions; else, when allowed, one step alone.
Turn take_turn(const TurnOptions &options);

// Steps left `running` by processes that are gone become due again, attempts counted. As playbook_engine; any
// role.
int recover_lost_steps();

// Executions that are due and whose role no executor can connect as say so in their reason, until one
// advances them.
void note_unreachable(Oid role, const std::string &reason);

// The roles that have something due now or later, the earliest time of each; for the scheduler. As
// playbook_engine.
struct RoleDue {
	Oid role = InvalidOid;
	TimestampTz due_at = 0;
	int alone_ready = 0; // steps that wait for an executor of their own
};
std::vector<RoleDue> roles_due();

} // namespace playbook::execution
