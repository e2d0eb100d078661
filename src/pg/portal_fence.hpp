// Keeps the cursors of a session and those of somebody else's code apart.
//
// A cursor is run lazily, with the rights of whoever fetches from it, and plpgsql opens, reads and closes
// them past the checks of the restricted-operation flag. So while foreign code runs, the session's own
// cursors count as in use: they can be neither read nor closed, nor replaced by others of their names. And
// those that the code leaves open are closed with it, before anybody fetches from them with rights of his
// own. Prepared statements need none of this: the flag refuses PREPARE and DEALLOCATE.
#pragma once

#include "pg/guard.hpp"

extern "C" {
#include "utils/portal.h"
}

namespace playbook::pg {

class PortalFence {
public:
	PortalFence();
	// When an exception ends it nothing is closed: the rollback that has to follow does.
	~PortalFence();
	PortalFence(const PortalFence &) = delete;
	PortalFence &operator=(const PortalFence &) = delete;

private:
	const int exceptions_ = std::uncaught_exceptions();
	std::vector<Portal> shut_; // ready before; none of them can be dropped while they count as in use
};

} // namespace playbook::pg
