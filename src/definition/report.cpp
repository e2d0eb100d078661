#include "definition/report.hpp"

#include <algorithm>
#include <tuple>

#include "definition/hints.hpp"
#include "definition/wording.hpp"

namespace playbook::definition {
namespace {

// Problems about a key's presence point at the key, those about what it holds at the value.
bool is_about_key(const std::string &code) { return code == "PB007" || code == "PB020"; }

} // namespace

void Report::error(std::string code, const std::string &path, std::string message, std::string hint) {
	take({{Problem::Severity::Error, std::move(code), path, 0, 0, std::move(message), std::move(hint)}});
}

void Report::warning(std::string code, const std::string &path, std::string message, std::string hint) {
	take({{Problem::Severity::Warning, std::move(code), path, 0, 0, std::move(message), std::move(hint)}});
}

void Report::error_within(std::string code, const std::string &path, std::string_view text,
                          std::size_t offset, std::string message, std::string hint) {
	// Finding the place takes as long as the text.
	const Position at = is_full() ? Position{1, 1} : document_.position_within(path, text, offset);
	take({{Problem::Severity::Error, std::move(code), path, at.line, at.column, std::move(message),
	       std::move(hint)}});
}

std::string Report::suggestion(std::string_view word, const std::vector<std::string> &words,
                               std::string_view valid) const {
	return is_full() ? std::string() : definition::suggestion(word, words, valid);
}

void Report::take(Problems problems) {
	for (Problem &problem : problems) {
		if (is_full()) {
			left_out_ = true;
			return;
		}
		if (problem.line == 0) {
			const Position at = is_about_key(problem.code) ? document_.key_position(problem.path)
			                                               : document_.value_position(problem.path);
			problem.line = at.line;
			problem.column = at.column;
		}
		problems_.push_back(std::move(problem));
	}
}

Problems Report::finish() {
	for (Problem &problem : problems_)
		if (problem.hint.empty()) problem.hint = general_hint(problem.code);
	const auto key = [](const Problem &problem) {
		return std::tie(problem.line, problem.column, problem.path, problem.code, problem.message);
	};
	std::stable_sort(problems_.begin(), problems_.end(),
	                 [&](const Problem &a, const Problem &b) { return key(a) < key(b); });
	problems_.erase(std::unique(problems_.begin(), problems_.end(),
	                            [&](const Problem &a, const Problem &b) { return key(a) == key(b); }),
	                problems_.end());
	if (left_out_) {
		const Position last{problems_.back().line, problems_.back().column};
		problems_.push_back({Problem::Severity::Error, "PB015", "", last.line, last.column,
		                     "the definition has more than " + std::to_string(most_problems) + " problems",
		                     "The others are left out; correct these first."});
	}
	return std::move(problems_);
}

} // namespace playbook::definition
