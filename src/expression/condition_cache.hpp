// Conditions that were evaluated before, ready to be evaluated again.
//
// A plan is found by text, types of the values, form of the result, user and search path; at most 256 texts
// with 4 plans each, the least recently used go first. Whatever may change the meaning of a text (functions,
// operators, types, casts, privileges, settings that literals are read with) drops all of them at the next
// look-up; a plan that is being evaluated lives on until its evaluation ends.
#pragma once

#include "expression/condition_plan.hpp"

#include <list>

namespace playbook::expression {

class ConditionCache {
public:
	// The one of this process.
	static ConditionCache &instance();

	// The names of a text, parsed at most once while it is kept. The pointer keeps what it points to.
	std::shared_ptr<const ParsedCondition> parsed(const std::string &text);
	// A plan that is free to be evaluated: a kept one, or one that is made now and kept if it can be.
	std::shared_ptr<ConditionPlan> plan(const std::string &text, const std::vector<Oid> &types,
	                                    ResultForm form);
	// After a failed evaluation nobody knows in which state the plan's functions are.
	void forget(const ConditionPlan *plan);

	std::size_t plans() const;

private:
	static constexpr std::size_t max_texts = 256;
	static constexpr std::size_t max_plans = 4;

	// What a plan was analyzed under, besides its text.
	struct Circumstances {
		std::vector<Oid> types;
		ResultForm form;
		Oid user;
		std::string search_path;     // the setting
		std::vector<Oid> namespaces; // what it means for this user now
	};
	struct Kept {
		Circumstances circumstances;
		std::shared_ptr<ConditionPlan> plan;
	};
	struct Entry {
		const std::string *text = nullptr; // the key in by_text_
		std::shared_ptr<const ParsedCondition> parsed;
		std::list<Kept> plans; // the most recently used first
	};

	ConditionCache();
	// The entry of the text, now the most recently used.
	Entry &entry(const std::string &text);
	void drop_outdated();

	std::list<Entry> entries_; // the most recently used first
	std::unordered_map<std::string, std::list<Entry>::iterator> by_text_;
};

} // namespace playbook::expression
