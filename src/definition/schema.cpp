#include "definition/schema.hpp"

#include <algorithm>
#include <map>
#include <regex>
#include <set>
#include <stdexcept>

#include "definition/path.hpp"
#include "definition/wording.hpp"
#include "value/json.hpp"

namespace playbook::generated {
extern const std::string_view definition_schema_json;
}

namespace playbook::definition {
namespace {

constexpr std::size_t longest_matched = 8000; // std::regex recurses along the text

const Value &resolve(const Value &schema) {
	const Value *at = &schema;
	while (const Value *reference = at->find("$ref")) {
		constexpr std::string_view prefix = "#/$defs/";
		const std::string &name = reference->string();
		const Value *definitions = definition_schema().find("$defs");
		const Value *found = name.starts_with(prefix)
		                         ? definitions->find(std::string_view(name).substr(prefix.size()))
		                         : nullptr;
		if (found == nullptr)
			throw std::logic_error("the definition schema refers to " + name + ", which it does not have");
		at = found;
	}
	return *at;
}

// "a text", as a person would call it.
std::string kind_in_words(std::string_view kind) {
	if (kind == "string") return "a text";
	if (kind == "integer") return "a whole number";
	if (kind == "number") return "a number";
	if (kind == "boolean") return "true or false";
	if (kind == "array") return "a list";
	if (kind == "object") return "a mapping";
	return "empty";
}

// How a value of one of these kinds is written.
std::string kind_hint(const std::vector<std::string> &kinds) {
	const std::string &kind = kinds.empty() ? std::string() : kinds.front();
	if (kind == "string") return "Put the text in double quotes.";
	if (kind == "integer") return "Write digits only, such as 3, without quotes.";
	if (kind == "number") return "Write a number such as 2.5, without quotes.";
	if (kind == "boolean") return "Write true or false, without quotes.";
	if (kind == "array")
		return "Write each item on a line of its own that begins with \"- \", or [first, second].";
	if (kind == "object") return "Write its keys on lines below it, indented, or {key: value}.";
	return {};
}

// "Add "message": What they are told." as far as the schema has words for the key.
std::string missing_key_hint(const Value *properties, const std::string &key) {
	const Value *property = properties != nullptr ? properties->find(key) : nullptr;
	const Value *description = property != nullptr ? property->find("description") : nullptr;
	return "Add " + quoted(key) + (description != nullptr ? ": " + description->string() : ".");
}

// What a number may be, as far as its schema bounds it.
std::string range_hint(const Value &schema) {
	const Value *least = schema.find("minimum"), *most = schema.find("maximum");
	if (least == nullptr) return "Write " + most->number() + " or less.";
	if (most == nullptr) return "Write " + least->number() + " or more.";
	return "Write a number from " + least->number() + " to " + most->number() + ".";
}

bool is_of_kind(const Value &value, std::string_view kind) {
	if (kind == "integer") return value.as_integer().has_value();
	return kind == value.kind_name();
}

std::vector<std::string> kinds_of(const Value &schema) {
	std::vector<std::string> kinds;
	const Value *type = resolve(schema).find("type");
	if (type == nullptr) return kinds;
	if (type->is_string()) return {type->string()};
	for (const Value &kind : type->items()) kinds.push_back(kind.string());
	return kinds;
}

// The kinds a value may have under any branch of an anyOf.
void collect_kinds(const Value &schema, std::vector<std::string> &kinds) {
	const Value &target = resolve(schema);
	if (const Value *branches = target.find("anyOf"); branches != nullptr && target.find("type") == nullptr) {
		for (const Value &branch : branches->items()) collect_kinds(branch, kinds);
		return;
	}
	for (std::string &kind : kinds_of(target))
		if (std::find(kinds.begin(), kinds.end(), kind) == kinds.end()) kinds.push_back(std::move(kind));
}

bool matches(const std::string &pattern, const std::string &text) {
	if (text.size() > longest_matched) return false;
	static std::map<std::string, std::regex> compiled;
	auto found = compiled.find(pattern);
	if (found == compiled.end())
		found = compiled.emplace(pattern, std::regex(pattern, std::regex::ECMAScript)).first;
	return std::regex_search(text, found->second);
}

std::size_t count_characters(std::string_view text) {
	return static_cast<std::size_t>(std::count_if(
	    text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

class Checker {
public:
	explicit Checker(SchemaFindings &findings) : findings_(&findings) {}

	void check(const Value &schema, const Value &value, const std::string &path) {
		if (schema.is_boolean()) {
			if (!schema.boolean()) report("PB020", path, place_name(path) + " has no meaning here");
			return;
		}
		if (const Value *reference = schema.find("$ref"); reference != nullptr)
			check(resolve(schema), value, path);
		if (!check_kind(schema, value, path)) return;
		check_choice(schema, value, path);
		if (value.is_number()) check_number(schema, value, path);
		if (value.is_string()) check_text(schema, value, path);
		if (value.is_array()) check_list(schema, value, path);
		if (value.is_object()) check_mapping(schema, value, path);
		if (const Value *parts = schema.find("allOf"))
			for (const Value &part : parts->items()) check(part, value, path);
		if (const Value *branches = schema.find("anyOf")) check_any(*branches, value, path);
		check_implication(schema, value, path);
		if (const Value *format = schema.find("format"))
			findings_->annotations.push_back({path, format->string(), &value});
	}

private:
	void report(const char *code, const std::string &path, std::string message, std::string hint = {}) {
		findings_->problems.push_back(
		    {Problem::Severity::Error, code, path, 0, 0, std::move(message), std::move(hint)});
	}

	void report_kind(const std::string &path, const std::vector<std::string> &kinds, const Value &value) {
		std::vector<std::string> words;
		for (const std::string &kind : kinds) words.push_back(kind_in_words(kind));
		const std::string found = value.is_number() && kinds == std::vector<std::string>{"integer"}
		                              ? value.number()
		                          : value.is_null() ? "empty"
		                                            : kind_in_words(value.kind_name());
		report("PB022", path,
		       place_name(path) + " must be " + one_of(words) + ", not " +
		           (value.is_boolean() ? value.as_text() : found),
		       value.is_null() ? "Give it a value, or remove the key." : kind_hint(kinds));
	}

	bool check_kind(const Value &schema, const Value &value, const std::string &path) {
		if (schema.find("type") == nullptr) return true;
		const std::vector<std::string> kinds = kinds_of(schema);
		if (std::any_of(kinds.begin(), kinds.end(),
		                [&](const std::string &kind) { return is_of_kind(value, kind); }))
			return true;
		report_kind(path, kinds, value);
		return false;
	}

	void check_choice(const Value &schema, const Value &value, const std::string &path) {
		if (const Value *only = schema.find("const"); only != nullptr && !(*only == value))
			report("PB023", path, place_name(path) + " must be " + only->as_text(),
			       "Write " + only->as_text() + ", or remove the key.");
		const Value *choices = schema.find("enum");
		if (choices == nullptr) return;
		std::vector<std::string> words;
		for (const Value &choice : choices->items()) {
			if (choice == value) return;
			words.push_back(choice.as_text());
		}
		report("PB023", path, quoted(value.as_text()) + " is not valid for " + place_name(path),
		       suggestion(value.as_text(), words));
	}

	void check_number(const Value &schema, const Value &value, const std::string &path) {
		const std::optional<double> number = value.as_double();
		const auto bound = [&](const char *keyword) -> std::optional<double> {
			const Value *limit = schema.find(keyword);
			return limit != nullptr ? limit->as_double() : std::nullopt;
		};
		if (const auto least = bound("minimum"); least && number && *number < *least)
			report("PB024", path,
			       place_name(path) + " must be at least " + schema.find("minimum")->number() + ", not " +
			           value.number(),
			       range_hint(schema));
		if (const auto most = bound("maximum"); most && number && *number > *most)
			report("PB024", path,
			       place_name(path) + " must be at most " + schema.find("maximum")->number() + ", not " +
			           value.number(),
			       range_hint(schema));
	}

	void check_text(const Value &schema, const Value &value, const std::string &path) {
		const std::string &text = value.string();
		if (const Value *least = schema.find("minLength");
		    least != nullptr && static_cast<std::int64_t>(count_characters(text)) < *least->as_integer()) {
			report("PB024", path, place_name(path) + " must not be empty",
			       "Write a text, or remove the key.");
			return;
		}
		if (const Value *most = schema.find("maxLength");
		    most != nullptr && static_cast<std::int64_t>(count_characters(text)) > *most->as_integer())
			report("PB024", path,
			       place_name(path) + " must not be longer than " + most->number() + " characters",
			       "It has " + std::to_string(count_characters(text)) + ": shorten it.");
		if (const Value *pattern = schema.find("pattern");
		    pattern != nullptr && !matches(pattern->string(), text)) {
			const Value *description = schema.find("description");
			report("PB025", path, quoted(text) + " is not a valid form for " + place_name(path),
			       description != nullptr ? description->string() : "");
		}
	}

	void check_list(const Value &schema, const Value &value, const std::string &path) {
		if (const Value *least = schema.find("minItems");
		    least != nullptr && static_cast<std::int64_t>(value.size()) < *least->as_integer())
			report("PB024", path, place_name(path) + " must not be empty",
			       "Write at least one item, or remove the key.");
		if (const Value *items = schema.find("items"))
			for (std::size_t i = 0; i < value.size(); ++i)
				check(*items, value.items()[i], child_path(path, i));
	}

	void check_mapping(const Value &schema, const Value &value, const std::string &path) {
		const Value *properties = schema.find("properties");
		if (const Value *required = schema.find("required"))
			for (const Value &key : required->items())
				if (value.find(key.string()) == nullptr)
					report("PB021", path, place_name(path) + " has no " + quoted(key.string()),
					       missing_key_hint(properties, key.string()));
		const Value *others = schema.find("additionalProperties");
		if (properties == nullptr && others == nullptr) return;
		for (const Member &member : value.members()) {
			const Value *property = properties != nullptr ? properties->find(member.key) : nullptr;
			if (property != nullptr)
				check(*property, member.value, child_path(path, member.key));
			else if (others != nullptr)
				check_other(*others, properties, member, path);
		}
	}

	void check_other(const Value &others, const Value *properties, const Member &member,
	                 const std::string &path) {
		if (!others.is_boolean()) return check(others, member.value, child_path(path, member.key));
		if (others.boolean()) return;
		std::vector<std::string> keys;
		if (properties != nullptr)
			for (const Member &known : properties->members()) keys.push_back(known.key);
		// "{template: SELECT a, b}" cuts the text at its comma.
		const bool cut = member.key.find(' ') != std::string::npos && member.value.is_null();
		report("PB020", child_path(path, member.key),
		       "unknown key " + quoted(member.key) + " in " + place_name(path),
		       cut ? "Between braces a text that holds a comma must be quoted."
		           : suggestion(member.key, keys));
	}

	void check_any(const Value &branches, const Value &value, const std::string &path) {
		std::vector<SchemaFindings> tried;
		for (const Value &branch : branches.items()) {
			SchemaFindings attempt;
			Checker(attempt).check(branch, value, path);
			if (attempt.problems.empty()) {
				std::move(attempt.annotations.begin(), attempt.annotations.end(),
				          std::back_inserter(findings_->annotations));
				return;
			}
			tried.push_back(std::move(attempt));
		}
		if (report_missing_key(branches, value, path)) return;
		// Blame the branch that was meant: the only one, or the best fitting, whose kind the value has.
		SchemaFindings *meant = nullptr;
		std::vector<std::string> kinds;
		for (std::size_t i = 0; i < tried.size(); ++i) {
			std::vector<std::string> own;
			collect_kinds(branches.items()[i], own);
			if (std::any_of(own.begin(), own.end(),
			                [&](const std::string &kind) { return is_of_kind(value, kind); }))
				if (meant == nullptr || tried[i].problems.size() < meant->problems.size()) meant = &tried[i];
			collect_kinds(branches.items()[i], kinds);
		}
		if (meant == nullptr) return report_kind(path, kinds, value);
		std::move(meant->problems.begin(), meant->problems.end(), std::back_inserter(findings_->problems));
		std::move(meant->annotations.begin(), meant->annotations.end(),
		          std::back_inserter(findings_->annotations));
	}

	// anyOf of bare `required` lists: "one of these keys must be there".
	bool report_missing_key(const Value &branches, const Value &value, const std::string &path) {
		if (!value.is_object()) return false;
		std::vector<std::string> keys;
		for (const Value &branch : branches.items()) {
			const Value *required = branch.find("required");
			if (branch.size() != 1 || required == nullptr) return false;
			keys.push_back(quoted(required->items().front().string()));
		}
		report("PB021", path, place_name(path) + " has no " + one_of(keys),
		       keys.size() > 1 ? "Add one of them." : "Add it.");
		return true;
	}

	void check_implication(const Value &schema, const Value &value, const std::string &path) {
		const Value *condition = schema.find("if");
		if (condition == nullptr) return;
		SchemaFindings attempt;
		Checker(attempt).check(*condition, value, path);
		if (const Value *next = schema.find(attempt.problems.empty() ? "then" : "else"))
			check(*next, value, path);
	}

	SchemaFindings *findings_;
};

void collect_references(const Value &schema, std::set<std::string> &names) {
	if (schema.is_array())
		for (const Value &item : schema.items()) collect_references(item, names);
	if (!schema.is_object()) return;
	for (const Member &member : schema.members()) {
		if (member.key == "$ref" && member.value.is_string()) {
			const std::string name = member.value.string().substr(std::string_view("#/$defs/").size());
			if (names.insert(name).second)
				collect_references(*definition_schema().find("$defs")->find(name), names);
		} else {
			collect_references(member.value, names);
		}
	}
}

} // namespace

const Value &definition_schema() {
	static const Value schema = parse_json(generated::definition_schema_json);
	return schema;
}

std::optional<Value> step_schema(StepType type) {
	const Value &definitions = *definition_schema().find("$defs");
	const Value &step = *definitions.find("step");
	Value schema = Value::object();
	schema.set("$schema", *definition_schema().find("$schema"));
	schema.set("title", std::string(to_string(type)) + " step");
	for (const Member &member : step.members())
		if (member.key != "allOf") schema.set(member.key, member.value);
	// Only what this type takes: its name, its own rule, and branches written beside the type only for a
	// condition.
	Value &properties = *schema.find("properties");
	properties.find("type")->erase("enum");
	properties.find("type")->set("const", to_string(type));
	if (type != StepType::Condition)
		for (const char *branch : {"then", "else", "cases"}) properties.erase(branch);
	for (const Value &rule : step.find("allOf")->items()) {
		const Value *condition = rule.find("if")->find("properties")->find("type")->find("const");
		if (*condition == Value(to_string(type)))
			schema.set("allOf", Value(Value::Array{*rule.find("then")}));
	}
	std::set<std::string> names;
	collect_references(schema, names);
	Value &used = schema.set("$defs", Value::object());
	for (const Member &definition : definitions.members())
		if (names.contains(definition.key)) used.set(definition.key, definition.value);
	return schema;
}

SchemaFindings check_schema(const Value &document, const char *part) {
	SchemaFindings findings;
	Checker(findings).check(*definition_schema().find("$defs")->find(part), document, "");
	return findings;
}

} // namespace playbook::definition
