#include "pg/sandbox.hpp"

extern "C" {
#include "commands/prepare.h"
#include "commands/sequence.h"
#include "commands/trigger.h"
#include "storage/lock.h"
#include "utils/portal.h"
}

namespace playbook::pg {

// The server calls this function once, at commit, with nothing open. Inside a subtransaction it is right as
// long as every earlier one has done the same: the list of events is then empty when this one begins, and if
// it is rolled back the list goes back to empty.
void fire_deferred_triggers() {
	call([] { AfterTriggerFireDeferred(); });
}

void drop_temporary_objects() {
	call([] {
		// Before the tables: an open cursor holds the table it reads.
		PortalHashTableDeleteAll();
		Oid schema = InvalidOid, toast = InvalidOid;
		GetTempNamespaceState(&schema, &toast);
		if (OidIsValid(schema)) ResetTempTableNamespace();
	});
}

void forget_session_state() {
	call([] {
		DropAllPreparedStatements();
		LockReleaseSession(USER_LOCKMETHOD);
		ResetSequenceCaches();
	});
}

} // namespace playbook::pg
