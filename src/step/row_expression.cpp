#include "step/row_expression.hpp"

#include "definition/wording.hpp"
#include "expression/condition_names.hpp"
#include "expression/reference.hpp"
#include "expression/sql_lexer.hpp"
#include "step/data_step.hpp"
#include "step/statement.hpp"

extern "C" {
#include "nodes/parsenodes.h"
#include "parser/parser.h"
}

namespace playbook::step {
namespace {

using expression::SqlToken;
using expression::SqlTokenKind;

std::string references_replaced(const std::string &text) {
	const expression::ReferenceScan scan = expression::scan_references(text);
	if (scan.references.empty()) return text;
	std::string replaced;
	std::size_t from = 0;
	for (const expression::Reference &reference : scan.references) {
		replaced += text.substr(from, reference.begin - from) + "{{" + reference.text() + "}}";
		from = reference.end;
	}
	return replaced + text.substr(from);
}

// How many tokens make up the dotted name of so many parts that begins at token `at`; 0 when it is not
// written so.
std::size_t tokens_of_name(const std::vector<SqlToken> &tokens, std::size_t at, std::size_t parts) {
	const std::size_t count = 2 * parts - 1;
	if (at + count > tokens.size()) return 0;
	for (std::size_t i = 0; i < count; ++i) {
		const SqlToken &token = tokens[at + i];
		const bool name = token.kind == SqlTokenKind::Word || token.kind == SqlTokenKind::QuotedName;
		if (i % 2 == 0 ? !name : !token.is('.')) return 0;
	}
	return count;
}

std::string plain_names_replaced(const std::string &text) {
	const expression::ConditionNames names = expression::read_condition_names(text);
	const expression::SqlScan scan = expression::scan_sql(text, expression::SqlScanMode::Template);
	std::string replaced;
	std::size_t from = 0;
	for (const expression::ConditionName &name : names.names) {
		if (name.path.size() < 2 || (name.path[0] != "parameters" && name.path[0] != "steps")) continue;
		for (std::size_t i = 0; i < scan.tokens.size(); ++i) {
			if (scan.tokens[i].begin != name.offset || name.offset < from) continue;
			const std::size_t count = tokens_of_name(scan.tokens, i, name.path.size());
			if (count == 0) break;
			replaced += text.substr(from, name.offset - from) + "{{";
			for (std::size_t part = 0; part < name.path.size(); ++part)
				replaced += (part == 0 ? "" : ".") + name.path[part];
			replaced += "}}";
			from = scan.tokens[i + count - 1].end;
			break;
		}
	}
	return replaced + text.substr(from);
}

// The WHERE of "COUNT(*) WHERE health_status = 'At-Risk'": outside all parentheses.
const SqlToken *outer_where(const std::vector<SqlToken> &tokens) {
	int depth = 0;
	for (const SqlToken &token : tokens) {
		if (token.is('('))
			++depth;
		else if (token.is(')'))
			--depth;
		else if (depth == 0 && token.is_word("WHERE"))
			return &token;
	}
	return nullptr;
}

// Called inside call(): the expression's tree, or null when the text is more than one expression.
Node *only_expression(const char *text) {
	List *statements = raw_parser(text, RAW_PARSE_PLPGSQL_EXPR);
	if (list_length(statements) != 1) return nullptr;
	Node *statement = linitial_node(RawStmt, statements)->stmt;
	if (!IsA(statement, SelectStmt)) return nullptr;
	const SelectStmt *select = reinterpret_cast<SelectStmt *>(statement);
	const bool clauses =
	    select->distinctClause != NIL || select->intoClause != nullptr || select->fromClause != NIL ||
	    select->whereClause != nullptr || select->groupClause != NIL || select->havingClause != nullptr ||
	    select->windowClause != NIL || select->valuesLists != NIL || select->sortClause != NIL ||
	    select->limitOffset != nullptr || select->limitCount != nullptr || select->lockingClause != NIL ||
	    select->withClause != nullptr || select->op != SETOP_NONE;
	if (clauses || list_length(select->targetList) != 1) return nullptr;
	const ResTarget *target = linitial_node(ResTarget, select->targetList);
	if (target->name != nullptr || target->indirection != NIL) return nullptr;
	if (IsA(target->val, ColumnRef)) {
		const ColumnRef *column = reinterpret_cast<ColumnRef *>(target->val);
		if (IsA(llast(column->fields), A_Star)) return nullptr;
	}
	return target->val;
}

Node *parsed(const std::string &text, const std::string &what) {
	std::optional<pg::Error> failure;
	Node *tree = nullptr;
	try {
		tree = pg::call([&text] { return only_expression(text.c_str()); });
	} catch (const pg::Error &error) {
		failure = error;
	}
	if (failure)
		throw pg::Error(failure->sqlstate(), what + " is no SQL expression: " + failure->what(),
		                failure->detail, failure->hint);
	if (tree == nullptr)
		throw pg::Error(ERRCODE_SYNTAX_ERROR,
		                what + " must be one SQL expression: " + definition::quoted(text));
	return tree;
}

} // namespace

std::string with_placeholders(const std::string &expression) {
	return plain_names_replaced(references_replaced(expression));
}

void require_expression(const std::string &expression, const std::string &what) {
	(void) parsed(expression, what);
}

void require_expression(const Context &context, const std::string &templated, const std::string &what) {
	require_expression(build_query(context, templated).text, what);
}

std::vector<Metric> metrics_in(const Value &metrics) {
	std::vector<Metric> found;
	if (!metrics.is_array()) return found;
	for (const Value &metric : metrics.items()) {
		const Value *name = metric.find("name"), *written = metric.find("expression");
		if (name == nullptr || written == nullptr)
			throw pg::Error(ERRCODE_INVALID_PARAMETER_VALUE, "a metric needs a name and an expression");
		std::string text = with_placeholders(written->as_text());
		const expression::SqlScan scan = expression::scan_sql(text, expression::SqlScanMode::Template);
		if (const SqlToken *where = outer_where(scan.tokens)) {
			const std::string figure = text.substr(0, where->begin), condition = text.substr(where->end);
			const std::string what = "expression of \"" + name->as_text() + "\"";
			if (figure.find("{{") == figure.npos && !IsA(parsed(figure, what), FuncCall))
				throw pg::Error(ERRCODE_SYNTAX_ERROR,
				                what + " has a WHERE after more than one aggregate call", "",
				                "Write FILTER (WHERE …) after each call that it is meant for.");
			text = figure + " FILTER (WHERE\n" + condition + "\n)";
		}
		found.push_back({name->as_text(), std::move(text)});
	}
	return found;
}

} // namespace playbook::step
