// Whom a message goes to: what a playbook wrote, rendered, as checked e-mail addresses.
#pragma once

#include "step/handler.hpp"
#include "step/mail_address.hpp"

namespace playbook::step {

// A text ("ana@x.org, Ben <b@x.org>"), a list of such, a person's id, or an object with an email. Every
// address once. Throws 22023 naming `field` for what is neither an address nor a person who has one. Null and
// "" are nobody.
std::vector<MailAddress> recipients(const Context &context, const Value *written, const char *field);

// The same for a text that is data, not written by the playbook's author: one address at most.
std::vector<MailAddress> recipient(const Context &context, const std::string &text, const char *field);

// Throws 22023 when a rendered field has more addresses than the author wrote into it: a customer whose
// address is "a@x.org, eve@y.org" adds nobody. What an approver changes afterwards is not looked at.
void refuse_added_recipients(const Context &context, const Value &rendered,
                             std::initializer_list<const char *> fields);

// As a header holds them, in a JSON list; and in one text.
Value address_list(const std::vector<MailAddress> &people);
std::string address_text(const std::vector<MailAddress> &people);

// The CSM's address, when there is one: who sends and invites unless a playbook says otherwise.
std::optional<MailAddress> csm_address(const Context &context);

} // namespace playbook::step
