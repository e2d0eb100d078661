// Definitions ready to run, parsed once per snapshot and process. Snapshots never change, so nothing is
// invalidated but by a reinstalled extension; the least recently used leave when there are too many.
#pragma once

#include "execution/model.hpp"

namespace playbook::execution {

// As playbook_engine, with an open Spi connection. Throws when the snapshot is gone or this library cannot
// read it.
std::shared_ptr<const Plan> plan_of(std::int64_t snapshot);

// Puts a plan just made in the cache, so that its first execution need not parse it again.
void remember_plan(std::shared_ptr<const Plan> plan);

} // namespace playbook::execution
