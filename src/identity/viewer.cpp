#include "identity/viewer.hpp"

#include "identity/access.hpp"
#include "pg/identity.hpp"
#include "pg/moment.hpp"
#include "pg/spi.hpp"
#include "settings.hpp"

namespace playbook::identity {
namespace {

// A scan over a long history must not grow the process; the next rows are looked up again.
constexpr std::size_t kept_verdicts = 50'000;

// The one person who has the role; else the role's name, written as approvers and assignees name a role where
// somebody has it for an id: who is called like a person is not that person.
void name_by_role(Actor &actor, Oid role) {
	const std::string name = pg::role_name(role);
	const pg::Spi connection;
	const pg::EngineIdentity engine;
	static pg::Statement find("SELECT CASE WHEN count(*) FILTER (WHERE role = $1) = 1 "
	                          "THEN min(id) FILTER (WHERE role = $1) END, coalesce(bool_or(id = $2), false) "
	                          "FROM @playbook_people WHERE role = $1 OR id = $2",
	                          {REGROLEOID, TEXTOID});
	const pg::Rows rows = find.query({pg::oid(role), pg::text(name)});
	if (std::optional<std::string> person = rows.text_or_null(0, 0)) {
		actor.name = std::move(*person);
		actor.is_person = true;
	} else {
		actor.name = rows.boolean(0, 1) ? "role:" + name : name;
	}
}

// Whether playbook.actor is to be believed. Both must be trusted: the role whose rights count, since a
// playbook's SQL may set what it likes in the session of an application, and the role that has the session's
// settings in its hands, since anybody may call a trusted role's SECURITY DEFINER function.
bool actor_is_believed(Oid role) {
	const std::optional<Oid> trusted = pg::find_role("playbook_trusted_app");
	if (!trusted || !member_of(role, *trusted)) return false;
	return member_of(GetOuterUserId(), *trusted);
}

unsigned privilege_bit(const std::string &privilege) {
	if (privilege == "view") return ShareView;
	if (privilege == "start") return ShareStart;
	if (privilege == "copy") return ShareCopy;
	return 0;
}

} // namespace

Actor present_actor() {
	Actor actor;
	actor.role = caller();
	std::string named = settings::actor();
	if (!named.empty() && actor_is_believed(actor.role)) {
		actor.name = std::move(named);
		actor.is_person = actor.named = true;
		return actor;
	}
	// In a SECURITY DEFINER function the session's role is who acts; in a playbook's own SQL it is the
	// playbook's owner, or else a playbook could decide in the name of whoever runs it.
	const Oid role = InSecurityRestrictedOperation() ? actor.role : GetOuterUserId();
	name_by_role(actor, role);
	return actor;
}

// While all of this is the same, nothing that a Viewer keeps can have changed by this session's own doing.
struct Viewer::Key {
	Oid role = InvalidOid, outer_role = InvalidOid;
	bool restricted = false;
	TimestampTz statement = 0;
	pg::Moment moment;
	std::string actor;
	bool operator==(const Key &) const = default;

	static Key present() {
		Key key;
		key.role = caller();
		key.outer_role = GetOuterUserId();
		key.restricted = InSecurityRestrictedOperation();
		key.statement = GetCurrentStatementStartTimestamp();
		key.moment = pg::Moment::now();
		key.actor = settings::actor();
		return key;
	}
};

Viewer &Viewer::present() {
	static Key key;
	static Viewer kept;
	Key now = Key::present();
	if (!(now == key)) {
		key = Key(); // forgotten first: make() may throw
		kept = make();
		key = std::move(now);
	}
	return kept;
}

Viewer Viewer::make() {
	Viewer viewer;
	viewer.actor_ = present_actor();
	viewer.sees_everything_ = caller_in_group("playbook_viewer");
	return viewer;
}

bool Viewer::acts_for(const std::string &person) {
	if (person == actor_.name) return true;
	if (!actor_.is_person) return false;
	if (!acts_for_) load_deputies();
	return acts_for_->contains(person);
}

const std::vector<std::string> &Viewer::names() {
	if (!names_) load_names();
	return *names_;
}

unsigned Viewer::shared(const std::string &playbook) {
	if (!shares_) load_shares();
	const auto found = shares_->find(playbook);
	return found == shares_->end() ? 0 : found->second.privileges;
}

bool Viewer::is_shown(const std::string &playbook, Oid owner) {
	return (shared(playbook) & ShareView) != 0 && member_of(shares_->find(playbook)->second.owner, owner);
}

const bool *Viewer::verdict(std::int64_t execution) const {
	const auto found = executions_.find(execution);
	return found == executions_.end() ? nullptr : &found->second;
}

void Viewer::remember(std::int64_t execution, bool visible) {
	if (executions_.size() >= kept_verdicts) executions_.clear();
	executions_[execution] = visible;
}

void Viewer::load_deputies() {
	const pg::Spi connection;
	const pg::EngineIdentity engine;
	static pg::Statement find(
	    "SELECT id FROM @playbook_people WHERE deputy = $1 AND away_until > pg_catalog.now()", {TEXTOID});
	const pg::Rows rows = find.query({pg::text(actor_.name)});
	acts_for_.emplace();
	for (std::size_t i = 0; i < rows.size(); ++i) acts_for_->insert(rows.text(i, 0));
}

// Somebody else's name is not one's own. Names count in this order, the former has it:
//   0  a role as role:name, which nothing else may look like: only PostgreSQL says who is a member
//   1  a person's id
//   2  an e-mail address; people who share it both have it
//   3  an id in other letters than feeds write it
//   4  a person's name
//   5  a role by its bare name; whom an application names, where that is no known person and no role
// Of 3 and 4 two people with the same have none. For whom an application names its own role does not count by
// its bare name, since all of them share it. A superuser is told what is told to the superuser, not what is
// told to every role.
void Viewer::load_names() {
	const pg::Spi connection;
	const pg::EngineIdentity engine;
	// Of the people only those are gone into who may have one of the names (`wanted`, in lower case). In
	// `known` a name becomes what step/notify writes: what may be an address in lower case.
	static pg::Statement find(
	    "WITH roles AS MATERIALIZED (SELECT r.rolname::text AS name, r.oid = $4 AS own FROM pg_roles r "
	    "WHERE pg_has_role($4, r.oid, 'USAGE') "
	    "AND (r.oid = $4 OR NOT (SELECT s.rolsuper FROM pg_roles s WHERE s.oid = $4))), "
	    "wanted AS MATERIALIZED (SELECT lower(v.name COLLATE \"C\") AS name FROM (SELECT $1 UNION ALL "
	    "SELECT unnest(ARRAY[p.email, p.name]) FROM @playbook_people p WHERE p.id = $1 UNION ALL "
	    "SELECT r.name FROM roles r) AS v (name) WHERE v.name IS NOT NULL), "
	    "said (person, name, strength) AS (SELECT p.id, v.name, v.strength FROM @playbook_people p "
	    "CROSS JOIN LATERAL (VALUES (p.id, 1), (p.email, 2), (p.name, 4)) AS v (name, strength) "
	    "WHERE v.name IS NOT NULL AND (lower(p.id COLLATE \"C\") IN (SELECT w.name FROM wanted w) "
	    "OR lower(p.email COLLATE \"C\") IN (SELECT w.name FROM wanted w) "
	    "OR lower(p.name COLLATE \"C\") IN (SELECT w.name FROM wanted w)) UNION ALL "
	    "SELECT NULL, $1, 5 WHERE NOT EXISTS (SELECT FROM @playbook_people p WHERE $2 AND p.id = $1) "
	    "AND NOT ($3 AND EXISTS (SELECT FROM pg_roles r WHERE r.rolname = $1)) UNION ALL "
	    "SELECT NULL, 'role:' || r.name, 0 FROM roles r UNION ALL "
	    "SELECT NULL, r.name, 5 FROM roles r WHERE NOT ($3 AND r.own)), "
	    "known AS MATERIALIZED (SELECT s.person, w.name, "
	    "CASE WHEN s.strength = 1 AND w.name <> s.name THEN 3 ELSE s.strength END AS strength "
	    "FROM said s CROSS JOIN LATERAL (SELECT CASE WHEN s.strength > 0 AND strpos(s.name, '@') > 0 "
	    "THEN lower(s.name COLLATE \"C\") ELSE s.name END) AS w (name)) "
	    "SELECT DISTINCT own.name FROM known own WHERE (own.person IS NULL OR $2 AND own.person = $1) "
	    "AND (own.strength = 0 OR NOT starts_with(own.name, 'role:')) "
	    "AND NOT EXISTS (SELECT FROM known o WHERE o.name = own.name AND o.person IS NOT NULL "
	    "AND NOT ($2 AND o.person = $1) AND (o.strength < own.strength "
	    "OR o.strength = own.strength AND o.strength IN (3, 4)))",
	    {TEXTOID, BOOLOID, BOOLOID, OIDOID});
	const pg::Rows rows = find.query({pg::text(actor_.name), pg::boolean(actor_.is_person),
	                                  pg::boolean(actor_.named), pg::oid(actor_.role)});
	names_.emplace();
	for (std::size_t i = 0; i < rows.size(); ++i) names_->push_back(rows.text(i, 0));
}

void Viewer::load_shares() {
	const pg::Spi connection;
	const pg::EngineIdentity engine;
	static pg::Statement find("SELECT s.playbook_id, s.role, s.privilege, p.owner FROM @playbook_shares s "
	                          "JOIN @playbooks p ON p.id = s.playbook_id",
	                          {});
	const pg::Rows rows = find.query({});
	shares_.emplace();
	for (std::size_t i = 0; i < rows.size(); ++i)
		if (member_of(actor_.role, rows.oid(i, 1))) {
			Shared &shared = (*shares_)[rows.text(i, 0)];
			shared.privileges |= privilege_bit(rows.text(i, 2));
			shared.owner = rows.oid(i, 3);
		}
}

} // namespace playbook::identity
