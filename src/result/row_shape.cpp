#include "result/row_shape.hpp"

#include "definition/wording.hpp"

extern "C" {
#include "parser/parse_coerce.h"
#include "utils/builtins.h"
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
		} else if (kind == TYPEFUNC_COMPOSITE_DOMAIN) {
			domain_ = type;
		}
		if (descriptor == nullptr)
			ereport(ERROR, (errcode(ERRCODE_SYNTAX_ERROR),
			                errmsg("a column definition list is needed: %s(…) AS t (name type, …)",
			                       get_func_name(info_->flinfo->fn_oid))));
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
		if (OidIsValid(domain_)) { // nobody else looks whether its constraints hold
			const HeapTuple row =
			    heap_form_tuple(result_->setDesc, const_cast<Datum *>(values), const_cast<bool *>(nulls));
			domain_check(HeapTupleGetDatum(row), false, domain_, &checked_,
			             result_->econtext->ecxt_per_query_memory);
		}
		tuplestore_putvalues(result_->setResult, result_->setDesc, const_cast<Datum *>(values),
		                     const_cast<bool *>(nulls));
	});
}

namespace {

std::string type_name(Oid type) {
	return pg::call([type]() -> const char * { return format_type_be(type); });
}

std::string list_of(const std::vector<std::string> &names) {
	std::string list;
	for (const std::string &name : names) list += (list.empty() ? "" : ", ") + name;
	return list;
}

// A type of other columns altogether would give rows of nulls, which nobody means.
void refuse_strangers(const std::vector<std::string> &known, TupleDesc wanted) {
	std::vector<std::string> asked;
	for (int i = 0; i < wanted->natts; ++i)
		if (!TupleDescAttr(wanted, i)->attisdropped)
			asked.emplace_back(NameStr(TupleDescAttr(wanted, i)->attname));
	if (known.empty() || asked.empty()) return;
	throw pg::Error(ERRCODE_UNDEFINED_COLUMN, "the step's rows and the type have no column in common",
	                "The rows have " + list_of(known) + "; the type has " + list_of(asked) + ".",
	                "Columns are found by their names.");
}

} // namespace

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
		if (!prepare(field, name, TupleDescAttr(have, field.source)->atttypid, attribute))
			throw pg::Error(ERRCODE_DATATYPE_MISMATCH, "the step's rows do not fit the type", field.between,
			                "There is no cast between the two.");
	}
	const bool fits = scalar || std::any_of(fields_.begin(), fields_.end(),
	                                        [](const Field &field) { return field.source >= 0; });
	if (!fits) refuse_strangers(known, wanted);
}

// How a value of the rows becomes one of the column that was asked for: as it is, by the server's own cast,
// or by way of its text.
bool RowShape::prepare(Field &field, const std::string &name, Oid from, const FormData_pg_attribute *column) {
	const Oid to = column->atttypid;
	field.typmod = column->atttypmod;
	field.between = "Column " + definition::quoted(name) + " is " + type_name(from) + " in the rows and " +
	                type_name(to) + " in the type.";
	field.same_type = from == to && field.typmod == -1;
	if (field.same_type) return true;
	const bool castable = pg::call([&field, from, to] {
		Oid cast = InvalidOid, function = InvalidOid;
		bool is_varlena = false;
		const CoercionPathType path = find_coercion_pathway(getBaseType(to), from, COERCION_EXPLICIT, &cast);
		if (path == COERCION_PATH_NONE) return false;
		// Only casts that come with the server: another one may be anybody's code.
		if (path == COERCION_PATH_FUNC && cast < FirstNormalObjectId && get_func_nargs(cast) == 1 &&
		    getBaseType(to) == to && field.typmod == -1) {
			fmgr_info(cast, &field.cast);
			return true;
		}
		getTypeOutputInfo(from, &function, &is_varlena);
		fmgr_info(function, &field.output);
		getTypeInputInfo(to, &function, &field.parameter);
		fmgr_info(function, &field.input);
		return true;
	});
	return castable;
}

RowShape::RowShape(const RowSet &rows, TupleDesc wanted, int own)
    : fields_(static_cast<std::size_t>(wanted->natts)), values_(fields_.size() + 1),
      nulls_(new bool[fields_.size() + 1]), forgiving_(true) {
	const TupleDesc have = rows.tuple_descriptor();
	for (std::size_t i = static_cast<std::size_t>(own); i < fields_.size(); ++i) {
		const Form_pg_attribute attribute = TupleDescAttr(wanted, static_cast<int>(i));
		const std::string name = NameStr(attribute->attname);
		Field &field = fields_[i];
		field.source = rows.column_index(name);
		if (field.source >= 0 &&
		    !prepare(field, name, TupleDescAttr(have, field.source)->atttypid, attribute))
			field.source = -1;
	}
}

Datum RowShape::converted(Field &field, Datum value) {
	std::optional<pg::Error> failed;
	try {
		return pg::call([&field, value] {
			if (OidIsValid(field.cast.fn_oid)) return FunctionCall1Coll(&field.cast, InvalidOid, value);
			return InputFunctionCall(&field.input, OutputFunctionCall(&field.output, value), field.parameter,
			                         field.typmod);
		});
	} catch (const pg::Error &error) {
		failed = error;
	}
	failed->detail += (failed->detail.empty() ? "" : " ") + field.between;
	throw *failed;
}

std::optional<Datum> RowShape::converted_or_null(Field &field, Datum value) {
	try {
		pg::Subtransaction guarded;
		const Datum made = converted(field, value);
		guarded.commit();
		return made;
	} catch (const pg::Error &) {
		return std::nullopt;
	}
}

void RowShape::put(const Datum *values, const bool *nulls, RowSink &sink,
                   const std::vector<Datum> &own) const {
	for (std::size_t i = 0; i < fields_.size(); ++i) {
		Field &field = fields_[i];
		if (i < own.size()) {
			values_[i] = own[i];
			nulls_[i] = false;
			continue;
		}
		nulls_[i] = field.source < 0 || nulls[field.source];
		if (nulls_[i]) continue;
		const Datum value = values[field.source];
		if (field.same_type) {
			values_[i] = value;
		} else if (!forgiving_) {
			values_[i] = converted(field, value);
		} else {
			const std::optional<Datum> made = converted_or_null(field, value);
			nulls_[i] = !made;
			values_[i] = made.value_or(0);
		}
	}
	sink.put(values_.data(), nulls_.get());
}

} // namespace playbook::result
