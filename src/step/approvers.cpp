#include "step/approvers.hpp"

#include "pg/identity.hpp"
#include "pg/spi.hpp"

namespace playbook::step {
namespace {

bool contains(const std::vector<std::string> &list, const std::string &item) {
	return std::find(list.begin(), list.end(), item) != list.end();
}
void add_once(std::vector<std::string> &list, std::string item) {
	if (!contains(list, item)) list.push_back(std::move(item));
}

std::vector<std::string> texts_of(const Value *list) {
	std::vector<std::string> texts;
	if (list != nullptr && list->is_array())
		for (const Value &item : list->items())
			if (item.is_string()) texts.push_back(item.string());
	return texts;
}

Value list_of(const std::vector<std::string> &texts) {
	Value list = Value::array();
	for (const std::string &text : texts) list.push_back(Value(text));
	return list;
}

// A template or reference may yield one name, a list, or a person with an id (${csm}).
void add_names(const Value &value, std::vector<std::string> &names) {
	if (value.is_array()) {
		for (const Value &item : value.items()) add_names(item, names);
	} else if (value.is_object()) {
		if (const Value *id = value.find("id")) add_names(*id, names);
	} else if (const std::string name = value.as_text(); name.find_first_not_of(' ') != std::string::npos) {
		const std::size_t begin = name.find_first_not_of(' ');
		names.push_back(name.substr(begin, name.find_last_not_of(' ') - begin + 1));
	}
}

bool role_exists(const std::string &name) { return pg::find_role(name).has_value(); }

std::optional<std::string> manager_of(const std::string &person) {
	static pg::Statement find("SELECT manager FROM @playbook_people WHERE id = $1", {TEXTOID});
	const pg::Rows rows = find.query({pg::text(person)});
	return rows.empty() ? std::nullopt : rows.text_or_null(0, 0);
}

// Sorts a name into people or roles; false when it names nobody.
bool add_named(const Context &context, const std::string &name, Approvers &approvers) {
	if (name.starts_with("role:")) {
		if (!role_exists(name.substr(5))) return false;
		add_once(approvers.roles, name.substr(5));
		return true;
	}
	if (const auto person = known_person(context.person(name))) {
		add_once(approvers.people, *person);
		return true;
	}
	if (!role_exists(name)) return false;
	// The starter is one person, known or not; any other role stands for its members.
	add_once(name == context.execution.actor ? approvers.people : approvers.roles, name);
	return true;
}

} // namespace

Value Approvers::to_value() const {
	Value value = Value::object();
	value.set("people", list_of(people));
	value.set("roles", list_of(roles));
	return value;
}

Approvers Approvers::from(const Value &value) {
	return {texts_of(value.find("people")), texts_of(value.find("roles"))};
}

std::optional<std::string> known_person(const std::string &named) {
	static pg::Statement find("SELECT id FROM @playbook_people WHERE id = $1 OR lower(email) = lower($1) "
	                          "ORDER BY id = $1 DESC LIMIT 1",
	                          {TEXTOID});
	const pg::Rows rows = find.query({pg::text(named)});
	if (rows.empty()) return std::nullopt;
	return rows.text(0, 0);
}

std::string display_name(const std::string &person) {
	static pg::Statement find("SELECT name FROM @playbook_people WHERE id = $1", {TEXTOID});
	const pg::Rows rows = find.query({pg::text(person)});
	return rows.empty() ? person : rows.text(0, 0);
}

std::string default_person(const Context &context) {
	const std::optional<Value> csm = context.value_of("csm.id");
	if (csm && csm->is_string() && !csm->string().empty()) return csm->string();
	return context.execution.actor;
}

Approvers resolve_approvers(const Context &context, const definition::ApprovalPolicy &policy) {
	std::vector<std::string> names;
	for (const std::string &written : policy.approvers) add_names(context.rendered(Value(written)), names);
	if (policy.approvers.empty()) names.push_back(default_person(context));

	pg::EngineIdentity engine;
	pg::Spi spi;
	Approvers approvers;
	std::string unknown;
	for (const std::string &name : names)
		if (!add_named(context, name, approvers)) unknown += (unknown.empty() ? "\"" : ", \"") + name + "\"";
	// The starter always exists, as a role that may have been dropped since at worst.
	if (approvers.empty() && policy.approvers.empty()) approvers.people.push_back(context.execution.actor);
	if (approvers.empty())
		throw pg::Error(
		    ERRCODE_INVALID_PARAMETER_VALUE, "nobody can approve step \"" + context.step.id + "\"",
		    unknown.empty() ? "Its approvers came out empty."
		                    : "Neither a person nor a role is known as " + unknown + ".",
		    "Name people of playbook_people by id or e-mail address, or a database role as role:name.");

	if (!policy.requester_may_decide) {
		const std::string &requester = context.execution.actor;
		std::erase(approvers.people, requester);
		if (approvers.empty()) {
			if (const auto manager = manager_of(requester))
				approvers.people.push_back(*manager);
			else
				throw pg::Error(
				    ERRCODE_INVALID_PARAMETER_VALUE, "nobody can approve step \"" + context.step.id + "\"",
				    "Only \"" + requester + "\" is named, who asks and may not decide, and no manager of \"" +
				        requester + "\" is known.",
				    "Name another approver, set a manager, or allow requester_may_decide.");
		}
	}
	if (approvers.roles.empty() && static_cast<std::size_t>(policy.needed) > approvers.people.size())
		throw pg::Error(ERRCODE_INVALID_PARAMETER_VALUE,
		                "step \"" + context.step.id + "\" needs " + std::to_string(policy.needed) +
		                    " approvals of " + std::to_string(approvers.people.size()) + " people",
		                unknown.empty() ? "" : "Nobody is known as " + unknown + ".");
	return approvers;
}

std::vector<std::string> managers_of(const Approvers &named) {
	static pg::Statement above(
	    "SELECT DISTINCT p.manager FROM @playbook_people p WHERE p.manager IS NOT NULL AND p.manager <> ALL "
	    "($1) "
	    "AND (p.id = ANY ($1) OR EXISTS (SELECT FROM unnest($2) r (name) JOIN pg_roles g ON g.rolname = "
	    "r.name "
	    "JOIN pg_roles m ON m.oid = p.role AND NOT m.rolsuper WHERE pg_has_role(m.oid, g.oid, 'MEMBER'))) "
	    "ORDER BY p.manager",
	    {TEXTARRAYOID, TEXTARRAYOID});
	const pg::Rows rows =
	    above.query({pg::datum(pg::array_of(named.people)), pg::datum(pg::array_of(named.roles))});
	std::vector<std::string> managers;
	for (std::size_t row = 0; row < rows.size(); ++row) managers.push_back(rows.text(row, 0));
	return managers;
}

} // namespace playbook::step
