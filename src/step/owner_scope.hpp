// Runs what follows as the playbook's owner, with the search_path of its author: conditions, reading a
// customer.
//
// An executor connected as the owner, so only the settings change; in a session of somebody else the identity
// is switched under the restricted-operation flag (design of the engine: doc/security.md).
#pragma once

#include "pg/identity.hpp"
#include "step/handler.hpp"

namespace playbook::step {

// The search_path that the author's SQL has. In a session of somebody else (`restricted`) what that session
// made for itself, temporary tables, views and types, comes after everything that the author meant.
std::string search_path_of_author(const std::string &saved, bool restricted);

class OwnerScope {
public:
	enum class For {
		Conditions, // which take care themselves of settings that they may change
		Anything
	};
	explicit OwnerScope(const Context &context, For what = For::Anything);

private:
	pg::SettingScope settings_;
	std::optional<pg::OwnerIdentity> identity_;
};

} // namespace playbook::step
