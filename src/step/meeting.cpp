// The meeting step: an invitation as iCalendar text, queued like mail.
//
// Its outcome is `scheduled` when the invitation is queued (playbook.outbox = record) or sent (deliver); what
// became of the meeting itself (held, no_show, cancelled) is told by playbook_meeting_outcome(), and a step
// with `wait: true` stays open until then.
#include "settings.hpp"
#include "step/calendar.hpp"
#include "step/due_time.hpp"
#include "step/handlers.hpp"
#include "step/outbox.hpp"
#include "step/recipients.hpp"

extern "C" {
#include "access/xlog.h"
}

namespace playbook::step {
namespace {

constexpr int default_hour = 10;
constexpr std::int64_t default_minutes = 30;

const Value *written(const Value &input, std::initializer_list<const char *> keys) {
	for (const char *key : keys)
		if (const Value *value = input.find(key);
		    value != nullptr && !value->is_null() && !value->as_text().empty())
			return value;
	return nullptr;
}
std::string text_of(const Value &input, std::initializer_list<const char *> keys) {
	const Value *value = written(input, keys);
	return value == nullptr ? std::string() : value->as_text();
}

// The zone that was written, else the customer's, else the CSM's; "" is the engine's.
std::string zone_of(const Context &context, const Value &input) {
	if (const std::string zone = text_of(input, {"time_zone"}); !zone.empty()) return zone;
	for (const char *name : {"customer.time_zone", "csm.time_zone"})
		if (const std::optional<Value> zone = context.value_of(name);
		    zone && zone->is_string() && !zone->string().empty())
			return zone->string();
	return {};
}

// Without a time a meeting is proposed for ten o'clock of the next working day.
TimestampTz next_working_day(TimestampTz now) {
	const definition::Duration day{0, 1, 0};
	TimestampTz at = later(now, day);
	while (weekday(at) == 0 || weekday(at) == 6) at = later(at, day);
	return at_time_of_day(at, default_hour * 60);
}

TimestampTz start_of(const Context &context, const Value &input) {
	if (const Value *start = written(input, {"start"})) return timestamp_of(start->as_text(), "start");
	const Value *in = written(input, {"in"});
	const Value *at = written(input, {"at"});
	if (in == nullptr && at == nullptr) return next_working_day(context.now);
	TimestampTz start = in != nullptr ? later(context.now, duration_of(*in, "in")) : context.now;
	if (at == nullptr) return start - start % USECS_PER_MINUTE;
	start = at_time_of_day(start, minutes_of_day(at->as_text(), "at"));
	// "at: 09:00" alone, asked for at ten, is tomorrow's.
	return start > context.now ? start : later(start, definition::Duration{0, 1, 0});
}

// The same for an invitation and its cancellation, and unlike that of any other database.
std::string uid_of(const Context &context) {
	return context.idempotency_key() + "@" + std::to_string(GetSystemIdentifier()) + "." +
	       std::to_string(MyDatabaseId) + ".playbook";
}

std::vector<MailAddress> attendees_of(const Context &context, const Value &input) {
	if (const Value *named = written(input, {"attendees"})) return recipients(context, named, "attendees");
	std::vector<MailAddress> people;
	for (const char *field : {"customer.contact_email", "customer.email"})
		if (const std::optional<Value> contact = context.value_of(field);
		    people.empty() && contact && contact->is_string())
			people = recipient(context, contact->string(), field);
	if (const auto csm = csm_address(context);
	    csm && std::find(people.begin(), people.end(), *csm) == people.end())
		people.push_back(*csm);
	return people;
}

CalendarEvent event_of(const Context &context, const Value &input) {
	CalendarEvent event;
	event.uid = uid_of(context);
	event.title = text_of(input, {"title", "subject"});
	if (event.title.empty()) event.title = context.step.name;
	event.description = text_of(input, {"description", "agenda"});
	event.location = text_of(input, {"location"});
	event.attendees = attendees_of(context, input);
	if (event.attendees.empty())
		throw pg::Error(
		    ERRCODE_INVALID_PARAMETER_VALUE,
		    "the meeting of step \"" + context.step.id + "\" has no attendee",
		    "It names none, and neither the customer's contact nor the CSM has an e-mail address.",
		    "Name attendees: [\"{{customer.contact_email}}\"].");
	const std::vector<MailAddress> organizer =
	    recipients(context, written(input, {"organizer"}), "organizer");
	event.organizer = organizer.empty() ? csm_address(context) : std::optional(organizer.front());

	const TimeZoneScope zone(zone_of(context, input));
	const TimestampTz start = start_of(context, input);
	const Value *length = written(input, {"duration"});
	const TimestampTz end = length != nullptr ? later(start, duration_of(*length, "duration"))
	                                          : start + default_minutes * USECS_PER_MINUTE;
	if (end <= start)
		throw pg::Error(ERRCODE_INVALID_PARAMETER_VALUE,
		                "the meeting of step \"" + context.step.id + "\" has no length");
	event.start = unix_microseconds(start);
	event.end = unix_microseconds(end);
	event.stamp = unix_microseconds(context.now);
	return event;
}

TimestampTz from_unix(std::int64_t microseconds) { return microseconds - unix_microseconds(0); }

Value payload_of(const CalendarEvent &event) {
	Value payload = Value::object();
	payload.set("to", address_list(event.attendees));
	if (event.organizer) payload.set("from", Value(event.organizer->text()));
	payload.set("subject", Value(single_line(event.title)));
	payload.set("body", Value(event.description));
	if (!event.location.empty()) payload.set("location", Value(single_line(event.location)));
	payload.set("start", Value(pg::timestamp_text(from_unix(event.start))));
	payload.set("end", Value(pg::timestamp_text(from_unix(event.end))));
	payload.set("uid", Value(event.uid));
	payload.set("method", Value(event.cancelled ? "CANCEL" : "REQUEST"));
	payload.set("calendar", Value(calendar_text(event)));
	return payload;
}

// What takes an invitation back, made from what was sent rather than from what the customer's data are now.
CalendarEvent cancellation_of(const Value &payload, TimestampTz now) {
	CalendarEvent event;
	event.uid = text_of(payload, {"uid"});
	event.title = text_of(payload, {"subject"});
	event.description = text_of(payload, {"body"});
	event.location = text_of(payload, {"location"});
	event.organizer = parse_mail_address(text_of(payload, {"from"}));
	if (const Value *to = payload.find("to"))
		for (const Value &attendee : to->items())
			if (auto address = parse_mail_address(attendee.as_text()))
				event.attendees.push_back(std::move(*address));
	event.start = unix_microseconds(timestamp_of(text_of(payload, {"start"}), "start"));
	event.end = unix_microseconds(timestamp_of(text_of(payload, {"end"}), "end"));
	event.stamp = unix_microseconds(now);
	event.sequence = 1;
	event.cancelled = true;
	return event;
}

bool waits_for_outcome(const Value &input) {
	const Value *wait = input.find("wait");
	return wait != nullptr && wait->is_boolean() && wait->boolean();
}

class MeetingHandler final : public Handler {
public:
	Value prepare(const Context &context, std::vector<std::string> *missing) const override {
		Value input = Handler::prepare(context, missing);
		refuse_added_recipients(context, input, {"attendees", "organizer"});
		return input;
	}

	Result start(const Context &context, const Value &input) const override {
		const CalendarEvent event = event_of(context, input);
		OutboxMessage message;
		message.kind = "meeting";
		message.idempotency_key = context.idempotency_key();
		message.payload = payload_of(event);
		message.recipient = address_text(event.attendees);
		Value output = Value::object();
		const Queued queued = queue_outbox(context, message);
		output.set("message", Value(queued.id));
		for (const char *key : {"to", "subject", "start", "end", "uid"})
			output.set(key, *message.payload.find(key));
		const bool delivers = settings::outbox_delivers() && !queued.was_sent;
		Result result = delivers || waits_for_outcome(input) ? Result::waiting(delivers ? "outbox" : "event")
		                                                     : Result::completed("scheduled");
		result.output = std::move(output);
		return result;
	}

	Result resume(const Context &context) const override {
		const std::optional<OutboxState> state = outbox_state(context.idempotency_key());
		if (!state) return Result::waiting("outbox", context.row.due_at);
		const bool waits = waits_for_outcome(context.row.input);
		Value output = context.row.output;
		if (const Value *outcome = state->result.find("outcome"); outcome != nullptr && waits) {
			output.set("result", state->result);
			return Result::completed(outcome->as_text(), std::move(output));
		}
		std::optional<Result> sent = outcome_of_sending(*state, "scheduled", output);
		if (sent && !waits) return *sent;
		return Result::waiting(sent || !settings::outbox_delivers() ? "event" : "outbox", context.row.due_at);
	}

	// An invitation that may have gone out is followed by its cancellation.
	void withdraw(const Context &context) const override {
		const std::string key = context.idempotency_key();
		if (revoke_outbox(key) != Revoked::TooLate) return;
		const std::optional<OutboxState> sent = outbox_state(key);
		const CalendarEvent event = cancellation_of(sent->payload, context.now);
		(void) queue_outbox(context, {"meeting", key + ":cancel", address_text(event.attendees),
		                              payload_of(event), std::nullopt});
	}
};

} // namespace

const Handler &meeting_handler() {
	static const MeetingHandler handler;
	return handler;
}

} // namespace playbook::step
