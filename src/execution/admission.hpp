// max_active and max_per_minute of a playbook: how many of its executions are active at once, how many begin
// in any sixty seconds.
//
// An execution of such a playbook needs a row in playbook_admissions before it begins, and has it until it
// ends. One that a claim finds without it is held back: it leaves the queue, waiting for "limit". Who is let
// in is counted under the lock of the playbook's row in playbook_limits, in a transaction that does nothing
// else, so that the lock is brief and the count exact however many executors there are; nobody waits for that
// lock, who cannot have it tries again. Playbooks without limits cost nothing of all this.
//
// As playbook_engine, with an open Spi connection, where not said otherwise.
#pragma once

#include "execution/model.hpp"

namespace playbook::execution {

// Whether executions need a place to begin.
inline bool is_limited(const definition::Definition &definition) {
	return definition.max_active || definition.max_per_minute;
}

// Takes executions that must not begin yet out of those that were claimed.
void hold_back(std::vector<Execution> &claimed);

// Lets in as many of the role's executions as there are places for, the most urgent first; how many.
int admit(Oid owner);
// When there will be a place for one that is held back, by the passing of time or already now.
std::optional<TimestampTz> admission_due(Oid owner);
// The same for all roles.
std::map<Oid, TimestampTz> admissions_due();
// Whether this process held something back or gave a place back since it last asked. Needs nothing.
bool places_changed();

// In a session, for one that would begin now: whether it may. If not, it is left waiting for its place.
bool admit_now(Execution &execution);
// It has ended: its place is free.
void leave_place(const Execution &execution);
// One that had failed goes on. It does not wait for a place, but it counts.
void retake_place(const Execution &execution);

// The limits of a playbook are those of its published definition; of a draft's only while nothing is
// published.
void set_limits(const definition::Definition &definition, bool published);

} // namespace playbook::execution
