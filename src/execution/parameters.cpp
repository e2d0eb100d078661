// Parameters of a start: defaults, types, and an error that shows the expected form.
#include "definition/parameter.hpp"
#include "execution/start.hpp"
#include "pg/guard.hpp"
#include "value/excerpt.hpp"
#include "value/json.hpp"

namespace playbook::execution {
namespace {

// "min_value (number, at least 0, default 10000)"
std::string expected_form(const definition::Definition &definition) {
	if (definition.parameters.empty()) return "This playbook takes no parameters.";
	std::string form = "Expected parameters: ";
	bool first = true;
	for (const definition::Parameter &parameter : definition.parameters) {
		if (!first) form += "; ";
		first = false;
		form += parameter.name + " (" + definition::type_and_range(parameter);
		if (parameter.required) form += ", required";
		if (parameter.default_value) form += ", default " + to_json(*parameter.default_value);
		form += ")";
	}
	return form + ".";
}

[[noreturn]] void refuse(const definition::Definition &definition, const std::string &message,
                         const std::string &detail = {}) {
	throw pg::Error(ERRCODE_INVALID_PARAMETER_VALUE, message, detail, expected_form(definition));
}

void check(const definition::Definition &definition, const definition::Parameter &parameter,
           const Value &value) {
	const std::string shown = excerpt(to_json(value), 100);
	if (!value.is_null() && !definition::has_type(parameter.type, value)) {
		const std::string kind = value.kind_name();
		const std::string article = kind == "array" || kind == "object" ? ", an " : ", a ";
		refuse(definition, "parameter \"" + parameter.name + "\" must be of type " + parameter.type,
		       "The value given is " + shown + article + kind + ".");
	}
	if (!parameter.allowed.empty() &&
	    std::find(parameter.allowed.begin(), parameter.allowed.end(), value) == parameter.allowed.end())
		refuse(definition, "parameter \"" + parameter.name + "\" has none of the allowed values",
		       "The value given is " + shown + ".");
	const std::optional<double> number = value.as_double();
	if (number && ((parameter.minimum && *number < *parameter.minimum) ||
	               (parameter.maximum && *number > *parameter.maximum)))
		refuse(definition, "parameter \"" + parameter.name + "\" is out of range",
		       "The value given is " + shown + ".");
}

} // namespace

Value checked_parameters(const definition::Definition &definition, const Value &given) {
	if (!given.is_object())
		refuse(definition, "parameters must be a JSON object",
		       std::string("They are a JSON ") + given.kind_name() + ".");
	for (const Member &member : given.members()) {
		const bool known = std::any_of(
		    definition.parameters.begin(), definition.parameters.end(),
		    [&member](const definition::Parameter &parameter) { return parameter.name == member.key; });
		if (!known) refuse(definition, "unknown parameter \"" + member.key + "\"");
	}
	Value parameters = Value::object();
	for (const definition::Parameter &parameter : definition.parameters) {
		const Value *value = given.find(parameter.name);
		if (value == nullptr && parameter.default_value) value = &*parameter.default_value;
		if (value == nullptr || (value->is_null() && parameter.required)) {
			if (parameter.required) refuse(definition, "parameter \"" + parameter.name + "\" is required");
			parameters.set(parameter.name, Value());
			continue;
		}
		check(definition, parameter, *value);
		parameters.set(parameter.name, *value);
	}
	return parameters;
}

} // namespace playbook::execution
