#include "pg/datum.hpp"

#include "value/json.hpp"

namespace playbook::pg {
namespace {

struct ElementShape {
	int16 length;
	bool by_value;
	char alignment;
};

ElementShape shape_of(Oid type) {
	ElementShape shape{};
	call([&] { get_typlenbyvalalign(type, &shape.length, &shape.by_value, &shape.alignment); });
	return shape;
}

Value scalar_from(const JsonbValue &item) {
	switch (item.type) {
	case jbvNull: return Value();
	case jbvBool: return Value(static_cast<bool>(item.val.boolean));
	case jbvString:
		return Value(std::string(item.val.string.val, static_cast<std::size_t>(item.val.string.len)));
	case jbvNumeric: {
		const char *digits = call([&] {
			return DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(item.val.numeric)));
		});
		return Value(Number{digits});
	}
	default: throw Error(ERRCODE_INTERNAL_ERROR, "unexpected kind of jsonb value");
	}
}

} // namespace

std::string text_from(Datum datum) {
	const text *flat = reinterpret_cast<const text *>(DatumGetPointer(datum));
	if (VARATT_IS_EXTERNAL(flat) || VARATT_IS_COMPRESSED(flat))
		flat = call([datum] { return DatumGetTextPP(datum); });
	return std::string(VARDATA_ANY(flat), static_cast<std::size_t>(VARSIZE_ANY_EXHDR(flat)));
}

Datum text_datum(std::string_view text) {
	// A batch makes thousands of these, and this much of the server can be asked for without a fence.
	const Size size = text.size() + VARHDRSZ;
	void *memory = AllocSizeIsValid(size)
	                   ? MemoryContextAllocExtended(CurrentMemoryContext, size, MCXT_ALLOC_NO_OOM)
	                   : nullptr;
	if (memory == nullptr) throw std::bad_alloc();
	SET_VARSIZE(memory, size);
	memcpy(VARDATA(memory), text.data(), text.size());
	return PointerGetDatum(memory);
}

Value value_from_jsonb(Datum datum) {
	Jsonb *flat = call([datum] { return DatumGetJsonbP(datum); });
	JsonbIterator *iterator = call([flat] { return JsonbIteratorInit(&flat->root); });
	std::vector<Value> open;
	std::vector<std::string> keys;
	std::vector<bool> raw_scalar;
	Value root;
	const auto add = [&](Value value) {
		if (open.empty()) {
			root = std::move(value);
		} else if (open.back().is_array()) {
			open.back().items().push_back(std::move(value));
		} else {
			open.back().members().push_back(Member{std::move(keys.back()), std::move(value)});
		}
	};
	for (;;) {
		JsonbValue item;
		const JsonbIteratorToken token = call([&] { return JsonbIteratorNext(&iterator, &item, false); });
		if (token == WJB_DONE) break;
		switch (token) {
		case WJB_BEGIN_ARRAY:
			raw_scalar.push_back(item.val.array.rawScalar);
			if (raw_scalar.back()) break;
			open.push_back(Value::array());
			keys.emplace_back();
			break;
		case WJB_BEGIN_OBJECT:
			open.push_back(Value::object());
			keys.emplace_back();
			break;
		case WJB_KEY:
			keys.back().assign(item.val.string.val, static_cast<std::size_t>(item.val.string.len));
			break;
		case WJB_VALUE:
		case WJB_ELEM: add(scalar_from(item)); break;
		case WJB_END_ARRAY: {
			const bool scalar = raw_scalar.back();
			raw_scalar.pop_back();
			if (scalar) break;
			[[fallthrough]];
		}
		case WJB_END_OBJECT: {
			Value done = std::move(open.back());
			open.pop_back();
			keys.pop_back();
			add(std::move(done));
			break;
		}
		default: break;
		}
	}
	return root;
}

std::string output_text(Datum datum, Oid type) {
	const char *text = call([=] {
		Oid function;
		bool is_varlena;
		getTypeOutputInfo(type, &function, &is_varlena);
		return OidOutputFunctionCall(function, datum);
	});
	return text;
}

Datum input_datum(const std::string &text, Oid type, int32 typmod) {
	return call([&text, type, typmod] {
		Oid function, parameter;
		getTypeInputInfo(type, &function, &parameter);
		return OidInputFunctionCall(function, const_cast<char *>(text.c_str()), parameter, typmod);
	});
}

std::string timestamp_text(TimestampTz at) {
	const char *text = call([at] {
		char *buffer = static_cast<char *>(palloc(MAXDATELEN + 1));
		int utc = 0;
		return JsonEncodeDateTime(buffer, TimestampTzGetDatum(at), TIMESTAMPTZOID, &utc);
	});
	return text;
}

Datum array_of(const std::vector<NullableDatumOf> &items, Oid element_type) {
	const ElementShape shape = shape_of(element_type);
	std::vector<Datum> values(items.size());
	std::unique_ptr<bool[]> nulls(new bool[items.size() + 1]);
	for (std::size_t i = 0; i < items.size(); ++i) {
		values[i] = items[i].value;
		nulls[i] = items[i].is_null;
	}
	int dimension = static_cast<int>(items.size());
	int lower = 1;
	return call([&] {
		ArrayType *array =
		    dimension == 0 ? construct_empty_array(element_type)
		                   : construct_md_array(values.data(), nulls.get(), 1, &dimension, &lower,
		                                        element_type, shape.length, shape.by_value, shape.alignment);
		return PointerGetDatum(array);
	});
}

Datum array_of(const std::vector<std::int64_t> &items) {
	std::vector<NullableDatumOf> datums;
	datums.reserve(items.size());
	for (const std::int64_t item : items) datums.push_back({Int64GetDatum(item), false});
	return array_of(datums, INT8OID);
}

Datum array_of(const std::vector<std::optional<std::int64_t>> &items) {
	std::vector<NullableDatumOf> datums;
	datums.reserve(items.size());
	for (const auto &item : items) datums.push_back({Int64GetDatum(item.value_or(0)), !item.has_value()});
	return array_of(datums, INT8OID);
}

Datum array_of(const std::vector<std::int32_t> &items) {
	std::vector<NullableDatumOf> datums;
	datums.reserve(items.size());
	for (const std::int32_t item : items) datums.push_back({Int32GetDatum(item), false});
	return array_of(datums, INT4OID);
}

Datum array_of(const std::vector<std::string> &items) {
	std::vector<NullableDatumOf> datums;
	datums.reserve(items.size());
	for (const std::string &item : items) datums.push_back({text_datum(item), false});
	return array_of(datums, TEXTOID);
}

Datum array_of(const std::vector<std::optional<std::string>> &items) {
	std::vector<NullableDatumOf> datums;
	datums.reserve(items.size());
	for (const auto &item : items)
		datums.push_back(item ? NullableDatumOf{text_datum(*item), false} : NullableDatumOf{});
	return array_of(datums, TEXTOID);
}

std::vector<std::string> texts_from_array(Datum array) {
	Datum *items = nullptr;
	bool *nulls = nullptr;
	int count = 0;
	call([&] {
		deconstruct_array(DatumGetArrayTypeP(array), TEXTOID, -1, false, TYPALIGN_INT, &items, &nulls,
		                  &count);
	});
	std::vector<std::string> texts;
	for (int i = 0; i < count; ++i) texts.push_back(nulls[i] ? std::string() : text_from(items[i]));
	return texts;
}

std::string role_name(Oid role) {
	const char *name = call([role] { return GetUserNameFromId(role, true); });
	return name == nullptr ? std::to_string(role) : std::string(name);
}

std::optional<Oid> find_role(const std::string &name) {
	const Oid role = call([&name] { return get_role_oid(name.c_str(), true); });
	if (!OidIsValid(role)) return std::nullopt;
	return role;
}

} // namespace playbook::pg
