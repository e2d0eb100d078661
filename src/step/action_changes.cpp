#include "step/action_changes.hpp"

#include <map>

namespace playbook::step {
namespace {

std::string below(const std::string &path, const std::string &key) {
	return path.empty() ? key : path + "." + key;
}

std::string kind_with_article(const Value &value) {
	if (value.is_null()) return "null";
	const std::string kind = value.kind_name();
	return (kind == "array" || kind == "object" ? "an " : "a ") + kind;
}

Value merged(const Value &action, const Value &changes, const std::string &path);

// A list is replaced as a whole; what it holds must be of the kinds that it held.
Value replaced_list(const Value &action, const Value &changes, const std::string &path) {
	if (action.size() == 0) return changes;
	for (std::size_t i = 0; i < changes.size(); ++i) {
		const Value &item = changes.items()[i];
		const Value *like = nullptr;
		for (const Value &present : action.items())
			if (std::string_view(present.kind_name()) == item.kind_name()) like = &present;
		const std::string where = path + "[" + std::to_string(i) + "]";
		if (like == nullptr)
			throw ChangeError("\"" + where + "\" must be " + kind_with_article(action.items().front()) +
			                      ", not " + kind_with_article(item),
			                  where);
		if (item.is_object()) (void) merged(*like, item, where); // its keys are judged by one that is there
	}
	return changes;
}

Value merged(const Value &action, const Value &changes, const std::string &path) {
	if (action.is_null() && !changes.is_object()) return changes;
	if (std::string_view(action.kind_name()) != changes.kind_name()) {
		if (changes.is_null()) throw ChangeError("\"" + path + "\" cannot be taken away", path);
		throw ChangeError("\"" + path + "\" must be " + kind_with_article(action) + ", not " +
		                      kind_with_article(changes),
		                  path);
	}
	if (changes.is_array()) return replaced_list(action, changes, path);
	if (!changes.is_object()) return changes;
	Value result = action;
	for (const Member &change : changes.members()) {
		const std::string where = below(path, change.key);
		const Value *present = action.find(change.key);
		if (present == nullptr) {
			std::vector<std::string> known;
			for (const Member &member : action.members()) known.push_back(member.key);
			throw ChangeError("the action has no \"" + where + "\"", where, std::move(known));
		}
		result.set(change.key, merged(*present, change.value, where));
	}
	return result;
}

} // namespace

Value changed_action(const Value &action, const Value &changes) {
	if (!changes.is_object())
		throw ChangeError("changes must be an object, not " + kind_with_article(changes), "");
	if (!action.is_object()) throw ChangeError("the action has nothing that can be changed", "");
	return merged(action, changes, "");
}

std::string changed_sql(definition::StepType type, const Value &action, const Value &changes) {
	using definition::StepType;
	static const std::map<StepType, std::vector<std::string>> written_by_authors = {
	    {StepType::Query, {"template"}},   {StepType::Sql, {"template"}},
	    {StepType::Request, {"template"}}, {StepType::Search, {"soql"}},
	    {StepType::Filter, {"condition"}}, {StepType::Aggregate, {"metrics", "having"}},
	    {StepType::Wait, {"match"}},
	};
	const auto keys = written_by_authors.find(type);
	if (keys == written_by_authors.end()) return {};
	for (const std::string &key : keys->second) {
		const Value *changed = changes.find(key), *written = action.find(key);
		if (changed != nullptr && (written == nullptr || !(*changed == *written))) return key;
	}
	return {};
}

Value merged_changes(const Value &earlier, const Value &later) {
	if (!earlier.is_object() || !later.is_object()) return later;
	Value result = earlier;
	for (const Member &change : later.members()) {
		const Value *before = result.find(change.key);
		result.set(change.key, before == nullptr ? change.value : merged_changes(*before, change.value));
	}
	return result;
}

} // namespace playbook::step
