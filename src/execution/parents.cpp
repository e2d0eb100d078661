// Children telling their parents that they have ended, without two batches waiting for each other.
#include "execution/finish.hpp"
#include "execution/touch.hpp"
#include "pg/spi.hpp"
#include "worker/shared_state.hpp"

namespace playbook::execution {
namespace {

// Parents that somebody else held locked; told after this transaction's commit. Lost in a crash: then the parent's own
// look (step/playbook gives it one) finds the child's end.
std::set<std::int64_t> &left() {
	static auto *const made = new std::set<std::int64_t>();
	return *made;
}

} // namespace

void tell_parent(std::int64_t parent) {
	static pg::Statement due(
	    "UPDATE @playbook_executions_live SET due_at = least(coalesce(due_at, now()), now()) WHERE id = ("
	    "SELECT id FROM @playbook_executions_live WHERE id = $1 AND status IN ('pending', 'running', 'waiting') "
	    "FOR UPDATE SKIP LOCKED) RETURNING owner::oid", {INT8OID});
	note_changed(parent);
	const pg::Rows rows = due.query({pg::int8(parent)});
	if (rows.empty())
		left().insert(parent);
	else
		worker::wake_at_commit(rows.oid(0, 0), GetCurrentTimestamp());
}

bool parents_are_left() { return !left().empty(); }

void tell_parents_left() {
	std::set<std::int64_t> parents;
	parents.swap(left());
	for (const std::int64_t parent : parents) touch(parent); // in the order of their ids, so that no two deadlock
}

} // namespace playbook::execution
