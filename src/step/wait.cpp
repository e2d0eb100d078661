// The wait step: for a time, until a moment, or for an event. While it waits it is a row with a time or a
// name.
//
// `for: 0` and a moment that has passed end it at once, without a write of its own. When it ends is kept in
// its output; a resume after a pause may have moved due_at beyond that, and a timeout of the step lies before
// it.
#include "expression/condition.hpp"
#include "step/due_time.hpp"
#include "step/handlers.hpp"
#include "step/owner_scope.hpp"
#include "step/signals.hpp"

namespace playbook::step {
namespace {

const Value *first_of(const Value &input, std::initializer_list<const char *> keys) {
	for (const char *key : keys)
		if (const Value *value = input.find(key); value != nullptr && !value->is_null()) return value;
	return nullptr;
}

// When it ends by itself; nullopt: only by the event.
std::optional<TimestampTz> end_of(const Context &context, const Value &input) {
	const char *field = nullptr;
	const Value *length = nullptr;
	for (const char *key : {"for", "duration", "timeout"})
		if (const Value *value = input.find(key);
		    length == nullptr && value != nullptr && !value->is_null()) {
			field = key;
			length = value;
		}
	if (length != nullptr) {
		const definition::Duration duration = duration_of(*length, field);
		if (duration.is_zero()) return context.now;
		const TimeZoneScope zone;
		return later(context.now, duration);
	}
	if (const Value *until = input.find("until"); until != nullptr && !until->is_null()) {
		const TimeZoneScope zone;
		return timestamp_of(until->as_text(), "until");
	}
	return std::nullopt;
}

std::vector<std::string> events_of(const Value &input) {
	std::vector<std::string> names;
	const Value *event = input.find("event");
	if (event == nullptr) return names;
	if (!event->is_array()) return {event->as_text()};
	for (const Value &name : event->items()) names.push_back(name.as_text());
	return names;
}

// `match`: a condition over this event, and over whatever else a condition may speak of.
bool matches(const Context &context, const Value &input, const Value &payload) {
	const Value *condition = input.find("match");
	if (condition == nullptr) return true;
	Value values =
	    context.values_for({{"customer"}, {"csm"}, {"parameters"}, {"execution"}, {"item"}, {"index"}});
	values.set("event", payload);
	const OwnerScope owner(context, OwnerScope::For::Conditions);
	return expression::evaluate_condition(condition->as_text(), {values});
}

std::optional<Result> received(const Context &context, const Value &input) {
	const std::vector<std::string> names = events_of(input);
	if (names.empty()) return std::nullopt;
	for (const Signal &signal : waiting_signals(context, names)) {
		if (!matches(context, input, signal.payload)) continue;
		consume_signal(context, signal);
		Result result = Result::completed("received", signal.payload);
		result.reason = "received " + signal.name;
		return result;
	}
	return std::nullopt;
}

Result waiting(const Value &input, std::optional<TimestampTz> end, std::optional<TimestampTz> due_at) {
	Result result = Result::waiting(input.find("event") != nullptr ? "event" : "time", due_at);
	if (end) result.output.set("until", Value(pg::timestamp_text(*end)));
	return result;
}

Result waited(const Value &input) {
	const bool for_event = input.find("event") != nullptr;
	const bool has_length = first_of(input, {"for", "duration", "until"}) != nullptr;
	return Result::completed(for_event && !has_length ? "timeout" : "elapsed");
}

class WaitHandler final : public Handler {
public:
	// A condition is not a template: `match` is kept as it was written.
	Value prepare(const Context &context, std::vector<std::string> *missing) const override {
		Value input = Value::object();
		for (const Member &member : context.step.config.members())
			input.set(member.key,
			          member.key == "match" ? member.value : context.rendered(member.value, missing));
		return input;
	}

	Result start(const Context &context, const Value &input) const override {
		if (std::optional<Result> heard = received(context, input)) return *heard;
		const std::optional<TimestampTz> end = end_of(context, input);
		if (end && *end <= context.now) return waited(input);
		return waiting(input, end, end);
	}

	Result resume(const Context &context) const override {
		const Value &input = context.row.input;
		if (std::optional<Result> heard = received(context, input)) return *heard;
		std::optional<TimestampTz> end;
		if (const Value *until = context.row.output.find("until"))
			end = timestamp_of(until->as_text(), "until");
		// A pause moves lengths of time, not dates.
		const bool is_date = first_of(input, {"for", "duration", "timeout"}) == nullptr;
		const bool is_due = is_date || (context.row.due_at && *context.row.due_at <= context.now);
		if (is_due && end && *end <= context.now) return waited(input);
		return waiting(input, end, is_date ? end : context.row.due_at);
	}
};

} // namespace

const Handler &wait_handler() {
	static const WaitHandler handler;
	return handler;
}

} // namespace playbook::step
