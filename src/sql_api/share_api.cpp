// playbook_share, playbook_unshare, playbook_set_owner: who beside its owner may do what with a playbook.
#include "execution/hand_over.hpp"
#include "identity/access.hpp"
#include "pg/function.hpp"
#include "pg/identity.hpp"

using namespace playbook;

PLAYBOOK_EXPORT_BEGIN
PG_FUNCTION_INFO_V1(playbook_share);
PG_FUNCTION_INFO_V1(playbook_unshare);
PG_FUNCTION_INFO_V1(playbook_set_owner);
PLAYBOOK_EXPORT_END

namespace {

std::optional<Oid> owner_of(const std::string &playbook, bool lock) {
	const pg::Spi connection;
	const pg::EngineIdentity engine;
	static pg::Statement read("SELECT owner FROM @playbooks WHERE id = $1", {TEXTOID});
	static pg::Statement read_locked("SELECT owner FROM @playbooks WHERE id = $1 FOR UPDATE", {TEXTOID});
	const pg::Rows rows = (lock ? read_locked : read).query({pg::text(playbook)});
	if (rows.empty()) return std::nullopt;
	return rows.oid(0, 0);
}

// The playbook's owner, its row locked, when the caller may edit it. Asked before locking too: who may not
// edit must not hold up those who may; and asked again, for the owner may have changed while we waited.
Oid lock_editable(const std::string &playbook) {
	for (const bool lock : {false, true}) {
		const std::optional<Oid> owner = owner_of(playbook, lock);
		if (!owner) identity::unknown_playbook(playbook);
		identity::require_edit(playbook, *owner);
		if (lock) return *owner;
	}
	pg_unreachable();
}

void check_privilege(const std::string &privilege) {
	if (privilege == "view" || privilege == "start" || privilege == "copy") return;
	throw pg::Error(
	    ERRCODE_INVALID_PARAMETER_VALUE, "unknown privilege \"" + privilege + "\"", "",
	    "Valid privileges are \"view\", \"start\" and \"copy\"; editing belongs to members of the owner "
	    "role.");
}

void check_role(Oid role) {
	if (pg::call([role] { return GetUserNameFromId(role, true); }) == nullptr)
		throw pg::Error(ERRCODE_UNDEFINED_OBJECT, "role " + std::to_string(role) + " does not exist");
}

void record(const std::string &playbook, const char *action, const std::string &who) {
	static pg::Statement add(
	    "INSERT INTO @playbook_history (playbook_id, action, changed_by) VALUES ($1, $2, $3)",
	    {TEXTOID, TEXTOID, TEXTOID});
	add.execute({pg::text(playbook), pg::text(action), pg::text(who)});
}

} // namespace

// playbook_share(playbook text, role regrole, privilege text) returns void
Datum playbook_share(PG_FUNCTION_ARGS) {
	return pg::entry([&]() -> Datum {
		const pg::Arguments args(fcinfo);
		const std::string playbook = args.text(0, "playbook");
		const Oid role = args.oid(1, "role");
		const std::string privilege = args.text(2, "privilege");
		check_privilege(privilege);
		check_role(role);
		lock_editable(playbook);
		const std::string who = identity::actor();
		const pg::Spi connection;
		const pg::EngineIdentity engine;
		static pg::Statement add("INSERT INTO @playbook_shares (playbook_id, role, privilege, granted_by)"
		                         " VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
		                         {TEXTOID, REGROLEOID, TEXTOID, TEXTOID});
		if (add.execute({pg::text(playbook), pg::oid(role), pg::text(privilege), pg::text(who)}) > 0)
			record(playbook, "shared", who);
		return (Datum) 0;
	});
}

// playbook_unshare(playbook text, role regrole, privilege text DEFAULT NULL) returns integer: how many were
// taken back
Datum playbook_unshare(PG_FUNCTION_ARGS) {
	return pg::entry([&]() -> Datum {
		const pg::Arguments args(fcinfo);
		const std::string playbook = args.text(0, "playbook");
		const Oid role = args.oid(1, "role");
		const std::optional<std::string> privilege = args.text_or_null(2);
		if (privilege) check_privilege(*privilege);
		lock_editable(playbook);
		const std::string who = identity::actor();
		const pg::Spi connection;
		const pg::EngineIdentity engine;
		static pg::Statement remove(
		    "DELETE FROM @playbook_shares"
		    " WHERE playbook_id = $1 AND role = $2 AND ($3 IS NULL OR privilege = $3)",
		    {TEXTOID, REGROLEOID, TEXTOID});
		const std::uint64_t removed =
		    remove.execute({pg::text(playbook), pg::oid(role), pg::optional_of(privilege, pg::text)});
		if (removed > 0) record(playbook, "unshared", who);
		return Int32GetDatum(static_cast<std::int32_t>(removed));
	});
}

// playbook_set_owner(playbook text, role regrole) returns void. As ALTER … OWNER: the caller belongs to both
// roles, for the playbook's SQL, which the old owner's members wrote, will run as the new one: from the next
// start on, and from the next step on of what is under way.
Datum playbook_set_owner(PG_FUNCTION_ARGS) {
	return pg::entry([&]() -> Datum {
		const pg::Arguments args(fcinfo);
		const std::string playbook = args.text(0, "playbook");
		const Oid role = args.oid(1, "role");
		check_role(role);
		const Oid owner = lock_editable(playbook);
		if (!identity::member_of(identity::caller(), role))
			throw pg::Error(ERRCODE_INSUFFICIENT_PRIVILEGE,
			                "must be member of role \"" + pg::role_name(role) + "\" to make it an owner", "",
			                "The playbook's SQL would run as that role.");
		if (owner == role) return (Datum) 0;
		const std::string who = identity::actor();
		const pg::Spi connection;
		const pg::EngineIdentity engine;
		static pg::Statement set(
		    "UPDATE @playbooks SET owner = $2, updated_at = pg_catalog.now() WHERE id = $1",
		    {TEXTOID, REGROLEOID});
		set.execute({pg::text(playbook), pg::oid(role)});
		execution::hand_over(playbook, owner, role);
		record(playbook, "owner", who);
		return (Datum) 0;
	});
}
