// What the tests of definitions share: parsing a text, and looking for one problem among all that were
// reported.
#pragma once

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "definition/parser.hpp"

namespace playbook::definition {

inline std::string file_text(const std::string &path) {
	std::ifstream file(path, std::ios::binary);
	EXPECT_TRUE(file.good()) << "cannot read " << path;
	return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

inline std::string described(const Problem &problem) {
	return problem.code + " " + problem.path + " " + std::to_string(problem.line) + ":" +
	       std::to_string(problem.column) + " " + problem.message +
	       (problem.hint.empty() ? "" : " | " + problem.hint);
}

inline std::string described(const Problems &problems) {
	std::string out;
	for (const Problem &problem : problems) out += described(problem) + "\n";
	return out;
}

// The definition of a text that has no problem at all, warnings included.
inline std::shared_ptr<const Definition> valid(const std::string &text) {
	const ParseResult result = parse_definition(text);
	EXPECT_EQ(described(result.problems), "") << text;
	if (!result.definition) throw std::runtime_error("the definition is not valid");
	return result.definition;
}

// A playbook of these steps, indented by two, in YAML; its first step is on line 3.
inline std::string with_steps(const std::string &steps) { return "id: test\nsteps:\n" + steps; }

// Expects exactly this problem, alone.
inline void expect_only(const std::string &text, const std::string &code, const std::string &path, int line,
                        int column, const std::string &message, const std::string &hint_part = {}) {
	const ParseResult result = parse_definition(text);
	EXPECT_EQ(result.definition, nullptr);
	ASSERT_EQ(result.problems.size(), 1U) << described(result.problems) << text;
	const Problem &problem = result.problems[0];
	EXPECT_EQ(problem.code, code);
	EXPECT_EQ(problem.path, path);
	EXPECT_EQ(problem.line, line) << described(problem);
	EXPECT_EQ(problem.column, column) << described(problem);
	EXPECT_EQ(problem.message, message);
	EXPECT_FALSE(problem.hint.empty()) << described(problem);
	EXPECT_NE(problem.hint.find(hint_part), std::string::npos) << described(problem);
}

inline std::vector<std::string> ids_of(const Definition &definition, const std::vector<int> &positions) {
	std::vector<std::string> ids;
	for (const int position : positions)
		ids.push_back(definition.steps[static_cast<std::size_t>(position)].id);
	return ids;
}

} // namespace playbook::definition
