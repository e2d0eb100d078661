#include "definition/builder.hpp"

#include "definition/fields.hpp"
#include "definition/path.hpp"
#include "definition/step_builder.hpp"
#include "definition/wording.hpp"
#include "expression/reference.hpp"

namespace playbook::definition {
namespace {

Conflict conflict_of(const std::string &word, bool has_triggers) {
	if (word == "skip") return Conflict::Skip;
	if (word == "queue") return Conflict::Queue;
	if (word == "replace") return Conflict::Replace;
	if (word == "allow") return Conflict::Allow;
	return has_triggers ? Conflict::Skip : Conflict::Allow;
}

std::vector<Parameter> read_parameters(const Value &document) {
	std::vector<Parameter> parameters;
	const Value *list = list_of(document, "parameters");
	if (list == nullptr) return parameters;
	for (const Value &item : list->items()) {
		Parameter parameter;
		parameter.name = text_of(item, "name");
		if (const std::string type = text_of(item, "type"); !type.empty()) parameter.type = type;
		if (const Value *value = item.find("default"); value != nullptr && !value->is_null())
			parameter.default_value = *value;
		parameter.required = flag_of(item, "required") && !parameter.default_value;
		parameter.description = text_of(item, "description");
		if (const Value *allowed = list_of(item, "enum")) parameter.allowed = allowed->items();
		parameter.minimum = number_of(item, "minimum");
		parameter.maximum = number_of(item, "maximum");
		parameters.push_back(std::move(parameter));
	}
	return parameters;
}

std::vector<DataSource> read_data_sources(const Value &document) {
	std::vector<DataSource> sources;
	if (const Value *list = list_of(document, "data_sources"))
		for (const Value &item : list->items())
			sources.push_back({text_of(item, "type"), flag_of(item, "required")});
	return sources;
}

std::vector<Output> read_outputs(const Value &document, const Definition &definition) {
	std::vector<Output> outputs;
	const Value *list = list_of(document, "outputs");
	if (list == nullptr) return outputs;
	for (const Value &item : list->items()) {
		Output output;
		output.name = text_of(item, "name");
		output.type = text_of(item, "type");
		if (output.type.empty()) output.type = item.find("metrics") != nullptr ? "aggregate" : "data";
		const expression::ReferenceScan scan = expression::scan_references(text_of(item, "source"));
		if (!scan.references.empty() && scan.references[0].path.size() > 1 &&
		    scan.references[0].path[0] == "steps")
			if (const Step *step = definition.find(scan.references[0].path[1]))
				output.source = step->position;
		output.raw = item;
		outputs.push_back(std::move(output));
	}
	return outputs;
}

// Whole days, begun ones counted; "forever" is a word of its own.
std::optional<int> kept_days(const Value *written) {
	constexpr std::int64_t day = 86400000000, most = 36500;
	if (written == nullptr) return std::nullopt;
	if (written->is_string() && written->string() == "forever") return Retention::forever;
	const std::optional<Duration> time = duration_of(written);
	if (!time) return std::nullopt;
	return static_cast<int>(std::min((time->approximate_microseconds() + day - 1) / day, most));
}

Retention read_retention(const Value *written) {
	Retention retention;
	if (written == nullptr) return retention;
	if (!written->is_object()) {
		retention.completed = retention.failed = retention.cancelled = kept_days(written);
		return retention;
	}
	retention.completed = kept_days(written->find("completed"));
	retention.failed = kept_days(written->find("failed"));
	retention.cancelled = kept_days(written->find("cancelled"));
	return retention;
}

// A trigger that only says "a person may start it" starts nothing by itself.
bool starts_by_itself(const Value &document) {
	if (const Value *list = list_of(document, "triggers"))
		for (const Value &trigger : list->items())
			if (text_of(trigger, "type") != "manual") return true;
	return false;
}

// requires_human_review: an approval behind all other steps; until it is given, the result document shows no
// data.
void add_review(Built &built) {
	Definition &definition = built.definition;
	Step review;
	review.position = static_cast<int>(definition.steps.size());
	review.id = "human_review";
	while (definition.find(review.id) != nullptr) review.id += "_";
	review.name = "Human review";
	review.type = StepType::Approval;
	review.path = "requires_human_review";
	review.require_approval.emplace().message = "Release the results of {{playbook.name}}?";
	std::vector<std::string> others;
	for (const int root : definition.roots)
		others.push_back(definition.steps[static_cast<std::size_t>(root)].id);
	built.written_dependencies.emplace_back(std::move(others));
	definition.review = review.position;
	definition.roots.push_back(review.position);
	definition.steps.push_back(std::move(review));
}

} // namespace

Built build_definition(const Value &document, const ParseLimits &limits) {
	Built built;
	Definition &definition = built.definition;
	definition.document = document;
	definition.id = text_of(document, "id");
	definition.name = text_of(document, "name");
	if (definition.name.empty()) definition.name = definition.id;
	definition.description = text_of(document, "description");
	if (const Value *version = document.find("version"); version != nullptr && version->is_scalar())
		definition.version = version->as_text();
	definition.has_triggers = starts_by_itself(document);
	definition.conflict = conflict_of(text_of(document, "conflict"), definition.has_triggers);
	definition.security = text_of(document, "security") == "invoker" ? Security::Invoker : Security::Owner;
	definition.strict = flag_of(document, "strict");
	definition.requires_human_review = flag_of(document, "requires_human_review");
	definition.max_parallel_steps =
	    integer_of(document, "max_parallel_steps").value_or(definition.max_parallel_steps);
	definition.priority = integer_of(document, "priority").value_or(0);
	definition.max_active = integer_of(document, "max_active");
	definition.max_per_minute = integer_of(document, "max_per_minute");
	if (const auto timeout = duration_of(document, "timeout"))
		definition.step_timeout = *timeout;
	else if (const auto seconds = duration_of(document, "timeout_seconds"))
		definition.step_timeout = *seconds;
	definition.deadline = duration_of(document, "deadline");
	definition.abandon_after = duration_of(document, "abandon_after");
	definition.retention = read_retention(document.find("retention"));
	definition.data_sources = read_data_sources(document);
	definition.parameters = read_parameters(document);

	StepBuilder steps(definition, limits, built.problems, built.written_dependencies);
	if (const Value *list = list_of(document, "steps"))
		definition.roots = steps.add_steps(*list, "steps", -1, -1, 0);
	if (definition.requires_human_review && !definition.steps.empty()) add_review(built);
	if (const Value *list = list_of(document, "on_cancel"); list != nullptr && list->size() > 0) {
		Lane lane;
		lane.kind = Lane::Kind::OnCancel;
		lane.name = "on_cancel";
		lane.steps = steps.add_steps(*list, "on_cancel", -1, -1, 0);
		definition.on_cancel.push_back(std::move(lane));
	}
	definition.outputs = read_outputs(document, definition);
	return built;
}

} // namespace playbook::definition
