#include "step/search_filter.hpp"

#include "definition/wording.hpp"
#include "expression/sql_name.hpp"
#include "step/transform.hpp"

namespace playbook::step {
namespace {

const std::vector<std::string> &operators() {
	static const auto *const words = new std::vector<std::string>{"EQ",
	                                                              "NEQ",
	                                                              "LT",
	                                                              "LTE",
	                                                              "GT",
	                                                              "GTE",
	                                                              "BETWEEN",
	                                                              "IN",
	                                                              "NOT_IN",
	                                                              "HAS_PROPERTY",
	                                                              "NOT_HAS_PROPERTY",
	                                                              "CONTAINS_TOKEN",
	                                                              "NOT_CONTAINS_TOKEN"};
	return *words;
}

const char *comparison(const std::string &word) {
	if (word == "EQ") return "=";
	if (word == "NEQ") return "<>";
	if (word == "LT") return "<";
	if (word == "LTE") return "<=";
	if (word == "GT") return ">";
	if (word == "GTE") return ">=";
	return nullptr;
}

bool is_text(Oid type) {
	return pg::call([type] {
		char category;
		bool preferred;
		get_type_category_preferred(type, &category, &preferred);
		return category == TYPCATEGORY_STRING;
	});
}

bool is_point_in_time(Oid type) { return type == DATEOID || type == TIMESTAMPOID || type == TIMESTAMPTZOID; }

// HubSpot writes times as milliseconds since 1970; nobody writes a date as eleven digits.
bool is_epoch_milliseconds(const Value &value) {
	const std::string text = value.as_text();
	return text.size() >= 11 && text.size() <= 15 && text.find_first_not_of("0123456789") == text.npos;
}

// A regular expression for a token: words in a row, "*" for any part of a word.
std::string token_pattern(const std::string &value) {
	std::string pattern = "(^|[^[:alnum:]_])";
	bool gap = false;
	for (const char c : value) {
		if (c == ' ' || c == '\t' || c == '\n') {
			gap = true;
			continue;
		}
		if (gap) pattern += "[^[:alnum:]_]+";
		gap = false;
		if (c == '*')
			pattern += "[^[:space:]]*";
		else if (std::string_view("\\^$.|?+()[]{}").find(c) != std::string_view::npos)
			pattern += std::string("\\") + c;
		else
			pattern += c;
	}
	return pattern + "($|[^[:alnum:]_])";
}

std::string like_pattern(const std::string &value) {
	std::string pattern = "%";
	for (const char c : value) {
		if (c == '%' || c == '_' || c == '\\') pattern += '\\';
		pattern += c;
	}
	return pattern + "%";
}

[[noreturn]] void refuse(const CrmColumn &column, const std::string &word, const char *needs) {
	throw pg::Error(ERRCODE_INVALID_PARAMETER_VALUE,
	                "filter on \"" + column.name + "\": " + word + " needs " + needs);
}

const Value &single_value(const CrmColumn &column, const std::string &word, const Value &value) {
	if (!value.is_scalar() || value.is_null()) refuse(column, word, "one value");
	return value;
}

} // namespace

void SearchFilter::all_of(const Value &filters) {
	const std::string all = all_conditions(filters);
	if (!all.empty()) conditions_.push_back(all);
}

void SearchFilter::one_of(const Value &groups) {
	if (!groups.is_array() || groups.items().empty()) return;
	std::string any;
	for (const Value &group : groups.items()) {
		const std::string all = all_conditions(config_member(group, "filters"));
		any += (any.empty() ? "" : " OR ") + (all.empty() ? std::string("TRUE") : "(" + all + ")");
	}
	conditions_.push_back("(" + any + ")");
}

void SearchFilter::containing(const Value &words) {
	if (words.is_null() || words.as_text().empty()) return;
	std::string any;
	const std::string pattern = bound(Value(like_pattern(words.as_text())));
	for (const CrmColumn &column : table_.columns)
		if (is_text(column.type))
			any += (any.empty() ? "" : " OR ") + expression::quote_sql_name(column.name) + "::text ILIKE " +
			       pattern + "::text";
	conditions_.push_back(any.empty() ? "(" + pattern + "::text IS NULL)" : "(" + any + ")");
}

std::string SearchFilter::where() const {
	std::string text;
	for (const std::string &condition : conditions_) text += (text.empty() ? " WHERE " : " AND ") + condition;
	return text;
}

std::string SearchFilter::all_conditions(const Value &filters) {
	std::string all;
	if (!filters.is_array()) return all;
	for (const Value &filter : filters.items()) all += (all.empty() ? "" : " AND ") + condition(filter);
	return all;
}

std::string SearchFilter::condition(const Value &filter) {
	const Value &property = config_member(filter, "property");
	const CrmColumn &column =
	    table_.property((property.is_null() ? config_member(filter, "propertyName") : property).as_text());
	const std::string word = config_member(filter, "operator").as_text();
	const Value &value = config_member(filter, "value");
	const Value &values = config_member(filter, "values");
	if (const char *sql_operator = comparison(word))
		return compared(column, sql_operator, single_value(column, word, value));
	if (word == "BETWEEN") {
		const Value &camel = config_member(filter, "highValue");
		const Value &high = camel.is_null() ? config_member(filter, "high_value") : camel;
		if (value.is_null() || high.is_null()) refuse(column, word, "value and highValue");
		return "(" + compared(column, ">=", single_value(column, word, value)) + " AND " +
		       compared(column, "<=", single_value(column, word, high)) + ")";
	}
	if (word == "IN" || word == "NOT_IN")
		return in_list(column, values.is_null() ? value : values, word == "NOT_IN");
	const std::string name = expression::quote_sql_name(column.name);
	// An empty text is no value either.
	const std::string has =
	    is_text(column.type) ? "COALESCE(" + name + "::text, '') <> ''" : name + " IS NOT NULL";
	if (word == "HAS_PROPERTY") return "(" + has + ")";
	if (word == "NOT_HAS_PROPERTY") return "(NOT " + has + ")";
	if (word == "CONTAINS_TOKEN") return token(column, single_value(column, word, value));
	if (word == "NOT_CONTAINS_TOKEN")
		return "(NOT COALESCE(" + token(column, single_value(column, word, value)) + ", false))";
	throw pg::Error(ERRCODE_INVALID_PARAMETER_VALUE, "unknown operator " + definition::quoted(word), "",
	                definition::suggestion(word, operators()));
}

std::string SearchFilter::compared(const CrmColumn &column, const char *sql_operator, const Value &value) {
	return expression::quote_sql_name(column.name) + " " + sql_operator + " " + bound_for(column, value);
}

std::string SearchFilter::token(const CrmColumn &column, const Value &value) {
	return "(" + expression::quote_sql_name(column.name) + "::text ~* " +
	       bound(Value(token_pattern(value.as_text()))) + "::text)";
}

std::string SearchFilter::in_list(const CrmColumn &column, const Value &values, bool negated) {
	Value list = values;
	if (values.is_null()) refuse(column, negated ? "NOT_IN" : "IN", "values");
	if (!values.is_array()) list = Value(Value::Array{values});
	return expression::quote_sql_name(column.name) + (negated ? " <> ALL (" : " = ANY (") +
	       bound(std::move(list), true) + ")";
}

std::string SearchFilter::bound(Value value, bool is_array) {
	values_.push_back({std::move(value), is_array});
	return "$" + std::to_string(values_.size());
}

std::string SearchFilter::bound_for(const CrmColumn &column, const Value &value) {
	if (is_point_in_time(column.type) && is_epoch_milliseconds(value))
		return "pg_catalog.to_timestamp(" + bound(value) + "::bigint / 1000.0::double precision)";
	return bound(value);
}

} // namespace playbook::step
