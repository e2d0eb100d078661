#include "identity/installation_fence.hpp"

#include "identity/access.hpp"
#include "pg/identity.hpp"
#include "pg/installation.hpp"
#include "pg/spi.hpp"

extern "C" {
#include "access/xlog.h"
}

namespace playbook::identity {
namespace {

// The identifier of this cluster as pg_control_system() shows it.
std::int64_t this_cluster() { return static_cast<std::int64_t>(GetSystemIdentifier()); }

// Whether the row that enables the engine is this transaction's own and may yet be rolled back.
struct Row {
	Enabled state = Enabled::NotYet;
	bool own = false;
};

Row read_row() {
	const pg::Spi connection;
	const pg::EngineIdentity engine;
	static pg::Statement find(
	    "SELECT system_identifier, database, xmin::pg_catalog.text OPERATOR(pg_catalog.=)"
	    " (pg_catalog.pg_current_xact_id_if_assigned()::pg_catalog.xid)::pg_catalog.text"
	    " FROM @playbook_installation",
	    {});
	const pg::Rows rows = find.query({});
	Row row;
	if (rows.empty()) return row;
	const bool here = rows.int8(0, 0) == this_cluster() && rows.oid(0, 1) == MyDatabaseId;
	row.state = here ? Enabled::Here : Enabled::Elsewhere;
	row.own = !rows.is_null(0, 2) && rows.boolean(0, 2);
	return row;
}

std::uint64_t known_enabled = 0; // generation of the installation that is known to be enabled here
bool warned = false;

} // namespace

Enabled enabled_state() { return read_row().state; }

void ensure_enabled() {
	const std::uint64_t generation = pg::installation().generation;
	if (known_enabled == generation) return;
	const Row row = read_row();
	switch (row.state) {
	case Enabled::Here:
		if (!row.own) known_enabled = generation;
		return;
	case Enabled::NotYet: {
		const std::string who = actor();
		const pg::Spi connection;
		const pg::EngineIdentity engine;
		static pg::Statement add(
		    "INSERT INTO @playbook_installation (system_identifier, database, enabled_by)"
		    " VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
		    {INT8OID, OIDOID, TEXTOID});
		add.execute({pg::int8(this_cluster()), pg::oid(MyDatabaseId), pg::text(who)});
		return;
	}
	case Enabled::Elsewhere:
		if (std::exchange(warned, true)) return;
		pg::call([] {
			ereport(WARNING,
			        (errmsg("playbooks stand still in this database"),
			         errdetail("They were enabled for another cluster or database, of which this is a copy."),
			         errhint("If they are to run here, and no longer there: SELECT playbook_enable().")));
		});
	}
}

void enable_here() {
	require_admin("enable the engine");
	const std::string who = actor();
	const pg::Spi connection;
	const pg::EngineIdentity engine;
	static pg::Statement set("INSERT INTO @playbook_installation (system_identifier, database, enabled_by)"
	                         " VALUES ($1, $2, $3) ON CONFLICT (singleton) DO UPDATE SET"
	                         " system_identifier = EXCLUDED.system_identifier, database = EXCLUDED.database,"
	                         " enabled_by = EXCLUDED.enabled_by, enabled_at = EXCLUDED.enabled_at",
	                         {INT8OID, OIDOID, TEXTOID});
	set.execute({pg::int8(this_cluster()), pg::oid(MyDatabaseId), pg::text(who)});
}

} // namespace playbook::identity
