// What was read for one step (step/context.cpp): kept while the step is worked on, so that each is read once.
#pragma once

#include "step/handler.hpp"

namespace playbook::step {

struct Reading {
	std::optional<Value> customer, csm;
	std::map<int, std::shared_ptr<const result::RowSet>> rows;
	std::shared_ptr<execution::Execution> previous; // the former execution, once it was looked for
	bool looked_for_previous = false;
};

Reading &reading_of(const Context &context);
const Value &customer_of(const Context &context);
const Value &csm_of(const Context &context);
// The rows of another step; throws 54000 when there are more than a list may have.
std::shared_ptr<const result::RowSet> rows_as_list(const Context &context, int position);
// A step among the values of a template: where its rows are, too, its other members lie beside them
// (expression::members_beside_list).
std::string members_name(const Value &steps, const std::string &step);
void add_list(Value &steps, const std::string &step, Value list);

} // namespace playbook::step
