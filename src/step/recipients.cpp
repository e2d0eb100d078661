#include "step/recipients.hpp"

#include "pg/identity.hpp"
#include "pg/spi.hpp"

namespace playbook::step {
namespace {

std::optional<MailAddress> address_of_person(const std::string &id) {
	pg::EngineIdentity engine;
	pg::Spi spi;
	static pg::Statement find("SELECT name, email FROM @playbook_people WHERE id = $1 AND email IS NOT NULL",
	                          {TEXTOID});
	const pg::Rows rows = find.query({pg::text(id)});
	if (rows.empty()) return std::nullopt;
	return MailAddress{single_line(rows.text(0, 0)), rows.text(0, 1)};
}

void add(const Context &context, const std::string &named, const char *field,
         std::vector<MailAddress> &people) {
	std::optional<MailAddress> address = parse_mail_address(named);
	if (!address && named.find('@') == std::string::npos) address = address_of_person(context.person(named));
	if (!address)
		throw pg::Error(ERRCODE_INVALID_PARAMETER_VALUE,
		                "\"" + single_line(named) + "\" is no e-mail address, in \"" + field + "\"",
		                "Nor is it a person of playbook_people who has one.",
		                "Write an address as name@example.com.");
	const auto same = [&](const MailAddress &other) { return other.address == address->address; };
	if (std::none_of(people.begin(), people.end(), same)) people.push_back(std::move(*address));
}

void add(const Context &context, const Value &written, const char *field, std::vector<MailAddress> &people) {
	if (written.is_array()) {
		for (const Value &item : written.items()) add(context, item, field, people);
	} else if (written.is_object()) {
		if (const Value *address = written.find("email")) add(context, *address, field, people);
	} else {
		for (const std::string &part : split_mail_addresses(written.as_text()))
			add(context, part, field, people);
	}
}

} // namespace

std::vector<MailAddress> recipients(const Context &context, const Value *written, const char *field) {
	std::vector<MailAddress> people;
	if (written != nullptr) add(context, *written, field, people);
	return people;
}

Value address_list(const std::vector<MailAddress> &people) {
	Value list = Value::array();
	for (const MailAddress &person : people) list.push_back(Value(person.text()));
	return list;
}

std::string address_text(const std::vector<MailAddress> &people) {
	std::string text;
	for (const MailAddress &person : people) text += (text.empty() ? "" : ", ") + person.text();
	return text;
}

std::optional<MailAddress> csm_address(const Context &context) {
	const std::optional<Value> email = context.value_of("csm.email");
	if (!email || !email->is_string()) return std::nullopt;
	std::optional<MailAddress> address = parse_mail_address(email->string());
	const std::optional<Value> name = context.value_of("csm.name");
	if (address && name && name->is_string() && *name != *email) address->name = single_line(name->string());
	return address;
}

} // namespace playbook::step
