#include "definition/validator.hpp"

#include <algorithm>
#include <set>
#include <unordered_map>

#include "definition/fields.hpp"
#include "definition/parameter.hpp"
#include "definition/path.hpp"
#include "definition/wording.hpp"

namespace playbook::definition {
namespace {

// Words that begin a name elsewhere; a step of that name would be read as something else by people, if not by
// us.
const std::set<std::string, std::less<>> reserved_ids{
    "customer", "csm",  "parameters", "steps", "event", "execution", "item", "index", "previous", "outputs",
    "env",      "this", "root",       "now",   "true",  "false",     "null", "then",  "else"};

const std::vector<std::string> general_sources{"data_warehouse", "crm", "transform", "api"};

struct SourceRule {
	StepType type;
	std::vector<std::string> general; // of general_sources
	bool connection;                  // the name of a connection may stand there too
};

const std::vector<SourceRule> &source_rules() {
	static const std::vector<SourceRule> rules{
	    {StepType::Query, {"data_warehouse", "crm", "api"}, true},
	    {StepType::Search, {"crm", "api"}, true},
	    {StepType::Request, {"api"}, true},
	    {StepType::Join, {"transform"}, false},
	    {StepType::Aggregate, {"transform"}, false},
	    {StepType::Filter, {"transform"}, false},
	    {StepType::Diff, {"transform"}, false},
	    {StepType::Email, {}, true},
	    {StepType::Meeting, {}, true},
	    {StepType::Notify, {}, true},
	    {StepType::Agent, {}, true},
	    {StepType::Tool, {}, true},
	    {StepType::Task, {}, false},
	    {StepType::Wait, {}, false},
	    {StepType::Condition, {}, false},
	    {StepType::Approval, {}, false},
	    {StepType::Sql, {}, false},
	    {StepType::Playbook, {}, false},
	};
	return rules;
}

bool contains(const std::vector<std::string> &words, const std::string &word) {
	return std::find(words.begin(), words.end(), word) != words.end();
}

class Validator {
public:
	Validator(const Definition &definition, Report &report)
	    : definition_(definition), document_(definition.document), report_(report) {}

	void run() {
		check_steps();
		check_parameters();
		check_triggers();
		check_outputs();
	}

private:
	void check_steps() {
		std::unordered_map<std::string, const Step *> seen;
		for (const Step &step : definition_.steps) {
			const std::string path = child_path(step.path, "id");
			if (step.id.empty()) continue;
			if (reserved_ids.contains(step.id))
				report_.error("PB031", path, quoted(step.id) + " is a reserved name",
				              "Choose another id for this step.");
			const auto [found, first] = seen.emplace(step.id, &step);
			if (!first)
				report_.error("PB030", path, "step " + quoted(step.id) + " exists already",
				              "The first one is " + found->second->path +
				                  "; ids are unique over all branches.");
			check_source(step);
			if (step.type == StepType::Wait) check_wait(step);
			if (step.type == StepType::Aggregate) check_metrics(step.config, child_path(step.path, "config"));
		}
	}

	// A column of an aggregate has a name of its own: of two, rows as JSON would show one.
	void check_metrics(const Value &config, const std::string &path) {
		std::set<std::string> names;
		if (const Value *groups = config.find("group_by"); groups != nullptr && groups->is_string())
			names.insert(groups->string());
		else if (groups != nullptr && groups->is_array())
			for (const Value &column : groups->items()) names.insert(column.as_text());
		const Value *metrics = config.find("metrics");
		if (metrics == nullptr || !metrics->is_array()) return;
		for (std::size_t i = 0; i < metrics->size(); ++i)
			if (const Value *name = metrics->items()[i].find("name"); name != nullptr && name->is_string())
				if (!names.insert(name->string()).second)
					report_.error("PB050", child_path(child_path(child_path(path, "metrics"), i), "name"),
					              "column " + quoted(name->string()) + " exists already",
					              "Columns of group_by count, too.");
	}

	void check_source(const Step &step) {
		if (step.source.empty()) return;
		const auto rule = std::find_if(source_rules().begin(), source_rules().end(),
		                               [&](const SourceRule &one) { return one.type == step.type; });
		const bool general = contains(general_sources, step.source);
		if (general ? contains(rule->general, step.source) : rule->connection) return;
		std::vector<std::string> valid = rule->general;
		if (rule->connection) valid.push_back("the name of a connection");
		std::string hint =
		    valid.empty() ? "This type takes no source; leave it out." : "Valid are " + one_of(valid) + ".";
		std::vector<std::string> types;
		for (const SourceRule &one : source_rules())
			if (general && contains(one.general, step.source)) types.push_back(to_string(one.type));
		if (!types.empty()) hint += " Source " + quoted(step.source) + " takes " + one_of(types) + ".";
		report_.error("PB029", child_path(step.path, "source"),
		              "a step of type " + quoted(to_string(step.type)) + " cannot have source " +
		                  quoted(step.source),
		              hint);
	}

	void check_wait(const Step &step) {
		const std::string config = child_path(step.path, "config");
		int times = 0;
		for (const char *key : {"for", "duration", "until"}) times += step.config.find(key) != nullptr;
		if (times > 1)
			report_.error("PB056", config,
			              "the wait has several ends: \"for\", \"duration\" and \"until\" exclude each other",
			              "Keep one of them.");
		if (step.config.find("event") != nullptr) return;
		for (const char *key : {"timeout", "match"})
			if (step.config.find(key) != nullptr)
				report_.error("PB056", child_path(config, key), quoted(key) + " needs \"event\"",
				              key == std::string("timeout") ? "A wait for a time is written for: 3 days."
				                                            : "");
	}

	void check_parameters() {
		std::set<std::string> names;
		for (std::size_t i = 0; i < definition_.parameters.size(); ++i) {
			const Parameter &parameter = definition_.parameters[i];
			const std::string path = child_path("parameters", i);
			if (!parameter.name.empty() && !names.insert(parameter.name).second)
				report_.error("PB050", child_path(path, "name"),
				              "parameter " + quoted(parameter.name) + " exists already");
			if (parameter.minimum && parameter.maximum && *parameter.minimum > *parameter.maximum)
				report_.error("PB051", child_path(path, "minimum"), "minimum is greater than maximum");
			Parameter unrestricted = parameter;
			unrestricted.allowed.clear();
			for (std::size_t k = 0; k < parameter.allowed.size(); ++k)
				if (const auto problem = parameter_problem(unrestricted, parameter.allowed[k]))
					report_.error("PB051", child_path(child_path(path, "enum"), k),
					              "a value of parameter " + quoted(parameter.name) + " " + *problem);
			if (!parameter.default_value) continue;
			if (const auto problem = parameter_problem(parameter, *parameter.default_value))
				report_.error("PB051", child_path(path, "default"),
				              "the default of parameter " + quoted(parameter.name) + " " + *problem);
		}
	}

	void check_triggers() {
		const Value *list = list_of(document_, "triggers");
		if (list == nullptr) return;
		for (std::size_t i = 0; i < list->size(); ++i)
			check_trigger(list->items()[i], child_path("triggers", i));
	}

	// Keys that only some types of trigger have; `when` and the limits are common to all.
	void check_trigger(const Value &trigger, const std::string &path) {
		struct Key {
			const char *name;
			const char *type;
		};
		constexpr Key keys[] = {
		    {"cron", "schedule"},  {"anchor", "schedule"},        {"offset", "schedule"},
		    {"at", "schedule"},    {"business_days", "schedule"}, {"catch_up", "schedule"},
		    {"event", "event"},    {"for", "condition"},          {"change", "condition"},
		    {"drop", "condition"}, {"rise", "condition"},         {"within", "condition"},
		    {"from", "condition"}};
		const std::string type = text_of(trigger, "type");
		if (type.empty() || !trigger.is_object()) return;
		const auto has = [&](const char *key) { return trigger.find(key) != nullptr; };
		for (const Key &key : keys)
			if (has(key.name) && type != key.type)
				report_.error("PB054", child_path(path, key.name),
				              quoted(key.name) + " belongs to a trigger of type " + quoted(key.type));
		const auto exclude = [&](const char *one, const char *other) {
			if (has(one) && has(other))
				report_.error("PB054", child_path(path, other),
				              quoted(one) + " and " + quoted(other) + " exclude each other");
		};
		const auto require = [&](const char *key, const char *needed) {
			if (has(key) && !has(needed))
				report_.error("PB054", child_path(path, key), quoted(key) + " needs " + quoted(needed));
		};
		exclude("when", "if");
		if (type == "schedule") {
			exclude("cron", "anchor");
			for (const char *key : {"offset", "business_days", "at"}) require(key, "anchor");
		} else if (type == "condition") {
			exclude("drop", "rise");
			for (const char *key : {"drop", "rise", "within", "from"}) require(key, "change");
			require("change", "within");
			if (has("change") && !has("drop") && !has("rise"))
				report_.error("PB054", child_path(path, "change"), "\"change\" needs \"drop\" or \"rise\"");
		}
		check_trigger_parameters(trigger, path);
	}

	void check_trigger_parameters(const Value &trigger, const std::string &path) {
		const Value *given = trigger.find("parameters");
		if (given == nullptr || !given->is_object()) return;
		std::vector<std::string> names;
		for (const Parameter &parameter : definition_.parameters) names.push_back(parameter.name);
		const std::string place = child_path(path, "parameters");
		for (const Member &member : given->members()) {
			const std::string member_path = child_path(place, member.key);
			const auto found = std::find(names.begin(), names.end(), member.key);
			if (found == names.end()) {
				report_.error("PB045", member_path, "there is no parameter " + quoted(member.key),
				              report_.suggestion(member.key, names, "The parameters are"));
				continue;
			}
			const bool templated =
			    member.value.is_string() && member.value.string().find_first_of("{$") != std::string::npos;
			const Parameter &parameter =
			    definition_.parameters[static_cast<std::size_t>(found - names.begin())];
			if (const auto problem = templated ? std::nullopt : parameter_problem(parameter, member.value))
				report_.error("PB051", member_path, "parameter " + quoted(member.key) + " " + *problem);
		}
	}

	void check_outputs() {
		std::set<std::string> names;
		const bool any_data = std::any_of(definition_.steps.begin(), definition_.steps.end(),
		                                  [](const Step &step) { return is_data(step.type); });
		for (std::size_t i = 0; i < definition_.outputs.size(); ++i) {
			const Output &output = definition_.outputs[i];
			const std::string path = child_path("outputs", i);
			if (!output.name.empty() && !names.insert(output.name).second)
				report_.error("PB052", child_path(path, "name"),
				              "output " + quoted(output.name) + " exists already");
			check_metrics(output.raw, path);
			const bool has_source = output.raw.find("source") != nullptr,
			           has_metrics = output.raw.find("metrics") != nullptr;
			if (output.type == "aggregate") {
				if (!has_metrics && !has_source)
					report_.error("PB052", path,
					              "aggregate output " + quoted(output.name) + " has no \"metrics\"",
					              "Write metrics, or the source of a step that has the figures.");
				if (!has_source && !any_data)
					report_.error("PB052", path, "output " + quoted(output.name) + " has no rows to work on",
					              "No step yields rows.");
			} else {
				if (!has_source)
					report_.error("PB052", path, "output " + quoted(output.name) + " has no \"source\"",
					              "Write source: \"${steps.<id>}\".");
				for (const char *key : {"metrics", "group_by"})
					if (output.raw.find(key) != nullptr)
						report_.error("PB052", child_path(path, key),
						              quoted(key) + " belongs to an output of type \"aggregate\"");
			}
		}
	}

	const Definition &definition_;
	const Value &document_;
	Report &report_;
};

} // namespace

void validate(const Definition &definition, Report &report) { Validator(definition, report).run(); }

} // namespace playbook::definition
