#include "execution/stored_rows.hpp"

#include "result/row_set.hpp"

namespace playbook::execution {

std::string partition_of(const char *table, int slot) {
	if (slot == 0) return std::string(table) + "_live";
	return std::string(table) + (slot < 10 ? "_0" : "_") + std::to_string(slot);
}

namespace {

// Of which execution it is: all but what has changed.
notification::PackedChange change_in(const Execution &execution) {
	notification::PackedChange change;
	change.execution = execution.id;
	change.definition = execution.snapshot;
	change.playbook = execution.playbook_id;
	change.labelled = execution.labels.is_object() && execution.labels.size() > 0;
	return change;
}

} // namespace

notification::PackedChange change_of(const Execution &execution) {
	notification::PackedChange change = change_in(execution);
	change.status = letter_of(execution.status);
	if (execution.status == Status::Waiting) change.waiting_for = execution.waiting_for;
	return change;
}

notification::PackedChange change_of(const Execution &execution, const StepRow &step) {
	notification::PackedChange change = change_in(execution);
	change.position = step.position;
	change.step = execution.definition().steps[static_cast<std::size_t>(step.position)].id;
	change.item = step.item;
	change.status = letter_of(step.status);
	if (step.status == StepStatus::Waiting) change.waiting_for = step.waiting_for;
	return change;
}

pg::TableWriter execution_writer(int slot) {
	return {partition_of("playbook_executions", slot), {"id",          "slot",
	                                                    "home",        "playbook_id",
	                                                    "snapshot",    "owner",
	                                                    "starter",     "actor",
	                                                    "customer_id", "status",
	                                                    "waiting_for", "due_at",
	                                                    "priority",    "parameters",
	                                                    "labels",      "options",
	                                                    "at_start",    "created_at",
	                                                    "started_at",  "finished_at",
	                                                    "paused_at",   "paused_seconds",
	                                                    "deadline_at", "idempotency_key",
	                                                    "attempt",     "parent_execution",
	                                                    "error",       "parent_position",
	                                                    "reason",      "parent_item"}};
}

void append_row(pg::TableWriter &writer, const Execution &execution, RepeatedJson &json) {
	const bool child = execution.parent_execution.has_value();
	writer << pg::int8(execution.id) << pg::int2(execution.slot) << pg::int4(execution.home)
	       << pg::text(execution.playbook_id) << pg::int8(execution.snapshot) << pg::oid(execution.owner)
	       << pg::oid(execution.starter) << pg::text(execution.actor)
	       << (execution.customer_id ? pg::text(*execution.customer_id) : pg::null())
	       << pg::text(to_string(execution.status)) << text_or_null(execution.waiting_for)
	       << time_or_null(execution.due_at) << pg::int4(execution.priority) << json(0, execution.parameters)
	       << json_or_null(execution.labels) << json_or_null(execution.options)
	       << json_or_null(execution.at_start) << pg::timestamp(execution.created_at)
	       << time_or_null(execution.started_at) << time_or_null(execution.finished_at)
	       << time_or_null(execution.paused_at)
	       << (execution.paused_seconds != 0 ? pg::int4(execution.paused_seconds) : pg::null())
	       << time_or_null(execution.deadline_at) << text_or_null(execution.idempotency_key)
	       << pg::int4(execution.attempt) << pg::optional_of(execution.parent_execution, pg::int8)
	       << json_or_null(execution.error) << (child ? pg::int4(execution.parent_position) : pg::null())
	       << text_or_null(execution.reason) << (child ? pg::int4(execution.parent_item) : pg::null());
}

bool is_kept_inline(const StepRow &step) {
	return step.rows->bytes() <= result::inline_bytes && step.rows->chunks().size() <= 1;
}

StoredRowSet stored_row_set(const StepRow &step) {
	if (step.rows == nullptr) return {pg::null(), step.has_rows ? pg::int4(-1) : pg::null()};
	const std::vector<std::string> &chunks = step.rows->chunks();
	if (!is_kept_inline(step)) return {pg::null(), pg::int4(static_cast<std::int32_t>(chunks.size()))};
	// bytea and text are both plain varlenas
	return {pg::text(chunks.empty() ? std::string_view() : std::string_view(chunks.front())), pg::null()};
}

pg::TableWriter step_writer(int slot) {
	return {partition_of("playbook_step_executions", slot),
	        {"execution_id", "slot",      "position", "item",    "home",       "step_id",
	         "type",         "status",    "outcome",  "attempt", "reason",     "waiting_for",
	         "due_at",       "alone",     "owner",    "worker",  "input",      "output",
	         "error",        "row_count", "rows",     "chunks",  "started_at", "finished_at"}};
}

void append_row(pg::TableWriter &writer, const Execution &execution, const StepRow &step,
                RepeatedJson &json) {
	writer << pg::int8(execution.id) << pg::int2(execution.slot) << pg::int4(step.position)
	       << pg::int4(step.item) << pg::int4(execution.home);
	append_step(writer, execution, step, json);
}

pg::TableWriter message_writer() {
	return {"playbook_outbox",
	        {"id", "execution_id", "position", "item", "home", "kind", "idempotency_key", "customer_id",
	         "recipient", "payload", "status", "created_at", "due_at", "attempt", "connection"}};
}

void append_row(pg::TableWriter &writer, const Execution &execution, const StepRow &step,
                const Message &message) {
	const TimestampTz created_at = step.started_at.value_or(GetCurrentTransactionStartTimestamp());
	writer << pg::int8(pg::next_number("playbook_outbox_id_seq")) << pg::int8(execution.id)
	       << pg::int4(step.position) << pg::int4(step.item) << pg::int4(execution.home)
	       << pg::text(message.kind) << pg::text(message.idempotency_key)
	       << (execution.customer_id ? pg::text(*execution.customer_id) : pg::null())
	       << pg::text(message.recipient) << pg::jsonb(message.payload) << pg::text("queued")
	       << pg::timestamp(created_at) << pg::timestamp(message.due_at.value_or(created_at)) << pg::int4(0)
	       << text_or_null(message.connection);
}

pg::TableWriter notification_writer() {
	return {"playbook_notifications",
	        {"person", "created_at", "execution_id", "position", "item", "home", "customer_id", "title",
	         "message", "priority", "link"}};
}

void append_rows(pg::TableWriter &writer, const Execution &execution, const StepRow &step,
                 const Notification &notification) {
	for (const std::string &person : notification.people)
		writer << pg::text(person) << pg::timestamp(notification.created_at) << pg::int8(execution.id)
		       << pg::int4(step.position) << pg::int4(step.item) << pg::int4(execution.home)
		       << (execution.customer_id ? pg::text(*execution.customer_id) : pg::null())
		       << pg::text(notification.title) << pg::text(notification.message)
		       << pg::text(notification.priority) << text_or_null(notification.link);
}

} // namespace playbook::execution
