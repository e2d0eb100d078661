// The launcher: one process for the server, which keeps a scheduler in every database that has work for one.
#pragma once

namespace playbook::worker {

// From _PG_init, while preloading.
void register_launcher();

} // namespace playbook::worker
