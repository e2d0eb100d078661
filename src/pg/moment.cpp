#include "pg/moment.hpp"

#include "pg/guard.hpp"
#include "pg/installation.hpp"

extern "C" {
#include "access/xact.h"
}

namespace playbook::pg {
namespace {

std::uint64_t rolled_back = 0;

void count_rollback(SubXactEvent event, SubTransactionId, SubTransactionId, void *) {
	if (event == SUBXACT_EVENT_ABORT_SUB) ++rolled_back;
}

} // namespace

Moment Moment::now() {
	static bool counting = false;
	if (!counting) {
		call([] { RegisterSubXactCallback(count_rollback, nullptr); });
		counting = true;
	}
	return {installation().generation, compat::local_transaction(), GetCurrentCommandId(false), rolled_back};
}

} // namespace playbook::pg
