// The approval step: a decision by people as a step of its own. It completes whatever they decide; what
// follows asks for its outcome. The machinery is that of require_approval (approvals.hpp).
#include "pg/datum.hpp"
#include "step/approvals.hpp"
#include "step/handlers.hpp"

namespace playbook::step {
namespace {

Result result_of(const Decision &decision) {
	Value output = Value::object();
	output.set("approval", Value(decision.approval));
	output.set("decision", Value(decision.outcome()));
	output.set("decided_by", decision.decided_by.empty() ? Value() : Value(decision.decided_by));
	output.set("decided_at", Value(pg::timestamp_text(decision.decided_at)));
	output.set("comment", decision.comment.empty() ? Value() : Value(decision.comment));
	if (decision.kind == Decision::Kind::Changed) output.set("action", decision.action);
	Result result = Result::completed(decision.outcome(), std::move(output));
	result.reason = decision.reason;
	return result;
}

class ApprovalHandler final : public Handler {
public:
	// What the approver sees: title and message. Who decides is the policy's.
	Value prepare(const Context &context, std::vector<std::string> *missing) const override {
		Value input = Value::object();
		const Value *title = context.step.config.find("title");
		input.set("title", title != nullptr ? context.rendered(*title, missing) : Value(context.step.name));
		if (const Value *message = context.step.config.find("message"))
			input.set("message", context.rendered(*message, missing));
		return input;
	}

	Result start(const Context &context, const Value &input) const override {
		static const definition::ApprovalPolicy nothing_said;
		const Approval approval = request_approval(
		    context, input, context.step.require_approval ? *context.step.require_approval : nothing_said);
		return Result::waiting("approval", approval.expires_at);
	}

	Result resume(const Context &context) const override {
		if (const std::optional<Decision> decision = decision_of(context)) return result_of(*decision);
		return Result::waiting("approval", context.row.due_at);
	}

	void withdraw(const Context &context) const override { revoke_approval(context); }
};

} // namespace

const Handler &approval_handler() {
	static const ApprovalHandler handler;
	return handler;
}

} // namespace playbook::step
