// aggregate: figures over rows, in groups or over all; the same for the outputs of a result document.
#include "expression/sql_name.hpp"
#include "step/handlers.hpp"
#include "step/row_expression.hpp"
#include "step/transform.hpp"

namespace playbook::step {
namespace {

// The columns of the result, groups first.
std::vector<std::string> result_columns(const std::vector<std::string> &groups,
                                        const std::vector<Metric> &metrics) {
	std::vector<std::string> columns = groups;
	for (const Metric &metric : metrics) columns.push_back(metric.name);
	return columns;
}

std::string aggregate_text(const std::vector<std::string> &groups, const std::vector<Metric> &metrics) {
	std::string text = "SELECT ";
	for (const std::string &group : groups) text += expression::quote_sql_name(group) + ", ";
	for (std::size_t i = 0; i < metrics.size(); ++i)
		text += (i == 0 ? "" : ", ") + std::string("(\n") + metrics[i].expression + "\n) AS " +
		        expression::quote_sql_name(metrics[i].name);
	text += " FROM \"input\"";
	for (std::size_t i = 0; i < groups.size(); ++i)
		text += (i == 0 ? " GROUP BY " : ", ") + expression::quote_sql_name(groups[i]);
	if (groups.empty()) text += " GROUP BY ()"; // one row, also where no metric aggregates
	return text;
}

std::vector<Metric> checked_metrics(const Value &written) {
	std::vector<Metric> metrics = metrics_in(written);
	if (metrics.empty())
		throw pg::Error(ERRCODE_INVALID_PARAMETER_VALUE, "an aggregate needs at least one metric");
	return metrics;
}

class AggregateHandler final : public TransformHandler {
public:
	Result start(const Context &context, const Value &input) const override {
		const std::vector<Metric> metrics = checked_metrics(config_member(input, "metrics"));
		for (const Metric &metric : metrics)
			require_expression(context, metric.expression, "expression of \"" + metric.name + "\"");
		const Value &having = config_member(input, "having");
		const std::string keep = having.is_null() ? std::string() : with_placeholders(having.as_text());
		if (!keep.empty()) require_expression(context, keep, "having");
		if (context.preview) return Result::completed();

		const std::shared_ptr<const result::RowSet> rows =
		    given_rows(context, config_member(input, "input"), "input");
		const std::vector<std::string> groups = names_in(config_member(input, "group_by"));
		for (const std::string &group : groups) require_column(group, column_names(*rows), "input");
		std::string text = aggregate_text(groups, metrics);
		// Around it, so that having, sort and limit speak of the result's columns.
		text = "SELECT * FROM (" + text + ") AS figures";
		if (!keep.empty()) text += " WHERE (\n" + keep + "\n)";
		text += order_clause(config_member(input, "sort"), result_columns(groups, metrics), "the figures");
		text += limit_clause(context.rendered(config_member(input, "limit")));

		UserSqlOptions options = user_sql_options(context, true);
		options.relations.emplace_back("input", rows);
		return run_statement(context, build_query(context, text), options);
	}
};

} // namespace

const Handler &aggregate_handler() {
	static const AggregateHandler handler;
	return handler;
}

std::shared_ptr<const result::RowSet> run_aggregate_over(std::shared_ptr<const result::RowSet> rows,
                                                         const Value &metrics, const Value &group_by,
                                                         UserSqlOptions options) {
	const std::vector<Metric> figures = checked_metrics(metrics);
	for (const Metric &figure : figures)
		require_expression(figure.expression, "expression of \"" + figure.name + "\"");
	const std::vector<std::string> groups = names_in(group_by);
	for (const std::string &group : groups) require_column(group, column_names(*rows), "the rows");
	expression::BuiltQuery query;
	query.text = aggregate_text(groups, figures);
	options.read_only = true;
	options.relations.clear();
	options.relations.emplace_back("input", std::move(rows));
	return run_user_sql(query, options).rows;
}

} // namespace playbook::step
