#include "step/statement_step.hpp"

#include "step/data_step.hpp"

namespace playbook::step {
namespace {

const Value &member(const Value &object, const char *key) {
	static const Value *const nothing = new Value();
	const Value *found = object.find(key);
	return found != nullptr ? *found : *nothing;
}

} // namespace

Value StatementHandler::prepare(const Context &context, std::vector<std::string> *missing) const {
	Value input = Value::object();
	input.set("template", member(context.step.config, "template"));
	Value parameters = Value::object();
	const Value &written = member(context.step.config, "parameters");
	if (written.is_object())
		for (const Member &parameter : written.members())
			parameters.set(parameter.key, expression::is_pasted(parameter.value)
			                                  ? parameter.value
			                                  : context.rendered(parameter.value, missing));
	if (parameters.size() > 0) input.set("parameters", std::move(parameters));
	return input;
}

Result StatementHandler::run(const Context &context, const Value &input) const {
	require_this_database(context);
	const Value &written = member(context.step.config, "parameters");
	const Value &given = member(input, "parameters");
	const Value &text = member(context.step.config, "template");
	// Whoever approves a step may change its values. A statement is its author's, and so is what becomes part
	// of it.
	if (!(member(input, "template") == text))
		throw pg::Error(ERRCODE_INSUFFICIENT_PRIVILEGE,
		                "the statement of a step cannot be changed by an approval", "",
		                "Change its parameters, or edit the playbook.");
	const auto lookup = [&](const std::string &name) -> std::optional<expression::Argument> {
		const Value *value = given.find(name);
		if (value == nullptr) return std::nullopt;
		const Value *as_written = written.find(name);
		const bool pasted =
		    as_written != nullptr && expression::is_pasted(*as_written) && *as_written == *value;
		return expression::Argument{*value, pasted};
	};
	const expression::BuiltQuery query = build_query(context, text.as_text(), lookup);
	return run_statement(context, query, user_sql_options(context, read_only_));
}

} // namespace playbook::step
