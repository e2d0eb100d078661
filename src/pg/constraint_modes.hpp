// SET CONSTRAINTS in a statement of an author's. It lasts until the transaction ends, the server has nothing
// to take it back earlier, and a batch has steps of many authors in one transaction.
//
// ConstraintModes stands around such a statement. Where it forbids, SET CONSTRAINTS ends the statement before
// it has changed anything; code that catches that error does not get away, since was_refused() still says so.
// In a restricted session SET CONSTRAINTS is an error like others of its kind: it would fire what the session
// has deferred, with the rights of the playbook's owner.
#pragma once

#include "pg/guard.hpp"

namespace playbook::pg {

class ConstraintModes {
public:
	enum class Change { Allowed, Forbidden };
	// They nest: what an outer one forbids is forbidden.
	explicit ConstraintModes(Change change) noexcept;
	~ConstraintModes();
	bool was_refused() const { return refused_; }
	// SET CONSTRAINTS was at work in the present transaction, which is no place for other authors' statements
	// any more.
	static bool changed_in_transaction();

	ConstraintModes(const ConstraintModes &) = delete;
	ConstraintModes &operator=(const ConstraintModes &) = delete;

private:
	friend void note_set_constraints();
	const Change change_;
	bool refused_ = false;
	ConstraintModes *const outer_;
};

// From _PG_init.
void watch_constraint_modes();

} // namespace playbook::pg
