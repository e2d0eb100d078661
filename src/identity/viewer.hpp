// What the present caller may see, looked up once for a client's statement and then asked for every row.
//
// Row-level security calls in here for each row of a scan, so the answers are kept: shares and people as
// sets, verdicts by customer and by execution. They are thrown away when the statement, the transaction, the
// command, the role or the actor is another one. Not for decisions that write; those come through access.hpp,
// which asks here too.
#pragma once

#include "identity/coverage.hpp"

namespace playbook::identity {

// For whom the caller acts.
struct Actor {
	Oid role = InvalidOid;  // caller()
	std::string name;       // actor()
	bool is_person = false; // false: the name is only the role's
	bool named = false;     // by playbook.actor, and believed
};
Actor present_actor();

enum SharePrivilege : unsigned { ShareView = 1, ShareStart = 2, ShareCopy = 4 };

class Viewer {
public:
	// Of the present caller, for the present statement.
	static Viewer &present();

	const Actor &actor() const { return actor_; }
	// Members of playbook_viewer, which operators and admins are.
	bool sees_everything() const { return sees_everything_; }
	// The actor's own, and those of people who are away and whose deputy the actor is.
	bool acts_for(const std::string &person);
	// The names under which the actor is told something: see playbook_my_names().
	const std::vector<std::string> &names();
	// What of a playbook is shared with the caller: bits of SharePrivilege.
	unsigned shared(const std::string &playbook);
	// Whether that shows an execution of this owner: nobody shares what he has no right to himself, such as
	// what others ran from the library under the same id.
	bool is_shown(const std::string &playbook, Oid owner);
	// Whether the actor is the customer's CSM or among that CSM's managers.
	bool covers(const std::string &customer) {
		if (!actor_.is_person) return false;
		if (!coverage_) coverage_.emplace(actor_.name);
		return coverage_->covers(customer);
	}
	// A verdict on an execution, kept.
	const bool *verdict(std::int64_t execution) const;
	void remember(std::int64_t execution, bool visible);

private:
	struct Key;
	static Viewer make();
	void load_shares();
	void load_deputies();
	void load_names();

	Actor actor_;
	bool sees_everything_ = false;
	struct Shared {
		unsigned privileges = 0;
		Oid owner = InvalidOid; // of the playbook
	};
	std::optional<std::unordered_map<std::string, Shared>> shares_;
	std::optional<std::unordered_set<std::string>> acts_for_;
	std::optional<std::vector<std::string>> names_;
	std::optional<Coverage> coverage_;
	std::unordered_map<std::int64_t, bool> executions_;
};

} // namespace playbook::identity
