#include "result/json_form.hpp"

extern "C" {
#include "nodes/makefuncs.h"
#include "utils/fmgroids.h"
}

namespace playbook::result {
namespace {

// to_json and to_jsonb ask the call's expression for their argument's type.
void prepare(FmgrInfo &function, Oid oid, Oid result, Oid argument) {
	fmgr_info(oid, &function);
	Const *typed_null = makeNullConst(argument, -1, InvalidOid);
	FuncExpr *call =
	    makeFuncExpr(oid, result, list_make1(typed_null), InvalidOid, InvalidOid, COERCE_EXPLICIT_CALL);
	fmgr_info_set_expr(reinterpret_cast<Node *>(call), &function);
}

} // namespace

JsonForm::JsonForm(TupleDesc descriptor, int column) : descriptor_(descriptor), column_(column) {
	pg::call([this] {
		if (column_ < 0) descriptor_ = BlessTupleDesc(descriptor_);
		const Oid argument = column_ < 0 ? RECORDOID : TupleDescAttr(descriptor_, column_)->atttypid;
		prepare(to_json_, F_TO_JSON, JSONOID, argument);
		prepare(to_jsonb_, F_TO_JSONB, JSONBOID, argument);
	});
}

// Called inside call().
Datum JsonForm::subject(const Datum *values, const bool *nulls) const {
	if (column_ >= 0) return values[column_];
	return HeapTupleGetDatum(
	    heap_form_tuple(descriptor_, const_cast<Datum *>(values), const_cast<bool *>(nulls)));
}

std::string JsonForm::text_of(const Datum *values, const bool *nulls) const {
	const text *json =
	    pg::call([&] { return DatumGetTextPP(FunctionCall1(&to_json_, subject(values, nulls))); });
	return std::string(VARDATA_ANY(json), static_cast<std::size_t>(VARSIZE_ANY_EXHDR(json)));
}

Datum JsonForm::jsonb_of(const Datum *values, const bool *nulls) const {
	return pg::call([&] { return FunctionCall1(&to_jsonb_, subject(values, nulls)); });
}

} // namespace playbook::result
