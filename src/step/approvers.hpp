// Who may decide: what a playbook writes ("ana", "ana@example.com", "role:finance", "{{csm.manager}}") as
// people and roles.
#pragma once

#include "pg/guard.hpp"
#include "step/handler.hpp"

namespace playbook::step {

struct Approvers {
	std::vector<std::string>
	    people; // playbook_people.id; the name of a role for somebody who is no person there
	std::vector<std::string> roles; // database roles whose members may decide

	bool empty() const { return people.empty() && roles.empty(); }
	Value to_value() const; // {"people": […], "roles": […]}
	static Approvers from(const Value &value);
};

// The people that the customer's work belongs to when a playbook names nobody: the customer's CSM, else the
// starter.
std::string default_person(const Context &context);

// Throws 22023 when nobody of those named is known, when fewer people are named than must approve, or when
// nobody is left because the requester may not decide and has no manager either.
Approvers resolve_approvers(const Context &context, const definition::ApprovalPolicy &policy);

// The managers of those named who are not among them yet; for a role, of its members. As playbook_engine, in
// an open Spi connection.
std::vector<std::string> managers_of(const Approvers &named);

// The id of the known person with that id or e-mail address; nullopt when there is none. Likewise.
std::optional<std::string> known_person(const std::string &named);
// The name people know, else the id itself. Likewise.
std::string display_name(const std::string &person);

} // namespace playbook::step
