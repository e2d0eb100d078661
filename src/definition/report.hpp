// Collects problems while a definition is judged, and puts each at its place in the user's text.
#pragma once

#include <string>
#include <string_view>

#include "definition/document.hpp"
#include "definition/problem.hpp"

namespace playbook::definition {

class Report {
public:
	explicit Report(const Document &document) : document_(document) {}

	void error(std::string code, const std::string &path, std::string message, std::string hint = {});
	void warning(std::string code, const std::string &path, std::string message, std::string hint = {});
	// At a byte of the text that stands at `path`.
	void error_within(std::string code, const std::string &path, std::string_view text, std::size_t offset,
	                  std::string message, std::string hint = {});
	// Problems that know their path but not their position.
	void take(Problems problems);
	// All of them in the order of the text, equal ones once.
	Problems finish();

private:
	const Document &document_;
	Problems problems_;
};

} // namespace playbook::definition
