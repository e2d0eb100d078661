#include "execution/touch.hpp"

#include "execution/noted_executions.hpp"
#include "pg/spi.hpp"
#include "worker/shared_state.hpp"

namespace playbook::execution {
namespace {

struct Note {
	std::int64_t execution;
	bool changed;
};

// Few at a time: one for each execution on the stack of this process (a step's SQL may advance another).
std::vector<Note> &notes() {
	static auto *const made = new std::vector<Note>();
	return *made;
}

NotedExecutions &made_due() {
	static auto *const made = new NotedExecutions();
	return *made;
}

} // namespace

void note_due(std::int64_t execution) { made_due().add(execution); }
bool was_made_due(std::int64_t execution) { return made_due().contains(execution); }

InFlight::InFlight(std::int64_t execution) : execution_(execution) { notes().push_back({execution, false}); }

InFlight::~InFlight() {
	std::vector<Note> &all = notes();
	for (std::size_t i = all.size(); i-- > 0;)
		if (all[i].execution == execution_) {
			all.erase(all.begin() + static_cast<std::ptrdiff_t>(i));
			return;
		}
}

bool InFlight::take_changed() {
	bool changed = false;
	for (Note &note : notes())
		if (note.execution == execution_) changed = std::exchange(note.changed, false) || changed;
	return changed;
}

void note_changed(std::int64_t execution) {
	for (Note &note : notes())
		if (note.execution == execution) note.changed = true;
}

void touch(std::int64_t execution) {
	static pg::Statement due(
	    "UPDATE @playbook_executions_live SET due_at = least(coalesce(due_at, now()), now()) "
	    "WHERE id = $1 AND status IN ('running', 'waiting') RETURNING owner::oid",
	    {INT8OID});
	const pg::Rows rows = due.query({pg::int8(execution)});
	note_due(execution);
	worker::wake_waiters_at_commit(execution);
	if (!rows.empty()) worker::wake_at_commit(rows.oid(0, 0), GetCurrentTimestamp());
}

} // namespace playbook::execution
