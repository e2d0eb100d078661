// filter: the rows for which a condition holds; also fewer columns, distinct rows, an order, a limit.
#include "expression/sql_name.hpp"
#include "step/handlers.hpp"
#include "step/row_expression.hpp"
#include "step/transform.hpp"

namespace playbook::step {
namespace {

std::string select_list(const std::vector<std::string> &kept, const std::vector<std::string> &columns) {
	std::string list;
	for (const std::string &column : kept) {
		require_column(column, columns, "input");
		list += (list.empty() ? "" : ", ") + expression::quote_sql_name(column);
	}
	return list;
}

class FilterHandler final : public TransformHandler {
public:
	Result start(const Context &context, const Value &input) const override {
		const Value &condition = config_member(input, "condition");
		const std::string where =
		    condition.is_null() ? std::string() : with_placeholders(condition.as_text());
		if (!where.empty()) require_expression(context, where, "condition");
		if (context.preview) return Result::completed();

		const std::shared_ptr<const result::RowSet> rows =
		    given_rows(context, config_member(input, "input"), "input");
		const std::vector<std::string> columns = column_names(*rows);
		std::string text = "SELECT ";
		const Value &distinct = config_member(input, "distinct");
		if (distinct.is_boolean() && distinct.boolean()) text += "DISTINCT ";
		std::vector<std::string> kept = names_in(config_member(input, "columns"));
		text += kept.empty() ? "*" : select_list(kept, columns);
		if (kept.empty()) kept = columns;
		text += " FROM \"input\"";
		// On lines of its own: a comment at the condition's end ends there.
		if (!where.empty()) text += " WHERE (\n" + where + "\n)";
		text += order_clause(config_member(input, "sort"), distinct.is_null() ? columns : kept, "input");
		text += limit_clause(context.rendered(config_member(input, "limit")));

		UserSqlOptions options = user_sql_options(context, true);
		options.relations.emplace_back("input", rows);
		return run_statement(context, build_query(context, text), options);
	}
};

} // namespace

const Handler &filter_handler() {
	static const FilterHandler handler;
	return handler;
}

std::shared_ptr<const result::RowSet> rows_with_columns(std::shared_ptr<const result::RowSet> rows,
                                                        const Value &columns, UserSqlOptions options) {
	expression::BuiltQuery query;
	query.text = "SELECT " + select_list(names_in(columns), column_names(*rows)) + " FROM \"input\"";
	options.relations.clear();
	options.relations.emplace_back("input", std::move(rows));
	return run_user_sql(query, options).rows;
}

} // namespace playbook::step
