// Which step waits for which.
//
// depends_on wins. Without it a step depends on every step that its references, templates and conditions
// mention; an acting step without a ${steps.…} reference also follows the step before it (the carrier, when
// it is first in a branch); a data step that mentions none may start at once. A step in a branch waits for
// the step that carries the branch, and whoever waits for a carrier waits for its branches too. Steps of
// on_cancel wait only for each other.
#pragma once

#include "definition/builder.hpp"
#include "definition/mentions.hpp"
#include "definition/report.hpp"

namespace playbook::definition {

// Fills depends_on, waits_for, inputs, mentions, uses_customer and uses_previous of every step. Reports
// unknown steps in depends_on, cycles step by step, and references to steps that cannot have run.
void resolve_order(Built &built, const Mentions &mentions, Report &report);

} // namespace playbook::definition
