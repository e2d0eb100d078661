#include "result/output_facts.hpp"

#include "expression/sql_name.hpp"
#include "identity/access.hpp"
#include "pg/transaction.hpp"
#include "step/data_step.hpp"
#include "step/previous.hpp"

namespace playbook::result {
namespace {

using execution::Execution;

step::Context context_of(Execution &execution, int position) {
	const auto at = static_cast<std::size_t>(position);
	return step::Context{execution, execution.definition().steps[at], execution.steps[at],
	                     GetCurrentTimestamp(), step::Mode::Session};
}

bool is_numeric(const Column &column) {
	static constexpr std::array types = {"int2",    "int4",   "int8",  "\"numeric\"",
	                                     "numeric", "float4", "float8"};
	return std::any_of(types.begin(), types.end(),
	                   [&](const char *type) { return column.type == std::string("pg_catalog.") + type; });
}

// The column of amounts: a declared one, else the first that is named so; "" when there is none.
std::string money_column(const definition::Output &output, const RowSet &rows) {
	const Value *declared = output.raw.find("money");
	const std::vector<std::string> names =
	    declared != nullptr ? step::names_in(*declared) : std::vector<std::string>();
	for (const Column &column : rows.columns()) {
		const bool named = std::find(names.begin(), names.end(), column.name) != names.end();
		if (is_numeric(column) && (named || (names.empty() && is_money_name(column.name))))
			return column.name;
	}
	return {};
}

// The column that says what a row is called.
std::string name_column(const RowSet &rows) {
	for (const char *name : {"name", "account_name", "company_name", "customer_name", "dealname", "title"})
		if (rows.column_index(name) >= 0) return name;
	for (const Column &column : rows.columns())
		if (column.name.ends_with("name")) return column.name;
	return {};
}

void add_money(Execution &execution, const OutputRows &made, OutputFacts &facts) {
	const std::string money = expression::quote_sql_name(facts.money), name = name_column(*made.rows);
	expression::BuiltQuery query;
	query.text = "SELECT total, most, ";
	query.text += name.empty() ? std::string("NULL::text")
	                           : "(SELECT " + expression::quote_sql_name(name) +
	                                 "::text FROM \"input\" WHERE " + money + " = most ORDER BY 1 LIMIT 1)";
	query.text += " AS top FROM (SELECT sum(" + money + ") AS total, max(" + money +
	              ") AS most FROM \"input\") AS figures";
	std::shared_ptr<const RowSet> found;
	try {
		pg::Subtransaction guarded;
		step::UserSqlOptions options = step::user_sql_options(context_of(execution, made.position), true);
		options.relations.emplace_back("input", made.rows);
		found = step::run_user_sql(query, options).rows;
		guarded.commit();
	} catch (const pg::Error &) {
		facts.money.clear(); // a sentence without an amount
		return;
	}
	const std::vector<Value> line = found->objects(1);
	facts.sum = *line.front().find("total");
	facts.top_amount = *line.front().find("most");
	if (facts.top_amount.as_double()) facts.top = line.front().find("top")->as_text();
}

std::string unit_of(const definition::Output &output, const std::string &metric) {
	if (const Value *metrics = output.raw.find("metrics"); metrics != nullptr && metrics->is_array())
		for (const Value &declared : metrics->items()) {
			const Value *name = declared.find("name"), *unit = declared.find("unit");
			if (name != nullptr && unit != nullptr && name->as_text() == metric) return unit->as_text();
		}
	const Value *money = output.raw.find("money");
	const std::vector<std::string> names =
	    money != nullptr ? step::names_in(*money) : std::vector<std::string>();
	return std::find(names.begin(), names.end(), metric) != names.end() ? "money" : "";
}

} // namespace

OutputFacts facts_of_output(Execution &execution, const definition::Output &output, const OutputRows &made) {
	OutputFacts facts;
	facts.output = output.name;
	if (made.rows == nullptr) return facts;
	if (output.type != "aggregate") {
		facts.rows = made.rows->row_count();
		facts.money = money_column(output, *made.rows);
		if (!facts.money.empty()) add_money(execution, made, facts);
		return facts;
	}
	if (made.rows->row_count() != 1) return facts;
	const std::vector<Value> line = made.rows->objects(1);
	for (const Member &member : line.front().members())
		facts.figures.push_back({member.key, unit_of(output, member.key), member.value});
	return facts;
}

std::vector<OutputFacts> former_facts(Execution &execution) {
	std::vector<OutputFacts> facts;
	if (execution.definition().outputs.empty() || execution.steps.empty()) return facts;
	const step::Context context = context_of(execution, 0);
	Execution *former = step::previous_of(context);
	if (former == nullptr || !identity::can_see(former->id) || !is_released(*former)) return facts;
	for (const definition::Output &output : former->definition().outputs)
		facts.push_back(facts_of_output(*former, output, rows_of_output(*former, output)));
	return facts;
}

} // namespace playbook::result
