#include "step/transform.hpp"

#include "definition/wording.hpp"
#include "expression/sql_name.hpp"

namespace playbook::step {

Value TransformHandler::prepare(const Context &context, std::vector<std::string> *missing) const {
	Value input = context.step.config;
	for (const char *key : {"columns", "group_by", "sort", "key", "compare", "on", "suffix"}) {
		Value *names = input.find(key);
		if (names == nullptr) continue;
		std::vector<std::string> lost;
		*names = context.rendered(*names, &lost);
		if (missing != nullptr) missing->insert(missing->end(), lost.begin(), lost.end());
		// Nothing would mean all columns, or one group: something else than what was written.
		if (!context.preview && (names->is_null() || !lost.empty()))
			throw pg::Error(ERRCODE_INVALID_PARAMETER_VALUE,
			                std::string("\"") + key + "\" names columns by " +
			                    definition::quoted(context.step.config.find(key)->as_text()) +
			                    ", which has no value");
	}
	return input;
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
