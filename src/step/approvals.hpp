// Approvals: what a step is about to do waits in `approvals` until those who may decide have decided.
//
// The engine asks for one before a step with require_approval, and the approval step asks for itself; both
// then look with decision_of() whenever something happened to the execution or the approval's time is up. How
// people decide is in decisions.hpp. All of it works as playbook_engine; the execution is locked by the
// caller.
#pragma once

#include "step/handler.hpp"

namespace playbook::step {

struct Approval {
	std::int64_t id = 0;
	std::optional<TimestampTz> expires_at; // when decision_of() should be asked again at the latest
};

// Asks for an approval of the action; a pending one of this step is used again. Throws 22023 when nobody
// could decide.
Approval request_approval(const Context &context, const Value &action,
                          const definition::ApprovalPolicy &policy);

struct Decision {
	enum class Kind {
		Approved, // the action as it was
		Changed,  // the action as an approver changed it
		Rejected, // by a person
		Expired,  // nobody decided in time, and on_expiry is reject or branch
	};
	Kind kind = Kind::Approved;
	std::int64_t approval = 0;
	Value action;           // what is to run when it may run
	std::string decided_by; // the person's id; "" when it expired
	std::string comment;
	TimestampTz decided_at = 0;
	std::string reason;       // "rejected by Ana: too early", for people
	bool take_branch = false; // expired, and the OnExpiry lane is what follows

	bool may_run() const { return kind == Kind::Approved || kind == Kind::Changed; }
	const char *outcome() const; // approved changed rejected expired
};

// Nullopt while it is pending. Settles one whose time is up: approves or expires it, or hands it to the
// approvers' managers with a new time, which it then puts into context.row.due_at.
std::optional<Decision> decision_of(const Context &context);

// The step will not go on: a pending approval is revoked.
void revoke_approval(const Context &context);

} // namespace playbook::step
