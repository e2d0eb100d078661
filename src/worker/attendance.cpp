#include "worker/attendance.hpp"

#include "pg/identity.hpp"
#include "pg/spi.hpp"
#include "worker/shared_state.hpp"

namespace playbook::worker {

void warn_when_nobody_works() {
	static bool warned = false;
	// With preload a scheduler is started at the commit, if it does not run already.
	if (warned || available()) return;
	pg::EngineIdentity engine;
	pg::Spi spi;
	static pg::Statement recent(
	    "SELECT EXISTS (SELECT FROM @playbook_work_log WHERE worked_at > now() - interval '1 minute')", {});
	if (recent.query({}).boolean(0, 0)) return;
	warned = true;
	pg::call([] {
		ereport(WARNING,
		        (errmsg("nothing works on executions in this database"),
		         errdetail("No background worker is alive and playbook_work() has not run for a minute."),
		         errhint("Add playbook to shared_preload_libraries and restart the server, or call "
		                 "playbook_work() regularly.")));
	});
}

} // namespace playbook::worker
