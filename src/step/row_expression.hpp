// Expressions that an author writes over the columns of a row set: a filter's condition, a metric, a having.
//
// Beside columns they may name what a step can see, as ${parameters.min_arr}, {{parameters.min_arr}} or
// plainly parameters.min_arr; all three are bound.
#pragma once

#include "step/handler.hpp"

namespace playbook::step {

// The expression with every such name as a {{placeholder}}.
std::string with_placeholders(const std::string &expression);

// Throws 42601 unless the text is one SQL expression and nothing else: no further column, no clause, no
// statement. `what` is said in the message: "condition", "expression of \"total_arr\"".
void require_expression(const Context &context, const std::string &templated, const std::string &what);
// The same for a text without placeholders.
void require_expression(const std::string &expression, const std::string &what);

struct Metric {
	std::string name;
	std::string expression; // in SQL: "COUNT(*) WHERE x" has become COUNT(*) FILTER (WHERE x)
};
// {name, expression} of a list of metrics.
std::vector<Metric> metrics_in(const Value &metrics);

} // namespace playbook::step
