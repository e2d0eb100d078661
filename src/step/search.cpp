// search: rows of a CRM object by filters, in the words of HubSpot's search; here of the local CRM's tables.
//
// Comparisons are SQL's: a property without a value satisfies HAS_PROPERTY's opposite and nothing else.
// Property names are checked against the table's columns and quoted; every value is bound.
#include "definition/wording.hpp"
#include "expression/sql_name.hpp"
#include "settings.hpp"
#include "step/crm_table.hpp"
#include "step/handlers.hpp"
#include "step/search_filter.hpp"
#include "step/transform.hpp"

namespace playbook::step {
namespace {

std::string singular(const std::string &object) {
	if (object.ends_with("ies")) return object.substr(0, object.size() - 3) + "y";
	return object.ends_with("s") ? object.substr(0, object.size() - 1) : object;
}

// What is returned: the listed properties, and always the keys; everything when nothing is listed.
std::string selected(const CrmTable &table, const Value &input) {
	std::vector<std::string> names = names_in(config_member(input, "properties"));
	for (const std::string &name : names) (void) table.property(name);
	for (const std::string &object : names_in(config_member(input, "associations")))
		names.push_back(table.property(singular(object) + "_id").name);
	if (names.empty()) {
		for (const CrmColumn &column : table.columns) names.push_back(column.name);
	} else {
		for (const std::string &key : table.keys()) names.push_back(key);
	}
	std::string text;
	std::set<std::string> seen;
	for (const std::string &name : names)
		if (seen.insert(name).second) text += (text.empty() ? "" : ", ") + expression::quote_sql_name(name);
	return text;
}

class SearchHandler final : public Handler {
public:
	bool runs_user_sql() const override { return true; }

	Result start(const Context &context, const Value &input) const override {
		require_this_database(context);
		if (!config_member(input, "soql").is_null())
			throw pg::Error(ERRCODE_FEATURE_NOT_SUPPORTED, "the local CRM does not read SOQL", "",
			                "Write object and filters, or a query step in SQL.");
		const std::string object = config_member(input, "object").as_text();
		if (object.empty()) throw pg::Error(ERRCODE_INVALID_PARAMETER_VALUE, "a search needs an object");
		// Before the table is looked up: that it cannot be is among what a former result helps with.
		const UserSqlOptions options = user_sql_options(context, true);
		Value resolved = Value::object();
		resolved.set("schema", Value(settings::crm_schema()));
		resolved.set("input", input);
		note_resolved(context, resolved, options);
		const CrmTable table = crm_table(object, context.execution.owner);

		SearchFilter filter(table);
		filter.all_of(config_member(input, "filters"));
		filter.one_of(config_member(input, "filter_groups"));
		filter.one_of(config_member(input, "filterGroups"));
		filter.containing(config_member(input, "query"));

		std::vector<std::string> columns;
		for (const CrmColumn &column : table.columns) columns.push_back(column.name);
		const Value &sort = config_member(input, "sort");
		const std::string of_what = "CRM object \"" + object + "\"";
		expression::BuiltQuery query;
		query.text = "SELECT " + selected(table, input) + " FROM " + table.qualified + filter.where() +
		             order_clause(sort.is_null() ? config_member(input, "sorts") : sort, columns, of_what) +
		             limit_clause(config_member(input, "limit"));
		query.values = filter.values();
		return result_of(run_user_sql(query, options), context);
	}
};

} // namespace

const Handler &search_handler() {
	static const SearchHandler handler;
	return handler;
}

} // namespace playbook::step
