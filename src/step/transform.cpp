#include "step/transform.hpp"

#include "expression/sql_name.hpp"

namespace playbook::step {

Value TransformHandler::prepare(const Context &context, std::vector<std::string> *) const {
	return context.step.config;
}

const Value &config_member(const Value &config, const char *key) {
	static const Value *const nothing = new Value();
	const Value *found = config.find(key);
	return found != nullptr ? *found : *nothing;
}

std::string order_clause(const Value &sort, const std::vector<std::string> &columns,
                         const std::string &of_what) {
	std::string clause;
	for (const SortColumn &column : sort_columns(sort)) {
		require_column(column.column, columns, of_what);
		clause += clause.empty() ? " ORDER BY " : ", ";
		clause += expression::quote_sql_name(column.column);
		// The highest first does not mean the unknown first.
		if (column.descending) clause += " DESC NULLS LAST";
	}
	return clause;
}

} // namespace playbook::step
