// Whether the engine may work in this database: only in the cluster and database it was enabled for.
//
// A restore, a template copy or pg_upgrade brings the tables somewhere else, full of work that is due; there
// the engine stands still until playbook_enable(). So a staging copy mails nobody.
#pragma once

#include "pg/guard.hpp"

namespace playbook::identity {

// Called by the first publish, start or trigger: enables the engine here when it was never enabled anywhere.
// Warns, once in a session, when it was enabled for another place. Costs nothing once it is known to be
// enabled.
void ensure_enabled();

enum class Enabled {
	NotYet, // nothing was published or started so far
	Here,
	Elsewhere, // the tables came from another cluster or database: playbook_enable()
};
Enabled enabled_state();
inline bool enabled() { return enabled_state() == Enabled::Here; }

// playbook_enable(): from now on the engine works here.
void enable_here();

} // namespace playbook::identity
