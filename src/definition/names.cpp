#include "definition/names.hpp"

#include <algorithm>
#include <unordered_map>

#include "definition/outcome.hpp"
#include "definition/wording.hpp"

namespace playbook::definition {
namespace {

const std::vector<std::string> roots{"customer",  "csm",  "parameters", "steps",    "event",
                                     "execution", "item", "index",      "previous", "playbook"};
const std::vector<std::string> fields_of_playbook{"id", "name"};

class Checker {
public:
	Checker(const Definition &definition, Report &report) : definition_(definition), report_(report) {
		for (const Step &step : definition.steps) {
			step_ids_.push_back(step.id);
			steps_.emplace(step.id, step.position);
		}
		std::sort(step_ids_.begin(), step_ids_.end());
		step_ids_.erase(std::unique(step_ids_.begin(), step_ids_.end()), step_ids_.end());
		for (const Parameter &parameter : definition.parameters) parameter_names_.push_back(parameter.name);
		for (const Output &output : definition.outputs) output_names_.push_back(output.name);
	}

	void check(const Mention &mention) {
		const std::string &root = mention.name[0];
		if (root == "env" || root == "environment") {
			report(mention, "PB046", "the environment is not visible to playbooks",
			       "Secrets belong to the connection; give anything else as a parameter.");
		} else if (root == "outputs" && mention.path.starts_with("insights[")) {
			check_member(mention, output_names_, "PB032", "there is no output ", "The outputs are");
		} else if (std::find(roots.begin(), roots.end(), root) == roots.end()) {
			check_unknown_root(mention);
		} else if (root == "steps") {
			if (mention.path.starts_with("triggers["))
				report(mention, "PB044", "\"steps\" has no meaning in a trigger",
				       "A trigger is judged before any step has run.");
			else
				check_step(mention, 1);
		} else if (root == "parameters") {
			check_parameter(mention);
		} else if (root == "item" || root == "index") {
			if (!has_items(mention.step))
				report(mention, "PB058", quoted(root) + " has no meaning outside for_each",
				       "Give the step for_each.");
		} else if (root == "previous") {
			check_previous(mention);
		} else if (root == "playbook") {
			check_member(mention, fields_of_playbook, "PB044", "\"playbook\" has no ", "It has");
		}
	}

	void check(const Comparison &comparison) {
		const auto found = steps_.find(comparison.words.step);
		if (found == steps_.end()) return; // reported as a name
		const Step &step = definition_.steps[static_cast<std::size_t>(found->second)];
		const std::vector<std::string> words =
		    comparison.words.field == "status" ? status_words() : outcome_words(step);
		if (std::find(words.begin(), words.end(), comparison.words.word) != words.end()) return;
		report_.error_within("PB038", comparison.path, *comparison.text, comparison.words.offset,
		                     "the " + comparison.words.field + " of step " + quoted(step.id) + " is never " +
		                         quoted(comparison.words.word),
		                     words_hint(comparison.words.word, words));
	}

private:
	void report(const Mention &mention, const char *code, std::string message, std::string hint = {}) {
		report_.error_within(code, mention.path, *mention.text, mention.offset, std::move(message),
		                     std::move(hint));
	}

	void check_unknown_root(const Mention &mention) {
		const std::string &root = mention.name[0];
		if (mention.relative) return; // a name within #each or #with
		std::string hint = suggestion(root, roots, "Names begin with");
		if (steps_.contains(root))
			hint = "A step's result is steps." + root + ".";
		else if (std::find(parameter_names_.begin(), parameter_names_.end(), root) != parameter_names_.end())
			hint = "A parameter is parameters." + root + ".";
		report(mention, "PB044", "unknown name " + quoted(root), hint);
	}

	// The member of a root that has a known list of them.
	void check_member(const Mention &mention, const std::vector<std::string> &known, const char *code,
	                  const char *message, const char *valid) {
		if (mention.name.size() < 2) return;
		if (std::find(known.begin(), known.end(), mention.name[1]) == known.end())
			report(mention, code, message + quoted(mention.name[1]),
			       report_.suggestion(mention.name[1], known, valid));
	}

	void check_parameter(const Mention &mention) {
		if (mention.name.size() < 2 && mention.form == Mention::Form::Reference)
			return; // all of them, as one object
		check_member(mention, parameter_names_, "PB045", "there is no parameter ",
		             parameter_names_.empty() ? "Declare it under parameters; there are none yet"
		                                      : "The parameters are");
	}

	void check_step(const Mention &mention, std::size_t at) {
		if (mention.name.size() <= at) {
			if (mention.form == Mention::Form::Reference)
				report(mention, "PB041", "\"steps\" names no step", "Write ${steps.<id>}.");
			return;
		}
		const auto found = steps_.find(mention.name[at]);
		if (found == steps_.end())
			return report(mention, "PB032", "there is no step " + quoted(mention.name[at]),
			              report_.suggestion(mention.name[at], step_ids_, "The steps are"));
		const Step &step = definition_.steps[static_cast<std::size_t>(found->second)];
		if (mention.rows && !yields_rows(step))
			report(mention, "PB053", "step " + quoted(step.id) + " yields no rows",
			       std::string("It is of type ") + to_string(step.type) + ".");
	}

	void check_previous(const Mention &mention) {
		if (mention.name.size() < 2 || mention.name[1] != "steps")
			return report(mention, "PB041", "\"previous\" has only steps", "Write ${previous.steps.<id>}.");
		check_step(mention, 2);
	}

	static bool yields_rows(const Step &step) {
		return is_data(step.type) || step.for_each || step.type == StepType::Sql ||
		       step.type == StepType::Playbook || step.type == StepType::Tool || step.type == StepType::Agent;
	}

	// Steps of on_cancel and on_expiry run once, not for an element.
	bool has_items(int position) const {
		return position >= 0 && definition_.steps[static_cast<std::size_t>(position)].for_each.has_value();
	}

	const Definition &definition_;
	Report &report_;
	std::vector<std::string> step_ids_, parameter_names_, output_names_;
	std::unordered_map<std::string, int> steps_;
};

} // namespace

void check_names(const Definition &definition, const Mentions &mentions, Report &report) {
	Checker checker(definition, report);
	for (const Mention &mention : mentions.names)
		if (!mention.name.empty()) checker.check(mention);
	for (const Comparison &comparison : mentions.comparisons) checker.check(comparison);
}

} // namespace playbook::definition
