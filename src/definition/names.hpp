// Whether the names that a definition's texts mention exist: roots, steps, parameters, items, outcome words.
#pragma once

#include "definition/mentions.hpp"
#include "definition/model.hpp"
#include "definition/report.hpp"

namespace playbook::definition {

void check_names(const Definition &definition, const Mentions &mentions, Report &report);

} // namespace playbook::definition
