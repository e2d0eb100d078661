#include "result/row_shape.hpp"

#include "definition/wording.hpp"

extern "C" {
#include "utils/tuplestore.h"
}

namespace playbook::result {

RowSink::RowSink(FunctionCallInfo info)
    : info_(info), result_(reinterpret_cast<ReturnSetInfo *>(info->resultinfo)) {
	scalar_ = pg::call([this] {
		ReturnSetInfo *result = result_;
		if (result == nullptr || !IsA(result, ReturnSetInfo) ||
		    (result->allowedModes & SFRM_Materialize) == 0)
			ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			                errmsg("set-valued function called in context that cannot accept a set")));
		Oid type = InvalidOid;
		TupleDesc descriptor = nullptr;
		const MemoryContext before = MemoryContextSwitchTo(result->econtext->ecxt_per_query_memory);
		const TypeFuncClass kind = get_call_result_type(info_, &type, &descriptor);
		const bool plain = kind == TYPEFUNC_SCALAR;
		if (plain) {
			descriptor = CreateTemplateTupleDesc(1);
			TupleDescInitEntry(descriptor, 1, "value", type, -1, 0);
		} else if (kind == TYPEFUNC_RECORD) {
			descriptor = result->expectedDesc;
		}
		if (descriptor == nullptr)
			ereport(ERROR,
			        (errcode(ERRCODE_SYNTAX_ERROR),
			         errmsg("a column definition list is needed: playbook_records(…) AS t (name type, …)")));
		result->returnMode = SFRM_Materialize;
		result->setResult =
		    tuplestore_begin_heap((result->allowedModes & SFRM_Materialize_Random) != 0, false, work_mem);
		result->setDesc = CreateTupleDescCopy(descriptor);
		MemoryContextSwitchTo(before);
		return plain;
	});
}

void RowSink::put(const Datum *values, const bool *nulls) {
	pg::call([&] {
		tuplestore_putvalues(result_->setResult, result_->setDesc, const_cast<Datum *>(values),
		                     const_cast<bool *>(nulls));
	});
}

RowShape::RowShape(const RowSet &rows, TupleDesc wanted, bool scalar, Missing missing)
    : fields_(static_cast<std::size_t>(wanted->natts)), values_(fields_.size() + 1),
      nulls_(new bool[fields_.size() + 1]) {
	const TupleDesc have = rows.tuple_descriptor();
	std::vector<std::string> known;
	for (const Column &column : rows.columns()) known.push_back(column.name);
	for (std::size_t i = 0; i < fields_.size(); ++i) {
		const Form_pg_attribute attribute = TupleDescAttr(wanted, static_cast<int>(i));
		Field &field = fields_[i];
		if (attribute->attisdropped) continue;
		const std::string name = NameStr(attribute->attname);
		if (scalar)
			field.source = rows.columns().empty() ? -1 : 0;
		else
			field.source = rows.column_index(name);
		if (field.source < 0) {
			if (missing == Missing::IsNull) continue;
			throw pg::Error(ERRCODE_UNDEFINED_COLUMN,
			                "the step's rows have no column " + definition::quoted(name), "",
			                definition::suggestion(name, known, "There are"));
		}
		const Oid from = TupleDescAttr(have, field.source)->atttypid, to = attribute->atttypid;
		field.same_type = from == to && attribute->atttypmod == -1;
		field.typmod = attribute->atttypmod;
		if (field.same_type) continue;
		pg::call([&field, from, to] {
			Oid function = InvalidOid;
			bool is_varlena = false;
			getTypeOutputInfo(from, &function, &is_varlena);
			fmgr_info(function, &field.output);
			getTypeInputInfo(to, &function, &field.parameter);
			fmgr_info(function, &field.input);
		});
	}
}

void RowShape::put(const Datum *values, const bool *nulls, RowSink &sink) const {
	for (std::size_t i = 0; i < fields_.size(); ++i) {
		Field &field = fields_[i];
		nulls_[i] = field.source < 0 || nulls[field.source];
		if (nulls_[i]) continue;
		const Datum value = values[field.source];
		values_[i] = field.same_type ? value : pg::call([&field, value] {
			return InputFunctionCall(&field.input, OutputFunctionCall(&field.output, value), field.parameter,
			                         field.typmod);
		});
	}
	sink.put(values_.data(), nulls_.get());
}

} // namespace playbook::result
