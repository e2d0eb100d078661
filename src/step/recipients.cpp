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

void refuse_more_than(std::size_t written, const std::string &rendered, const char *field) {
	const std::size_t found = split_mail_addresses(rendered).size();
	if (found <= written) return;
	throw pg::Error(ERRCODE_INVALID_PARAMETER_VALUE,
	                "\"" + single_line(rendered) + "\" holds " + std::to_string(found) +
	                    " addresses where the playbook writes " + std::to_string(written) + ", in \"" +
	                    field + "\"",
	                "What stands in the data adds no recipients.",
	                "Where several are meant, keep them in a list, and refer to it: ${customer.emails}.");
}

void refuse_added(const Value &written, const Value &rendered, const char *field) {
	if (rendered.is_string()) {
		const std::size_t entries = written.is_string() ? split_mail_addresses(written.string()).size() : 1;
		refuse_more_than(std::max<std::size_t>(entries, 1), rendered.string(), field);
	} else if (rendered.is_array()) {
		// A list is as long as its reference says; each of its elements is one address.
		for (std::size_t i = 0; i < rendered.size(); ++i)
			refuse_added(written.is_array() ? written.items()[i] : written, rendered.items()[i], field);
	} else if (rendered.is_object()) {
		const Value *address = rendered.find("email");
		if (address != nullptr && address->is_string()) refuse_more_than(1, address->string(), field);
	}
}

} // namespace

void refuse_added_recipients(const Context &context, const Value &rendered,
                             std::initializer_list<const char *> fields) {
	for (const char *field : fields) {
		const Value *written = context.step.config.find(field);
		const Value *value = rendered.find(field);
		if (written != nullptr && value != nullptr) refuse_added(*written, *value, field);
	}
}

std::vector<MailAddress> recipient(const Context &context, const std::string &text, const char *field) {
	refuse_more_than(1, text, field);
	const Value value(text);
	return recipients(context, &value, field);
}

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
