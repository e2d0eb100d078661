// playbook_customer: what a playbook of the caller's would see of a customer. playbook_enable: the engine
// works here.
#include "identity/customer.hpp"
#include "identity/installation_fence.hpp"
#include "pg/function.hpp"
#include "worker/shared_state.hpp"

using namespace playbook;

PLAYBOOK_EXPORT_BEGIN
PG_FUNCTION_INFO_V1(playbook_customer);
PG_FUNCTION_INFO_V1(playbook_enable);
PLAYBOOK_EXPORT_END

// playbook_customer(customer text) returns jsonb; null for an unknown customer. Read with the caller's
// rights.
Datum playbook_customer(PG_FUNCTION_ARGS) {
	return pg::entry([&]() -> Datum {
		const auto customer = identity::read_customer(pg::Arguments(fcinfo).text(0, "customer"));
		return customer ? pg::jsonb_datum(*customer) : pg::return_null(fcinfo);
	});
}

// playbook_enable() returns void
Datum playbook_enable(PG_FUNCTION_ARGS) {
	(void) fcinfo;
	return pg::entry([&]() -> Datum {
		identity::enable_here();
		worker::wake_at_commit(GetUserId(), GetCurrentTimestamp());
		return (Datum) 0;
	});
}
