#include "pg/function.hpp"

namespace playbook::pg {

Datum Arguments::datum(int at, const char *name) const {
	if (is_null(at))
		throw Error(ERRCODE_NULL_VALUE_NOT_ALLOWED,
		            std::string("argument \"") + name + "\" must not be null");
	return info_->args[at].value;
}

Oid Arguments::declared_type(int at) const {
	return call([this, at] {
		Oid *types = nullptr;
		int count = 0;
		(void) get_func_signature(info_->flinfo->fn_oid, &types, &count);
		return at < count ? types[at] : InvalidOid;
	});
}

std::string Arguments::text(int at, const char *name) const { return text_from(datum(at, name)); }

Value Arguments::jsonb(int at, const char *name) const { return value_from_jsonb(datum(at, name)); }

std::int64_t Arguments::interval(int at, const char *name) const {
	const Interval *span = DatumGetIntervalP(datum(at, name));
	return (std::int64_t{span->month} * 30 + span->day) * 86400 * USECS_PER_SEC + span->time;
}

std::optional<std::string> Arguments::text_or_null(int at) const {
	if (is_null(at)) return std::nullopt;
	return text_from(info_->args[at].value);
}

Value Arguments::jsonb_or(int at, Value otherwise) const {
	if (is_null(at)) return otherwise;
	return value_from_jsonb(info_->args[at].value);
}

std::vector<std::string> Arguments::texts(int at, const char *name) const {
	return texts_from_array(datum(at, name));
}

ResultSet::ResultSet(FunctionCallInfo info) {
	call([info] { compat::init_materialized(info); });
	result_ = reinterpret_cast<ReturnSetInfo *>(info->resultinfo);
}

void ResultSet::row(std::initializer_list<Argument> columns) { put(columns.begin(), columns.size()); }

void ResultSet::put(const Argument *columns, std::size_t count) {
	std::vector<Datum> values(count);
	std::unique_ptr<bool[]> nulls(new bool[count + 1]);
	for (std::size_t i = 0; i < count; ++i) {
		values[i] = columns[i].value;
		nulls[i] = columns[i].is_null;
	}
	call([&] { tuplestore_putvalues(result_->setResult, result_->setDesc, values.data(), nulls.get()); });
}

void ResultSet::rows(const Rows &found) {
	call([this, table = found.table(), count = found.size()] {
		for (std::size_t i = 0; i < count; ++i) tuplestore_puttuple(result_->setResult, table->vals[i]);
	});
}

Datum composite(FunctionCallInfo info, std::initializer_list<Argument> columns) {
	std::vector<Datum> values;
	std::unique_ptr<bool[]> nulls(new bool[columns.size() + 1]);
	for (const Argument &column : columns) {
		nulls[values.size()] = column.is_null;
		values.push_back(column.value);
	}
	return call([&] {
		TupleDesc descriptor = nullptr;
		if (get_call_result_type(info, nullptr, &descriptor) != TYPEFUNC_COMPOSITE)
			ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED), errmsg("function must return a row")));
		return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(descriptor), values.data(), nulls.get()));
	});
}

} // namespace playbook::pg
