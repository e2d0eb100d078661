// The notify step: a message in people's feeds, and in the outbox for every other way that its `via` names.
//
// It ends at once, so nothing is looked up for it that its config does not ask for: a feed is read under all
// the names of a person (identity::Viewer::names).
#include "step/approvers.hpp"
#include "step/handlers.hpp"
#include "step/mail_address.hpp"
#include "step/notifications.hpp"
#include "step/outbox.hpp"
#include "step/recipients.hpp"

namespace playbook::step {
namespace {

void add_names(const Value &value, std::vector<std::string> &names) {
	if (value.is_array()) {
		for (const Value &item : value.items()) add_names(item, names);
	} else if (value.is_object()) {
		const Value *id = value.find("id") != nullptr ? value.find("id") : value.find("email");
		if (id != nullptr) add_names(*id, names);
	} else if (std::string name = single_line(value.as_text()); !name.empty()) {
		if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(std::move(name));
	}
}

// What is longer is nobody's name, and would not go into the index.
constexpr std::size_t longest_name = 1000;

void add_as_feeds_know(const Context &context, std::string name, std::vector<std::string> &known) {
	if (name.find('@') != std::string::npos && !name.starts_with("role:")) {
		if (std::optional<MailAddress> parsed = parse_mail_address(name)) name = parsed->address;
		for (char &letter : name)
			if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter - 'A' + 'a');
	}
	if (name.size() > longest_name)
		throw pg::Error(ERRCODE_INVALID_PARAMETER_VALUE,
		                "step \"" + context.step.id + "\" notifies nobody that could be known",
		                "A name in \"to\" has " + std::to_string(name.size()) + " bytes.");
	if (std::find(known.begin(), known.end(), name) == known.end()) known.push_back(std::move(name));
}

// Addresses are read in lower case, without what stands beside them, and several of one text each by itself;
// a role by its exact name; a name once.
std::vector<std::string> as_feeds_know(const Context &context, const std::vector<std::string> &people) {
	std::vector<std::string> known;
	for (const std::string &named : people) {
		if (named.find('@') == std::string::npos || named.starts_with("role:"))
			add_as_feeds_know(context, named, known);
		else
			for (std::string &name : split_mail_addresses(named))
				add_as_feeds_know(context, std::move(name), known);
	}
	return known;
}

class NotifyHandler final : public Handler {
public:
	Value prepare(const Context &context, std::vector<std::string> *missing) const override {
		Value input = Handler::prepare(context, missing);
		refuse_added_recipients(context, input, {"to"});
		return input;
	}

	Result start(const Context &context, const Value &input) const override {
		std::vector<std::string> people;
		if (const Value *to = input.find("to"))
			add_names(*to, people);
		else
			people.push_back(default_person(context));
		if (people.empty())
			throw pg::Error(ERRCODE_INVALID_PARAMETER_VALUE,
			                "step \"" + context.step.id + "\" notifies nobody", "Its \"to\" came out empty.");

		execution::Notification notification;
		notification.people = as_feeds_know(context, people);
		const Value *title = input.find("title") != nullptr ? input.find("title") : input.find("subject");
		notification.title = title != nullptr ? single_line(title->as_text()) : context.step.name;
		if (const Value *message = input.find("message")) notification.message = message->as_text();
		const Value *priority = input.find("priority");
		notification.priority = priority != nullptr && !priority->is_null() ? priority->as_text() : "normal";
		if (const Value *link = input.find("link")) notification.link = link->as_text();

		if (const Value *via = input.find("via"))
			queue_outbox(context, other_ways(context, *via, people, payload_of(input, notification.title)));
		tell(context, std::move(notification));
		return Result::completed();
	}

	void withdraw(const Context &) const override {} // what was said was said

private:
	static Value payload_of(const Value &input, const std::string &title) {
		Value payload = Value::object();
		payload.set("title", Value(title));
		const Value *message = input.find("message");
		payload.set("message", message != nullptr ? *message : Value(""));
		for (const char *key : {"priority", "link"})
			if (const Value *value = input.find(key)) payload.set(key, *value);
		return payload;
	}

	static std::vector<OutboxMessage> other_ways(const Context &context, const Value &via,
	                                             const std::vector<std::string> &people,
	                                             const Value &payload) {
		std::vector<OutboxMessage> messages;
		std::vector<std::string> ways;
		add_names(via, ways);
		Value named = Value::array();
		for (const std::string &person : people) named.push_back(Value(person));
		for (const std::string &way : ways) {
			if (way == "notify") continue;
			OutboxMessage message;
			message.kind = way;
			message.idempotency_key = context.idempotency_key() + ":" + way;
			if (way == "email") {
				const std::vector<MailAddress> to = recipients(context, &named, "to");
				message.payload.set("to", address_list(to));
				if (const auto from = csm_address(context)) message.payload.set("from", Value(from->text()));
				message.payload.set("subject", *payload.find("title"));
				message.payload.set("body", *payload.find("message"));
				message.recipient = address_text(to);
			} else {
				message.payload = payload;
				message.payload.set("to", named);
				for (const std::string &person : people)
					message.recipient += (message.recipient.empty() ? "" : ", ") + person;
			}
			messages.push_back(std::move(message));
		}
		return messages;
	}
};

} // namespace

const Handler &notify_handler() {
	static const NotifyHandler handler;
	return handler;
}

} // namespace playbook::step
