// diff: what is new, gone and changed between two sets of rows that a key makes comparable.
#include "definition/wording.hpp"
#include "expression/reference.hpp"
#include "expression/sql_name.hpp"
#include "step/handlers.hpp"
#include "step/transform.hpp"

extern "C" {
#include "nodes/makefuncs.h"
#include "nodes/value.h"
#include "parser/parse_oper.h"
}

namespace playbook::step {
namespace {

// A column of both sides; its numbers there.
struct Pair {
	std::string name;
	int before = 0, after = 0;
	bool as_text = false; // there is no equality of its type
};

std::string a(int column) { return "a" + std::to_string(column + 1); }
std::string b(int column) { return "b" + std::to_string(column + 1); }

// The relation with its columns renamed to a1, a2, … and a_here, which is null where the row has no partner.
std::string side(const char *relation, char alias, std::size_t columns) {
	std::string text =
	    std::string("(SELECT *, true FROM \"") + relation + "\") AS " + std::string(1, alias) + " (";
	for (std::size_t i = 1; i <= columns; ++i) text += std::string(1, alias) + std::to_string(i) + ", ";
	return text + std::string(1, alias) + "_here)";
}

std::string type_name(Oid type) {
	return pg::call([type]() -> const char * { return format_type_be(type); });
}

Pair pair_of(const std::string &name, const result::RowSet &before, const result::RowSet &after, bool key) {
	require_column(name, column_names(before), "the rows before");
	require_column(name, column_names(after), "the rows after");
	Pair pair{name, before.column_index(name), after.column_index(name)};
	const Oid left = TupleDescAttr(before.tuple_descriptor(), pair.before)->atttypid,
	          right = TupleDescAttr(after.tuple_descriptor(), pair.after)->atttypid;
	const bool comparable = pg::call([left, right] {
		char *equals = pstrdup("=");
		return OidIsValid(compatible_oper_opid(list_make1(makeString(equals)), left, right, true));
	});
	if (comparable) return pair;
	if (left != right || key)
		throw pg::Error(ERRCODE_DATATYPE_MISMATCH,
		                "cannot compare \"" + name + "\" of type " + type_name(left) + " before with type " +
		                    type_name(right) + " after",
		                "There is no equality between these types.");
	pair.as_text = true;
	return pair;
}

std::vector<Pair> compared(const Value &compare, const std::vector<std::string> &keys,
                           const result::RowSet &before, const result::RowSet &after) {
	std::vector<std::string> names = names_in(compare);
	if (names.empty())
		for (const std::string &name : column_names(after))
			if (before.column_index(name) >= 0 && std::find(names.begin(), names.end(), name) == names.end())
				names.push_back(name);
	std::vector<Pair> pairs;
	for (const std::string &name : names)
		if (std::find(keys.begin(), keys.end(), name) == keys.end())
			pairs.push_back(pair_of(name, before, after, false));
	return pairs;
}

std::string differs(const Pair &pair) {
	const char *cast = pair.as_text ? "::text" : "";
	return a(pair.after) + cast + " IS DISTINCT FROM " + b(pair.before) + cast;
}

std::string free_name(std::string name, std::set<std::string> &taken) {
	while (!taken.insert(name).second) name += "_";
	return name;
}

std::string diff_text(const result::RowSet &before, const result::RowSet &after,
                      const std::vector<Pair> &keys, const std::vector<Pair> &pairs) {
	const std::vector<std::string> columns = column_names(after);
	std::set<std::string> taken(columns.begin(), columns.end());
	std::string changed, any, on, order, select;
	for (const Pair &pair : pairs) {
		const std::string name =
		    pg::call([&pair]() -> const char * { return quote_literal_cstr(pair.name.c_str()); });
		changed += ", CASE WHEN " + differs(pair) + " THEN " + name + " END";
		any += " OR " + differs(pair);
	}
	for (const Pair &key : keys) on += (on.empty() ? "" : " AND ") + a(key.after) + " = " + b(key.before);
	const std::string change = free_name("change", taken), what = free_name("changed_columns", taken);
	select =
	    "SELECT CASE WHEN b_here IS NULL THEN 'new' WHEN a_here IS NULL THEN 'gone' ELSE 'changed' END AS " +
	    expression::quote_sql_name(change) +
	    ", CASE WHEN a_here AND b_here THEN array_remove(ARRAY[NULL::text" + changed + "], NULL) END AS " +
	    expression::quote_sql_name(what);
	for (std::size_t i = 0; i < columns.size(); ++i) {
		const int former = before.column_index(columns[i]);
		const std::string present = a(static_cast<int>(i));
		select +=
		    ", " +
		    (former < 0 ? present : "CASE WHEN a_here THEN " + present + " ELSE " + b(former) + " END") +
		    " AS " + expression::quote_sql_name(columns[i]);
	}
	for (const Pair &pair : pairs)
		select += ", " + b(pair.before) + " AS " +
		          expression::quote_sql_name(free_name(pair.name + "_before", taken));
	for (const Pair &key : keys) order += ", coalesce(" + a(key.after) + ", " + b(key.before) + ")";
	return select + " FROM " + side("after", 'a', columns.size()) + " FULL JOIN " +
	       side("before", 'b', before.columns().size()) + " ON " + on +
	       " WHERE a_here IS NULL OR b_here IS NULL" + any + " ORDER BY 1" + order;
}

// A key that several rows have says nothing about which of them became which.
void require_unique(const std::shared_ptr<const result::RowSet> &rows, const std::vector<std::string> &keys,
                    const char *which, UserSqlOptions options) {
	std::string list, known;
	for (const std::string &key : keys) {
		list += (list.empty() ? "" : ", ") + expression::quote_sql_name(key);
		known += (known.empty() ? "" : " AND ") + expression::quote_sql_name(key) + " IS NOT NULL";
	}
	expression::BuiltQuery query;
	query.text = "SELECT concat_ws(', ', " + list + ") FROM \"input\" WHERE " + known + " GROUP BY " + list +
	             " HAVING count(*) > 1 LIMIT 1";
	options.relations.clear();
	options.relations.emplace_back("input", rows);
	const std::vector<Value> found = run_user_sql(query, options).rows->objects(1);
	if (found.empty()) return;
	throw pg::Error(ERRCODE_CARDINALITY_VIOLATION,
	                std::string("the key of a diff is not unique in the rows ") + which,
	                "Several rows have " + found.front().members().front().value.as_text() + ".",
	                "Name more columns in key.");
}

class DiffHandler final : public TransformHandler {
public:
	Result start(const Context &context, const Value &input) const override {
		if (context.preview) return Result::completed();
		const Value &written = config_member(input, "before");
		const std::shared_ptr<const result::RowSet> after =
		    given_rows(context, config_member(input, "after"), "after");
		const std::shared_ptr<const result::RowSet> before = given_rows(
		    context, written.is_null() ? former(config_member(input, "after")) : written, "before");
		const std::vector<std::string> names = names_in(config_member(input, "key"));
		std::vector<Pair> keys;
		for (const std::string &name : names) keys.push_back(pair_of(name, *before, *after, true));
		const std::vector<Pair> pairs = compared(config_member(input, "compare"), names, *before, *after);

		UserSqlOptions options = user_sql_options(context, true);
		require_unique(before, names, "before", options);
		require_unique(after, names, "after", options);
		expression::BuiltQuery query;
		query.text = diff_text(*before, *after, keys, pairs);
		options.relations.emplace_back("before", before);
		options.relations.emplace_back("after", after);
		return run_statement(context, query, options);
	}

private:
	// "${previous.steps.x}" for "${steps.x}".
	static Value former(const Value &after) {
		const expression::ReferenceScan scan = expression::scan_references(after.as_text());
		return scan.references.empty() ? Value()
		                               : Value("${previous." + scan.references.front().text() + "}");
	}
};

} // namespace

const Handler &diff_handler() {
	static const DiffHandler handler;
	return handler;
}

} // namespace playbook::step
