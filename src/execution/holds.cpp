// Holds: what stands still at a person's word. Looked up when an outward step is about to begin.
#include "definition/store.hpp"
#include "definition/wording.hpp"
#include "execution/control.hpp"
#include "execution/touch.hpp"
#include "identity/access.hpp"
#include "pg/identity.hpp"
#include "pg/spi.hpp"
#include "settings.hpp"
#include "worker/shared_state.hpp"

namespace playbook::execution {
namespace {

void check_kind(const std::string &kind, const std::string &name) {
	if (kind != "playbook" && kind != "customer" && kind != "connection" && kind != "all")
		throw pg::Error(ERRCODE_INVALID_PARAMETER_VALUE, "unknown kind of hold \"" + kind + "\"", "",
		                "Use playbook, customer, connection or all.");
	if ((kind == "all") != name.empty())
		throw pg::Error(ERRCODE_INVALID_PARAMETER_VALUE, kind == "all"
		                                                     ? "a hold of all takes no name"
		                                                     : "a hold of a " + kind + " needs its name");
}

// A slip of the hand in a name would hold nothing. A connection may be held before anything uses it, so it is
// told, not refused. Definitions name connections where a step says its source; start options and settings
// where it says crm.
void say_when_unused(const std::string &connection) {
	static pg::Statement known(
	    "SELECT DISTINCT name FROM (SELECT value #>> '{}' FROM @playbooks, "
	    "jsonb_path_query(coalesce(definition, draft), '$.steps.**.source') AS named (value) "
	    "WHERE status <> 'archived' AND jsonb_typeof(value) = 'string' UNION ALL SELECT unnest(ARRAY[$1, "
	    "$2]) "
	    "UNION ALL SELECT unnest(ARRAY[options ->> 'data_warehouse', options ->> 'crm']) "
	    "FROM @playbook_executions_live WHERE options ?| ARRAY['data_warehouse', 'crm'] "
	    "UNION ALL SELECT srvname FROM pg_foreign_server) AS c (name) "
	    "WHERE name NOT IN ('', 'local', 'data_warehouse', 'crm', 'transform', 'api') AND name !~ '[{$]' "
	    "ORDER BY name",
	    {TEXTOID, TEXTOID});
	std::vector<std::string> names;
	{
		const pg::Rows rows = known.query({pg::text(settings::data_warehouse()), pg::text(settings::crm())});
		for (std::size_t row = 0; row < rows.size(); ++row) names.push_back(rows.text(row, 0));
	}
	if (std::find(names.begin(), names.end(), connection) != names.end()) return;
	const std::string hint = names.empty() ? "There are no connections yet; this database needs none."
	                                       : definition::suggestion(connection, names, "Connections are");
	pg::call([&connection, &hint] {
		ereport(NOTICE, (errmsg("no step uses a connection \"%s\"", connection.c_str()),
		                 errdetail("The hold is kept and stops what uses a connection of that name later."),
		                 hint.empty() ? 0 : errhint("%s", hint.c_str())));
	});
}

void require_operator() {
	if (identity::caller_in_group("playbook_operator") || identity::caller_in_group("playbook_admin")) return;
	throw pg::Error(ERRCODE_INSUFFICIENT_PRIVILEGE,
	                "must be a member of playbook_operator to hold or release");
}

} // namespace

void hold(const std::string &kind, const std::string &name, const std::string &reason) {
	require_operator();
	check_kind(kind, name);
	// One that held nothing would let out what it was to stop.
	if (kind == "playbook") (void) definition::readable_playbook(name);
	const std::string by = identity::actor();
	pg::EngineIdentity engine;
	pg::Spi spi;
	static pg::Statement insert(
	    "INSERT INTO @playbook_holds (kind, name, reason, held_by) VALUES ($1, $2, $3, $4) "
	    "ON CONFLICT (kind, name) DO UPDATE SET reason = excluded.reason, held_by = excluded.held_by, "
	    "held_at = now()",
	    {TEXTOID, TEXTOID, TEXTOID, TEXTOID});
	insert.execute({pg::text(kind), pg::text(name), pg::text(reason), pg::text(by)});
	if (kind == "connection") say_when_unused(name);
}

int release(const std::string &kind, const std::string &name) {
	require_operator();
	check_kind(kind, name);
	pg::EngineIdentity engine;
	pg::Spi spi;
	static pg::Statement lift("DELETE FROM @playbook_holds WHERE kind = $1 AND name = $2",
	                          {TEXTOID, TEXTOID});
	const int lifted = static_cast<int>(lift.execute({pg::text(kind), pg::text(name)}));
	if (lifted == 0) return 0;
	static pg::Statement due("UPDATE @playbook_executions_live SET due_at = now() WHERE status IN "
	                         "('running', 'waiting') AND id IN ("
	                         "SELECT execution_id FROM @playbook_step_executions_live WHERE waiting_for = "
	                         "'hold') RETURNING owner::oid",
	                         {});
	const pg::Rows rows = due.query({});
	for (std::size_t row = 0; row < rows.size(); ++row)
		worker::wake_at_commit(rows.oid(row, 0), GetCurrentTimestamp());
	return lifted;
}

std::string hold_reason(const Execution &execution, bool outward, const std::string &connection) {
	static pg::Statement find(
	    "SELECT reason FROM @playbook_holds WHERE ($3 AND (kind = 'all' OR (kind = 'playbook' AND name = $1) "
	    "OR (kind = 'customer' AND name = $2))) OR (kind = 'connection' AND name = $4) ORDER BY held_at "
	    "LIMIT 1",
	    {TEXTOID, TEXTOID, BOOLOID, TEXTOID});
	const pg::Rows rows =
	    find.query({pg::text(execution.playbook_id), pg::text(execution.customer_id.value_or("")),
	                pg::boolean(outward), pg::text(connection)});
	return rows.empty() ? std::string() : rows.text(0, 0);
}

} // namespace playbook::execution
