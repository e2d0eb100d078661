#include "execution/customer_place.hpp"
#include "execution/replace.hpp"
#include "pg/spi.hpp"
#include "worker/shared_state.hpp"

namespace playbook::execution {

using definition::Conflict;

namespace {

// An execution that was started with `allow` has no place, and is active all the same. The place that
// `execution` has just taken is given to the oldest of them, which leaves it like any other when it ends.
bool give_place_to_active(const Execution &execution) {
	static pg::Statement mark(
	    "UPDATE @playbook_executions_live SET options = coalesce(options, '{}') || '{\"conflict\": "
	    "\"skip\"}' "
	    "WHERE status IN ('pending', 'running', 'waiting', 'paused') AND id = ("
	    "SELECT id FROM @playbook_executions_live WHERE customer_id = $1 AND playbook_id = $2 "
	    "AND status IN ('pending', 'running', 'waiting', 'paused') AND waiting_for IS DISTINCT FROM "
	    "'customer' "
	    "AND options -> 'cancelled' IS NULL ORDER BY id LIMIT 1) RETURNING id",
	    {TEXTOID, TEXTOID});
	const pg::Argument playbook = pg::text(execution.playbook_id),
	                   customer = pg::text(*execution.customer_id);
	const pg::Rows rows = mark.query({customer, playbook});
	if (rows.empty()) return false;
	static pg::Statement give("UPDATE @playbook_active_customers SET execution_id = $3 "
	                          "WHERE playbook_id = $1 AND customer_id = $2",
	                          {TEXTOID, TEXTOID, INT8OID});
	give.execute({playbook, customer, pg::int8(rows.int8(0, 0))});
	return true;
}

// The one that has the place, and those that were started with `allow` beside it.
void replace_all_active(const Execution &execution, std::int64_t placed) {
	replace_active(placed, execution.id);
	static pg::Statement find(
	    "SELECT id FROM @playbook_executions_live WHERE customer_id = $1 AND playbook_id = $2 "
	    "AND status IN ('pending', 'running', 'waiting', 'paused') AND waiting_for IS DISTINCT FROM "
	    "'customer' "
	    "AND options -> 'cancelled' IS NULL ORDER BY id",
	    {TEXTOID, TEXTOID});
	std::vector<std::int64_t> others;
	{
		const pg::Rows rows = find.query({pg::text(*execution.customer_id), pg::text(execution.playbook_id)});
		for (std::size_t i = 0; i < rows.size(); ++i) others.push_back(rows.int8(i, 0));
	}
	for (const std::int64_t other : others) replace_active(other, execution.id);
}

} // namespace

bool takes_place(const Execution &execution) {
	if (!execution.customer_id) return false;
	if (const Value *asked_for = execution.options.find("conflict")) return asked_for->as_text() != "allow";
	return execution.definition().conflict != Conflict::Allow;
}

bool take_free_place(const Execution &execution) {
	static pg::Statement take(
	    "INSERT INTO @playbook_active_customers (playbook_id, customer_id, execution_id) VALUES ($1, $2, $3) "
	    "ON CONFLICT DO NOTHING",
	    {TEXTOID, TEXTOID, INT8OID});
	return take.execute({pg::text(execution.playbook_id), pg::text(*execution.customer_id),
	                     pg::int8(execution.id)}) == 1;
}

void take_customer(Execution &execution, Conflict policy) {
	if (policy == Conflict::Allow || !execution.customer_id) return;
	if (take_free_place(execution) && !give_place_to_active(execution)) return;
	const pg::Argument playbook = pg::text(execution.playbook_id),
	                   customer = pg::text(*execution.customer_id);
	static pg::Statement find("SELECT a.execution_id, e.status FROM @playbook_active_customers a "
	                          "LEFT JOIN @playbook_executions e ON e.id = a.execution_id "
	                          "WHERE a.playbook_id = $1 AND a.customer_id = $2 FOR UPDATE OF a",
	                          {TEXTOID, TEXTOID});
	std::int64_t active = 0;
	std::string status;
	{
		const pg::Rows rows = find.query({playbook, customer});
		if (!rows.empty()) {
			active = rows.int8(0, 0);
			status = rows.text_or_null(0, 1).value_or("starting");
		}
	}
	if (active == 0) return take_customer(execution, policy); // it ended meanwhile
	switch (policy) {
	case Conflict::Skip:
		throw pg::Error(ERRCODE_UNIQUE_VIOLATION,
		                "customer \"" + *execution.customer_id + "\" already runs playbook \"" +
		                    execution.playbook_id + "\"",
		                "Execution " + std::to_string(active) + " is " + status + ".",
		                "Wait for it, or start with conflict => 'queue', 'replace' or 'allow'.");
	case Conflict::Queue:
		execution.waiting_for = "customer";
		execution.due_at.reset();
		return;
	case Conflict::Replace: {
		replace_all_active(execution, active);
		static pg::Statement move(
		    "INSERT INTO @playbook_active_customers (playbook_id, customer_id, execution_id) VALUES ($1, $2, "
		    "$3) "
		    "ON CONFLICT (playbook_id, customer_id) DO UPDATE SET execution_id = excluded.execution_id",
		    {TEXTOID, TEXTOID, INT8OID});
		move.execute({playbook, customer, pg::int8(execution.id)});
		return;
	}
	case Conflict::Allow: return;
	}
}

void retake_customer(const Execution &execution) {
	if (!takes_place(execution)) return;
	while (!take_free_place(execution)) {
		static pg::Statement find("SELECT a.execution_id, e.status FROM @playbook_active_customers a "
		                          "LEFT JOIN @playbook_executions e ON e.id = a.execution_id "
		                          "WHERE a.playbook_id = $1 AND a.customer_id = $2",
		                          {TEXTOID, TEXTOID});
		const pg::Rows rows = find.query({pg::text(execution.playbook_id), pg::text(*execution.customer_id)});
		if (rows.empty()) continue; // it ended meanwhile
		if (rows.int8(0, 0) == execution.id) return;
		throw pg::Error(ERRCODE_UNIQUE_VIOLATION,
		                "customer \"" + *execution.customer_id + "\" already runs playbook \"" +
		                    execution.playbook_id + "\"",
		                "Execution " + std::to_string(rows.int8(0, 0)) + " is " +
		                    rows.text_or_null(0, 1).value_or("starting") + ".",
		                "Retry when it has ended, or cancel it with playbook_cancel().");
	}
}

void release_customer(const Execution &execution) {
	if (!takes_place(execution)) return;
	static pg::Statement release(
	    "DELETE FROM @playbook_active_customers WHERE playbook_id = $1 AND customer_id = $2 "
	    "AND execution_id = $3",
	    {TEXTOID, TEXTOID, INT8OID});
	if (release.execute(
	        {pg::text(execution.playbook_id), pg::text(*execution.customer_id), pg::int8(execution.id)}) == 0)
		return;
	// The one that has queued longest takes the place.
	static pg::Statement next(
	    "UPDATE @playbook_executions_live SET waiting_for = NULL, due_at = greatest(created_at, now()) WHERE "
	    "id = ("
	    "SELECT id FROM @playbook_executions_live WHERE playbook_id = $1 AND customer_id = $2 AND status = "
	    "'pending' "
	    "AND waiting_for = 'customer' ORDER BY created_at, id LIMIT 1) RETURNING id, owner::oid",
	    {TEXTOID, TEXTOID});
	const pg::Rows rows = next.query({pg::text(execution.playbook_id), pg::text(*execution.customer_id)});
	if (rows.empty()) return;
	static pg::Statement take(
	    "INSERT INTO @playbook_active_customers (playbook_id, customer_id, execution_id) VALUES ($1, $2, $3)",
	    {TEXTOID, TEXTOID, INT8OID});
	take.execute(
	    {pg::text(execution.playbook_id), pg::text(*execution.customer_id), pg::int8(rows.int8(0, 0))});
	worker::wake_at_commit(rows.oid(0, 1), GetCurrentTimestamp());
}

} // namespace playbook::execution
