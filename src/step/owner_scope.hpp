// Runs what follows as the playbook's owner, with the search_path of its author: conditions, reading a
// customer.
//
// An executor connected as the owner, so only the settings change; in a session of somebody else the identity
// is switched under the restricted-operation flag (design of the engine: doc/security.md).
#pragma once

#include "pg/identity.hpp"
#include "step/handler.hpp"

namespace playbook::step {

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
