// Whether anybody does the work that is started here.
#pragma once

namespace playbook::worker {

// Warns, once per session, when no background worker is alive and playbook_work() has not run for a minute.
void warn_when_nobody_works();

} // namespace playbook::worker
