// The place of the one active execution of a playbook and customer (playbook_active_customers): who takes it,
// who queues for it, whose it is next. For policies other than `allow`; as playbook_engine, with an open Spi
// connection.
#pragma once

#include "execution/model.hpp"

namespace playbook::execution {

// Whether it holds, or queues for, the place: as it was started, else as its playbook says.
bool takes_place(const Execution &execution);
// For one that is about to be stored: takes the place, replaces those who are active, or queues, as the policy
// says; 23505 with the active execution where it says skip.
void take_customer(Execution &execution, definition::Conflict policy);
// Takes the place if nobody has it.
bool take_free_place(const Execution &execution);
// Gives up the place; the one that has queued longest takes it.
void release_customer(const Execution &execution);
// Takes it again for one that comes back to life; 23505 with the active execution while another has it.
void retake_customer(const Execution &execution);

} // namespace playbook::execution
