// check_condition(): what is wrong with a condition whatever its values will be.
//
// Without values a name has no type, and PostgreSQL cannot say which operator or function is meant. So every
// part that reads no name is analyzed as it will be when it runs, and for the others it is asked whether any
// function or operator of that name could be meant. What depends on the values is left to the evaluation.
#include "expression/condition.hpp"
#include "expression/condition_plan.hpp"
#include "expression/condition_roots.hpp"
#include "pg/transaction.hpp"

extern "C" {
#include "catalog/pg_proc.h"
#include "parser/parse_coerce.h"
#include "parser/parse_collate.h"
#include "parser/parse_expr.h"
#include "parser/parse_func.h"
#include "parser/parse_type.h"
#include "parser/parser.h"
}

namespace playbook::expression {
namespace {

// Everything here down to check_condition() is C: it runs inside pg::call.

struct Check {
	const char *text;
	ParseState *state;
};

bool reads_name(Node *node, void *) {
	if (node == nullptr) return false;
	return IsA(node, ColumnRef) || walk_raw(node, reads_name, nullptr);
}

bool is_expression(const Node *node) {
	switch (nodeTag(node)) {
	case T_A_Const:
	case T_A_Expr:
	case T_A_ArrayExpr:
	case T_A_Indirection:
	case T_BoolExpr:
	case T_BooleanTest:
	case T_CaseExpr:
	case T_CoalesceExpr:
	case T_CollateClause:
	case T_FuncCall:
	case T_MinMaxExpr:
	case T_NullTest:
	case T_RowExpr:
	case T_SQLValueFunction:
	case T_SetToDefault:
	case T_TypeCast:
	case T_XmlExpr:
	case T_XmlSerialize: return true;
	default: return false;
	}
}

Node *analyze(const Check *check, Node *node) {
	Node *analyzed = transformExpr(check->state, static_cast<Node *>(copyObjectImpl(node)), EXPR_KIND_OTHER);
	assign_expr_collations(check->state, analyzed);
	(void) judge_analyzed(check->text, analyzed);
	return analyzed;
}

bool gives_boolean(Oid type) {
	switch (type) {
	case ANYELEMENTOID:
	case ANYNONARRAYOID:
	case ANYCOMPATIBLEOID:
	case ANYCOMPATIBLENONARRAYOID: return true;
	default: break;
	}
	const Oid boolean = BOOLOID;
	return !IsPolymorphicType(type) && can_coerce_type(1, &type, &boolean, COERCION_ASSIGNMENT);
}

List *argument_names(const FuncCall *call) {
	List *names = NIL;
	ListCell *cell;
	foreach (cell, call->args)
		if (IsA(lfirst(cell), NamedArgExpr)) names = lappend(names, lfirst_node(NamedArgExpr, cell)->name);
	return names;
}

FuncCandidateList functions_meant(const FuncCall *call) {
	return FuncnameGetCandidates(call->funcname, list_length(call->args), argument_names(call),
	                             !call->func_variadic, true, false, true);
}

// float8(x) is a cast when no such function exists.
Oid type_meant(const Check *check, const FuncCall *call) {
	if (list_length(call->args) != 1) return InvalidOid;
	Type type = LookupTypeName(check->state, makeTypeNameFromNameList(call->funcname), nullptr, true);
	if (type == nullptr) return InvalidOid;
	const Oid oid = typeTypeId(type);
	ReleaseSysCache(type);
	return oid;
}

// Why a call of this function cannot stand in a condition; null when it can.
const char *objection_to(Oid function) {
	switch (get_func_prokind(function)) {
	case PROKIND_AGGREGATE: return "aggregate functions are not allowed in a condition";
	case PROKIND_WINDOW: return "window functions are not allowed in a condition";
	case PROKIND_PROCEDURE: return "procedures are not allowed in a condition";
	default: break;
	}
	if (get_func_retset(function)) return "functions that return sets are not allowed in a condition";
	if (func_volatile(function) == PROVOLATILE_VOLATILE)
		return psprintf("volatile function \"%s\" is not allowed in a condition", get_func_name(function));
	return nullptr;
}

void judge_call(const Check *check, const FuncCall *call) {
	const FuncCandidateList meant = functions_meant(call);
	if (meant == nullptr && OidIsValid(type_meant(check, call))) return;
	if (meant == nullptr) {
		const bool other_count =
		    FuncnameGetCandidates(call->funcname, -1, NIL, false, false, false, true) != nullptr;
		refuse(check->text, call->location, ERRCODE_UNDEFINED_FUNCTION,
		       psprintf("function \"%s\" with %d argument%s does not exist", NameListToString(call->funcname),
		                list_length(call->args), list_length(call->args) == 1 ? "" : "s"),
		       other_count ? "There is a function of that name with another number of arguments."
		                   : "Check the spelling, and whether its schema is in the search_path.");
	}
	const char *objection = nullptr;
	for (FuncCandidateList one = meant; one != nullptr; one = one->next) {
		objection = objection_to(one->oid);
		if (objection == nullptr) return;
	}
	refuse(check->text, call->location, ERRCODE_FEATURE_NOT_SUPPORTED, objection,
	       "Compute it in a query step and read steps.<id>.output.");
}

FuncCandidateList operators_meant(const A_Expr *expression) {
	return OpernameGetCandidates(expression->name, expression->lexpr == nullptr ? 'l' : 'b', true);
}

bool has_operator(const A_Expr *expression) {
	switch (expression->kind) {
	case AEXPR_OP:
	case AEXPR_OP_ANY:
	case AEXPR_OP_ALL:
	case AEXPR_DISTINCT:
	case AEXPR_NOT_DISTINCT:
	case AEXPR_NULLIF:
	case AEXPR_IN:
	case AEXPR_LIKE:
	case AEXPR_ILIKE: return true;
	default: return false;
	}
}

void judge_operator(const Check *check, const A_Expr *expression) {
	if (!has_operator(expression) || operators_meant(expression) != nullptr) return;
	refuse(check->text, expression->location, ERRCODE_UNDEFINED_FUNCTION,
	       psprintf("operator %s does not exist", NameListToString(expression->name)),
	       "Conditions are SQL: = for equal, <> for not equal, AND, OR, NOT.");
}

bool judge_node(Node *node, void *context) {
	if (node == nullptr) return false;
	const Check *check = static_cast<const Check *>(context);
	if (is_expression(node) && !reads_name(node, nullptr)) {
		(void) analyze(check, node);
		return false;
	}
	switch (nodeTag(node)) {
	case T_FuncCall: judge_call(check, reinterpret_cast<FuncCall *>(node)); break;
	case T_A_Expr: judge_operator(check, reinterpret_cast<A_Expr *>(node)); break;
	case T_TypeName: {
		Oid type;
		int32 modifier;
		typenameTypeIdAndMod(check->state, reinterpret_cast<TypeName *>(node), &type, &modifier);
		return false;
	}
	case T_CollateClause: {
		const CollateClause *clause = reinterpret_cast<CollateClause *>(node);
		(void) LookupCollation(check->state, clause->collname, clause->location);
		break;
	}
	default: break;
	}
	return walk_raw(node, judge_node, context);
}

// Whether the outermost part can give a boolean at all: not so customer.health_score + 1.
bool may_be_boolean(const Check *check, Node *node) {
	switch (nodeTag(node)) {
	case T_A_Expr: {
		const A_Expr *expression = reinterpret_cast<A_Expr *>(node);
		if (expression->kind != AEXPR_OP) return true;
		for (FuncCandidateList one = operators_meant(expression); one != nullptr; one = one->next)
			if (gives_boolean(get_func_rettype(get_opcode(one->oid)))) return true;
		return false;
	}
	case T_FuncCall: {
		const FuncCall *call = reinterpret_cast<FuncCall *>(node);
		const Oid cast = type_meant(check, call);
		if (OidIsValid(cast) && gives_boolean(cast)) return true;
		for (FuncCandidateList one = functions_meant(call); one != nullptr; one = one->next)
			if (gives_boolean(get_func_rettype(one->oid))) return true;
		return false;
	}
	case T_TypeCast:
		return gives_boolean(typenameTypeId(check->state, reinterpret_cast<TypeCast *>(node)->typeName));
	case T_A_ArrayExpr:
	case T_RowExpr: return false;
	default: return true;
	}
}

void judge_result(const Check *check, Node *expression) {
	const char *given = nullptr;
	if (!reads_name(expression, nullptr)) {
		Node *analyzed = analyze(check, expression);
		const Oid type = exprType(analyzed);
		if (coerce_to_target_type(check->state, analyzed, type, BOOLOID, -1, COERCION_ASSIGNMENT,
		                          COERCE_IMPLICIT_CAST, -1) == nullptr)
			given = psprintf("condition must be boolean, not %s", format_type_be(type));
	} else if (!may_be_boolean(check, expression)) {
		given = "condition must be boolean, and this expression never is";
	}
	if (given != nullptr)
		refuse(check->text, exprLocation(expression), ERRCODE_DATATYPE_MISMATCH, given,
		       "Compare the value with something, as in customer.health_score < 60.");
}

} // namespace

void check_condition(const std::string &text) {
	try {
		const ParsedCondition parsed = parse_condition(text);
		for (const BoundName &name : parsed.names)
			if (!is_condition_root(name.path.front())) refuse_root(name, nullptr);
		pg::ContextScope scratch("playbook condition check");
		(void) call_at_place([&text] {
			Check check{text.c_str(), condition_parse_state(text.c_str(), nullptr, 0)};
			Node *expression = raw_condition(text.c_str()).expression;
			(void) judge_node(expression, &check);
			judge_result(&check, expression);
			free_parsestate(check.state);
			return true;
		});
	} catch (pg::Error &error) {
		// Where the server was says nothing about the definition.
		error.context.clear();
		throw;
	}
}

void check_syntax(const std::string &text) {
	try {
		pg::ContextScope scratch("playbook expression check");
		(void) pg::call([&text] { return raw_parser(text.c_str(), RAW_PARSE_PLPGSQL_EXPR); });
	} catch (pg::Error &error) {
		error.context.clear();
		throw;
	}
}

} // namespace playbook::expression
