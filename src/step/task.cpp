// The task step: a row of playbook_tasks for a person, and, unless told otherwise, a wait until it is done or
// declined.
#include "pg/identity.hpp"
#include "pg/spi.hpp"
#include "step/approvers.hpp"
#include "step/due_time.hpp"
#include "step/handlers.hpp"
#include "step/mail_address.hpp"

namespace playbook::step {
namespace {

// The person's id; "role:name" for a group; else what was written, for whoever may control the execution to
// complete.
std::string assignee_of(const Context &context, const Value &input) {
	const Value *written = input.find("assignee");
	while (written != nullptr && written->is_array()) {
		if (written->size() > 1)
			throw pg::Error(ERRCODE_INVALID_PARAMETER_VALUE,
			                "the task of step \"" + context.step.id + "\" has several assignees",
			                "A task belongs to one person or one role.",
			                "Name a role as role:name, or use for_each.");
		written = written->size() == 0 ? nullptr : &written->items().front();
	}
	if (written != nullptr && written->is_object()) written = written->find("id");
	const std::string named = written == nullptr ? std::string() : single_line(written->as_text());
	if (named.empty()) return default_person(context);
	return named.starts_with("role:") ? named : context.person(named);
}

std::optional<TimestampTz> due_of(const Context &context, const Value &input) {
	const TimeZoneScope zone;
	if (const Value *in = input.find("due_in"); in != nullptr && !in->is_null())
		return later(context.now, duration_of(*in, "due_in"));
	const Value *at = input.find("due_at");
	if (at == nullptr || at->is_null() || at->as_text().empty()) return std::nullopt;
	return timestamp_of(at->as_text(), "due_at");
}

bool waits(const Value &input) {
	const Value *wait = input.find("wait");
	return wait == nullptr || !wait->is_boolean() || wait->boolean();
}

struct Created {
	std::int64_t id = 0;
	std::string assignee;
	std::optional<TimestampTz> due_at;
};

Created create_task(const Context &context, const Value &input) {
	Created task;
	task.assignee = assignee_of(context, input);
	task.due_at = due_of(context, input);
	const auto text = [&input](const char *key) {
		const Value *value = input.find(key);
		return value == nullptr || value->is_null() ? pg::null() : pg::text(value->as_text());
	};
	const Value *title = input.find("title");
	const Value *priority = input.find("priority");
	const Value *checklist = input.find("checklist");
	const execution::Execution &execution = context.execution;

	pg::EngineIdentity engine;
	pg::Spi spi;
	static pg::Statement create("INSERT INTO @playbook_tasks AS t (execution_id, position, item, home, "
	                            "playbook_id, step_id, customer_id, "
	                            "title, "
	                            "description, assignee, priority, checklist, due_at, created_at) "
	                            "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) "
	                            "ON CONFLICT (execution_id, position, item) WHERE status = 'open' "
	                            "DO UPDATE SET created_at = t.created_at RETURNING id",
	                            {INT8OID, INT4OID, INT4OID, INT4OID, TEXTOID, TEXTOID, TEXTOID, TEXTOID,
	                             TEXTOID, TEXTOID, TEXTOID, JSONBOID, TIMESTAMPTZOID, TIMESTAMPTZOID});
	const pg::Rows rows = create.query(
	    {pg::int8(execution.id), pg::int4(context.row.position), pg::int4(context.row.item),
	     pg::int4(execution.home), pg::text(execution.playbook_id), pg::text(context.step.id),
	     pg::optional_of(execution.customer_id, [](const std::string &id) { return pg::text(id); }),
	     pg::text(title != nullptr ? single_line(title->as_text()) : context.step.name), text("description"),
	     pg::text(task.assignee), pg::text(priority != nullptr ? priority->as_text() : "normal"),
	     checklist != nullptr && checklist->is_array() ? pg::jsonb(*checklist) : pg::null(),
	     pg::optional_of(task.due_at, pg::timestamp), pg::timestamp(context.now)});
	task.id = rows.int8(0, 0);
	return task;
}

class TaskHandler final : public Handler {
public:
	Result start(const Context &context, const Value &input) const override {
		const Created task = create_task(context, input);
		Value output = Value::object();
		output.set("task", Value(task.id));
		output.set("assignee", Value(task.assignee));
		output.set("due_at", task.due_at ? Value(pg::timestamp_text(*task.due_at)) : Value());
		Result result = waits(input) ? Result::waiting("task") : Result::completed();
		result.output = std::move(output);
		return result;
	}

	Result resume(const Context &context) const override {
		pg::EngineIdentity engine;
		pg::Spi spi;
		static pg::Statement find(
		    "SELECT status, result, finished_by FROM @playbook_tasks WHERE execution_id = $1 "
		    "AND position = $2 AND item = $3 ORDER BY id DESC LIMIT 1",
		    {INT8OID, INT4OID, INT4OID});
		const pg::Rows rows = find.query(
		    {pg::int8(context.execution.id), pg::int4(context.row.position), pg::int4(context.row.item)});
		if (rows.empty() || rows.text(0, 0) == "open") return Result::waiting("task", context.row.due_at);
		const std::string status = rows.text(0, 0);
		if (status == "revoked")
			throw pg::Error(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
			                "the task of step \"" + context.step.id + "\" was revoked");
		Result result = Result::completed(status, rows.jsonb_or_null(0, 1));
		result.reason = status + " by " + display_name(rows.text_or_null(0, 2).value_or(""));
		return result;
	}

	void withdraw(const Context &context) const override {
		pg::EngineIdentity engine;
		pg::Spi spi;
		static pg::Statement revoke(
		    "UPDATE @playbook_tasks SET status = 'revoked', finished_at = $4 "
		    "WHERE execution_id = $1 AND position = $2 AND item = $3 AND status = 'open'",
		    {INT8OID, INT4OID, INT4OID, TIMESTAMPTZOID});
		revoke.execute({pg::int8(context.execution.id), pg::int4(context.row.position),
		                pg::int4(context.row.item), pg::timestamp(context.now)});
	}
};

} // namespace

const Handler &task_handler() {
	static const TaskHandler handler;
	return handler;
}

} // namespace playbook::step
