#include "definition/model.hpp"

#include <algorithm>

namespace playbook::definition {
namespace {

struct TypeName {
	StepType type;
	const char *word;
};

constexpr TypeName type_names[] = {
    {StepType::Email, "email"},       {StepType::Meeting, "meeting"},     {StepType::Task, "task"},
    {StepType::Wait, "wait"},         {StepType::Condition, "condition"}, {StepType::Agent, "agent"},
    {StepType::Approval, "approval"}, {StepType::Notify, "notify"},       {StepType::Query, "query"},
    {StepType::Search, "search"},     {StepType::Join, "join"},           {StepType::Aggregate, "aggregate"},
    {StepType::Filter, "filter"},     {StepType::Request, "request"},     {StepType::Diff, "diff"},
    {StepType::Sql, "sql"},           {StepType::Playbook, "playbook"},   {StepType::Tool, "tool"},
};

} // namespace

const char *to_string(StepType type) {
	for (const TypeName &entry : type_names)
		if (entry.type == type) return entry.word;
	return "";
}

std::optional<StepType> step_type(std::string_view word) {
	for (const TypeName &entry : type_names)
		if (entry.word == word) return entry.type;
	return std::nullopt;
}

std::string step_type_words() {
	std::string words;
	for (const TypeName &entry : type_names) words += (words.empty() ? "" : ", ") + std::string(entry.word);
	return words;
}

bool is_data(StepType type) {
	switch (type) {
	case StepType::Query:
	case StepType::Search:
	case StepType::Join:
	case StepType::Aggregate:
	case StepType::Filter:
	case StepType::Request:
	case StepType::Diff: return true;
	default: return false;
	}
}

bool is_outward(StepType type) {
	switch (type) {
	case StepType::Email:
	case StepType::Meeting:
	case StepType::Notify:
	case StepType::Agent:
	case StepType::Request:
	case StepType::Tool: return true;
	default: return false;
	}
}

const Step *Definition::find(std::string_view step_id) const {
	const auto found =
	    std::find_if(steps.begin(), steps.end(), [&](const Step &step) { return step.id == step_id; });
	return found == steps.end() ? nullptr : &*found;
}

} // namespace playbook::definition
