// query: a SELECT, read-only; its rows are the step's.
#include "step/handlers.hpp"
#include "step/statement_step.hpp"

namespace playbook::step {
namespace {

class QueryHandler final : public StatementHandler {
public:
	QueryHandler() : StatementHandler(true) {}
	Result start(const Context &context, const Value &input) const override { return run(context, input); }
};

} // namespace

const Handler &query_handler() {
	static const QueryHandler handler;
	return handler;
}

} // namespace playbook::step
