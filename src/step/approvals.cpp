#include "step/approvals.hpp"

#include "pg/identity.hpp"
#include "pg/spi.hpp"
#include "step/action_changes.hpp"
#include "step/approvers.hpp"
#include "step/due_time.hpp"

namespace playbook::step {
namespace {

// The latest approval of a step; earlier ones belong to earlier runs of it.
struct Stored {
	std::int64_t id = 0;
	std::string status;
	Value action, approvers, changes;
	std::optional<TimestampTz> expires_at, decided_at;
	std::string on_expiry, decided_by, comment;
};

std::optional<Stored> latest_approval(const Context &context) {
	static pg::Statement find(
	    "SELECT id, status, action, approvers, changes, expires_at, decided_at, on_expiry, decided_by, "
	    "comment "
	    "FROM @approvals WHERE execution_id = $1 AND position = $2 AND item = $3 ORDER BY id DESC LIMIT 1",
	    {INT8OID, INT4OID, INT4OID});
	const pg::Rows rows = find.query(
	    {pg::int8(context.execution.id), pg::int4(context.row.position), pg::int4(context.row.item)});
	if (rows.empty()) return std::nullopt;
	Stored stored;
	stored.id = rows.int8(0, 0);
	stored.status = rows.text(0, 1);
	stored.action = rows.jsonb(0, 2);
	stored.approvers = rows.jsonb(0, 3);
	stored.changes = rows.jsonb_or_null(0, 4);
	stored.expires_at = rows.timestamp_or_null(0, 5);
	stored.decided_at = rows.timestamp_or_null(0, 6);
	stored.on_expiry = rows.text(0, 7);
	stored.decided_by = rows.text_or_null(0, 8).value_or("");
	stored.comment = rows.text_or_null(0, 9).value_or("");
	return stored;
}

// Time is up when the approval says so and the step is not kept waiting beyond it: a resume after a pause
// moves the step's timer, not the approval.
bool is_up(const Context &context, const Stored &stored) {
	if (!stored.expires_at || *stored.expires_at > context.now) return false;
	return !context.row.due_at || *context.row.due_at <= context.now;
}

void settle(Stored &stored, const char *status, TimestampTz now, const char *comment) {
	static pg::Statement settled("UPDATE @approvals SET status = $2, decided_at = $3, comment = $4 "
	                             "WHERE id = $1 AND status = 'pending'",
	                             {INT8OID, TEXTOID, TIMESTAMPTZOID, TEXTOID});
	settled.execute({pg::int8(stored.id), pg::text(status), pg::timestamp(now), pg::text(comment)});
	stored.status = status;
	stored.decided_at = now;
	stored.comment = comment;
}

// Adds the managers of those who did not decide; false when there are none left to ask.
bool escalate(const Context &context, Stored &stored) {
	Approvers approvers = Approvers::from(stored.approvers);
	const std::vector<std::string> managers = managers_of(approvers);
	const std::optional<definition::ApprovalPolicy> &policy = context.step.require_approval;
	if (managers.empty() || !policy || !policy->expires) return false;
	approvers.people.insert(approvers.people.end(), managers.begin(), managers.end());

	Value said = Value::object();
	Value to = Value::array();
	for (const std::string &manager : managers) to.push_back(Value(manager));
	said.set("to", std::move(to));
	said.set("at", Value(pg::timestamp_text(context.now)));
	Value value = stored.approvers; // keeps what was said of delegations
	const Value named = approvers.to_value();
	value.set("people", *named.find("people"));
	Value *escalations = value.find("escalated");
	if (escalations == nullptr) escalations = &value.set("escalated", Value::array());
	escalations->push_back(std::move(said));

	const TimeZoneScope zone;
	const TimestampTz until = later(context.now, *policy->expires);
	static pg::Statement handed_on(
	    "UPDATE @approvals SET approvers = $2, expires_at = $3 WHERE id = $1 AND status = 'pending'",
	    {INT8OID, JSONBOID, TIMESTAMPTZOID});
	handed_on.execute({pg::int8(stored.id), pg::jsonb(value), pg::timestamp(until)});
	context.row.due_at = until;
	context.row.dirty = true;
	return true;
}

std::string reason_of(const Stored &stored) {
	if (stored.decided_by.empty()) return stored.comment;
	const char *verb = stored.status == "changed" ? "approved with changes" : stored.status.c_str();
	std::string reason = std::string(verb) + " by " + display_name(stored.decided_by);
	if (!stored.comment.empty()) reason += ": " + stored.comment;
	return reason;
}

} // namespace

const char *Decision::outcome() const {
	switch (kind) {
	case Kind::Approved: return "approved";
	case Kind::Changed: return "changed";
	case Kind::Rejected: return "rejected";
	case Kind::Expired: return "expired";
	}
	return "expired";
}

Approval request_approval(const Context &context, const Value &action,
                          const definition::ApprovalPolicy &policy) {
	const Approvers approvers = resolve_approvers(context, policy);
	const std::string message = policy.message.empty() ? std::string() : context.text(policy.message);
	std::optional<TimestampTz> expires_at;
	if (policy.expires) {
		const TimeZoneScope zone;
		expires_at = later(context.now, *policy.expires);
	}
	const execution::Execution &execution = context.execution;

	pg::EngineIdentity engine;
	pg::Spi spi;
	static pg::Statement ask(
	    "INSERT INTO @approvals AS a (execution_id, position, item, home, playbook_id, step_id, customer_id, "
	    "action, message, "
	    "approvers, needed, requester, self_approval, requested_at, expires_at, on_expiry) "
	    "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16) "
	    "ON CONFLICT (execution_id, position, item) WHERE status = 'pending' "
	    "DO UPDATE SET requested_at = a.requested_at "
	    "RETURNING id, expires_at",
	    {INT8OID, INT4OID, INT4OID, INT4OID, TEXTOID, TEXTOID, TEXTOID, JSONBOID, TEXTOID, JSONBOID, INT4OID,
	     TEXTOID, BOOLOID, TIMESTAMPTZOID, TIMESTAMPTZOID, TEXTOID});
	const pg::Rows rows = ask.query(
	    {pg::int8(execution.id), pg::int4(context.row.position), pg::int4(context.row.item),
	     pg::int4(execution.home), pg::text(execution.playbook_id), pg::text(context.step.id),
	     pg::optional_of(execution.customer_id, [](const std::string &id) { return pg::text(id); }),
	     pg::jsonb(action), message.empty() ? pg::null() : pg::text(message), pg::jsonb(approvers.to_value()),
	     pg::int4(policy.needed), pg::text(execution.actor), pg::boolean(policy.requester_may_decide),
	     pg::timestamp(context.now), pg::optional_of(expires_at, pg::timestamp), pg::text(policy.on_expiry)});
	return {rows.int8(0, 0), rows.timestamp_or_null(0, 1)};
}

std::optional<Decision> decision_of(const Context &context) {
	pg::EngineIdentity engine;
	pg::Spi spi;
	std::optional<Stored> found = latest_approval(context);
	if (!found) return std::nullopt;
	Stored &stored = *found;
	if (stored.status == "pending") {
		if (!is_up(context, stored)) return std::nullopt;
		if (stored.on_expiry == "escalate" && escalate(context, stored)) return std::nullopt;
		// Silence is consent to what was last proposed.
		const char *consent = stored.changes.is_null() ? "approved" : "changed";
		if (stored.on_expiry == "approve")
			settle(stored, consent, context.now, "approved because nobody decided in time");
		else
			settle(stored, "expired", context.now, "nobody decided in time");
	}

	Decision decision;
	decision.approval = stored.id;
	decision.decided_by = stored.decided_by;
	decision.comment = stored.comment;
	decision.decided_at = stored.decided_at.value_or(context.now);
	decision.reason = reason_of(stored);
	decision.action = stored.action;
	if (stored.status == "changed") {
		decision.kind = Decision::Kind::Changed;
		decision.action = changed_action(stored.action, stored.changes);
	} else if (stored.status == "rejected") {
		decision.kind = Decision::Kind::Rejected;
	} else if (stored.status != "approved") {
		decision.kind = Decision::Kind::Expired;
		decision.take_branch = stored.status == "expired" && stored.on_expiry == "branch";
	}
	return decision;
}

void revoke_approval(const Context &context) {
	pg::EngineIdentity engine;
	pg::Spi spi;
	static pg::Statement revoke(
	    "UPDATE @approvals SET status = 'revoked', decided_at = $4 WHERE execution_id = $1 "
	    "AND position = $2 AND item = $3 AND status = 'pending'",
	    {INT8OID, INT4OID, INT4OID, TIMESTAMPTZOID});
	revoke.execute({pg::int8(context.execution.id), pg::int4(context.row.position),
	                pg::int4(context.row.item), pg::timestamp(context.now)});
}

} // namespace playbook::step
