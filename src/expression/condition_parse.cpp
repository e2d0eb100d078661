#include "expression/condition_parse.hpp"

#include "pg/transaction.hpp"

namespace playbook::expression {
namespace {

const char *const hint_one_expression = "Write one expression, such as customer.health_score < 60.";
const char *const hint_no_query = "Compute it in a query step and read steps.<id>.output.";

struct RawWalk {
	const char *text;
	List *names;
	List *locations;
	bool reads_clock;
};

// 'now', 'today', 'tomorrow' and 'yesterday' as words of a literal: "2024" or "known" are none.
bool mentions_clock(const char *literal) {
	static const char *const words[] = {"now", "today", "tomorrow", "yesterday"};
	for (const char *at = literal; *at != '\0'; ++at) {
		if (at != literal && isalpha(static_cast<unsigned char>(at[-1]))) continue;
		for (const char *word : words) {
			const std::size_t length = strlen(word);
			if (pg_strncasecmp(at, word, length) == 0 && !isalpha(static_cast<unsigned char>(at[length])))
				return true;
		}
	}
	return false;
}

void name_by_position(RawWalk *walk, ColumnRef *name) {
	ListCell *cell;
	foreach (cell, name->fields) {
		if (!IsA(lfirst(cell), String))
			refuse(walk->text, name->location, ERRCODE_SYNTAX_ERROR, "\"*\" is not allowed in a condition",
			       hint_one_expression);
	}
	int position = 0;
	foreach (cell, walk->names) {
		if (equal(lfirst(cell), name->fields)) break;
		++position;
	}
	if (cell == nullptr) {
		walk->names = lappend(walk->names, name->fields);
		walk->locations = lappend_int(walk->locations, name->location);
	}
	name->fields = list_make1(makeInteger(position));
}

// A subscript that is written out, as a part of a path; null when it must be computed.
Node *constant_subscript(Node *node) {
	if (!IsA(node, A_Indices)) return nullptr;
	const A_Indices *subscript = reinterpret_cast<A_Indices *>(node);
	if (subscript->is_slice || subscript->uidx == nullptr || !IsA(subscript->uidx, A_Const)) return nullptr;
	A_Const *constant = reinterpret_cast<A_Const *>(subscript->uidx);
	if (constant->isnull) return nullptr;
	if (IsA(&constant->val, Integer))
		return reinterpret_cast<Node *>(makeString(psprintf("%d", intVal(&constant->val))));
	if (IsA(&constant->val, String)) return reinterpret_cast<Node *>(makeString(strVal(&constant->val)));
	return nullptr;
}

// steps.found.output[0].name reads one value of one type, so the whole of it is the name.
void lengthen_name(A_Indirection *indirection) {
	if (!IsA(indirection->arg, ColumnRef)) return;
	ColumnRef *name = reinterpret_cast<ColumnRef *>(indirection->arg);
	while (indirection->indirection != NIL) {
		Node *first = static_cast<Node *>(linitial(indirection->indirection));
		Node *part = IsA(first, String) ? first : constant_subscript(first);
		if (part == nullptr) return;
		name->fields = lappend(name->fields, part);
		indirection->indirection = list_delete_first(indirection->indirection);
	}
}

void judge_call(const RawWalk *walk, const FuncCall *call) {
	if (call->over != nullptr)
		refuse(walk->text, call->location, ERRCODE_WINDOWING_ERROR,
		       "window functions are not allowed in a condition", hint_no_query);
	if (call->agg_star || call->agg_distinct || call->agg_within_group || call->agg_order != NIL ||
	    call->agg_filter != nullptr)
		refuse(walk->text, call->location, ERRCODE_GROUPING_ERROR,
		       "aggregate functions are not allowed in a condition", hint_no_query);
}

bool judge_node(Node *node, void *context) {
	if (node == nullptr) return false;
	RawWalk *walk = static_cast<RawWalk *>(context);
	switch (nodeTag(node)) {
	case T_SubLink:
		refuse(walk->text, exprLocation(node), ERRCODE_FEATURE_NOT_SUPPORTED,
		       "subqueries are not allowed in a condition", hint_no_query);
	case T_ParamRef:
		refuse(
		    walk->text, exprLocation(node), ERRCODE_UNDEFINED_PARAMETER,
		    psprintf("there is no parameter $%d in a condition", reinterpret_cast<ParamRef *>(node)->number),
		    "Write the name of the value, such as parameters.threshold.");
	case T_GroupingFunc:
		refuse(walk->text, exprLocation(node), ERRCODE_GROUPING_ERROR,
		       "GROUPING is not allowed in a condition", hint_no_query);
	case T_ColumnRef: name_by_position(walk, reinterpret_cast<ColumnRef *>(node)); return false;
	case T_A_Indirection: lengthen_name(reinterpret_cast<A_Indirection *>(node)); break;
	case T_FuncCall: judge_call(walk, reinterpret_cast<FuncCall *>(node)); break;
	case T_A_Const: {
		const A_Const *constant = reinterpret_cast<A_Const *>(node);
		if (!constant->isnull && IsA(&constant->val, String) && mentions_clock(constant->val.sval.sval))
			walk->reads_clock = true;
		return false;
	}
	default: break;
	}
	return walk_raw(node, judge_node, context);
}

// An alias is the last word of the text, and the parser does not say where it stands.
int last_mention(const char *text, const char *word) {
	const std::size_t length = strlen(word);
	for (const char *at = text + strlen(text); at-- != text;)
		if (pg_strncasecmp(at, word, length) == 0) return static_cast<int>(at - text);
	return -1;
}

// The parser's rule for expressions lets through what may follow a SELECT list.
Node *only_expression(const char *text, List *parsed) {
	if (list_length(parsed) != 1 || !IsA(linitial_node(RawStmt, parsed)->stmt, SelectStmt))
		refuse(text, -1, ERRCODE_SYNTAX_ERROR, "condition is not an expression", hint_one_expression);
	const SelectStmt *select = castNode(SelectStmt, linitial_node(RawStmt, parsed)->stmt);
	if (select->targetList == NIL)
		refuse(text, -1, ERRCODE_SYNTAX_ERROR, "condition is empty", hint_one_expression);
	if (select->fromClause != NIL)
		refuse(text, exprLocation(static_cast<Node *>(linitial(select->fromClause))),
		       ERRCODE_FEATURE_NOT_SUPPORTED, "FROM is not allowed in a condition", hint_no_query);
	const bool plain =
	    select->distinctClause == NIL && select->intoClause == nullptr && select->whereClause == nullptr &&
	    select->groupClause == NIL && select->havingClause == nullptr && select->windowClause == NIL &&
	    select->valuesLists == NIL && select->sortClause == NIL && select->limitOffset == nullptr &&
	    select->limitCount == nullptr && select->lockingClause == NIL && select->withClause == nullptr &&
	    select->op == SETOP_NONE;
	if (!plain)
		refuse(text, -1, ERRCODE_FEATURE_NOT_SUPPORTED,
		       "a condition has no clauses such as WHERE, ORDER BY or LIMIT", hint_one_expression);
	if (list_length(select->targetList) != 1)
		refuse(text, exprLocation(static_cast<Node *>(lsecond(select->targetList))), ERRCODE_SYNTAX_ERROR,
		       "a condition is one expression, not several", "Join them with AND or OR.");
	const ResTarget *target = linitial_node(ResTarget, select->targetList);
	if (target->name != nullptr)
		refuse(text, last_mention(text, target->name), ERRCODE_SYNTAX_ERROR,
		       psprintf("\"%s\" is not allowed after the expression of a condition", target->name),
		       hint_one_expression);
	return target->val;
}

std::string quoted_part(const std::string &part) {
	const bool plain = !part.empty() && !(part[0] >= '0' && part[0] <= '9') &&
	                   part.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") == std::string::npos;
	if (plain) return part;
	std::string quoted = "\"";
	for (const char letter : part) {
		if (letter == '"') quoted += '"';
		quoted += letter;
	}
	return quoted + '"';
}

bool is_subscript(const std::string &part) {
	const std::size_t digits = part.size() > 1 && part[0] == '-' ? 1 : 0;
	return part.size() > digits && part.find_first_not_of("0123456789", digits) == std::string::npos;
}

} // namespace

std::string BoundName::text() const {
	std::string text;
	for (const std::string &part : path) {
		if (!text.empty() && is_subscript(part)) {
			text += '[' + part + ']';
			continue;
		}
		if (!text.empty()) text += '.';
		text += quoted_part(part);
	}
	return text;
}

std::string BoundName::dotted() const {
	std::string dotted;
	for (const std::string &part : path) dotted += (dotted.empty() ? "" : ".") + part;
	return dotted;
}

bool walk_raw(Node *node, TreeWalker walker, void *context) {
	// Before 16 the server declares walkers without their arguments, which C++ reads as "none".
	return raw_expression_tree_walker(
	    node, reinterpret_cast<bool (*)()>(reinterpret_cast<void (*)()>(walker)), context);
}

bool walk_tree(Node *node, TreeWalker walker, void *context) {
	return expression_tree_walker(node, reinterpret_cast<bool (*)()>(reinterpret_cast<void (*)()>(walker)),
	                              context);
}

void refuse(const char *text, int location, int sqlstate, const char *message, const char *hint) {
	const int character = location >= 0 ? pg_mbstrlen_with_len(text, location) + 1 : 0;
	ereport(ERROR, (errcode(sqlstate), errmsg_internal("%s", message),
	                hint != nullptr ? errhint("%s", hint) : 0, character > 0 ? errposition(character) : 0));
	pg_unreachable();
}

RawCondition raw_condition(const char *text) {
	Node *expression = only_expression(text, raw_parser(text, RAW_PARSE_PLPGSQL_EXPR));
	RawWalk walk{text, NIL, NIL, false};
	(void) judge_node(expression, &walk);
	return RawCondition{expression, walk.names, walk.locations, walk.reads_clock};
}

void remember_position(void *position) {
	// An error within a called function has already moved its own place to the internal position.
	if (geterrposition() > 0) *static_cast<int *>(position) = geterrposition();
}

void add_position(pg::Error &error, int character) {
	if (character <= 0) return;
	if (!error.detail.empty()) error.detail += ' ';
	error.detail += "The error is at character " + std::to_string(character) + " of the condition.";
}

ParsedCondition parse_condition(const std::string &text) {
	if (text.size() > max_condition_bytes)
		throw pg::Error(ERRCODE_PROGRAM_LIMIT_EXCEEDED, "condition is too long",
		                "It has " + std::to_string(text.size()) + " bytes; " +
		                    std::to_string(max_condition_bytes) + " are allowed.",
		                "Compute a part of it in a query step.");
	if (text.find('\0') != std::string::npos)
		throw pg::Error(ERRCODE_SYNTAX_ERROR, "condition contains a zero byte");
	pg::ContextScope scratch("playbook condition text");
	const RawCondition raw = call_at_place([&text] { return raw_condition(text.c_str()); });
	ParsedCondition parsed;
	parsed.reads_clock = raw.reads_clock;
	for (int n = 0; n < list_length(raw.names); ++n) {
		BoundName name;
		const List *path = static_cast<List *>(list_nth(raw.names, n));
		for (int part = 0; part < list_length(path); ++part)
			name.path.emplace_back(strVal(list_nth(path, part)));
		const int location = list_nth_int(raw.locations, n);
		name.character = pg::call([&] { return pg_mbstrlen_with_len(text.c_str(), location); }) + 1;
		parsed.names.push_back(std::move(name));
	}
	return parsed;
}

} // namespace playbook::expression
