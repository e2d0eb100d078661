#include "execution/hand_over.hpp"

#include "pg/spi.hpp"
#include "worker/shared_state.hpp"

namespace playbook::execution {

void hand_over(const std::string &playbook, Oid from, Oid to) {
	// What is due says why it waits for the former role, and does not any longer.
	static pg::Statement move(
	    "WITH theirs AS (SELECT e.id FROM @playbook_executions_live e WHERE e.playbook_id = $1 AND e.owner = "
	    "$2 "
	    "AND NOT EXISTS (SELECT FROM @playbook_snapshots s WHERE s.id = e.snapshot AND "
	    "s.definition ->> 'security' = 'invoker') ORDER BY e.id FOR UPDATE OF e), "
	    "moved AS (UPDATE @playbook_executions_live e SET owner = $3, reason = CASE WHEN e.due_at <= "
	    "clock_timestamp() AND e.status <> 'paused' THEN NULL ELSE e.reason END FROM theirs "
	    "WHERE e.id = theirs.id RETURNING e.id, e.due_at), "
	    "steps AS (UPDATE @playbook_step_executions_live s SET owner = $3 FROM moved "
	    "WHERE s.execution_id = moved.id AND s.owner = $2) "
	    "SELECT least(min(due_at), clock_timestamp()) FROM moved HAVING count(*) > 0",
	    {TEXTOID, REGROLEOID, REGROLEOID});
	const pg::Rows rows = move.query({pg::text(playbook), pg::oid(from), pg::oid(to)});
	// Executors of the new owner have looked further than what is due for longer.
	if (!rows.empty()) worker::wake_at_commit(to, rows.timestamp(0, 0));
}

} // namespace playbook::execution
