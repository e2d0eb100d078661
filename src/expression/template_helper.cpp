#include "expression/template_helper.hpp"

#include "expression/decimal.hpp"
#include "value/excerpt.hpp"

namespace playbook::expression {

Operand HelperCall::named(std::string_view key) const {
	for (const auto &[name, value] : hash_)
		if (name == key) return value;
	return Operand();
}

std::int64_t HelperCall::integer(const Operand &operand, const char *role) const {
	const std::string text = decimal(operand, role);
	const std::optional<std::int64_t> whole = Value(Number{text}).as_integer();
	if (!whole) fail(std::string(role) + " must be a whole number, not \"" + text + "\"");
	return *whole;
}

std::string HelperCall::decimal(const Operand &operand, const char *role) const {
	std::string text = operand.get() != nullptr && operand.get()->is_scalar() ? script_text(operand) : "";
	if (!Decimal::parse(text)) {
		if (text.size() > 40) text = excerpt(text, 40) + "…";
		fail(std::string(role) + " must be a number, not " +
		     (text.empty() ? operand.get() == nullptr ? std::string("nothing") : operand.get()->kind_name()
		                   : "\"" + text + "\""));
	}
	return text;
}

void HelperCall::fail(const std::string &what) const {
	throw TemplateError("helper \"" + std::string(name_) + "\": " + what);
}

void HelperCall::check_size(std::size_t bytes) const {
	if (bytes > options.max_output)
		fail("the text would be longer than " + std::to_string(options.max_output) + " bytes");
}

const Helper *find_helper(std::string_view name) {
	for (const std::span<const Helper> table : {logic_helpers(), text_helpers(), format_helpers()})
		for (const Helper &helper : table)
			if (helper.name == name) return &helper;
	return nullptr;
}

std::vector<std::string_view> helper_names() {
	std::vector<std::string_view> names;
	for (const std::span<const Helper> table : {logic_helpers(), text_helpers(), format_helpers()})
		for (const Helper &helper : table) names.push_back(helper.name);
	return names;
}

} // namespace playbook::expression
