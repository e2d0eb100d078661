#include "pg/portal_fence.hpp"

#include "pg/spi.hpp"
#include "pg/transaction.hpp"

namespace playbook::pg {
namespace {

// Those that somebody could fetch from. The server has no other list of them than this one; there are none,
// as a rule, and then it is not asked.
std::vector<Portal> ready_portals() {
	std::vector<Portal> ready;
	if (ThereAreNoReadyPortals()) return ready;
	const Spi spi;
	const SPITupleTable *table = call([]() -> const SPITupleTable * {
		if (SPI_execute("SELECT name FROM pg_catalog.pg_cursor()", true, 0) != SPI_OK_SELECT)
			elog(ERROR, "could not list the open cursors");
		return SPI_tuptable;
	});
	for (std::uint64_t i = 0; i < table->numvals; ++i) {
		const Portal portal =
		    call([table, i] { return GetPortalByName(SPI_getvalue(table->vals[i], table->tupdesc, 1)); });
		if (PortalIsValid(portal) && portal->status == PORTAL_READY) ready.push_back(portal);
	}
	return ready;
}

void close_ready_portals() {
	Subtransaction subtransaction;
	for (const Portal portal : ready_portals()) call([portal] { PortalDrop(portal, false); });
	subtransaction.commit();
}

} // namespace

PortalFence::PortalFence() : shut_(ready_portals()) {
	for (const Portal portal : shut_) portal->status = PORTAL_ACTIVE;
}

PortalFence::~PortalFence() {
	if (std::uncaught_exceptions() == exceptions_ && !ThereAreNoReadyPortals()) {
		bool closed = false;
		try {
			close_ready_portals();
			closed = true;
		} catch (const std::exception &) { // rolled back
		}
		// No destructor may throw: the next check for interrupts ends the statement, and them with it.
		if (!closed) {
			QueryCancelPending = true;
			InterruptPending = true;
		}
	}
	for (const Portal portal : shut_) portal->status = PORTAL_READY;
}

} // namespace playbook::pg
