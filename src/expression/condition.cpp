#include "expression/condition.hpp"

#include "definition/wording.hpp"
#include "expression/condition_cache.hpp"
#include "expression/condition_roots.hpp"
#include "pg/datum.hpp"
#include "pg/transaction.hpp"

namespace playbook::expression {
namespace {

// The value at a name and how it is bound.
struct Resolved {
	const Value *value = nullptr; // null pointer: there is none, which reads as null
	Oid type = InvalidOid;
};

const Value *element(const Value &array, const std::string &part) {
	const std::optional<std::int64_t> number = Value(Number{part}).as_integer();
	if (!number) return nullptr;
	const std::int64_t size = static_cast<std::int64_t>(array.size());
	const std::int64_t index = *number < 0 ? size + *number : *number; // as jsonb subscripts count
	return index >= 0 && index < size ? &array.items()[static_cast<std::size_t>(index)] : nullptr;
}

std::vector<std::string> members_of(const Value &object) {
	std::vector<std::string> names;
	if (object.is_object())
		for (const Member &member : object.members()) names.push_back(member.key);
	return names;
}

[[noreturn]] void refuse_member(const BoundName &name, const Value &object) {
	constexpr std::size_t listed = 30;
	BoundName root{{name.path.front()}, 0};
	std::vector<std::string> names = members_of(object);
	std::sort(names.begin(), names.end());
	const std::string nearest = definition::nearest_word(name.path[1], names);
	std::string detail = "There is no value of that name; " + root.text() + " has ";
	if (names.empty()) detail += "none";
	for (std::size_t n = 0; n < names.size() && n < listed; ++n)
		detail += (n == 0 ? "" : ", ") + BoundName{{names[n]}, 0}.text();
	if (names.size() > listed) detail += " and " + std::to_string(names.size() - listed) + " more";
	pg::Error error(ERRCODE_UNDEFINED_COLUMN, "unknown name \"" + name.dotted() + "\"", detail + '.');
	if (!nearest.empty()) error.hint = "Did you mean " + BoundName{{name.path[0], nearest}, 0}.text() + "?";
	add_position(error, name.character);
	throw error;
}

// A customer or the parameters of an execution have the fields they have: another name is a slip. What a
// step, an event or an item carries differs from case to case: there it is null.
bool is_strict(const std::string &root) { return root == "customer" || root == "parameters"; }

const Value *value_at(const BoundName &name, const Value &values) {
	const Value *value = values.find(name.path.front());
	if (value == nullptr) {
		if (!is_condition_root(name.path.front())) refuse_root(name, &values);
		return nullptr;
	}
	for (std::size_t part = 1; part < name.path.size() && value != nullptr; ++part) {
		const Value *next =
		    value->is_array() ? element(*value, name.path[part]) : value->find(name.path[part]);
		if (next == nullptr && part == 1 && value->is_object() && is_strict(name.path.front()))
			refuse_member(name, *value);
		value = next;
	}
	return value;
}

// The type whose input form a string at this name is.
std::optional<Oid> declared_type(const BoundName &name, const ConditionValues &values) {
	if (!values.types.empty()) {
		const auto declared = values.types.find(name.dotted());
		if (declared != values.types.end()) return declared->second;
	}
	const std::vector<std::string> &path = name.path;
	const bool of_execution = path.size() == 2 && path[0] == "execution";
	const bool of_step = path.size() == 3 && path[0] == "steps";
	if (!of_execution && !of_step) return std::nullopt;
	if (path.back() == "elapsed") return INTERVALOID;
	if (path.back() == "started_at" || (of_execution && path.back() == "created_at")) return TIMESTAMPTZOID;
	return std::nullopt;
}

Resolved resolve(const BoundName &name, const ConditionValues &values) {
	Resolved resolved{value_at(name, values.values)};
	if (resolved.value == nullptr || resolved.value->is_null()) {
		resolved.value = nullptr;
		resolved.type = declared_type(name, values).value_or(InvalidOid);
	} else if (resolved.value->is_boolean()) {
		resolved.type = BOOLOID;
	} else if (resolved.value->is_number()) {
		resolved.type = NUMERICOID;
	} else if (resolved.value->is_string()) {
		resolved.type = declared_type(name, values).value_or(TEXTOID);
	} else {
		resolved.type = JSONBOID;
	}
	return resolved;
}

Datum datum_of(const Resolved &resolved, const BoundName &name) {
	const Value &value = *resolved.value;
	if (value.is_boolean()) return BoolGetDatum(value.boolean());
	if (!value.is_scalar()) return pg::jsonb_datum(value);
	const std::string &text = value.is_string() ? value.string() : value.number();
	if (text.find('\0') != std::string::npos)
		throw pg::Error(ERRCODE_UNTRANSLATABLE_CHARACTER,
		                "the value of \"" + name.dotted() + "\" contains a zero byte");
	if (resolved.type == TEXTOID) return pg::text_datum(text);
	try {
		return pg::input_datum(text, resolved.type);
	} catch (pg::Error &error) {
		if (!error.detail.empty()) error.detail += ' ';
		error.detail += "It is the value of " + name.text() + '.';
		throw;
	}
}

template <typename Read>
auto evaluate(const std::string &text, const ConditionValues &values, ResultForm form, Read read) {
	ConditionCache &cache = ConditionCache::instance();
	const std::shared_ptr<const ParsedCondition> parsed = cache.parsed(text);
	std::vector<Resolved> resolved;
	std::vector<Oid> types;
	resolved.reserve(parsed->names.size());
	types.reserve(parsed->names.size());
	for (const BoundName &name : parsed->names) {
		resolved.push_back(resolve(name, values));
		types.push_back(resolved.back().type);
	}
	const std::shared_ptr<ConditionPlan> plan = cache.plan(text, types, form);
	pg::SettingScope settings;
	if (!plan->runs_no_code()) settings.open(); // what others' functions set ends with the evaluation
	try {
		ConditionPlan::Evaluation evaluation(*plan);
		for (std::size_t n = 0; n < resolved.size(); ++n) {
			const bool is_null = resolved[n].value == nullptr;
			evaluation.bind(n, is_null ? static_cast<Datum>(0) : datum_of(resolved[n], parsed->names[n]),
			                is_null);
		}
		return read(evaluation.run());
	} catch (...) {
		cache.forget(plan.get());
		throw;
	}
}

} // namespace

std::vector<std::vector<std::string>> condition_paths(const std::string &text) {
	std::vector<std::vector<std::string>> paths;
	for (const BoundName &name : ConditionCache::instance().parsed(text)->names) paths.push_back(name.path);
	return paths;
}

bool evaluate_condition(const std::string &text, const ConditionValues &values) {
	return evaluate(text, values, ResultForm::Boolean,
	                [](const BoundValueOf &result) { return !result.is_null && DatumGetBool(result.value); });
}

Value evaluate_expression(const std::string &text, const ConditionValues &values) {
	return evaluate(text, values, ResultForm::Jsonb, [](const BoundValueOf &result) {
		return result.is_null ? Value() : pg::value_from_jsonb(result.value);
	});
}

std::size_t kept_conditions() { return ConditionCache::instance().plans(); }

} // namespace playbook::expression
