// Which slot of history a finished execution goes to.
//
// The sixteen slots are given out as they are needed: playbook_history_slots says until when each one keeps
// what lies in it. An execution goes to the first slot that keeps it long enough, so nothing is ever dropped
// too early; a slot whose time has come is truncated as a whole (execution/purge) and given out again. Each
// length of retention gets slots of a sixth of its length, so that what is kept for 90 days is dropped after
// at most 105; when there are more lengths than slots, some of it is kept longer.
#pragma once

#include "execution/model.hpp"

namespace playbook::execution {

inline constexpr int history_slots = 16;

// As playbook_engine, with an open Spi connection; a look into a few cached rows nearly always.
int history_slot(const Execution &execution);

// Gives out slots ahead of time for what the settings say, so that no execution's end has to. As
// history_slot().
void provide_history_slots();

// Whole days, or definition::Retention::forever.
int retention_days(const definition::Retention &own, Status status);

} // namespace playbook::execution
