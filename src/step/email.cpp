// The email step: a message rendered, checked and queued. playbook.outbox says whether the step ends when it
// is queued (record) or when the sender has reported (deliver); its outcome is never `sent` before that.
#include "settings.hpp"
#include "step/attachments.hpp"
#include "step/handlers.hpp"
#include "step/outbox.hpp"
#include "step/recipients.hpp"

namespace playbook::step {
namespace {

std::string text_of(const Value &input, const char *key) {
	const Value *value = input.find(key);
	return value == nullptr ? std::string() : value->as_text();
}

std::optional<MailAddress> one_address(const Context &context, const Value &input, const char *key) {
	const std::vector<MailAddress> people = recipients(context, input.find(key), key);
	if (people.size() > 1)
		throw pg::Error(ERRCODE_INVALID_PARAMETER_VALUE, std::string("\"") + key + "\" must be one address");
	if (people.empty()) return std::nullopt;
	return people.front();
}

Value checked_headers(const Value &headers) {
	Value checked = Value::object();
	for (const Member &header : headers.members()) {
		if (!is_free_header(header.key))
			throw pg::Error(ERRCODE_INVALID_PARAMETER_VALUE,
			                "header \"" + single_line(header.key) + "\" cannot be set", "",
			                "Addresses, subject and content have keys of their own; a name is letters, "
			                "digits and dashes.");
		checked.set(header.key, Value(single_line(header.value.as_text())));
	}
	return checked;
}

// What a sender gets. Every value that becomes a header is one line.
Value payload_of(const Context &context, const Value &input, std::vector<MailAddress> &to) {
	to = recipients(context, input.find("to"), "to");
	if (to.empty())
		throw pg::Error(ERRCODE_INVALID_PARAMETER_VALUE,
		                "the e-mail of step \"" + context.step.id + "\" has no recipient",
		                "Its \"to\" came out empty.");
	Value payload = Value::object();
	payload.set("to", address_list(to));
	for (const char *key : {"cc", "bcc"})
		if (const std::vector<MailAddress> people = recipients(context, input.find(key), key);
		    !people.empty())
			payload.set(key, address_list(people));
	std::optional<MailAddress> from = one_address(context, input, "from");
	if (!from) from = csm_address(context);
	if (from) payload.set("from", Value(from->text()));
	if (const auto reply_to = one_address(context, input, "reply_to"))
		payload.set("reply_to", Value(reply_to->text()));
	payload.set("subject", Value(single_line(text_of(input, "subject"))));
	for (const char *key : {"body", "html"})
		if (input.find(key) != nullptr) payload.set(key, Value(text_of(input, key)));
	if (const Value *headers = input.find("headers"); headers != nullptr && headers->is_object())
		payload.set("headers", checked_headers(*headers));
	if (const Value *attachments = input.find("attachments");
	    attachments != nullptr && attachments->size() > 0)
		payload.set("attachments", attached(context, *attachments));
	return payload;
}

class EmailHandler final : public Handler {
public:
	Value prepare(const Context &context, std::vector<std::string> *missing) const override {
		Value input = Value::object();
		for (const Member &member : context.step.config.members()) {
			if (member.key == "html" && member.value.is_string())
				input.set("html", Value(context.html(member.value.string(), missing)));
			else if (member.key == "attachments")
				input.set("attachments", rendered_attachments(context, member.value, missing));
			else
				input.set(member.key, context.rendered(member.value, missing));
		}
		refuse_added_recipients(context, input, {"to", "cc", "bcc", "from", "reply_to"});
		return input;
	}

	Result start(const Context &context, const Value &input) const override {
		std::vector<MailAddress> to;
		OutboxMessage message;
		message.kind = "email";
		message.idempotency_key = context.idempotency_key();
		message.payload = payload_of(context, input, to);
		message.recipient = address_text(to);
		Value output = Value::object();
		const Queued queued = queue_outbox(context, message);
		output.set("message", Value(queued.id));
		output.set("to", *message.payload.find("to"));
		output.set("subject", *message.payload.find("subject"));
		if (queued.was_sent) return Result::completed("sent", std::move(output));
		if (!settings::outbox_delivers()) return Result::completed("queued", std::move(output));
		Result result = Result::waiting("outbox");
		result.output = std::move(output);
		return result;
	}

	Result resume(const Context &context) const override {
		if (const std::optional<OutboxState> state = outbox_state(context.idempotency_key()))
			if (std::optional<Result> result = outcome_of_sending(*state, "sent", context.row.output))
				return *result;
		return Result::waiting("outbox", context.row.due_at);
	}

	void withdraw(const Context &context) const override { (void) revoke_outbox(context.idempotency_key()); }
};

} // namespace

const Handler &email_handler() {
	static const EmailHandler handler;
	return handler;
}

} // namespace playbook::step
