// Builds the steps of a definition, branches included, depth first in the order of the text.
#pragma once

#include "definition/model.hpp"
#include "definition/parser.hpp"
#include "definition/problem.hpp"

namespace playbook::definition {

class StepBuilder {
public:
	using WrittenDependencies = std::vector<std::optional<std::vector<std::string>>>;

	StepBuilder(Definition &definition, const ParseLimits &limits, Problems &problems,
	            WrittenDependencies &dependencies)
	    : definition_(definition), limits_(limits), problems_(problems), dependencies_(dependencies) {}

	// The positions that the listed steps got.
	std::vector<int> add_steps(const Value &list, const std::string &path, int parent, int lane,
	                           std::size_t depth);

private:
	int add_step(const Value &raw, std::string path, int parent, int lane, std::size_t depth);
	void read_behaviour(Step &step, const Value &raw);
	void check_loops(const Step &step);
	void read_retry(Step &step, const Value &raw);
	void read_type(Step &step, const Value &raw);
	void add_branches(int position, const Value &raw, std::size_t depth);
	void add_cases(int position, const Value &branches, const std::string &path, std::size_t depth);
	void add_lane(int position, Lane::Kind kind, std::string name, std::string when, const Value *list,
	              const std::string &path, std::size_t depth);
	ApprovalPolicy read_approval(int position, const Value &raw, const std::string &path, std::size_t depth);
	void report(const char *code, const std::string &path, std::string message, std::string hint = {});
	Step &at(int position) { return definition_.steps[static_cast<std::size_t>(position)]; }

	Definition &definition_;
	const ParseLimits &limits_;
	Problems &problems_;
	WrittenDependencies &dependencies_;
	bool too_many_ = false;
};

} // namespace playbook::definition
