// An execution and its steps in memory while they are advanced: the rows of playbook_executions and
// playbook_step_executions, and what was decided but is not written yet. Loaded and written by
// execution/store.
#pragma once

#include "definition/model.hpp"
#include "execution/state.hpp"
#include "pg/postgres.hpp"
#include "value/value.hpp"

namespace playbook::result {
class RowSet;
}

namespace playbook::execution {

// A definition ready to run: parsed once per snapshot and process, shared by all its executions.
struct Plan {
	std::int64_t snapshot = 0;
	std::string search_path; // of the author; steps run with it
	std::shared_ptr<const definition::Definition> definition;
};

// Why a step or an execution failed; stored as jsonb with exactly these members.
struct Failure {
	std::string sqlstate = "XX000";
	std::string message, detail, hint, context;
	Value to_value() const; // {"sqlstate", "message", "detail", "hint", "context"}; empty ones left out
};
Failure failure_from(const std::exception &exception);

// What a step says to people: a row of playbook_outbox to be.
struct Message {
	std::string kind; // email, meeting, or what the `via` of a notify step names
	std::string idempotency_key;
	std::string recipient; // as people read it
	Value payload;
	std::optional<TimestampTz> due_at; // nullopt: at once
	std::string connection = {};       // that its step names; "": none
};

// Of the list that a step's for_each goes over, as far as it was read (step/item_source).
struct ItemValues {
	std::size_t first = 0;
	std::vector<Value> values; // from the first on
	bool is_whole = false;
};

// What a step tells people: rows of playbook_notifications to be, one for each of them.
struct Notification {
	TimestampTz created_at = 0;
	std::vector<std::string> people; // as playbook_my_names() has them; different ones
	std::string title, message, priority;
	std::string link; // "": none
};

struct StepRow {
	int position = 0;
	int item = 0; // 0: the step itself; n: item n of its for_each
	StepStatus status = StepStatus::Pending;
	std::string outcome; // "" is null in the table; likewise below
	int attempt = 0;
	std::string reason;
	std::string waiting_for;
	std::optional<TimestampTz> due_at;
	bool alone = false;
	int worker = 0;
	Value input, output, error; // null: SQL null
	std::optional<std::int64_t> row_count;
	std::shared_ptr<const result::RowSet>
	    rows;              // loaded or just made; null when there is none or it is not loaded
	bool has_rows = false; // a row set exists (here or in the table)
	std::optional<TimestampTz> started_at, finished_at;
	std::shared_ptr<const ItemValues> item_values;    // of a step with for_each, once they were read
	std::vector<Message> messages;                    // to be queued when the row is written
	std::shared_ptr<const Notification> notification; // to be told when the row is written; null: none
	std::string resolved; // with on_error: cached, digest of what its last attempt here ran on

	bool stored = false;                 // a row exists in the table
	bool dirty = false;                  // differs from the table
	std::optional<StepStatus> announced; // the status in the table, which the feed has told
};

struct Execution {
	std::int64_t id = 0;
	int slot = 0;
	std::int32_t home = 0;
	std::string playbook_id;
	std::int64_t snapshot = 0;
	Oid owner = InvalidOid, starter = InvalidOid;
	std::string actor;
	std::optional<std::string> customer_id;
	Status status = Status::Pending;
	std::string waiting_for;
	std::optional<TimestampTz> due_at;
	int priority = 0;
	Value parameters, labels, options, at_start, error;
	std::string reason;
	TimestampTz created_at = 0;
	std::optional<TimestampTz> started_at, finished_at, paused_at, deadline_at;
	int paused_seconds = 0;
	std::string idempotency_key;
	std::optional<std::int64_t> parent_execution;
	int parent_position = 0, parent_item = 0;
	int attempt = 0;

	std::shared_ptr<const Plan> plan;
	std::vector<StepRow> steps;                   // by position; item 0
	std::map<std::pair<int, int>, StepRow> items; // (position, item) of for_each
	// What of them was left in the table; see load_steps().
	bool has_unread_items = false;
	std::map<int, int> unread_from; // by position: items after that one have not begun
	bool stored = false;            // a row exists in the table
	ItemPointerData place{};        // of that row when it was read
	bool dirty = false;
	bool moves = false;              // the row is in the live slot and has to leave it
	const void *queued_in = nullptr; // the Batch that will write it
	std::optional<Status> announced; // the status in the table, which the feed has told

	const definition::Definition &definition() const { return *plan->definition; }
};

} // namespace playbook::execution
