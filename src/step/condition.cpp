// The condition step: the first branch whose question holds is the outcome; the engine opens it and skips the
// others.
#include "step/handlers.hpp"

namespace playbook::step {
namespace {

class ConditionHandler final : public Handler {
public:
	// The questions as they were written; the steps in the branches are prepared when they are reached.
	Value prepare(const Context &context, std::vector<std::string> *) const override {
		Value questions = Value::object();
		for (const definition::Lane &lane : context.step.lanes)
			if (lane.kind == definition::Lane::Kind::Branch && !lane.when.empty())
				questions.set(lane.name, Value(lane.when));
		return questions;
	}

	Result start(const Context &context, const Value &) const override {
		for (const definition::Lane &lane : context.step.lanes) {
			if (lane.kind != definition::Lane::Kind::Branch) continue;
			if (lane.when.empty() || context.holds(lane.when)) return taken(lane.name);
		}
		return taken("else"); // there is no such branch; the step still says that no question held
	}

private:
	// The question itself is in the input, under the same name.
	static Result taken(const std::string &lane) {
		Value output = Value::object();
		output.set("lane", Value(lane));
		return Result::completed(lane, std::move(output));
	}
};

} // namespace

const Handler &condition_handler() {
	static const ConditionHandler handler;
	return handler;
}

} // namespace playbook::step
