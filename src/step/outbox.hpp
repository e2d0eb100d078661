// What goes out: messages that wait in playbook_outbox for a sender, and what the sender says of them.
//
// A step queues; any program that was granted playbook_outbox_claim() takes, sends and reports. The key of a
// message is the same at every attempt of its step: a message that is queued, claimed or sent is never queued
// twice, one that failed or was revoked is queued again. Used by the steps email, meeting and notify and by
// src/sql_api/outbox_api.cpp.
#pragma once

#include "pg/spi.hpp"
#include "step/handler.hpp"

namespace playbook::step {

using OutboxMessage = execution::Message;

// Queues messages of one step, in one statement, as playbook_engine, whoever is current. At the first attempt
// of a step, when none of them can be there yet, they are left to be written with all of its batch.
void queue_outbox(const Context &context, std::vector<OutboxMessage> messages);
// Queues one and says which it is, and whether a sender has reported it as sent before: the step was run
// again.
struct Queued {
	std::int64_t id = 0;
	bool was_sent = false;
};
Queued queue_outbox(const Context &context, const OutboxMessage &message);

// Where a message stands.
struct OutboxState {
	std::int64_t id = 0;
	std::string status; // queued claimed sent failed revoked
	std::optional<TimestampTz> finished_at;
	Value payload, result, error;
};
std::optional<OutboxState> outbox_state(const std::string &idempotency_key);

// What a step that waits for its message makes of where it stands: nullopt while it is under way. Throws what
// the sender reported when it failed.
std::optional<Result> outcome_of_sending(const OutboxState &state, const char *outcome, Value output);

enum class Revoked { Nothing, InTime, TooLate }; // TooLate: sent, or a sender has it
// Takes a message back. One that a sender has claimed is revoked too, but may have gone out.
Revoked revoke_outbox(const std::string &idempotency_key);

// The sender's side. Each locks the execution, then the message; throws 42704 for an unknown message, 55000
// for a token that is not the one in force.
void complete_outbox(std::int64_t id, Datum token, const Value &result);
void fail_outbox(std::int64_t id, Datum token, const std::string &error,
                 const std::optional<Datum> &retry_after);
// The rows that a sender claims: of these kinds, at most `limit`, for the length of the lease (an interval).
pg::Rows claim_outbox(const std::string &kind, std::int32_t limit, Datum lease);

} // namespace playbook::step
