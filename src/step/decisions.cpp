#include "step/decisions.hpp"

#include "execution/touch.hpp"
#include "fault_points.hpp"
#include "identity/access.hpp"
#include "identity/customer.hpp"
#include "pg/identity.hpp"
#include "pg/spi.hpp"
#include "settings.hpp"
#include "step/action_changes.hpp"
#include "step/approvers.hpp"
#include "step/authors_sql.hpp"
#include "step/late_outcome.hpp"
#include "value/json.hpp"

namespace playbook::step {
namespace {

struct Pending {
	std::string status, requester, decided_by, decided_time, decided_at, step;
	std::optional<definition::StepType> type;
	Value action, approvers, changes;
	int needed = 1, round = 1;
	bool self_approval = true;
};

[[noreturn]] void unknown(const char *what, std::int64_t id) {
	throw pg::Error(ERRCODE_UNDEFINED_OBJECT,
	                std::string(what) + " " + std::to_string(id) + " does not exist");
}

std::string zone_now() {
	return settings::time_zone().empty() ? pg_get_timezone_name(session_timezone) : settings::time_zone();
}

// Locks the execution, before its caller locks the row, as the engine does. Who neither sees the execution
// nor is named by the row learns nothing of it and locks nothing.
void lock_execution_of(const char *what, pg::Statement &find, std::int64_t id) {
	std::int64_t execution = 0;
	{
		pg::Spi spi;
		const pg::Rows rows = find.query({pg::int8(id)});
		if (rows.empty()) unknown(what, id);
		execution = rows.int8(0, 0);
		if (!identity::is_named(rows.jsonb(0, 1)) && !identity::can_see(execution)) unknown(what, id);
	}
	(void) lock_execution(execution);
}

Pending lock_approval(std::int64_t id) {
	static pg::Statement find("SELECT execution_id, approvers FROM @approvals WHERE id = $1", {INT8OID});
	lock_execution_of("approval", find, id);
	pg::Spi spi;
	static pg::Statement lock(
	    "SELECT status, requester, coalesce(decided_by, ''), to_char(decided_at AT TIME ZONE $2, 'HH24:MI'), "
	    "to_char(decided_at AT TIME ZONE $2, 'YYYY-MM-DD HH24:MI:SS'), action, approvers, changes, needed, "
	    "round, "
	    "self_approval, step_id, (SELECT s.type FROM @playbook_step_executions s WHERE s.execution_id = "
	    "a.execution_id AND s.position = a.position AND s.item = 0 LIMIT 1) "
	    "FROM @approvals a WHERE id = $1 FOR UPDATE",
	    {INT8OID, TEXTOID});
	const pg::Rows rows = lock.query({pg::int8(id), pg::text(zone_now())});
	if (rows.empty()) unknown("approval", id);
	Pending pending;
	pending.status = rows.text(0, 0);
	pending.requester = rows.text(0, 1);
	pending.decided_by = rows.text(0, 2);
	pending.decided_time = rows.text_or_null(0, 3).value_or("");
	pending.decided_at = rows.text_or_null(0, 4).value_or("");
	pending.action = rows.jsonb(0, 5);
	pending.approvers = rows.jsonb(0, 6);
	pending.changes = rows.jsonb_or_null(0, 7);
	pending.needed = rows.int4(0, 8);
	pending.round = rows.int4(0, 9);
	pending.self_approval = rows.boolean(0, 10);
	pending.step = rows.text(0, 11);
	pending.type = definition::step_type(rows.text_or_null(0, 12).value_or(""));
	return pending;
}

std::string joined(const Value *list, const char *before) {
	std::string text;
	if (list != nullptr && list->is_array())
		for (const Value &item : list->items())
			text += (text.empty() ? "" : ", ") + (before + item.as_text());
	return text;
}

std::string named_text(const Value &named) {
	const std::string people = joined(named.find("people"), "");
	const std::string roles = joined(named.find("roles"), "role ");
	return people + (people.empty() || roles.empty() ? "" : ", ") + roles;
}

// Whether the person has given the approval away, and nobody has given it back.
bool has_handed_on(const Value &approvers, const std::string &person) {
	bool gone = false;
	const Value *delegated = approvers.find("delegated");
	if (delegated == nullptr || !delegated->is_array()) return false;
	for (const Value &one : delegated->items()) {
		const Value *from = one.find("from"), *to = one.find("to");
		if (from != nullptr && from->as_text() == person) gone = true;
		if (to != nullptr && to->as_text() == person) gone = false;
	}
	return gone;
}

void require_approver(std::int64_t id, const Pending &pending) {
	Value named = pending.approvers;
	// A role goes on naming its member, who is replaced all the same.
	if (has_handed_on(named, identity::actor())) named.set("roles", Value::array());
	if (!pending.self_approval) {
		if (identity::actor() == pending.requester)
			throw pg::Error(ERRCODE_INSUFFICIENT_PRIVILEGE,
			                "\"" + pending.requester + "\" may not decide approval " + std::to_string(id),
			                "It was requested on behalf of \"" + pending.requester +
			                    "\", and the playbook wants somebody else to decide.");
		// Nor may a deputy in the requester's place.
		if (Value *people = named.find("people"); people != nullptr && people->is_array())
			std::erase_if(people->items(),
			              [&](const Value &person) { return person.as_text() == pending.requester; });
	}
	if (identity::is_named(named)) return;
	throw pg::Error(ERRCODE_INSUFFICIENT_PRIVILEGE,
	                "\"" + identity::actor() + "\" may not decide approval " + std::to_string(id),
	                "Those who may: " + named_text(named) + ".",
	                "One of them can hand it on with playbook_delegate().");
}

void require_pending(std::int64_t id, const Pending &pending) {
	if (pending.status == "pending") return;
	std::string message = pending.status == "changed" ? "approved with changes" : pending.status;
	if (!pending.decided_by.empty()) message += " by " + display_name(pending.decided_by);
	throw pg::Error(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE, message + " at " + pending.decided_time,
	                "Approval " + std::to_string(id) + " was settled on " + pending.decided_at + ".");
}

// The changes of all approvers so far, these included, once they are known to fit.
Value fitting_changes(const Pending &pending, const Value &changes) {
	if (pending.type) require_authors_sql(*pending.type, pending.step, pending.action, changes);
	try {
		const Value action =
		    pending.changes.is_null() ? pending.action : changed_action(pending.action, pending.changes);
		(void) changed_action(action, changes);
	} catch (const ChangeError &error) {
		std::string known;
		for (const std::string &key : error.known) known += (known.empty() ? "\"" : ", \"") + key + "\"";
		throw pg::Error(ERRCODE_INVALID_PARAMETER_VALUE, error.what(),
		                known.empty() ? "" : "It has " + known + ".",
		                "Changes give new values to what the action has: {\"body\": \"…\"}.");
	}
	return pending.changes.is_null() ? changes : merged_changes(pending.changes, changes);
}

[[noreturn]] void refuse_second_decision(std::int64_t id, const std::string &person) {
	throw pg::Error(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE, "\"" + person + "\" has approved already",
	                "Approval " + std::to_string(id) + " waits for other people.");
}

void record_decision(std::int64_t id, int round, const Verdict &verdict) {
	static pg::Statement record(
	    "INSERT INTO @playbook_approval_decisions (approval_id, round, person, role, decision, comment, "
	    "changes) "
	    "VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (approval_id, round, person) DO NOTHING",
	    {INT8OID, INT4OID, TEXTOID, REGROLEOID, TEXTOID, TEXTOID, JSONBOID});
	const auto text = [](const std::string &value) { return pg::text(value); };
	const std::uint64_t recorded =
	    record.execute({pg::int8(id), pg::int4(round), pg::text(identity::actor()),
	                    pg::oid(identity::caller()), pg::text(verdict.approve ? "approve" : "reject"),
	                    pg::optional_of(verdict.comment, text), pg::optional_of(verdict.changes, pg::jsonb)});
	if (recorded == 0) refuse_second_decision(id, identity::actor());
}

int approvals_in_round(std::int64_t id, int round) {
	static pg::Statement count("SELECT count(*)::integer FROM @playbook_approval_decisions "
	                           "WHERE approval_id = $1 AND round = $2 AND decision = 'approve'",
	                           {INT8OID, INT4OID});
	return count.query({pg::int8(id), pg::int4(round)}).int4(0, 0);
}

} // namespace

std::string decide(std::int64_t id, const Verdict &verdict) {
	pg::EngineIdentity engine;
	Pending pending = lock_approval(id);
	bool settled = false;
	std::string status = "pending";
	{
		pg::Spi spi;
		require_approver(id, pending);
		require_pending(id, pending);
		if (verdict.changes) {
			pending.changes = fitting_changes(pending, *verdict.changes);
			++pending.round; // who approved before approved something else
		}
		record_decision(id, pending.round, verdict);
		FAULT_POINT("decision.recorded");
		settled = !verdict.approve || approvals_in_round(id, pending.round) >= pending.needed;
		if (settled)
			status = !verdict.approve ? "rejected" : pending.changes.is_null() ? "approved" : "changed";
		static pg::Statement store(
		    "UPDATE @approvals SET round = $2, changes = $3, status = $4, comment = $5, "
		    "decided_by = CASE WHEN $4 <> 'pending' THEN $6 END, "
		    "decided_at = CASE WHEN $4 <> 'pending' THEN clock_timestamp() END WHERE id = $1 RETURNING "
		    "execution_id",
		    {INT8OID, INT4OID, JSONBOID, TEXTOID, TEXTOID, TEXTOID});
		const auto text = [](const std::string &value) { return pg::text(value); };
		const pg::Rows rows = store.query(
		    {pg::int8(id), pg::int4(pending.round),
		     pending.changes.is_null() ? pg::null() : pg::jsonb(pending.changes), pg::text(status),
		     settled ? pg::optional_of(verdict.comment, text) : pg::null(), pg::text(identity::actor())});
		if (settled) execution::touch(rows.int8(0, 0));
		FAULT_POINT("decision.touched");
	}
	return status;
}

namespace {

struct OpenTask {
	std::int64_t execution = 0;
	int position = 0, item = 0;
	std::string assignee, status, finished_by, finished_time;
};

OpenTask lock_task(std::int64_t id) {
	static pg::Statement find("SELECT execution_id, CASE WHEN assignee LIKE 'role:%' "
	                          "THEN jsonb_build_object('roles', jsonb_build_array(substr(assignee, 6))) "
	                          "ELSE jsonb_build_object('people', jsonb_build_array(assignee)) END "
	                          "FROM @playbook_tasks WHERE id = $1",
	                          {INT8OID});
	lock_execution_of("task", find, id);
	pg::Spi spi;
	static pg::Statement lock(
	    "SELECT execution_id, position, item, coalesce(assignee, ''), status, coalesce(finished_by, ''), "
	    "to_char(finished_at AT TIME ZONE $2, 'HH24:MI') "
	    "FROM @playbook_tasks WHERE id = $1 FOR UPDATE",
	    {INT8OID, TEXTOID});
	const pg::Rows rows = lock.query({pg::int8(id), pg::text(zone_now())});
	if (rows.empty()) unknown("task", id);
	return {rows.int8(0, 0),
	        rows.int4(0, 1),
	        rows.int4(0, 2),
	        rows.text(0, 3),
	        rows.text(0, 4),
	        rows.text(0, 5),
	        rows.text_or_null(0, 6).value_or("")};
}

Value named_by(const std::string &assignee) {
	Approvers named;
	if (assignee.starts_with("role:"))
		named.roles.push_back(assignee.substr(5));
	else if (!assignee.empty())
		named.people.push_back(assignee);
	return named.to_value();
}

// The assignee; where that is nobody whom the engine knows, whoever may control the execution.
void require_assignee(std::int64_t id, const OpenTask &task) {
	if (identity::is_named(named_by(task.assignee))) return;
	const bool is_known =
	    task.assignee.starts_with("role:")
	        ? pg::find_role(task.assignee.substr(5)).has_value()
	        : known_person(task.assignee).has_value() || pg::find_role(task.assignee).has_value();
	if (!is_known) {
		(void) identity::require_control(task.execution);
		return;
	}
	throw pg::Error(ERRCODE_INSUFFICIENT_PRIVILEGE,
	                "\"" + identity::actor() + "\" may not complete task " + std::to_string(id),
	                "It is assigned to \"" + task.assignee + "\".",
	                "The assignee can hand it on with playbook_delegate().");
}

void require_open(std::int64_t id, const OpenTask &task) {
	if (task.status == "open") return;
	std::string message = task.status;
	if (!task.finished_by.empty()) message += " by " + display_name(task.finished_by);
	throw pg::Error(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE, message + " at " + task.finished_time,
	                "Task " + std::to_string(id) + " is not open any more.");
}

} // namespace

void complete_task(std::int64_t id, const Value &result, const std::string &outcome) {
	if (outcome != "done" && outcome != "declined")
		throw pg::Error(ERRCODE_INVALID_PARAMETER_VALUE, "a task cannot be \"" + outcome + "\"", "",
		                "The outcome is done or declined.");
	pg::EngineIdentity engine;
	const OpenTask task = lock_task(id);
	{
		pg::Spi spi;
		require_assignee(id, task);
		require_open(id, task);
		static pg::Statement finish("UPDATE @playbook_tasks SET status = $2, result = $3, finished_by = $4, "
		                            "finished_at = clock_timestamp() WHERE id = $1",
		                            {INT8OID, TEXTOID, JSONBOID, TEXTOID});
		finish.execute({pg::int8(id), pg::text(outcome), pg::jsonb(result), pg::text(identity::actor())});
		FAULT_POINT("task.finished");
	}
	// The step may not have waited for its task; then its outcome is told afterwards.
	if (set_late_outcome(task.execution, task.position, task.item, "task", "completed", outcome, result))
		return;
	pg::Spi spi;
	execution::touch(task.execution);
}

namespace {

bool has_decided(std::int64_t id, int round, const std::string &person) {
	static pg::Statement find("SELECT FROM @playbook_approval_decisions "
	                          "WHERE approval_id = $1 AND round = $2 AND person = $3",
	                          {INT8OID, INT4OID, TEXTOID});
	return !find.query({pg::int8(id), pg::int4(round), pg::text(person)}).empty();
}

// Whoever is left must be able to give as many approvals as are needed. How many people a role has is not
// known.
void require_enough(std::int64_t id, const Pending &pending, const Value &approvers,
                    const std::string &person) {
	const Value *roles = approvers.find("roles");
	if (roles != nullptr && roles->is_array() && !roles->items().empty()) return;
	const std::size_t left = approvers.find("people")->items().size();
	if (left >= static_cast<std::size_t>(pending.needed)) return;
	throw pg::Error(ERRCODE_INVALID_PARAMETER_VALUE,
	                "\"" + person + "\" may decide approval " + std::to_string(id) + " already",
	                "It needs " + std::to_string(pending.needed) + " approvals, and " + std::to_string(left) +
	                    (left == 1 ? " person" : " people") + " would be left to give them.",
	                "Hand it to somebody else.");
}

// The actor, and whom he decides for, give way to another person. Who has approved has had his say: another
// in his place would count beside him.
void replace_approver(std::int64_t id, const std::string &person, const std::optional<std::string> &comment) {
	const Pending pending = lock_approval(id);
	pg::Spi spi;
	require_approver(id, pending);
	require_pending(id, pending);
	if (!pending.self_approval && person == pending.requester)
		throw pg::Error(ERRCODE_INVALID_PARAMETER_VALUE,
		                "\"" + person + "\" may not decide approval " + std::to_string(id),
		                "It was requested on behalf of \"" + person +
		                    "\", and the playbook wants somebody else to decide.");
	if (has_decided(id, pending.round, identity::actor())) refuse_second_decision(id, identity::actor());
	Value approvers = pending.approvers;
	Value *people = approvers.find("people");
	if (people == nullptr || !people->is_array()) people = &approvers.set("people", Value::array());
	std::erase_if(people->items(), [&](const Value &named) {
		if (named.as_text() == person) return true;
		Value alone = Value::object();
		alone.set("people", Value(Value::Array{named}));
		if (!identity::is_named(alone)) return false;
		if (has_decided(id, pending.round, named.as_text())) refuse_second_decision(id, named.as_text());
		return true;
	});
	people->push_back(Value(person));
	require_enough(id, pending, approvers, person);
	Value said = Value::object();
	said.set("from", Value(identity::actor()));
	said.set("to", Value(person));
	said.set("at", Value(pg::timestamp_text(GetCurrentTimestamp())));
	if (comment) said.set("comment", Value(*comment));
	Value *delegated = approvers.find("delegated");
	if (delegated == nullptr) delegated = &approvers.set("delegated", Value::array());
	delegated->push_back(std::move(said));
	static pg::Statement store("UPDATE @approvals SET approvers = $2 WHERE id = $1", {INT8OID, JSONBOID});
	store.execute({pg::int8(id), pg::jsonb(approvers)});
}

void reassign_task(std::int64_t id, const std::string &person) {
	const OpenTask task = lock_task(id);
	pg::Spi spi;
	require_assignee(id, task);
	require_open(id, task);
	static pg::Statement store("UPDATE @playbook_tasks SET assignee = $2 WHERE id = $1", {INT8OID, TEXTOID});
	store.execute({pg::int8(id), pg::text(person)});
}

} // namespace

void delegate(const std::string &kind, std::int64_t id, const std::string &named,
              const std::optional<std::string> &comment) {
	if (kind != "approval" && kind != "task")
		throw pg::Error(ERRCODE_INVALID_PARAMETER_VALUE, "\"" + kind + "\" cannot be handed on", "",
		                "What is handed on is an approval or a task.");
	pg::EngineIdentity engine;
	std::optional<std::string> person;
	{
		const std::string resolved = identity::resolve_person(named);
		pg::Spi spi;
		person = known_person(resolved);
	}
	if (!person)
		throw pg::Error(ERRCODE_UNDEFINED_OBJECT, "person \"" + named + "\" does not exist", "",
		                "People are the rows of playbook_people; playbook_set_person() adds one.");
	if (kind == "approval")
		replace_approver(id, *person, comment);
	else
		reassign_task(id, *person);
}

} // namespace playbook::step
