#include "expression/condition_plan.hpp"

#include "pg/transaction.hpp"

extern "C" {
#include "catalog/pg_class.h"
#include "catalog/pg_proc.h"
#include "optimizer/optimizer.h"
#include "parser/parse_coerce.h"
#include "parser/parse_collate.h"
#include "parser/parse_expr.h"
#include "parser/parse_type.h"
#include "utils/fmgroids.h"
}

namespace playbook::expression {
namespace {

const char *const no_sets = "functions that return sets are not allowed in a condition";

struct NameTypes {
	const Oid *types;
	int count;
};

// raw_condition() left the position of the name in the ColumnRef.
Node *bind_name(ParseState *state, ColumnRef *name) {
	const NameTypes *names = static_cast<NameTypes *>(state->p_ref_hook_state);
	const int position = intVal(linitial(name->fields));
	if (position < 0 || position >= names->count) elog(ERROR, "condition name %d has no type", position);
	const Oid type = names->types[position];
	if (!OidIsValid(type)) {
		Const *null = makeConst(UNKNOWNOID, -1, InvalidOid, -2, static_cast<Datum>(0), true, false);
		null->location = name->location;
		return reinterpret_cast<Node *>(null);
	}
	Param *parameter = makeNode(Param);
	parameter->paramkind = PARAM_EXTERN;
	parameter->paramid = position + 1;
	parameter->paramtype = type;
	parameter->paramtypmod = -1;
	parameter->paramcollid = get_typcollation(type);
	parameter->location = name->location;
	return reinterpret_cast<Node *>(parameter);
}

struct Judgement {
	const char *text;
	bool keepable;
	Oid volatile_function;
};

bool is_volatile(Oid function, void *context) {
	if (func_volatile(function) != PROVOLATILE_VOLATILE) return false;
	static_cast<Judgement *>(context)->volatile_function = function;
	return true;
}

// What a plan depends on without an invalidation message that drops it: the shape of a composite type, and
// names of catalog objects that were looked up when the text was analyzed.
bool outlives_its_inputs(Node *node) {
	switch (nodeTag(node)) {
	case T_FieldSelect:
	case T_ConvertRowtypeExpr: return true;
	case T_RowExpr: return reinterpret_cast<RowExpr *>(node)->row_typeid != RECORDOID;
	case T_Const:
		switch (reinterpret_cast<Const *>(node)->consttype) {
		case REGCLASSOID:
		case REGCOLLATIONOID:
		case REGCONFIGOID:
		case REGDICTIONARYOID:
		case REGNAMESPACEOID:
		case REGOPEROID:
		case REGOPERATOROID:
		case REGPROCOID:
		case REGPROCEDUREOID:
		case REGROLEOID:
		case REGTYPEOID: return true;
		default: break;
		}
		[[fallthrough]];
	case T_FuncExpr:
	case T_CoerceViaIO: return type_is_rowtype(exprType(node)) && exprType(node) != RECORDOID;
	default: return false;
	}
}

bool judge_node(Node *node, void *context) {
	if (node == nullptr) return false;
	Judgement *judgement = static_cast<Judgement *>(context);
	const auto refuse_here = [&](int sqlstate, const char *message) {
		refuse(judgement->text, exprLocation(node), sqlstate, message,
		       "Compute it in a query step and read steps.<id>.output.");
	};
	switch (nodeTag(node)) {
	case T_Aggref:
	case T_GroupingFunc:
		refuse_here(ERRCODE_GROUPING_ERROR, "aggregate functions are not allowed in a condition");
		break;
	case T_WindowFunc:
		refuse_here(ERRCODE_WINDOWING_ERROR, "window functions are not allowed in a condition");
		break;
	case T_SubLink:
	case T_Query:
		refuse_here(ERRCODE_FEATURE_NOT_SUPPORTED, "subqueries are not allowed in a condition");
		break;
	case T_NextValueExpr:
		refuse_here(ERRCODE_FEATURE_NOT_SUPPORTED, "sequences are not allowed in a condition");
		break;
	case T_FuncExpr:
		if (reinterpret_cast<FuncExpr *>(node)->funcretset)
			refuse_here(ERRCODE_FEATURE_NOT_SUPPORTED, no_sets);
		break;
	case T_OpExpr:
		if (reinterpret_cast<OpExpr *>(node)->opretset) refuse_here(ERRCODE_FEATURE_NOT_SUPPORTED, no_sets);
		break;
	default: break;
	}
	if (check_functions_in_node(node, is_volatile, judgement)) {
		const char *name = get_func_name(judgement->volatile_function);
		refuse(
		    judgement->text, exprLocation(node), ERRCODE_FEATURE_NOT_SUPPORTED,
		    psprintf("volatile function \"%s\" is not allowed in a condition", name != nullptr ? name : "?"),
		    "A condition may be evaluated any number of times; call the function in a query or sql step.");
	}
	if (outlives_its_inputs(node)) judgement->keepable = false;
	return walk_tree(node, judge_node, context);
}

Node *in_form(ParseState *state, const char *text, Node *analyzed, ResultForm form) {
	const Oid type = exprType(analyzed);
	if (form == ResultForm::Boolean) {
		Node *boolean = coerce_to_target_type(state, analyzed, type, BOOLOID, -1, COERCION_ASSIGNMENT,
		                                      COERCE_IMPLICIT_CAST, -1);
		if (boolean == nullptr)
			refuse(text, exprLocation(analyzed), ERRCODE_DATATYPE_MISMATCH,
			       psprintf("condition must be boolean, not %s", format_type_be(type)),
			       "Compare the value with something, as in customer.health_score < 60.");
		return boolean;
	}
	if (type == UNKNOWNOID)
		analyzed = coerce_type(state, analyzed, UNKNOWNOID, TEXTOID, -1, COERCION_IMPLICIT,
		                       COERCE_IMPLICIT_CAST, -1);
	else if (type != RECORDOID && get_typtype(type) == TYPTYPE_PSEUDO)
		refuse(text, exprLocation(analyzed), ERRCODE_DATATYPE_MISMATCH,
		       psprintf("an expression of type %s has no value", format_type_be(type)));
	return analyzed;
}

struct Built {
	ExprState *state;
	ExprContext *context;
	ParamListInfo parameters;
	bool keepable, runs_no_code;
};

Built build(const char *text, const Oid *types, int count, ResultForm form, MemoryContext keep) {
	ParseState *state = condition_parse_state(text, types, count);
	Node *raw = raw_condition(text).expression;
	Node *analyzed = transformExpr(state, raw, EXPR_KIND_OTHER);
	analyzed = in_form(state, text, analyzed, form);
	assign_expr_collations(state, analyzed);
	if (form == ResultForm::Jsonb)
		analyzed = reinterpret_cast<Node *>(makeFuncExpr(F_TO_JSONB, JSONBOID, list_make1(analyzed),
		                                                 InvalidOid, InvalidOid, COERCE_EXPLICIT_CALL));
	// Before folding, which calls immutable functions; and after it, since it adds the defaults of arguments.
	Built built{};
	built.keepable = judge_analyzed(text, analyzed);
	Expr *planned = expression_planner(reinterpret_cast<Expr *>(analyzed));
	built.keepable &= judge_analyzed(text, reinterpret_cast<Node *>(planned));
	built.runs_no_code = calls_server_only(reinterpret_cast<Node *>(planned));
	free_parsestate(state);

	const MemoryContext before = MemoryContextSwitchTo(keep);
	planned = static_cast<Expr *>(copyObjectImpl(planned));
	built.parameters = makeParamList(count);
	built.parameters->numParams = count;
	for (int n = 0; n < count; ++n) {
		built.parameters->params[n].isnull = true;
		built.parameters->params[n].pflags = 0;
		built.parameters->params[n].ptype = types[n];
	}
	built.state = ExecInitExprWithParams(planned, built.parameters);
	built.context = CreateStandaloneExprContext();
	built.context->ecxt_param_list_info = built.parameters;
	MemoryContextSwitchTo(before);
	return built;
}

} // namespace

ParseState *condition_parse_state(const char *text, const Oid *types, int count) {
	ParseState *state = make_parsestate(nullptr);
	NameTypes *names = static_cast<NameTypes *>(palloc(sizeof(NameTypes)));
	*names = NameTypes{types, count};
	state->p_sourcetext = text;
	state->p_pre_columnref_hook = bind_name;
	state->p_ref_hook_state = names;
	return state;
}

bool judge_analyzed(const char *text, Node *analyzed) {
	Judgement judgement{text, true, InvalidOid};
	(void) judge_node(analyzed, &judgement);
	return judgement.keepable;
}

ConditionPlan::ConditionPlan(const std::string &condition, const std::vector<Oid> &types, ResultForm form) {
	pg::ContextScope scratch("playbook condition analysis");
	pg::SettingScope settings;
	settings.open(); // folding calls functions, and these may change settings
	memory_.reset(pg::call([] {
		return AllocSetContextCreateInternal(TopMemoryContext, "playbook condition", ALLOCSET_SMALL_SIZES);
	}));
	const Built built = call_at_place([&] {
		return build(condition.c_str(), types.data(), static_cast<int>(types.size()), form, memory_.get());
	});
	state_ = built.state;
	context_ = built.context;
	parameters_ = built.parameters;
	keepable_ = built.keepable;
	runs_no_code_ = built.runs_no_code;
}

ConditionPlan::Evaluation::Evaluation(ConditionPlan &plan)
    : plan_(plan), before_(MemoryContextSwitchTo(plan.context_->ecxt_per_tuple_memory)) {
	plan_.busy_ = true;
}

ConditionPlan::Evaluation::~Evaluation() {
	MemoryContextSwitchTo(before_);
	MemoryContextReset(plan_.context_->ecxt_per_tuple_memory);
	plan_.busy_ = false;
}

void ConditionPlan::Evaluation::bind(std::size_t name, Datum value, bool is_null) {
	ParamExternData &parameter = plan_.parameters_->params[name];
	parameter.value = value;
	parameter.isnull = is_null;
}

BoundValueOf ConditionPlan::Evaluation::run() {
	BoundValueOf result;
	pg::call([&] {
		// Functions written in SQL need a snapshot; a caller between two statements may have none.
		const bool pushed = !ActiveSnapshotSet();
		if (pushed) PushActiveSnapshot(GetTransactionSnapshot());
		result.value = ExecEvalExprSwitchContext(plan_.state_, plan_.context_, &result.is_null);
		if (pushed) PopActiveSnapshot();
	});
	return result;
}

} // namespace playbook::expression
