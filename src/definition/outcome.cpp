#include "definition/outcome.hpp"

#include <algorithm>

namespace playbook::definition {
namespace {

std::vector<std::string> own_words(const Step &step) {
	switch (step.type) {
	case StepType::Wait: {
		if (step.config.find("event") == nullptr) return {"elapsed"};
		std::vector<std::string> words{"received", "timeout"};
		for (const char *key : {"for", "duration", "until"})
			if (step.config.find(key) != nullptr) return {"received", "timeout", "elapsed"};
		return words;
	}
	case StepType::Approval: return {"approved", "changed", "rejected", "expired"};
	case StepType::Task: return {"done", "declined"};
	case StepType::Meeting: return {"scheduled", "held", "no_show", "cancelled"};
	case StepType::Email: return {"queued", "sent", "bounced", "replied"};
	case StepType::Condition: {
		std::vector<std::string> words;
		for (const Lane &lane : step.lanes)
			if (lane.kind == Lane::Kind::Branch) words.push_back(lane.name);
		// Without an else branch the step still says that no question held.
		if (std::find(words.begin(), words.end(), "else") == words.end()) words.push_back("else");
		return words;
	}
	case StepType::Playbook: {
		const Value *wait = step.config.find("wait");
		if (wait != nullptr && wait->is_boolean() && !wait->boolean()) return {"started"};
		return {"completed", "cancelled"};
	}
	default: return {"completed"};
	}
}

} // namespace

std::vector<std::string> outcome_words(const Step &step) {
	std::vector<std::string> words = own_words(step);
	const auto add = [&](const char *word) {
		if (std::find(words.begin(), words.end(), word) == words.end()) words.push_back(word);
	};
	if (step.for_each || step.repeat) add("completed");
	if (step.on_error == OnError::Cached) add("cached");
	if (step.require_approval && step.type != StepType::Approval)
		for (const char *word : {"rejected", "expired"}) add(word);
	return words;
}

const std::vector<std::string> &status_words() {
	static const std::vector<std::string> words{"pending",   "running", "waiting",
	                                            "completed", "failed",  "skipped"};
	return words;
}

} // namespace playbook::definition
