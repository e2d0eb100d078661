#include "step/binding.hpp"

#include "expression/decimal.hpp"
#include "value/json.hpp"

extern "C" {
#include "utils/lsyscache.h"
}

namespace playbook::step {
namespace {

bool is_integer(Oid type) {
	const Oid base = pg::call([type] { return getBaseType(type); });
	return base == INT2OID || base == INT4OID || base == INT8OID;
}

// JSON has one kind of number: 77.0 is the integer 77, whose input function would not take it. Anywhere else
// a number keeps its digits.
std::optional<std::string> integer_text(const Value &value) {
	if (!value.is_number()) return std::nullopt;
	const std::optional<expression::Decimal> number = expression::Decimal::parse(value.number());
	return number ? number->whole() : std::nullopt;
}

// How the elements of an array travel into a lambda that may hold no C++ object: texts, null pointers for
// nulls.
class Texts {
public:
	Texts(const Value::Array &items, bool integers) {
		texts_.reserve(items.size());
		made_.reserve(items.size()); // so that no c_str() moves
		for (const Value &item : items) texts_.push_back(text_of(item, integers));
	}
	const std::vector<const char *> &get() const { return texts_; }

private:
	const char *text_of(const Value &item, bool integers) {
		if (item.is_null()) return nullptr;
		if (integers)
			if (std::optional<std::string> whole = integer_text(item))
				return made_.emplace_back(std::move(*whole)).c_str();
		if (item.is_string()) return item.string().c_str();
		if (item.is_number()) return item.number().c_str();
		return made_.emplace_back(item.as_text()).c_str();
	}
	std::vector<std::string> made_;
	std::vector<const char *> texts_;
};

Datum array_datum(const Value::Array &items, Oid element) {
	const Texts texts(items, is_integer(element));
	const std::vector<const char *> &all = texts.get();
	return pg::call([&all, element] {
		Oid function, parameter;
		FmgrInfo input;
		getTypeInputInfo(element, &function, &parameter);
		fmgr_info(function, &input);
		int count = static_cast<int>(all.size());
		if (count == 0) return PointerGetDatum(construct_empty_array(element));
		Datum *values = static_cast<Datum *>(palloc(sizeof(Datum) * all.size()));
		bool *nulls = static_cast<bool *>(palloc(sizeof(bool) * all.size()));
		for (int i = 0; i < count; ++i) {
			char *text = const_cast<char *>(all[static_cast<std::size_t>(i)]);
			nulls[i] = text == nullptr;
			values[i] = InputFunctionCall(&input, text, parameter, -1);
		}
		int16 length;
		bool by_value;
		char alignment;
		get_typlenbyvalalign(element, &length, &by_value, &alignment);
		int lower = 1;
		return PointerGetDatum(
		    construct_md_array(values, nulls, 1, &count, &lower, element, length, by_value, alignment));
	});
}

struct Bound {
	Datum value = 0;
	bool is_null = true;
};

Bound bind(const Value &value, Oid type) {
	if (value.is_null()) return {};
	const Oid element = pg::call([type] { return get_base_element_type(type); });
	if (value.is_array() && OidIsValid(element)) return {array_datum(value.items(), element), false};
	// An object, or a list where no array is meant, is JSON text whatever its place makes of that.
	std::string text = value.as_text();
	if (value.is_number() && is_integer(type)) text = integer_text(value).value_or(text);
	return {pg::call([&text, type] {
		        Oid function, parameter;
		        getTypeInputInfo(type, &function, &parameter);
		        return OidInputFunctionCall(function, const_cast<char *>(text.c_str()), parameter, -1);
	        }),
	        false};
}

std::string origin(const expression::BoundValue &bound, std::size_t position) {
	if (bound.name.empty())
		return "It is the value of $" + std::to_string(position + 1) + " in the query as it was sent.";
	return "It is the value of {{" + bound.name + "}}.";
}

} // namespace

ParamListInfo bind_values(const std::vector<expression::BoundValue> &values, const std::vector<Oid> &types) {
	if (values.empty()) return nullptr;
	ParamListInfo list = pg::call([&values] { return makeParamList(static_cast<int>(values.size())); });
	for (std::size_t i = 0; i < values.size(); ++i) {
		Bound bound;
		try {
			bound = bind(values[i].value, types[i]);
		} catch (pg::Error &error) {
			if (error.detail.empty()) error.detail = origin(values[i], i);
			throw;
		}
		list->params[i] = {bound.value, bound.is_null, PARAM_FLAG_CONST, types[i]};
	}
	return list;
}

} // namespace playbook::step
