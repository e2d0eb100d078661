#include "step/handler.hpp"

#include "pg/error.hpp"
#include "step/handlers.hpp"

namespace playbook::step {
namespace {

// Types that the language has and this version does not run: a start gets as far as the step and says so.
class NotYetHandler final : public Handler {
public:
	Result start(const Context &context, const Value &) const override {
		throw pg::Error(ERRCODE_FEATURE_NOT_SUPPORTED,
		                std::string("steps of type \"") + definition::to_string(context.step.type) +
		                    "\" need a connection, which this version cannot make",
		                "", "See doc/definition.md for the types that run without one.");
	}
};

const NotYetHandler &not_yet_handler() {
	static const NotYetHandler handler;
	return handler;
}

} // namespace

Value Handler::prepare(const Context &context, std::vector<std::string> *missing) const {
	return context.rendered(context.step.config, missing);
}

Result Handler::resume(const Context &context) const {
	return Result::waiting(context.row.waiting_for, context.row.due_at);
}

void Handler::withdraw(const Context &) const {}

const Handler &handler_of(definition::StepType type) {
	using definition::StepType;
	switch (type) {
	case StepType::Email: return email_handler();
	case StepType::Meeting: return meeting_handler();
	case StepType::Task: return task_handler();
	case StepType::Wait: return wait_handler();
	case StepType::Condition: return condition_handler();
	case StepType::Approval: return approval_handler();
	case StepType::Notify: return notify_handler();
	case StepType::Query: return query_handler();
	case StepType::Search: return search_handler();
	case StepType::Join: return join_handler();
	case StepType::Aggregate: return aggregate_handler();
	case StepType::Filter: return filter_handler();
	case StepType::Diff: return diff_handler();
	case StepType::Sql: return sql_handler();
	case StepType::Playbook: return playbook_handler();
	case StepType::Agent:
	case StepType::Request:
	case StepType::Tool: return not_yet_handler();
	}
	return not_yet_handler();
}

} // namespace playbook::step
