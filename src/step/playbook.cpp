// The playbook step: starts another playbook, and waits for it unless told not to.
#include "execution/advance.hpp"
#include "execution/control.hpp"
#include "execution/start.hpp"
#include "pg/identity.hpp"
#include "step/handlers.hpp"
#include "step/owner_scope.hpp"

namespace playbook::step {
namespace {

// Should a child's word be lost in a crash, its parent looks by itself after that long.
constexpr std::int64_t look_again_microseconds = 3600 * std::int64_t{1000000};

Value output_of(std::int64_t child, const std::string &key, const char *status) {
	Value output = Value::object();
	output.set("execution", Value(child));
	output.set("key", key.empty() ? Value() : Value(key));
	output.set("status", Value(status));
	return output;
}

class PlaybookHandler final : public Handler {
public:
	Result start(const Context &context, const Value &input) const override {
		execution::StartRequest request;
		request.playbook = required_text(input, "playbook");
		if (const Value *customer = input.find("customer"); customer != nullptr && !customer->is_null())
			request.customer = customer->as_text();
		else if (customer == nullptr)
			request.customer = context.execution.customer_id;
		if (const Value *parameters = input.find("parameters")) request.parameters = *parameters;
		if (const Value *conflict = input.find("conflict")) request.conflict = conflict->as_text();
		request.parent = &context.execution;
		request.parent_position = context.row.position;
		request.parent_item = context.row.item;
		execution::Started started;
		{
			// The child is started by the parent's owner, whoever's session this is.
			OwnerScope owner(context);
			started = execution::prepare_start(request);
			execution::commit_start(started.execution);
		}
		const Value *wait = input.find("wait");
		Result result;
		result.output = output_of(started.execution.id, request.customer.value_or(""), "pending");
		if (wait != nullptr && wait->is_boolean() && !wait->boolean()) {
			result.outcome = "started";
			return result;
		}
		result.kind = Result::Kind::Waiting;
		result.waiting_for = "execution";
		result.due_at = context.now + look_again_microseconds;
		return result;
	}

	Result resume(const Context &context) const override {
		const Value *number = context.row.output.find("execution");
		const std::int64_t child = number != nullptr ? number->as_integer().value_or(0) : 0;
		std::optional<execution::Execution> found;
		{
			pg::EngineIdentity engine;
			pg::Spi spi;
			found = execution::find_execution(child);
		}
		if (!found)
			throw pg::Error(ERRCODE_UNDEFINED_OBJECT,
			                "execution " + std::to_string(child) + " that this step waits for is gone");
		if (!execution::is_final(found->status)) {
			Result result = Result::waiting("execution", context.now + look_again_microseconds);
			if (context.row.due_at && *context.row.due_at > context.now) result.due_at = context.row.due_at;
			return result;
		}
		const char *status = execution::to_string(found->status);
		if (found->status == execution::Status::Failed) {
			context.row.output = output_of(child, found->customer_id.value_or(""), status);
			const Value *message = found->error.find("message");
			throw pg::Error(ERRCODE_EXTERNAL_ROUTINE_EXCEPTION,
			                "execution " + std::to_string(child) + " of playbook \"" + found->playbook_id +
			                    "\" failed",
			                message != nullptr ? message->as_text() : std::string());
		}
		return Result::completed(status, output_of(child, found->customer_id.value_or(""), status));
	}

	void withdraw(const Context &context) const override {
		const Value *number = context.row.output.find("execution");
		if (context.row.waiting_for != "execution" || number == nullptr) return;
		pg::EngineIdentity engine;
		pg::Spi spi;
		std::optional<execution::Execution> child = execution::lock_live(number->as_integer().value_or(0));
		if (!child) return;
		execution::load_steps({&*child});
		execution::Batch batch;
		execution::cancel_locked(batch, *child,
		                         "its parent, execution " + std::to_string(context.execution.id) +
		                             ", does not go on",
		                         "playbook_cancel");
		batch.flush();
	}

private:
	static std::string required_text(const Value &input, const char *key) {
		const Value *value = input.find(key);
		if (value == nullptr || value->is_null() || value->as_text().empty())
			throw pg::Error(ERRCODE_INVALID_PARAMETER_VALUE, std::string("config.") + key + " is empty");
		return value->as_text();
	}
};

} // namespace

const Handler &playbook_handler() {
	static const PlaybookHandler handler;
	return handler;
}

} // namespace playbook::step
