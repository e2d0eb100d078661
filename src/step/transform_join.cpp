// join: the rows of two steps side by side where their keys are equal; a null key equals nothing.
#include "definition/wording.hpp"
#include "expression/sql_name.hpp"
#include "step/handlers.hpp"
#include "step/join_keys.hpp"
#include "step/transform.hpp"

extern "C" {
#include "nodes/makefuncs.h"
#include "nodes/value.h"
#include "parser/parse_oper.h"
}

namespace playbook::step {
namespace {

const char *join_word(const std::string &type) {
	if (type.empty() || type == "inner") return "INNER JOIN";
	if (type == "left") return "LEFT JOIN";
	if (type == "right") return "RIGHT JOIN";
	if (type == "outer" || type == "full") return "FULL JOIN";
	throw pg::Error(ERRCODE_INVALID_PARAMETER_VALUE, "unknown type of join " + definition::quoted(type), "",
	                "Valid are inner, left, right, outer and full.");
}

// The relation with its columns renamed to l1, l2, …: names of row sets need not be unique.
std::string relation(const char *name, char alias, std::size_t columns) {
	std::string text = std::string("\"") + name + "\" AS " + alias + " (";
	for (std::size_t i = 1; i <= columns; ++i)
		text += (i == 1 ? "" : ", ") + std::string(1, alias) + std::to_string(i);
	return text + ")";
}

std::vector<std::string> joined_names(const result::RowSet &left, const result::RowSet &right,
                                      const std::string &suffix) {
	std::vector<std::string> names = column_names(left);
	std::set<std::string> taken(names.begin(), names.end());
	for (const result::Column &column : right.columns()) {
		std::string name = column.name;
		while (!taken.insert(name).second) name += suffix;
		names.push_back(std::move(name));
	}
	return names;
}

std::string join_text(const result::RowSet &left, const result::RowSet &right,
                      const std::vector<JoinKey> &keys, const char *join, const std::string &suffix) {
	const std::vector<std::string> names = joined_names(left, right, suffix);
	const std::size_t left_count = left.columns().size();
	std::string text = "SELECT ";
	for (std::size_t i = 0; i < names.size(); ++i) {
		text += i == 0 ? "" : ", ";
		text += i < left_count ? "l" + std::to_string(i + 1) : "r" + std::to_string(i - left_count + 1);
		text += " AS " + expression::quote_sql_name(names[i]);
	}
	text += " FROM " + relation("left", 'l', left_count) + " " + join + " " +
	        relation("right", 'r', right.columns().size());
	for (std::size_t i = 0; i < keys.size(); ++i)
		text += (i == 0 ? " ON l" : " AND l") + std::to_string(keys[i].left + 1) + " = r" +
		        std::to_string(keys[i].right + 1);
	return text;
}

// Says of the first pair of columns that cannot be compared what they are; nothing when all can.
void refuse_types(const result::RowSet &left, const result::RowSet &right, const std::vector<JoinKey> &keys) {
	const TupleDesc left_types = left.tuple_descriptor(), right_types = right.tuple_descriptor();
	for (const JoinKey &key : keys) {
		const Oid a = TupleDescAttr(left_types, key.left)->atttypid,
		          b = TupleDescAttr(right_types, key.right)->atttypid;
		const bool comparable = pg::call([a, b] {
			char *equals = pstrdup("=");
			return OidIsValid(compatible_oper_opid(list_make1(makeString(equals)), a, b, true));
		});
		if (comparable) continue;
		const std::string first = pg::call([a]() -> const char * { return format_type_be(a); });
		const std::string second = pg::call([b]() -> const char * { return format_type_be(b); });
		const std::string &name = left.columns()[static_cast<std::size_t>(key.left)].name;
		const std::string &other = right.columns()[static_cast<std::size_t>(key.right)].name;
		throw pg::Error(ERRCODE_DATATYPE_MISMATCH,
		                "cannot join \"" + name + "\" of type " + first + " with \"" + other + "\" of type " +
		                    second,
		                "There is no equality between these types.",
		                "Cast one of the two in its query, for example " + name + "::" + second + ".");
	}
}

class JoinHandler final : public TransformHandler {
public:
	Result start(const Context &context, const Value &input) const override {
		const char *join = join_word(config_member(input, "type").as_text());
		if (context.preview) return Result::completed();

		const std::shared_ptr<const result::RowSet> left =
		    given_rows(context, config_member(input, "left"), "left");
		const std::shared_ptr<const result::RowSet> right =
		    given_rows(context, config_member(input, "right"), "right");
		const std::vector<JoinKey> keys = join_keys(config_member(input, "on"), *left, *right);
		const Value &written_suffix = config_member(input, "suffix");
		const std::string suffix = written_suffix.is_null() ? "_right" : written_suffix.as_text();

		expression::BuiltQuery query;
		query.text = join_text(*left, *right, keys, join, suffix);
		UserSqlOptions options = user_sql_options(context, true);
		options.relations.emplace_back("left", left);
		options.relations.emplace_back("right", right);
		std::optional<pg::Error> failure;
		try {
			return run_statement(context, query, options);
		} catch (const pg::Error &error) {
			failure = error;
		}
		if (failure->sqlstate() == ERRCODE_UNDEFINED_FUNCTION) refuse_types(*left, *right, keys);
		throw *failure;
	}
};

} // namespace

const Handler &join_handler() {
	static const JoinHandler handler;
	return handler;
}

} // namespace playbook::step
