// The queue of a role: what is due, in which order it is taken, and what this process remembers of it.
//
// The order is that of the time since when an execution is due, less playbook.priority_ageing for each point
// of its priority: urgent work overtakes, and what has waited long enough is overtaken by nobody. Every
// priority is a stretch of one index, in the order of due_at, and a claim merges their heads: it reads as
// many entries as it takes, whatever is finished, due later, or of another role.
//
// An entry whose execution has been claimed stays in the index for as long as any snapshot may still see it.
// So a claim does not begin at the first entry of a priority but where the last one ended. What becomes due
// before that comes with a wake-up, which says when it was due: made_due().
//
// Everything here runs as playbook_engine inside an open transaction and Spi connection, but for what only
// changes the memory of this process.
#pragma once

#include "execution/model.hpp"

namespace playbook::execution {

// Locks and loads due executions of a role, in the order of the queue, skipping those others hold. Steps are
// not loaded.
std::vector<Execution> claim_due(Oid owner, TimestampTz now, int limit);

// When the next execution of the role is due, or was: absent when none ever will be by itself.
std::optional<TimestampTz> next_due(Oid owner);

// For each role that has executions due now or later, the earliest time. Reads from the first entry on.
std::map<Oid, TimestampTz> first_due_of_roles();

// This process heard that something of the role is due since then. Never fails: called at the end of commits.
void made_due(Oid owner, TimestampTz since);
// A claimed execution was not advanced, or none of them were, since their transaction was rolled back: claims
// find them again.
void give_back(const Execution &execution);
void give_back_all();
// Nobody tells this process what becomes due: it begins at the first entry again.
void forget_queue();
// What this process knows to be done with: nothing of its role was due before that.
TimestampTz queue_begins();

} // namespace playbook::execution
