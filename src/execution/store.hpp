// Executions and steps between memory and the tables: loading, writing back, moving to history.
//
// Everything here runs as playbook_engine inside an open transaction and Spi connection of the caller's
// making. Writing is set-based: a Batch collects what changed and flush() writes it with one statement per
// table and kind (insert, update), however many executions there are. Rows of finished executions go to their
// slot of history.
#pragma once

#include "execution/model.hpp"
#include "notification/packed_changes.hpp"
#include "pg/spi.hpp"

namespace playbook::execution {

// The next execution id for a home, below 2^53, the home in its low ten bits.
std::int64_t next_execution_id(std::int32_t home);
// Hash of the customer, else of the idempotency key; else any number: 0 to 1023.
std::int32_t home_of(const std::optional<std::string> &customer, const std::string &idempotency_key);
// "run_20260128_143000_1a2b3c": derived from id and time, accepted wherever an execution is.
std::string run_id_of(std::int64_t execution, TimestampTz at);
// An execution id from its digits or a run id; throws 22023 when it is neither.
std::int64_t execution_from_text(const std::string &text);

// What a statement selects of the live table for read_executions(): claim.cpp has statements of its own.
const std::string &execution_columns();
std::vector<Execution> read_executions(const pg::Rows &rows);
// Locks one live execution, waiting for it; nullopt when it is not live (finished, or unknown).
std::optional<Execution> lock_live(std::int64_t id);
// Of the items of steps that loop: all of them, or those that a batch may have something to do with.
enum class Items {
	All,
	Next, // what has begun and not ended, one that failed, and the first of those that have not begun
};
// The same with its steps loaded, as playbook_engine in a connection of its own.
std::optional<Execution> lock_live_with_steps(std::int64_t id, Items items = Items::All);
// Any execution, not locked, live or not; nullopt when it is unknown.
std::optional<Execution> find_execution(std::int64_t id);
// Loads plan, steps and items into executions that have begun; a fresh one only gets its plan.
void load_steps(std::vector<Execution *> executions, Items items = Items::All);
// After Items::Next, as playbook_engine in a connection of their own: more of those that have not begun,
// false when there are none; and whatever was left in the table.
bool load_next_items(Execution &execution, int position);
void load_other_items(Execution &execution);

// What a transaction changed, to be written and announced.
class Batch {
public:
	// Queues what is dirty in the execution; each change of status is also one of the feed.
	void add(Execution &execution);
	// Writes everything queued, in a fixed order of tables; what was queued is no longer dirty.
	void flush();
	bool empty() const { return executions_.empty(); }
	// Executions that ended in this batch, for those who wait for them.
	const std::vector<std::int64_t> &finished() const { return finished_; }
	// Playbooks whose outputs can be shown as views since one of these ended, and are not yet.
	const std::set<std::string> &without_views() const { return without_views_; }
	// A step was left for an executor of its own.
	bool queued_alone = false;

private:
	void write_executions();
	void write_steps();
	void write_messages();
	void write_notifications();
	void write_row_sets();
	void move_finished();

	std::vector<Execution *> executions_;
	std::vector<Execution *> moved_; // of those, what leaves the live slot
	notification::ChangePacker changes_;
	std::vector<std::int64_t> finished_;
	std::set<std::string> without_views_;
};

} // namespace playbook::execution
