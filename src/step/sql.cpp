// sql: a statement that writes, exactly once; its rows are what it returns, its output how many rows it
// touched.
#include "step/handlers.hpp"
#include "step/statement_step.hpp"

namespace playbook::step {
namespace {

class SqlHandler final : public StatementHandler {
public:
	SqlHandler() : StatementHandler(false) {}
	Result start(const Context &context, const Value &input) const override {
		Result result = run(context, input);
		if (!context.preview) {
			result.output = Value::object();
			result.output.set("row_count", Value(result.row_count.value_or(0)));
		}
		return result;
	}
};

} // namespace

const Handler &sql_handler() {
	static const SqlHandler handler;
	return handler;
}

} // namespace playbook::step
