// What the schema cannot say about a definition's parts: ids, sources, parameters, triggers, outputs.
//
// Names inside texts are names.hpp's, the order of steps is graph.hpp's; all report into the same list.
#pragma once

#include "definition/model.hpp"
#include "definition/report.hpp"

namespace playbook::definition {

void validate(const Definition &definition, Report &report);

} // namespace playbook::definition
