// Children telling their parents that they have ended, without two batches waiting for each other.
#include "execution/finish.hpp"
#include "execution/touch.hpp"
#include "pg/spi.hpp"
#include "worker/shared_state.hpp"

namespace playbook::execution {
namespace {

// Whether this process has left messages that are to be delivered after its commit.
bool left = false;

} // namespace

void tell_parent(std::int64_t parent) {
	static pg::Statement due(
	    "UPDATE @playbook_executions_live SET due_at = least(coalesce(due_at, now()), now()) WHERE id = ("
	    "SELECT id FROM @playbook_executions_live WHERE id = $1 AND status IN ('pending', 'running', "
	    "'waiting') "
	    "FOR UPDATE SKIP LOCKED) RETURNING owner::oid",
	    {INT8OID});
	note_due(parent);
	const pg::Rows rows = due.query({pg::int8(parent)});
	if (!rows.empty()) {
		worker::wake_at_commit(rows.oid(0, 0), GetCurrentTimestamp());
		return;
	}
	// Locked by somebody else, or ended. The message commits with the child's end, so no crash loses it.
	static pg::Statement leave("INSERT INTO @playbook_messages (execution_id) VALUES ($1)", {INT8OID});
	leave.execute({pg::int8(parent)});
	left = true;
}

bool parents_are_left() { return left; }

void tell_parents_left() {
	static pg::Statement take("DELETE FROM @playbook_messages WHERE id IN (SELECT id FROM @playbook_messages "
	                          "ORDER BY id LIMIT 1000 FOR UPDATE SKIP LOCKED) RETURNING execution_id",
	                          {});
	std::set<std::int64_t> parents; // in the order of their ids, so that no two who tell deadlock
	{
		const pg::Rows rows = take.query({});
		for (std::size_t row = 0; row < rows.size(); ++row) parents.insert(rows.int8(row, 0));
	}
	for (const std::int64_t parent : parents) touch(parent);
	left = false; // only now: where this failed, the next batch tells them
}

} // namespace playbook::execution
