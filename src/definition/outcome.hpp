// Which outcomes a step can have, so that comparing with a word that never occurs is an error on saving.
#pragma once

#include <string>
#include <vector>

#include "definition/model.hpp"

namespace playbook::definition {

std::vector<std::string> outcome_words(const Step &step);
// pending, running, waiting, completed, failed, skipped.
const std::vector<std::string> &status_words();

} // namespace playbook::definition
