#include "identity/access.hpp"

#include "definition/library.hpp"
#include "identity/viewer.hpp"
#include "pg/identity.hpp"
#include "pg/spi.hpp"

namespace playbook::identity {
namespace {

// How many ids an error lists.
constexpr std::size_t listed_playbooks = 20;

std::optional<Subject> find_subject(std::int64_t execution) {
	const pg::Spi connection;
	const pg::EngineIdentity engine;
	// Nearly always it is live, and then one index is looked at instead of seventeen.
	static pg::Statement live("SELECT owner, starter, actor, customer_id, playbook_id"
	                          " FROM @playbook_executions_live WHERE id = $1",
	                          {INT8OID});
	static pg::Statement any("SELECT owner, starter, actor, customer_id, playbook_id"
	                         " FROM @playbook_executions WHERE id = $1",
	                         {INT8OID});
	for (pg::Statement *find : {&live, &any}) {
		const pg::Rows rows = find->query({pg::int8(execution)});
		if (rows.empty()) continue;
		Subject subject;
		subject.owner = rows.oid(0, 0);
		subject.starter = rows.oid(0, 1);
		subject.actor = rows.text(0, 2);
		subject.customer_id = rows.text_or_null(0, 3);
		subject.playbook_id = rows.text(0, 4);
		return subject;
	}
	return std::nullopt;
}

// Where an application names its users, the person started it, not the role that all of them share.
bool is_starter(const Actor &actor, const Subject &execution) {
	if (actor.is_person && actor.name == execution.actor) return true;
	return !actor.named && member_of(actor.role, execution.starter);
}

// Owner, starter, CSM: who may see and control an execution by what it is, whatever was shared.
bool is_concerned(Viewer &viewer, const Subject &execution) {
	return is_starter(viewer.actor(), execution) || member_of(viewer.actor().role, execution.owner) ||
	       (execution.customer_id && viewer.covers(*execution.customer_id));
}

[[noreturn]] void refuse(const std::string &message, const std::string &hint) {
	throw pg::Error(ERRCODE_INSUFFICIENT_PRIVILEGE, message, "", hint);
}

bool allows(const std::string &playbook, Oid owner, unsigned shared) {
	Viewer &viewer = Viewer::present();
	return member_of(viewer.actor().role, owner) || (viewer.shared(playbook) & shared) != 0;
}

} // namespace

Oid caller() { return pg::EngineIdentity::caller(); }

std::string actor() { return Viewer::present().actor().name; }

bool member_of(Oid member, Oid role) {
	return pg::call([=] { return pg::compat::has_privileges_of(member, role); });
}

bool caller_in_group(const char *group) {
	const std::optional<Oid> role = pg::find_role(group);
	return role && member_of(caller(), *role);
}

bool can_see(const Subject &execution) {
	Viewer &viewer = Viewer::present();
	return viewer.sees_everything() || is_starter(viewer.actor(), execution) ||
	       member_of(viewer.actor().role, execution.owner) ||
	       viewer.is_shown(execution.playbook_id, execution.owner) ||
	       (execution.customer_id && viewer.covers(*execution.customer_id));
}

bool can_see(std::int64_t execution) {
	Viewer &viewer = Viewer::present();
	if (viewer.sees_everything()) return true;
	if (const bool *verdict = viewer.verdict(execution)) return *verdict;
	const std::optional<Subject> subject = find_subject(execution);
	const bool visible = subject && can_see(*subject);
	viewer.remember(execution, visible);
	return visible;
}

bool can_control(const Subject &execution) {
	return caller_in_group("playbook_operator") || is_concerned(Viewer::present(), execution);
}

Subject require_visible(std::int64_t execution) {
	std::optional<Subject> subject = find_subject(execution);
	if (!subject || !can_see(*subject)) unknown_execution(execution);
	return *std::move(subject);
}

Subject require_control(std::int64_t execution) {
	Subject subject = require_visible(execution);
	if (!can_control(subject))
		refuse("permission denied for execution " + std::to_string(execution),
		       "Its starter, members of its owner role, the customer's CSM and managers, and members of "
		       "playbook_operator may control it.");
	return subject;
}

bool can_view_playbook(const std::string &playbook, Oid owner) {
	return Viewer::present().sees_everything() || allows(playbook, owner, ShareView | ShareStart | ShareCopy);
}
bool can_start(const std::string &playbook, Oid owner) { return allows(playbook, owner, ShareStart); }
bool can_copy(const std::string &playbook, Oid owner) { return allows(playbook, owner, ShareCopy); }
bool can_edit(Oid owner) { return member_of(caller(), owner); }

void require_view(const std::string &playbook, Oid owner) {
	if (!can_view_playbook(playbook, owner)) unknown_playbook(playbook);
}

void require_start(const std::string &playbook, Oid owner) {
	if (can_start(playbook, owner)) return;
	require_view(playbook, owner);
	refuse("permission denied to start playbook \"" + playbook + "\"",
	       "Its owner \"" + pg::role_name(owner) + "\" can allow it: SELECT playbook_share(…, 'start').");
}

void require_copy(const std::string &playbook, Oid owner) {
	if (can_copy(playbook, owner)) return;
	require_view(playbook, owner);
	refuse("permission denied to copy playbook \"" + playbook + "\"",
	       "Its owner \"" + pg::role_name(owner) + "\" can allow it: SELECT playbook_share(…, 'copy').");
}

void require_edit(const std::string &playbook, Oid owner) {
	if (can_edit(owner)) return;
	require_view(playbook, owner);
	refuse("must be owner of playbook \"" + playbook + "\"",
	       "Its owner is \"" + pg::role_name(owner) +
	           "\": who edits it writes SQL that runs as that role, so only its "
	           "members may.");
}

void require_author() {
	if (caller_in_group("playbook_author")) return;
	refuse("must be a member of playbook_author to create a playbook", "GRANT playbook_author TO the role.");
}

void require_admin(const char *what) {
	if (caller_in_group("playbook_admin")) return;
	refuse(std::string("must be a member of playbook_admin to ") + what, "GRANT playbook_admin TO the role.");
}

void unknown_playbook(const std::string &playbook) {
	std::vector<std::string> known;
	{
		const pg::Spi connection;
		const pg::EngineIdentity engine;
		static pg::Statement all("SELECT id, owner FROM @playbooks WHERE status <> 'archived' ORDER BY id",
		                         {});
		const pg::Rows rows = all.query({});
		for (std::size_t i = 0; i < rows.size() && known.size() <= listed_playbooks; ++i)
			if (std::string id = rows.text(i, 0); can_view_playbook(id, rows.oid(i, 1)))
				known.push_back(std::move(id));
	}
	const bool none_stored = known.empty();
	std::string library;
	for (const definition::LibraryEntry &entry : definition::library())
		if (std::find(known.begin(), known.end(), entry.definition->id) == known.end())
			library += (library.empty() ? "" : ", ") + entry.definition->id;
	std::string listed;
	for (std::size_t i = 0; i < known.size(); ++i)
		listed += (i == 0 ? "" : ", ") + (i < listed_playbooks ? known[i] : std::string("…"));
	throw pg::Error(
	    ERRCODE_UNDEFINED_OBJECT, "playbook \"" + playbook + "\" does not exist",
	    (none_stored ? "There is no playbook that you may see." : "Valid playbooks are: " + listed + ".") +
	        (library.empty() ? "" : " The library has: " + library + "."),
	    "Create it with playbook_create(), or ask its owner to share it with you.");
}

void unknown_execution(std::int64_t execution) {
	throw pg::Error(ERRCODE_UNDEFINED_OBJECT, "execution " + std::to_string(execution) + " does not exist",
	                "", "It is unknown here, past its retention time, or not visible to you.");
}

bool is_named(const Value &named) {
	Viewer &viewer = Viewer::present();
	if (const Value *people = named.find("people"); people != nullptr && people->is_array())
		for (const Value &person : people->items())
			if (person.is_string() && viewer.acts_for(person.string())) return true;
	if (const Value *roles = named.find("roles"); roles != nullptr && roles->is_array())
		for (const Value &name : roles->items()) {
			const std::optional<Oid> role = name.is_string() ? pg::find_role(name.string()) : std::nullopt;
			if (role && member_of(viewer.actor().role, *role)) return true;
		}
	return false;
}

} // namespace playbook::identity
