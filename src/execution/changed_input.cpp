#include "execution/changed_input.hpp"

#include "definition/schema.hpp"
#include "definition/wording.hpp"
#include "pg/guard.hpp"
#include "step/authors_sql.hpp"

namespace playbook::execution {
namespace {

void add_keys(std::vector<std::string> &keys, const Value *object) {
	if (object == nullptr || !object->is_object()) return;
	for (const Member &member : object->members())
		if (std::find(keys.begin(), keys.end(), member.key) == keys.end()) keys.push_back(member.key);
}

void require_known(const Value &changes, const std::vector<std::string> &keys, const std::string &place) {
	for (const Member &change : changes.members())
		if (std::find(keys.begin(), keys.end(), change.key) == keys.end())
			throw pg::Error(ERRCODE_INVALID_PARAMETER_VALUE, "there is no \"" + change.key + "\" in " + place,
			                "",
			                keys.empty() ? "It has nothing that could be changed."
			                             : definition::words_hint(change.key, keys));
}

void check(const Value &input, const definition::Step &step, const Value &changes) {
	const bool is_statement =
	    step.type == definition::StepType::Query || step.type == definition::StepType::Sql;
	std::vector<std::string> keys;
	add_keys(keys, &input);
	// An email may get a "cc" that it did not have; nothing else adds to a statement or a question.
	if (!is_statement && step.type != definition::StepType::Condition)
		if (const Value *config = definition::definition_schema().find("$defs")->find(
		        std::string("config_") + definition::to_string(step.type)))
			add_keys(keys, config->find("properties"));
	const std::string place = "the input of step \"" + step.id + "\"";
	require_known(changes, keys, place);
	const Value *parameters = changes.find("parameters");
	if (!is_statement || parameters == nullptr || !parameters->is_object()) return;
	std::vector<std::string> names;
	add_keys(names, input.find("parameters"));
	require_known(*parameters, names, "parameters of " + place);
}

void merge(Value &target, const Value &patch) {
	if (!patch.is_object()) {
		target = patch;
		return;
	}
	if (!target.is_object()) target = Value::object();
	for (const Member &member : patch.members()) {
		if (member.value.is_null())
			target.erase(member.key);
		else if (Value *present = target.find(member.key))
			merge(*present, member.value);
		else
			target.set(member.key, member.value);
	}
}

} // namespace

void change_input(Value &input, const definition::Step &step, const Value &changes) {
	check(input, step, changes);
	step::require_authors_sql(step.type, step.id, input, changes);
	merge(input, changes);
}

} // namespace playbook::execution
