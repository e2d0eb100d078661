// Whether evaluating a condition can run code that is not the server's: then settings may change meanwhile,
// and are put back after it. To find that out once for a plan is cheaper than to put them back after every
// evaluation.
#include "expression/condition_plan.hpp"

extern "C" {
#include "access/transam.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
}

namespace playbook::expression {
namespace {

bool is_of_server(Oid object) { return object < FirstNormalObjectId; }

bool is_time(Oid type) {
	char category = '\0';
	bool preferred = false;
	get_type_category_preferred(type, &category, &preferred);
	return category == TYPCATEGORY_DATETIME || category == TYPCATEGORY_TIMESPAN;
}

// A stable function may look things up: pg_input_is_valid() calls the input function of a type by its name.
// Those that reckon with times are stable for the time zone alone.
bool runs_code(Oid function, void *) {
	if (!is_of_server(function)) return true;
	if (func_volatile(function) == PROVOLATILE_IMMUTABLE) return false;
	Oid *arguments = nullptr;
	int count = 0;
	(void) get_func_signature(function, &arguments, &count);
	for (int i = 0; i < count; ++i)
		if (!is_time(arguments[i]) && arguments[i] != BOOLOID) return true;
	return false;
}

bool node_runs_code(Node *node, void *) {
	if (node == nullptr) return false;
	switch (nodeTag(node)) {
	case T_List:
	case T_CaseWhen: break;
	case T_Const:
	case T_Param:
	case T_FuncExpr:
	case T_OpExpr:
	case T_DistinctExpr:
	case T_NullIfExpr:
	case T_ScalarArrayOpExpr:
	case T_BoolExpr:
	case T_BooleanTest:
	case T_NullTest:
	case T_RelabelType:
	case T_CoalesceExpr:
	case T_CaseExpr:
	case T_CaseTestExpr:
	case T_SQLValueFunction:
		if (!is_of_server(exprType(node))) return true;
		break;
	default: return true; // domains, composite types and what later versions bring
	}
	return check_functions_in_node(node, runs_code, nullptr) || walk_tree(node, node_runs_code, nullptr);
}

} // namespace

bool calls_server_only(Node *planned) { return !node_runs_code(planned, nullptr); }

} // namespace playbook::expression
