// Which customers a person covers: those whose CSM the person is, or whose CSM's manager, at any remove.
//
// Asked with the rights of the owner of the customer source's relation, restricted and with a pinned
// search_path, as a foreign key's check runs as the owner of its table: whoever may see an execution need not
// be able to read the source.
#pragma once

#include "pg/guard.hpp"

#include <unordered_set>

namespace playbook::identity {

class Coverage {
public:
	explicit Coverage(const std::string &person);
	bool covers(const std::string &customer);

private:
	bool look_up(const std::string &customer);
	void load_all();
	bool is_covered(const std::string &csm) const;

	std::unordered_set<std::string> ids_;       // the person and everybody below
	std::unordered_set<std::string> addresses_; // their e-mail addresses, in lower case
	std::unordered_map<std::string, bool> asked_;
	std::optional<std::unordered_set<std::string>> all_;
};

} // namespace playbook::identity
