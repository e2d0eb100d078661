// Conditions: SQL expressions over customer, csm, parameters, steps, event, execution, item, index, playbook
// and now().
//
// PostgreSQL's own parser reads them; names are bound to typed values through parser hooks: a JSON number,
// string or boolean is numeric, text or boolean, a JSON null an untyped null, an array or object jsonb; a few
// names have another type (execution.elapsed is an interval). Exactly one expression: no subquery, no
// aggregate or window function, nothing volatile. Plans are kept per text, types and role, a few per text.
// Evaluated as the current user, constant folding included: the caller has set up the owner
// (pg::OwnerIdentity or an executor's connection) and the search_path.
#pragma once

#include "pg/guard.hpp"
#include "value/value.hpp"

namespace playbook::expression {

// What a condition may read.
struct ConditionValues {
	const Value &values;                   // {"customer": {…}, "steps": {…}, …}
	std::map<std::string, Oid> types = {}; // dotted name -> type whose input form the string at that name is
};

// The dotted names that a condition reads, each once. Throws as check_condition() does where the text is no
// expression.
std::vector<std::vector<std::string>> condition_paths(const std::string &text);

// Judges the text for saving, without values: syntax, one expression, no subquery, nothing volatile. Throws
// pg::Error whose context() is empty and whose message says what and, where known, `at character n` in
// detail.
void check_condition(const std::string &text);

// The same for an expression over columns, of which only the syntax can be judged: PostgreSQL's parser reads
// it as one SELECT's worth of expression, perhaps with a WHERE.
void check_syntax(const std::string &text);

// Null counts as false. Throws pg::Error; a type that fits no operator names both types.
bool evaluate_condition(const std::string &text, const ConditionValues &values);

// The value of an expression, as to_jsonb would give it; for `repeat.until` reports, explanations and tests.
Value evaluate_expression(const std::string &text, const ConditionValues &values);

// For tests and doc: how many plans are kept now.
std::size_t kept_conditions();

} // namespace playbook::expression
