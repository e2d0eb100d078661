#include "step/outbox.hpp"

#include "execution/touch.hpp"
#include "fault_points.hpp"
#include "pg/identity.hpp"
#include "step/data_source.hpp"
#include "step/late_outcome.hpp"
#include "worker/counters.hpp"

namespace playbook::step {
namespace {

// What failed or was revoked may go out after all; anything else stays as it is.
#define QUEUE_AGAIN                                                                                          \
	"ON CONFLICT (execution_id, position, item, idempotency_key) DO UPDATE SET status = 'queued', "          \
	"recipient = excluded.recipient, "                                                                       \
	"payload = excluded.payload, due_at = excluded.due_at, lease_token = NULL, leased_until = NULL, "        \
	"finished_at = NULL WHERE o.status IN ('failed', 'revoked') "

// One message, found by the index that keeps it unique: its key begins with its step, as
// Context::idempotency_key() makes it.
#define OF_KEY "idempotency_key = $1 AND execution_id = $2 AND position = $3 AND item = $4"
std::vector<pg::Argument> by_key(const std::string &idempotency_key) {
	long long execution = 0;
	int position = 0, item = 0;
	if (std::sscanf(idempotency_key.c_str(), "%lld:%d:%d", &execution, &position, &item) != 3)
		throw pg::Error(ERRCODE_INTERNAL_ERROR, "\"" + idempotency_key + "\" is no key of a message");
	return {pg::text(idempotency_key), pg::int8(execution), pg::int4(position), pg::int4(item)};
}

// A message as the sender's functions see it, locked together with its execution.
struct Locked {
	std::int64_t execution = 0;
	int position = 0, item = 0;
	std::string kind, status;
	bool token_fits = false;
};

pg::Argument connection_named_by(const Context &context) {
	const std::string connection = connection_of(context);
	return connection.empty() ? pg::null() : pg::text(connection);
}

Locked lock_message(std::int64_t id, Datum token) {
	std::int64_t execution = 0;
	{
		pg::Spi spi;
		static pg::Statement find("SELECT execution_id FROM @playbook_outbox WHERE id = $1", {INT8OID});
		const pg::Rows rows = find.query({pg::int8(id)});
		if (rows.empty())
			throw pg::Error(ERRCODE_UNDEFINED_OBJECT, "message " + std::to_string(id) + " does not exist");
		execution = rows.int8(0, 0);
	}
	(void) lock_execution(execution);
	pg::Spi spi;
	static pg::Statement lock("SELECT position, item, kind, status, coalesce(lease_token = $2, false) "
	                          "FROM @playbook_outbox WHERE id = $1 FOR UPDATE",
	                          {INT8OID, UUIDOID});
	const pg::Rows rows = lock.query({pg::int8(id), pg::datum(token)});
	if (rows.empty())
		throw pg::Error(ERRCODE_UNDEFINED_OBJECT, "message " + std::to_string(id) + " does not exist");
	return {execution,       rows.int4(0, 0), rows.int4(0, 1),
	        rows.text(0, 2), rows.text(0, 3), rows.boolean(0, 4)};
}

void require_token(std::int64_t id, const Locked &message) {
	if (message.token_fits) return;
	throw pg::Error(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
	                "message " + std::to_string(id) + " is not claimed with this token",
	                "Its status is \"" + message.status +
	                    "\"; the lease ended and another sender may have it.",
	                "Claim messages with playbook_outbox_claim() and report before the lease ends.");
}

} // namespace

Queued queue_outbox(const Context &context, const OutboxMessage &message) {
	pg::EngineIdentity engine;
	pg::Spi spi;
	static pg::Statement insert("INSERT INTO @playbook_outbox AS o (execution_id, position, item, home, "
	                            "customer_id, created_at, kind, "
	                            "idempotency_key, recipient, payload, due_at, connection) "
	                            "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) " QUEUE_AGAIN
	                            "RETURNING id",
	                            {INT8OID, INT4OID, INT4OID, INT4OID, TEXTOID, TIMESTAMPTZOID, TEXTOID,
	                             TEXTOID, TEXTOID, JSONBOID, TIMESTAMPTZOID, TEXTOID});
	const execution::Execution &execution = context.execution;
	const auto customer =
	    pg::optional_of(execution.customer_id, [](const std::string &id) { return pg::text(id); });
	const pg::Rows rows = insert.query(
	    {pg::int8(execution.id), pg::int4(context.row.position), pg::int4(context.row.item),
	     pg::int4(execution.home), customer, pg::timestamp(context.now), pg::text(message.kind),
	     pg::text(message.idempotency_key), pg::text(message.recipient), pg::jsonb(message.payload),
	     pg::timestamp(message.due_at.value_or(context.now)), connection_named_by(context)});
	if (!rows.empty()) {
		worker::count(worker::Counter::Messages);
		return {rows.int8(0, 0), false};
	}
	static pg::Statement find("SELECT id, status = 'sent' FROM @playbook_outbox WHERE " OF_KEY,
	                          {TEXTOID, INT8OID, INT4OID, INT4OID});
	const pg::Rows present = find.query(by_key(message.idempotency_key));
	return {present.int8(0, 0), present.boolean(0, 1)};
}

void queue_outbox(const Context &context, std::vector<OutboxMessage> messages) {
	if (messages.empty()) return;
	if (context.is_first_attempt()) {
		for (OutboxMessage &message : messages) message.connection = connection_of(context);
		context.row.messages = std::move(messages);
		return;
	}
	if (messages.size() == 1) {
		(void) queue_outbox(context, messages.front());
		return;
	}
	std::vector<std::string> kinds, keys, recipients;
	std::vector<pg::NullableDatumOf> payloads, times;
	for (const OutboxMessage &message : messages) {
		kinds.push_back(message.kind);
		keys.push_back(message.idempotency_key);
		recipients.push_back(message.recipient);
		payloads.push_back({pg::jsonb_datum(message.payload), false});
		times.push_back({TimestampTzGetDatum(message.due_at.value_or(context.now)), false});
	}
	pg::EngineIdentity engine;
	pg::Spi spi;
	static pg::Statement insert(
	    "INSERT INTO @playbook_outbox AS o (execution_id, position, item, home, customer_id, created_at, "
	    "kind, "
	    "idempotency_key, recipient, payload, due_at, connection) "
	    "SELECT $1, $2, $3, $4, $5, $6, m.*, $12 FROM unnest($7, $8, $9, $10, $11) AS m " QUEUE_AGAIN,
	    {INT8OID, INT4OID, INT4OID, INT4OID, TEXTOID, TIMESTAMPTZOID, TEXTARRAYOID, TEXTARRAYOID,
	     TEXTARRAYOID, JSONBARRAYOID, TIMESTAMPTZARRAYOID, TEXTOID});
	const execution::Execution &execution = context.execution;
	const std::uint64_t queued = insert.execute(
	    {pg::int8(execution.id), pg::int4(context.row.position), pg::int4(context.row.item),
	     pg::int4(execution.home),
	     pg::optional_of(execution.customer_id, [](const std::string &id) { return pg::text(id); }),
	     pg::timestamp(context.now), pg::datum(pg::array_of(kinds)), pg::datum(pg::array_of(keys)),
	     pg::datum(pg::array_of(recipients)), pg::datum(pg::array_of(payloads, JSONBOID)),
	     pg::datum(pg::array_of(times, TIMESTAMPTZOID)), connection_named_by(context)});
	worker::count(worker::Counter::Messages, static_cast<std::int64_t>(queued));
}

std::optional<OutboxState> outbox_state(const std::string &idempotency_key) {
	pg::EngineIdentity engine;
	pg::Spi spi;
	static pg::Statement find("SELECT id, status, finished_at, payload, result, error FROM @playbook_outbox "
	                          "WHERE " OF_KEY,
	                          {TEXTOID, INT8OID, INT4OID, INT4OID});
	const pg::Rows rows = find.query(by_key(idempotency_key));
	if (rows.empty()) return std::nullopt;
	return OutboxState{rows.int8(0, 0),  rows.text(0, 1),          rows.timestamp_or_null(0, 2),
	                   rows.jsonb(0, 3), rows.jsonb_or_null(0, 4), rows.jsonb_or_null(0, 5)};
}

std::optional<Result> outcome_of_sending(const OutboxState &state, const char *outcome, Value output) {
	if (state.status == "failed") {
		const Value *message = state.error.find("message");
		throw pg::Error(ERRCODE_EXTERNAL_ROUTINE_EXCEPTION,
		                message != nullptr ? message->as_text() : "the sender reported a failure",
		                "Message " + std::to_string(state.id) + " of the outbox could not be sent.");
	}
	if (state.status == "revoked")
		throw pg::Error(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
		                "message " + std::to_string(state.id) + " was revoked before it was sent");
	if (state.status != "sent") return std::nullopt;
	if (state.finished_at) output.set("sent_at", Value(pg::timestamp_text(*state.finished_at)));
	if (!state.result.is_null()) output.set("result", state.result);
	return Result::completed(outcome, std::move(output));
}

Revoked revoke_outbox(const std::string &idempotency_key) {
	pg::EngineIdentity engine;
	pg::Spi spi;
	static pg::Statement revoke(
	    "WITH was AS (SELECT id, status FROM @playbook_outbox WHERE " OF_KEY " FOR UPDATE), "
	    "revoked AS (UPDATE @playbook_outbox o SET status = 'revoked', finished_at = clock_timestamp() FROM "
	    "was "
	    "WHERE o.id = was.id AND was.status IN ('queued', 'claimed')) "
	    "SELECT status FROM was",
	    {TEXTOID, INT8OID, INT4OID, INT4OID});
	const pg::Rows rows = revoke.query(by_key(idempotency_key));
	if (rows.empty()) return Revoked::Nothing;
	const std::string status = rows.text(0, 0);
	if (status == "queued") return Revoked::InTime;
	return status == "claimed" || status == "sent" ? Revoked::TooLate : Revoked::Nothing;
}

void complete_outbox(std::int64_t id, Datum token, const Value &result) {
	pg::EngineIdentity engine;
	const Locked message = lock_message(id, token);
	require_token(id, message);
	if (message.status == "sent") return; // the sender did not hear our first answer
	// What was revoked while the sender had it went out all the same, and the table says what happened.
	std::string sent_at;
	{
		pg::Spi spi;
		static pg::Statement complete(
		    "UPDATE @playbook_outbox SET status = 'sent', finished_at = clock_timestamp(), "
		    "result = coalesce(result, '{}') || $2, error = NULL WHERE id = $1 RETURNING finished_at",
		    {INT8OID, JSONBOID});
		sent_at = pg::timestamp_text(complete.query({pg::int8(id), pg::jsonb(result)}).timestamp(0, 0));
	}
	FAULT_POINT("outbox.reported");
	Value output = Value::object();
	output.set("sent_at", Value(sent_at));
	output.set("result", result);
	const bool was_late =
	    message.kind == "email" && set_late_outcome(message.execution, message.position, message.item,
	                                                "email", "queued", "sent", output);
	if (was_late) return;
	pg::Spi spi;
	execution::touch(message.execution);
}

void fail_outbox(std::int64_t id, Datum token, const std::string &error,
                 const std::optional<Datum> &retry_after) {
	pg::EngineIdentity engine;
	const Locked message = lock_message(id, token);
	require_token(id, message);
	if (message.status == "revoked") return; // nobody waits for it any more
	if (message.status != "claimed")
		throw pg::Error(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
		                "message " + std::to_string(id) + " is " + message.status + ", not claimed");
	Value said = Value::object();
	said.set("message", Value(error));
	pg::Spi spi;
	if (retry_after) {
		static pg::Statement again(
		    "UPDATE @playbook_outbox SET status = 'queued', due_at = clock_timestamp() + $2, "
		    "leased_until = NULL, error = $3 WHERE id = $1",
		    {INT8OID, INTERVALOID, JSONBOID});
		again.execute({pg::int8(id), pg::datum(*retry_after), pg::jsonb(said)});
		return;
	}
	static pg::Statement fail(
	    "UPDATE @playbook_outbox SET status = 'failed', finished_at = clock_timestamp(), "
	    "leased_until = NULL, error = $2 WHERE id = $1",
	    {INT8OID, JSONBOID});
	fail.execute({pg::int8(id), pg::jsonb(said)});
	execution::touch(message.execution);
}

pg::Rows claim_outbox(const std::string &kind, std::int32_t limit, Datum lease) {
	// What a paused execution has queued waits with it. due_at of a claimed message is the end of its lease,
	// so one index range finds what was never claimed and what a sender left behind, in the order in which it
	// became due.
	static pg::Statement claim(
	    "WITH due AS (SELECT id FROM @playbook_outbox o WHERE kind = $1 AND status IN ('queued', 'claimed') "
	    "AND due_at <= statement_timestamp() AND NOT EXISTS (SELECT FROM @playbook_executions_live p WHERE "
	    "p.id "
	    "= o.execution_id AND p.status = 'paused') AND NOT EXISTS (SELECT FROM @playbook_holds h WHERE "
	    "h.kind = "
	    "'all' "
	    "OR (h.kind = 'customer' AND h.name = o.customer_id) OR (h.kind = 'connection' AND h.name = "
	    "o.connection) OR (h.kind = 'playbook' AND h.name = "
	    "(SELECT e.playbook_id FROM @playbook_executions e WHERE e.id = o.execution_id))) "
	    "ORDER BY due_at, id LIMIT $2 FOR UPDATE OF o SKIP LOCKED) "
	    "UPDATE @playbook_outbox o SET status = 'claimed', attempt = attempt + 1, lease_token = "
	    "gen_random_uuid(), "
	    "leased_until = statement_timestamp() + $3, due_at = statement_timestamp() + $3 FROM due WHERE o.id "
	    "= due.id "
	    "RETURNING o.id, o.lease_token, o.kind, o.idempotency_key, o.execution_id, o.customer_id, "
	    "o.recipient, o.payload, "
	    "o.attempt, o.created_at, o.leased_until",
	    {TEXTOID, INT4OID, INTERVALOID});
	pg::Rows claimed = claim.query({pg::text(kind), pg::int4(limit), pg::datum(lease)});
	FAULT_POINT("outbox.claimed");
	return claimed;
}

} // namespace playbook::step
