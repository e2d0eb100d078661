#include "execution/customer_place.hpp"
#include "execution/noted_executions.hpp"
#include "execution/replace.hpp"
#include "pg/spi.hpp"
#include "pg/transaction.hpp"
#include "worker/shared_state.hpp"

// What is active, with or without the place: what has begun, or will without anybody's end. What is being
// cancelled makes way.
#define ACTIVE                                                                                               \
	"status IN ('pending', 'running', 'waiting', 'paused') AND waiting_for IS DISTINCT FROM 'customer' "     \
	"AND options -> 'cancelled' IS NULL"

namespace playbook::execution {

using definition::Conflict;

namespace {

// Those that were given a place.
NotedExecutions &given_places() {
	static auto *const made = new NotedExecutions();
	return *made;
}

pg::Argument playbook_of(const Execution &execution) { return pg::text(execution.playbook_id); }
pg::Argument customer_of(const Execution &execution) { return pg::text(*execution.customer_id); }

void put_in_place(const Execution &execution, std::int64_t active) {
	static pg::Statement put(
	    "INSERT INTO @playbook_active_customers (playbook_id, customer_id, execution_id) VALUES ($1, $2, $3) "
	    "ON CONFLICT (playbook_id, customer_id) DO UPDATE SET execution_id = excluded.execution_id",
	    {TEXTOID, TEXTOID, INT8OID});
	put.execute({playbook_of(execution), customer_of(execution), pg::int8(active)});
}

// One that is active of those before that moment. Which one does not matter: one that somebody has locked is
// named, and then waited for, only where there is no other.
std::optional<std::int64_t> active_before(const Execution &execution, TimestampTz before,
                                          std::int64_t before_id) {
	static const std::string sql = "SELECT id FROM @playbook_executions_live WHERE playbook_id = $1 AND "
	                               "customer_id = $2 AND " ACTIVE " AND (created_at, id) < ($3, $4) "
	                               "ORDER BY created_at, id LIMIT 1";
	static pg::Statement unlocked(sql + " FOR UPDATE SKIP LOCKED",
	                              {TEXTOID, TEXTOID, TIMESTAMPTZOID, INT8OID});
	static pg::Statement any(sql, {TEXTOID, TEXTOID, TIMESTAMPTZOID, INT8OID});
	for (pg::Statement *look : {&unlocked, &any}) {
		const pg::Rows rows = look->query(
		    {playbook_of(execution), customer_of(execution), pg::timestamp(before), pg::int8(before_id)});
		if (!rows.empty()) return rows.int8(0, 0);
	}
	return std::nullopt;
}

// An execution that was started with `allow` has no place, and is active all the same. The place that
// `execution`, or nobody, has is given to one of those before it, which leaves it like any other when it
// ends.
bool give_place_to_active(const Execution &execution, TimestampTz before, std::int64_t before_id) {
	static pg::Statement mark(
	    "UPDATE @playbook_executions_live SET options = coalesce(options, '{}') || '{\"conflict\": "
	    "\"skip\"}' WHERE id = $1 AND " ACTIVE,
	    {INT8OID});
	while (const std::optional<std::int64_t> active = active_before(execution, before, before_id)) {
		if (mark.execute({pg::int8(*active)}) == 0) continue; // it ended meanwhile
		given_places().add(*active);
		put_in_place(execution, *active);
		return true;
	}
	return false;
}

#define ALL_ACTIVE                                                                                           \
	"SELECT id FROM @playbook_executions_live WHERE playbook_id = $1 AND customer_id = $2 AND " ACTIVE       \
	" ORDER BY id"

std::set<std::int64_t> ids_of(pg::Statement &statement, const Execution &execution) {
	const pg::Rows rows = statement.query({playbook_of(execution), customer_of(execution)});
	std::set<std::int64_t> ids;
	for (std::size_t row = 0; row < rows.size(); ++row) ids.insert(rows.int8(row, 0));
	return ids;
}

// Locks those that are active, all or none: whoever waits for one while it holds another meets a batch that
// does so the other way round.
std::set<std::int64_t> lock_all_active(const Execution &execution) {
	static pg::Statement all(ALL_ACTIVE, {TEXTOID, TEXTOID});
	static pg::Statement unlocked(ALL_ACTIVE " FOR UPDATE SKIP LOCKED", {TEXTOID, TEXTOID});
	static pg::Statement wait("SELECT FROM @playbook_executions_live WHERE id = $1 FOR UPDATE", {INT8OID});
	std::set<std::int64_t> active = ids_of(all, execution);
	while (!active.empty()) {
		std::int64_t locked_by_others = 0;
		{
			pg::Subtransaction attempt;
			const std::set<std::int64_t> locked = ids_of(unlocked, execution);
			active = ids_of(all, execution);
			const auto missing = std::find_if(active.begin(), active.end(),
			                                  [&](std::int64_t id) { return !locked.contains(id); });
			if (missing == active.end()) {
				attempt.commit();
				return locked;
			}
			locked_by_others = *missing;
		}
		const pg::Subtransaction until_free; // whose lock goes with it
		(void) wait.query({pg::int8(locked_by_others)});
	}
	return active;
}

// The one that has the place, those that were started with `allow` beside it, and what took the place
// meanwhile.
void replace_all_active(const Execution &execution) {
	for (const std::int64_t active : lock_all_active(execution)) replace_active(active, execution.id);
}

bool take_free_place(const Execution &execution) {
	static pg::Statement take(
	    "INSERT INTO @playbook_active_customers (playbook_id, customer_id, execution_id) VALUES ($1, $2, $3) "
	    "ON CONFLICT DO NOTHING",
	    {TEXTOID, TEXTOID, INT8OID});
	return take.execute({playbook_of(execution), customer_of(execution), pg::int8(execution.id)}) == 1;
}

// Whether it holds, or queues for, the place: as it was started, else as its playbook says.
bool takes_place(const Execution &execution) {
	if (!execution.customer_id) return false;
	if (const Value *asked_for = execution.options.find("conflict")) return asked_for->as_text() != "allow";
	return execution.definition().conflict != Conflict::Allow;
}

} // namespace

bool was_given_place(std::int64_t execution) { return given_places().contains(execution); }

bool has_turn(const Execution &execution) {
	return take_free_place(execution) && !give_place_to_active(execution, execution.created_at, execution.id);
}

void take_customer(Execution &execution, Conflict policy) {
	if (policy == Conflict::Allow || !execution.customer_id) return;
	if (policy == Conflict::Replace) {
		// Executions before the place, as whoever ends one locks them; then what was started meanwhile.
		replace_all_active(execution);
		put_in_place(execution, execution.id);
		replace_all_active(execution);
		return;
	}
	if (take_free_place(execution) && !give_place_to_active(execution, DT_NOEND, 0)) return;
	static pg::Statement find("SELECT a.execution_id, e.status FROM @playbook_active_customers a "
	                          "LEFT JOIN @playbook_executions e ON e.id = a.execution_id "
	                          "WHERE a.playbook_id = $1 AND a.customer_id = $2 FOR UPDATE OF a",
	                          {TEXTOID, TEXTOID});
	std::int64_t active = 0;
	std::string status;
	{
		const pg::Rows rows = find.query({playbook_of(execution), customer_of(execution)});
		if (!rows.empty()) {
			active = rows.int8(0, 0);
			status = rows.text_or_null(0, 1).value_or("starting");
		}
	}
	if (active == 0) return take_customer(execution, policy); // it ended meanwhile
	if (policy == Conflict::Skip)
		throw pg::Error(ERRCODE_UNIQUE_VIOLATION,
		                "customer \"" + *execution.customer_id + "\" already runs playbook \"" +
		                    execution.playbook_id + "\"",
		                "Execution " + std::to_string(active) + " is " + status + ".",
		                "Wait for it, or start with conflict => 'queue', 'replace' or 'allow'.");
	if (execution.due_at > execution.created_at)
		execution.options.set("start_at", Value(pg::timestamp_text(*execution.due_at)));
	execution.waiting_for = "customer";
	execution.due_at.reset();
}

void give_place_away(Execution &execution) {
	execution.options.set("conflict", Value("allow"));
	given_places().remove(execution.id);
}

void retake_customer(const Execution &execution) {
	if (!takes_place(execution)) return;
	while (!take_free_place(execution)) {
		static pg::Statement find("SELECT a.execution_id, e.status FROM @playbook_active_customers a "
		                          "LEFT JOIN @playbook_executions e ON e.id = a.execution_id "
		                          "WHERE a.playbook_id = $1 AND a.customer_id = $2",
		                          {TEXTOID, TEXTOID});
		const pg::Rows rows = find.query({playbook_of(execution), customer_of(execution)});
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
	if (release.execute({playbook_of(execution), customer_of(execution), pg::int8(execution.id)}) == 0)
		return;
	static pg::Statement next("SELECT id, created_at FROM @playbook_executions_live WHERE playbook_id = $1 "
	                          "AND customer_id = $2 AND status = 'pending' AND waiting_for = 'customer' "
	                          "ORDER BY created_at, id LIMIT 1",
	                          {TEXTOID, TEXTOID});
	static pg::Statement begin(
	    "UPDATE @playbook_executions_live SET waiting_for = NULL, "
	    "due_at = greatest(created_at, now(), (options ->> 'start_at')::timestamptz) "
	    "WHERE id = $1 AND status = 'pending' AND waiting_for = 'customer' RETURNING owner::oid, due_at",
	    {INT8OID});
	for (;;) {
		const pg::Rows queued = next.query({playbook_of(execution), customer_of(execution)});
		if (queued.empty()) return;
		const std::int64_t id = queued.int8(0, 0);
		if (give_place_to_active(execution, queued.timestamp(0, 1), id)) return;
		const pg::Rows begun = begin.query({pg::int8(id)});
		if (begun.empty()) continue; // it was cancelled or paused meanwhile
		put_in_place(execution, id);
		worker::wake_at_commit(begun.oid(0, 0), begun.timestamp(0, 1));
		return;
	}
}

} // namespace playbook::execution
