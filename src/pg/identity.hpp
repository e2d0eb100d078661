// Who SQL runs as.
//
// EngineIdentity: statements of the engine, as playbook_engine, with search_path pinned before the switch: a
// kept plan on qualified tables could otherwise be hijacked by an operator in the caller's path.
// OwnerIdentity: a playbook's SQL in a session that did not connect as its owner, as the owner and under the
// restricted-operation flag, so that neither a deferred trigger nor SET ROLE nor a temporary table outlives
// the step; nor does a cursor (PortalFence).
#pragma once

#include "pg/portal_fence.hpp"
#include "pg/transaction.hpp"

namespace playbook::pg {

class EngineIdentity {
public:
	EngineIdentity();
	~EngineIdentity();
	EngineIdentity(const EngineIdentity &) = delete;
	EngineIdentity &operator=(const EngineIdentity &) = delete;

	// The current user; inside an EngineIdentity, the user it was entered from. Who asks, wherever it is
	// asked.
	static Oid caller();

private:
	Oid user_ = InvalidOid;
	int security_ = 0;
	Oid outer_caller_ = InvalidOid;
	SettingScope settings_;
};

// A session of the role's own, not merely one that has become it: whoever connected could be got back by
// RESET ROLE or RESET SESSION AUTHORIZATION.
bool is_session_of(Oid role);

// Does nothing but pin the settings when the session's user already is `owner` and nothing restricts it.
class OwnerIdentity {
public:
	explicit OwnerIdentity(Oid owner, bool restricted);
	~OwnerIdentity();
	OwnerIdentity(const OwnerIdentity &) = delete;
	OwnerIdentity &operator=(const OwnerIdentity &) = delete;

private:
	friend class CallerIdentity;
	std::optional<PortalFence> portals_; // when restricted
	Oid user_ = InvalidOid;
	int security_ = 0;
};

// Inside an OwnerIdentity, for code that is not the owner's: as whom it was entered.
class CallerIdentity {
public:
	explicit CallerIdentity(const OwnerIdentity &entered);
	~CallerIdentity();
	CallerIdentity(const CallerIdentity &) = delete;
	CallerIdentity &operator=(const CallerIdentity &) = delete;

private:
	Oid owner_ = InvalidOid;
	int security_ = 0;
};

} // namespace playbook::pg
