// The places for executors: playbook.max_executors in all databases together.
//
// Fair turns: who waits for a place longest gets the next one; an executor leaves for others when it is idle,
// when its role has several, or when it has worked for a turn. All places but one may run steps alone, so
// that quick work always finds one (a single place is the exception: it does everything).
#pragma once

#include "worker/slots.hpp"

namespace playbook::worker {

inline constexpr std::int64_t turn_microseconds = USECS_PER_SEC;

// For a scheduler: a slot in state Starting, or null when no place is free or an earlier asker has a claim to
// it.
ExecutorSlot *take_place(DatabaseSlot &database, Oid role, bool careful);
// How many executors the database's scheduler would start if it could; wakes idle ones that may leave for
// them.
void want_places(DatabaseSlot &database, int count);

// A step of the role could run alone beside others: an idle executor of somebody else's leaves for it. False:
// there is none, or no further step may run alone.
bool ask_idle_of_others(Oid database, Oid role);
// No worker process could be had: idle executors leave, though there may be places.
void ask_for_processes();

// For an executor, between its turns: whether it should leave for others now.
bool should_give_way(TimestampTz working_since, bool idle);
enum class Leaving {
	WithoutWork, // unless somebody has given it work in the meantime
	GivingWay,   // unless enough others have left
	Asked,
};
// True: the slot is given back, end the process. `work_since`: it had been given work, due since then, that
// somebody else has to do now; else DT_NOEND.
bool leave_place(Leaving why, TimestampTz *work_since = nullptr);
// The right to run one step alone, until release_alone(). Refused, it is kept for those who waited before,
// and this process is woken when it is free.
bool reserve_alone();
void release_alone();
// There is nothing to run alone any longer.
void forgo_alone();

} // namespace playbook::worker
