// The place of the one active execution of a playbook and customer (playbook_active_customers): who takes it,
// who queues for it, whose it is next. For policies other than `allow`; as playbook_engine, with an open Spi
// connection.
#pragma once

#include "execution/model.hpp"

namespace playbook::execution {

// For one that is about to be stored: takes the place, replaces those who are active, or queues, as the
// policy says; 23505 with the active execution where it says skip.
void take_customer(Execution &execution, definition::Conflict policy);
// For one that queues: takes the place if it is free and nothing that was started before is active.
bool has_turn(const Execution &execution);
// Takes the place again for one that comes back to life; 23505 with the active execution while another has
// it.
void retake_customer(const Execution &execution);

// For one that is replaced: whoever replaces it has the place, and nobody takes it when this one ends.
void give_place_away(Execution &execution);
// For one that has ended: gives up the place if it has it. The one that has queued longest takes it, or what
// is still active of those started before that one. All that this transaction knows of executions has to be
// written.
void release_customer(const Execution &execution);
// In this transaction; its row says so, what was read of it before does not.
bool was_given_place(std::int64_t execution);

} // namespace playbook::execution
