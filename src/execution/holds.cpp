// Holds: what stands still at a person's word. Looked up when an outward step is about to begin.
#include "execution/control.hpp"
#include "execution/touch.hpp"
#include "identity/access.hpp"
#include "pg/identity.hpp"
#include "pg/spi.hpp"
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

void require_operator() {
	if (identity::caller_in_group("playbook_operator") || identity::caller_in_group("playbook_admin")) return;
	throw pg::Error(ERRCODE_INSUFFICIENT_PRIVILEGE,
	                "must be a member of playbook_operator to hold or release");
}

} // namespace

void hold(const std::string &kind, const std::string &name, const std::string &reason) {
	require_operator();
	check_kind(kind, name);
	const std::string by = identity::actor();
	pg::EngineIdentity engine;
	pg::Spi spi;
	static pg::Statement insert(
	    "INSERT INTO @playbook_holds (kind, name, reason, held_by) VALUES ($1, $2, $3, $4) "
	    "ON CONFLICT (kind, name) DO UPDATE SET reason = excluded.reason, held_by = excluded.held_by, "
	    "held_at = now()",
	    {TEXTOID, TEXTOID, TEXTOID, TEXTOID});
	insert.execute({pg::text(kind), pg::text(name), pg::text(reason), pg::text(by)});
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

std::string hold_reason(const Execution &execution) {
	static pg::Statement find(
	    "SELECT reason FROM @playbook_holds WHERE kind = 'all' OR (kind = 'playbook' AND name = $1) "
	    "OR (kind = 'customer' AND name = $2) ORDER BY held_at LIMIT 1",
	    {TEXTOID, TEXTOID});
	const pg::Rows rows =
	    find.query({pg::text(execution.playbook_id), pg::text(execution.customer_id.value_or(""))});
	return rows.empty() ? std::string() : rows.text(0, 0);
}

} // namespace playbook::execution
