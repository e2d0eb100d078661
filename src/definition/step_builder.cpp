#include "definition/step_builder.hpp"

#include <set>

#include "definition/fields.hpp"
#include "definition/path.hpp"
#include "definition/wording.hpp"
#include "value/json.hpp"

namespace playbook::definition {
namespace {

const char *implied_source(StepType type) {
	switch (type) {
	case StepType::Query: return "data_warehouse";
	case StepType::Search: return "crm";
	case StepType::Join:
	case StepType::Aggregate:
	case StepType::Filter:
	case StepType::Diff: return "transform";
	case StepType::Request: return "api";
	default: return "";
	}
}

OnError on_error_of(const std::string &word, StepType type) {
	if (word == "fail") return OnError::Fail;
	if (word == "continue") return OnError::Continue;
	if (word == "skip_dependents") return OnError::SkipDependents;
	if (word == "cached") return OnError::Cached;
	return is_data(type) ? OnError::SkipDependents : OnError::Fail;
}

// The first of several keys that mean the same.
std::string first_text(const Value &mapping, std::initializer_list<const char *> keys) {
	for (const char *key : keys)
		if (std::string text = text_of(mapping, key); !text.empty()) return text;
	return {};
}

} // namespace

void StepBuilder::report(const char *code, const std::string &path, std::string message, std::string hint) {
	problems_.push_back({Problem::Severity::Error, code, path, 0, 0, std::move(message), std::move(hint)});
}

std::vector<int> StepBuilder::add_steps(const Value &list, const std::string &path, int parent, int lane,
                                        std::size_t depth) {
	std::vector<int> positions;
	if (depth > limits_.branch_depth) {
		report("PB037", path,
		       "branches are nested deeper than " + std::to_string(limits_.branch_depth) + " levels",
		       "Move inner branches into a playbook of their own.");
		return positions;
	}
	for (std::size_t i = 0; i < list.size(); ++i) {
		const Value &raw = list.items()[i];
		if (!raw.is_object()) continue;
		const int position = add_step(raw, child_path(path, i), parent, lane, depth);
		if (position < 0) break;
		positions.push_back(position);
	}
	return positions;
}

int StepBuilder::add_step(const Value &raw, std::string path, int parent, int lane, std::size_t depth) {
	if (definition_.steps.size() >= limits_.steps) {
		if (!too_many_)
			report("PB036", path, "the definition has more than " + std::to_string(limits_.steps) + " steps",
			       "Split it into several playbooks.");
		too_many_ = true;
		return -1;
	}
	const int position = static_cast<int>(definition_.steps.size());
	Step step;
	step.position = position;
	step.parent = parent;
	step.lane = lane;
	step.path = std::move(path);
	step.id = text_of(raw, "id");
	step.name = text_of(raw, "name");
	if (step.name.empty()) step.name = step.id;
	read_type(step, raw);
	read_behaviour(step, raw);
	read_retry(step, raw);
	const Value *dependencies = raw.find("depends_on");
	dependencies_.push_back(dependencies != nullptr ? std::optional(texts_of(dependencies)) : std::nullopt);
	definition_.steps.push_back(std::move(step));
	add_branches(position, raw, depth);
	return position;
}

void StepBuilder::read_type(Step &step, const Value &raw) {
	step.type = step_type(text_of(raw, "type")).value_or(StepType::Task);
	step.source = text_of(raw, "source");
	if (step.source == "api" && (step.type == StepType::Query || step.type == StepType::Search))
		step.type = StepType::Request;
	if (step.source.empty()) step.source = implied_source(step.type);
	if (const Value *config = raw.find("config"); config != nullptr && config->is_object())
		step.config = *config;
}

void StepBuilder::read_behaviour(Step &step, const Value &raw) {
	step.when = text_of(raw, "when");
	// A condition step may put its question beside the type; elsewhere `if` is another word for `when`.
	const bool asks_beside = step.type == StepType::Condition && step.config.find("if") == nullptr &&
	                         step.config.find("cases") == nullptr;
	if (step.when.empty() && !asks_beside) step.when = text_of(raw, "if");
	if (raw.find("when") != nullptr && raw.find("if") != nullptr && !asks_beside)
		report("PB039", child_path(step.path, "if"), "\"when\" and \"if\" mean the same here",
		       "Keep one of them.");

	step.timeout = duration_of(raw, "timeout");
	if (const auto seconds = duration_of(raw, "timeout_seconds")) {
		if (step.timeout)
			report("PB055", child_path(step.path, "timeout_seconds"),
			       "\"timeout\" and \"timeout_seconds\" are both given", "Keep one of them.");
		else
			step.timeout = seconds;
	}
	step.on_error = on_error_of(text_of(raw, "on_error"), step.type);
	if (const Value *items = raw.find("for_each");
	    items != nullptr && (items->is_string() || items->is_array())) {
		step.for_each = ForEach{items->is_string() ? items->string() : to_json(*items), 0, true};
		step.for_each->concurrency = integer_of(raw, "concurrency").value_or(0);
		step.for_each->collect_errors = text_of(raw, "on_item_error") != "fail";
	} else {
		for (const char *key : {"concurrency", "on_item_error"})
			if (raw.find(key) != nullptr)
				report("PB055", child_path(step.path, key), quoted(key) + " needs \"for_each\"");
	}
	if (const Value *repeat = raw.find("repeat"); repeat != nullptr && repeat->is_object())
		step.repeat = Repeat{duration_of(*repeat, "every").value_or(Duration{}),
		                     integer_of(*repeat, "times").value_or(0), text_of(*repeat, "until")};
	check_loops(step);
	step.alone = flag_of(raw, "alone");
	step.minutes_saved = number_of(raw, "minutes_saved").value_or(0);
}

void StepBuilder::check_loops(const Step &step) {
	if (step.for_each && step.repeat)
		report("PB055", child_path(step.path, "repeat"), "\"for_each\" and \"repeat\" exclude each other",
		       "Let for_each start a playbook for each element, with a step that repeats.");
	if (step.for_each && step.type == StepType::Condition)
		report("PB039", child_path(step.path, "for_each"), "a condition decides once, so it has no elements",
		       "Give the steps of its branches for_each, and a when that speaks of item.");
}

void StepBuilder::read_retry(Step &step, const Value &raw) {
	if (const auto further = integer_of(definition_.document, "retry_attempts"); further && *further >= 0)
		step.retry.attempts = *further + 1;
	const std::optional<int> further = integer_of(raw, "retry_attempts");
	if (further && *further >= 0) step.retry.attempts = *further + 1;
	const Value *retry = raw.find("retry");
	if (retry == nullptr || !retry->is_object()) return;
	const std::optional<int> attempts = integer_of(*retry, "attempts");
	if (attempts && *attempts >= 1) {
		if (further && *further + 1 != *attempts)
			report("PB055", child_path(step.path, "retry_attempts"),
			       "\"retry_attempts\" and \"retry.attempts\" differ",
			       "retry_attempts counts the attempts after the first, retry.attempts counts all.");
		step.retry.attempts = *attempts;
	} else if (!further) {
		step.retry.attempts = 3; // who writes `retry` without a number wants another try
	}
	if (const auto delay = duration_of(*retry, "delay")) step.retry.delay = *delay;
	if (const auto backoff = number_of(*retry, "backoff")) step.retry.backoff = *backoff;
	if (const auto most = duration_of(*retry, "max_delay")) step.retry.max_delay = *most;
	step.retry.on = texts_of(retry->find("on"));
}

void StepBuilder::add_lane(int position, Lane::Kind kind, std::string name, std::string when,
                           const Value *list, const std::string &path, std::size_t depth) {
	Lane lane;
	lane.kind = kind;
	lane.name = std::move(name);
	lane.when = std::move(when);
	const std::size_t index = at(position).lanes.size();
	at(position).lanes.push_back(std::move(lane));
	if (list == nullptr) return;
	// Adding steps moves the vector that this step lies in, so the lane is looked up again afterwards.
	std::vector<int> steps = add_steps(*list, path, position, static_cast<int>(index), depth + 1);
	at(position).lanes[index].steps = std::move(steps);
}

void StepBuilder::add_branches(int position, const Value &raw, std::size_t depth) {
	const std::string path = at(position).path;
	const std::string config_path = child_path(path, "config");
	if (at(position).type == StepType::Condition) {
		const Value config = at(position).config;
		bool beside = true;
		for (const char *key : {"if", "then", "else", "cases"})
			if (config.find(key) != nullptr) beside = false;
		add_cases(position, beside ? raw : config, beside ? path : config_path, depth);
		for (const char *key : {"if", "then", "else", "cases"}) at(position).config.erase(key);
	}
	if (const Value *approval = raw.find("require_approval");
	    approval != nullptr && at(position).type == StepType::Approval) {
		report("PB057", child_path(path, "require_approval"), "an approval step is an approval already",
		       "Put who decides into its config.");
	} else if (approval != nullptr && approval->is_object()) {
		ApprovalPolicy policy =
		    read_approval(position, *approval, child_path(path, "require_approval"), depth);
		at(position).require_approval = std::move(policy);
	} else if (approval != nullptr && approval->is_boolean() && approval->boolean()) {
		at(position).require_approval = ApprovalPolicy{};
	}
	if (at(position).type == StepType::Approval) {
		const Value config = at(position).config;
		ApprovalPolicy policy = read_approval(position, config, config_path, depth);
		if (policy.on_expiry == "branch") at(position).config.erase("on_expiry");
		at(position).require_approval = std::move(policy);
	}
	if (const Value *list = list_of(raw, "on_cancel"); list != nullptr && list->size() > 0)
		add_lane(position, Lane::Kind::OnCancel, "on_cancel", "", list, child_path(path, "on_cancel"), depth);
}

void StepBuilder::add_cases(int position, const Value &branches, const std::string &path, std::size_t depth) {
	const Value *cases = list_of(branches, "cases");
	const bool has_then = branches.find("then") != nullptr;
	if (cases != nullptr && has_then)
		report("PB039", child_path(path, "then"),
		       "\"then\" belongs to \"if\"; with \"cases\" each case has its steps",
		       "Keep either if and then, or cases.");
	if (cases == nullptr) {
		const std::string question = text_of(branches, "if");
		const bool beside = path == at(position).path; // within config the schema asks for it
		if (beside && has_then && branches.find("if") == nullptr)
			report("PB021", path, place_name(path) + " has no \"if\"");
		if (!has_then && branches.find("else") == nullptr)
			report("PB039", path, "the condition has no branch", "Give it then, else, or cases.");
		add_lane(position, Lane::Kind::Branch, "then", question, list_of(branches, "then"),
		         child_path(path, "then"), depth);
	} else {
		std::set<std::string> names{"else"};
		for (std::size_t i = 0; i < cases->size(); ++i) {
			const Value &one = cases->items()[i];
			const std::string case_path = child_path(child_path(path, "cases"), i);
			std::string name = text_of(one, "name");
			if (name.empty()) name = "case " + std::to_string(i + 1);
			if (!names.insert(name).second)
				report("PB039", case_path, "branch " + quoted(name) + " exists already",
				       "Give each case a name of its own.");
			const std::string when = first_text(one, {"when", "if"});
			if (one.is_object() && when.empty() && one.find("when") == nullptr && one.find("if") == nullptr)
				report("PB021", case_path, place_name(case_path) + " has no \"when\"");
			const char *key = one.find("steps") != nullptr ? "steps" : "then";
			if (one.is_object() && one.find(key) == nullptr)
				report("PB021", case_path, place_name(case_path) + " has no \"steps\"");
			add_lane(position, Lane::Kind::Branch, std::move(name), when, list_of(one, key),
			         child_path(case_path, key), depth);
		}
	}
	if (branches.find("else") != nullptr)
		add_lane(position, Lane::Kind::Branch, "else", "", list_of(branches, "else"),
		         child_path(path, "else"), depth);
}

ApprovalPolicy StepBuilder::read_approval(int position, const Value &raw, const std::string &path,
                                          std::size_t depth) {
	ApprovalPolicy policy;
	int written = 0;
	for (const char *key : {"approvers", "by", "of"})
		if (const Value *people = raw.find(key)) {
			policy.approvers = texts_of(people);
			if (++written == 2)
				report("PB057", child_path(path, key), "\"approvers\", \"by\" and \"of\" mean the same",
				       "Keep one of them.");
		}
	policy.needed = integer_of(raw, "needed").value_or(1);
	// A single entry may stand for many ("role:manager", a template), so only a list of plain people can fall
	// short.
	bool countable = policy.approvers.size() > 1;
	for (const std::string &approver : policy.approvers)
		if (approver.find("{{") != approver.npos || approver.find("${") != approver.npos ||
		    approver.starts_with("role:"))
			countable = false;
	if (countable && static_cast<std::size_t>(policy.needed) > policy.approvers.size())
		report("PB057", child_path(path, "needed"),
		       std::to_string(policy.needed) + " approvals are needed of " +
		           std::to_string(policy.approvers.size()) + " people");
	policy.requester_may_decide = flag_of(raw, "requester_may_decide", true);
	policy.message = text_of(raw, "message");
	policy.expires = duration_of(raw, "expires");
	const Value *expiry = raw.find("on_expiry");
	if (expiry != nullptr && raw.find("expires") == nullptr)
		report("PB057", child_path(path, "on_expiry"), "\"on_expiry\" needs \"expires\"",
		       "Say how long a decision is waited for.");
	if (expiry != nullptr && expiry->is_string()) policy.on_expiry = expiry->string();
	if (expiry != nullptr && expiry->is_array()) {
		policy.on_expiry = "branch";
		add_lane(position, Lane::Kind::OnExpiry, "on_expiry", "", expiry, child_path(path, "on_expiry"),
		         depth);
	}
	return policy;
}

} // namespace playbook::definition
