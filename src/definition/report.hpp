// Collects problems while a definition is judged, and puts each at its place in the user's text.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "definition/document.hpp"
#include "definition/problem.hpp"

namespace playbook::definition {

// Nobody reads more, and finding the place of each and the word that was meant costs time. What is left out
// is itself an error.
inline constexpr std::size_t most_problems = 1000;

class Report {
public:
	explicit Report(const Document &document) : document_(document) {}

	void error(std::string code, const std::string &path, std::string message, std::string hint = {});
	void warning(std::string code, const std::string &path, std::string message, std::string hint = {});
	// At a byte of the text that stands at `path`.
	void error_within(std::string code, const std::string &path, std::string_view text, std::size_t offset,
	                  std::string message, std::string hint = {});
	// A hint, as wording's suggestion() gives it; none when nobody will read it.
	std::string suggestion(std::string_view word, const std::vector<std::string> &words,
	                       std::string_view valid) const;
	// Problems that know their path but not their position.
	void take(Problems problems);
	// All of them in the order of the text, equal ones once, each with a hint.
	Problems finish();

private:
	bool is_full() const { return problems_.size() >= most_problems; }

	const Document &document_;
	Problems problems_;
	bool left_out_ = false;
};

} // namespace playbook::definition
