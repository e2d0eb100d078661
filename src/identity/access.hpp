// Who is asking, and what may they do.
//
// Three questions, kept apart. caller(): the database role whose rights count, as in any SQL function.
// actor(): the person it acts for, which histories, approvals and N-of-M count. can_…/require_…: the rules of
// doc/security.md, one function for each line of its table; row-level security asks the same functions, so a
// row that SELECT hides is unknown to every function too (42704), and one that may be seen but not touched is
// refused (42501).
//
// All of them may be called before or inside a pg::EngineIdentity, and open their own SPI connection when
// they must read. What they read of shares, people and the customer source is kept for the length of a
// client's statement.
#pragma once

#include "pg/guard.hpp"
#include "value/value.hpp"

namespace playbook::identity {

// The effective role: of the SQL function that was called, not of the engine that works for it.
Oid caller();

// The person's id. playbook.actor where the session's role is a member of playbook_trusted_app; else the
// person of the session's role (playbook_people.role); else the role's name. SQL of a playbook that runs in
// somebody else's session speaks for its owner, not for that session's person.
std::string actor();

// Whether `member` has the rights of `role` (inherited membership; superusers have all).
bool member_of(Oid member, Oid role);
// Whether the caller is a member of one of the group roles, e.g. "playbook_operator"; false when that role is
// gone.
bool caller_in_group(const char *group);

// The columns of an execution that decide who may see it.
struct Subject {
	Oid owner = InvalidOid;
	Oid starter = InvalidOid;
	std::string actor;
	std::optional<std::string> customer_id;
	std::string playbook_id;
};

bool can_see(const Subject &execution);
// False for an execution that does not exist.
bool can_see(std::int64_t execution);
// Owner's members, starter, the customer's CSM and managers, playbook_operator, playbook_admin.
bool can_control(const Subject &execution);

// The execution's subject when the caller may see it; else 42704, as if there were none.
Subject require_visible(std::int64_t execution);
// pause, resume, cancel, retry, skip, signal: 42704 when invisible, 42501 when only visible.
Subject require_control(std::int64_t execution);

bool can_view_playbook(const std::string &playbook, Oid owner);
bool can_start(const std::string &playbook, Oid owner);
bool can_copy(const std::string &playbook, Oid owner);
bool can_edit(Oid owner);

// 42704 when the caller may not even see the playbook, 42501 when it may see but not do it.
void require_view(const std::string &playbook, Oid owner);
void require_start(const std::string &playbook, Oid owner);
void require_copy(const std::string &playbook, Oid owner);
void require_edit(const std::string &playbook, Oid owner);
// Creating, importing and duplicating: members of playbook_author.
void require_author();
// What is for the installation as a whole: members of playbook_admin. `what` completes "must be … to".
void require_admin(const char *what);

// 42704 with the ids that the caller may see.
[[noreturn]] void unknown_playbook(const std::string &playbook);
// 42704 in the words that an invisible execution gets too.
[[noreturn]] void unknown_execution(std::int64_t execution);

// Whether {"people": [ids], "roles": [names]} names the caller: itself, as deputy of somebody who is away, or
// as a member of a role.
bool is_named(const Value &named);

} // namespace playbook::identity
