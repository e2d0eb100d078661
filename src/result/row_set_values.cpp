// Row sets as JSON values, and JSON values as row sets.
#include <unordered_set>

#include "pg/datum.hpp"
#include "pg/transaction.hpp"
#include "result/column_type.hpp"
#include "result/inference.hpp"
#include "result/json_form.hpp"
#include "result/row_set_builder.hpp"
#include "value/json.hpp"

namespace playbook::result {
namespace {

// Ends a scan early; never leaves this file.
struct Enough {};

Oid type_of(InferredKind kind) {
	switch (kind) {
	case InferredKind::Integer: return INT8OID;
	case InferredKind::Number: return NUMERICOID;
	case InferredKind::Boolean: return BOOLOID;
	case InferredKind::Date: return DATEOID;
	case InferredKind::Timestamp: return TIMESTAMPTZOID;
	case InferredKind::Json: return JSONBOID;
	case InferredKind::Text: break;
	}
	return TEXTOID;
}

// What the server takes for JSON may be more than we can hold: "\\u0000", or a depth without end.
Value parsed(const std::string &json) {
	std::string reason;
	try {
		return parse_json(json);
	} catch (const JsonError &error) {
		reason = error.what();
	}
	throw pg::Error(ERRCODE_UNTRANSLATABLE_CHARACTER, "a row cannot be written as JSON",
	                "The reason: " + reason + ".");
}

} // namespace

std::vector<Value> RowSet::objects(std::int64_t limit, std::int64_t first) const {
	std::vector<Value> objects;
	pg::ContextScope memory("playbook rows as objects");
	const JsonForm json(tuple_descriptor());
	pg::ContextScope row("playbook row as object");
	try {
		const auto add = [&](const Datum *values, const bool *nulls) {
			objects.push_back(parsed(json.text_of(values, nulls)));
			row.reset();
			if (limit > 0 && static_cast<std::int64_t>(objects.size()) >= limit) throw Enough{};
		};
		scan(add, first);
	} catch (const Enough &) {
		// As many as were asked for.
	}
	return objects;
}

Value RowSet::column_values(int column) const {
	Value::Array items;
	items.reserve(static_cast<std::size_t>(row_count()));
	pg::ContextScope memory("playbook column values");
	const JsonForm json(tuple_descriptor(), column);
	pg::ContextScope row("playbook column value");
	scan([&](const Datum *values, const bool *nulls) {
		items.push_back(nulls[column] ? Value() : parsed(json.text_of(values, nulls)));
		row.reset();
	});
	return Value(std::move(items));
}

Value RowSet::distinct_column_values(int column) const {
	Value::Array items;
	std::unordered_set<std::string> seen;
	pg::ContextScope memory("playbook column values");
	const TupleDesc descriptor = tuple_descriptor();
	const JsonForm json(descriptor, column);
	const bool numeric = TupleDescAttr(descriptor, column)->atttypid == NUMERICOID;
	pg::ContextScope row("playbook column value");
	scan([&](const Datum *values, const bool *nulls) {
		if (!nulls[column]) {
			const Datum value = values[column];
			std::string text = json.text_of(values, nulls);
			// 1.0 and 1.00 are one value; everything else is equal when it is written alike.
			std::string key = text;
			if (numeric)
				key =
				    pg::call([value]() -> const char * { return numeric_normalize(DatumGetNumeric(value)); });
			if (seen.insert(std::move(key)).second) items.push_back(parsed(text));
		}
		row.reset();
	});
	return Value(std::move(items));
}

std::shared_ptr<const RowSet> RowSet::from_values(const std::vector<Value> &objects) {
	const std::vector<InferredColumn> columns = infer_columns(objects);
	pg::ContextScope memory("playbook values as rows");
	const TupleDesc descriptor = pg::call([&] {
		TupleDesc made = CreateTemplateTupleDesc(static_cast<int>(columns.size()));
		for (std::size_t i = 0; i < columns.size(); ++i)
			TupleDescInitEntry(made, static_cast<AttrNumber>(i + 1), columns[i].name.c_str(),
			                   type_of(columns[i].kind), -1, 0);
		return made;
	});
	RowSetBuilder builder(descriptor);
	pg::ContextScope row("playbook value as row");
	std::vector<Datum> values(columns.size() + 1);
	const std::unique_ptr<bool[]> nulls(new bool[columns.size() + 1]);
	for (const Value &object : objects) {
		for (std::size_t i = 0; i < columns.size(); ++i) {
			const Value *member = object.is_object() ? object.find(columns[i].name) : &object;
			nulls[i] = member == nullptr || member->is_null();
			if (nulls[i])
				values[i] = 0;
			else if (columns[i].kind == InferredKind::Json)
				values[i] = pg::jsonb_datum(*member);
			else
				values[i] = pg::input_datum(member->as_text(), type_of(columns[i].kind));
		}
		builder.add(values.data(), nulls.get());
		row.reset();
	}
	return builder.finish();
}

} // namespace playbook::result
