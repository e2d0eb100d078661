// What somebody who retries a step changes of its input.
#pragma once

#include "definition/model.hpp"

namespace playbook::execution {

// Merges the changes into the input that a step was prepared with (JSON merge patch, RFC 7396). Throws 22023
// for a key that means nothing to the step: the step would do what it did before.
void change_input(Value &input, const definition::Step &step, const Value &changes);

} // namespace playbook::execution
