// Filters of a search as a WHERE clause over a table of the local CRM, values bound.
#pragma once

#include "expression/query_template.hpp"
#include "step/crm_table.hpp"

namespace playbook::step {

class SearchFilter {
public:
	explicit SearchFilter(const CrmTable &table) : table_(table) {}

	// A list of filters {property, operator, value, values, highValue}: all must hold.
	void all_of(const Value &filters);
	// A list of groups {filters: […]}: in one of them all must hold.
	void one_of(const Value &groups);
	// Free text that some property of text contains.
	void containing(const Value &words);

	// " WHERE …", or "".
	std::string where() const;
	const std::vector<expression::BoundValue> &values() const { return values_; }

private:
	std::string all_conditions(const Value &filters);
	std::string condition(const Value &filter);
	std::string compared(const CrmColumn &column, const char *sql_operator, const Value &value);
	std::string token(const CrmColumn &column, const Value &value);
	std::string in_list(const CrmColumn &column, const Value &values, bool negated);
	std::string bound(Value value, bool is_array = false);
	std::string bound_for(const CrmColumn &column, const Value &value);

	const CrmTable &table_;
	std::vector<std::string> conditions_;
	std::vector<expression::BoundValue> values_;
};

} // namespace playbook::step
