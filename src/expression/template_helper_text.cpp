// Helpers for texts and lists: upper, trim, truncate, join, first, json …
#include "expression/locale.hpp"
#include "expression/template_helper.hpp"
#include "value/json.hpp"

namespace playbook::expression {
namespace {

std::string locale_of(const HelperCall &call) {
	const Operand named = call.named("locale");
	return named.is_nothing() ? call.options.locale : script_text(named);
}

Operand text(std::string value) { return Operand::own(Value(std::move(value))); }

Operand upper(const HelperCall &call) { return text(call.formatter.upper(call.text(0), locale_of(call))); }
Operand lower(const HelperCall &call) { return text(call.formatter.lower(call.text(0), locale_of(call))); }
Operand title(const HelperCall &call) { return text(call.formatter.title(call.text(0), locale_of(call))); }

Operand trim(const HelperCall &call) {
	const std::string whole = call.text(0);
	std::string_view rest = whole;
	while (const std::size_t bytes = space_at(rest, 0)) rest.remove_prefix(bytes);
	while (const std::size_t bytes = space_before(rest, rest.size())) rest.remove_suffix(bytes);
	return text(std::string(rest));
}

Operand truncate(const HelperCall &call) {
	const std::int64_t most = call.integer(call[1], "the length");
	if (most < 0 || most > 1000000000) call.fail("the length must be between 0 and 1000000000");
	const std::string ending = call.size() > 2 ? call.text(2) : "…";
	return text(call.formatter.truncate(call.text(0), static_cast<std::size_t>(most), ending));
}

Operand replace(const HelperCall &call) {
	const std::string whole = call.text(0), from = call.text(1), to = call.text(2);
	if (from.empty()) return text(whole);
	std::string out;
	std::size_t at = 0;
	for (std::size_t found; (found = whole.find(from, at)) != std::string::npos; at = found + from.size()) {
		out.append(whole, at, found - at);
		out += to;
		call.check_size(out.size());
	}
	return text(out.append(whole, at));
}

Operand concatenate(const HelperCall &call) {
	std::string out;
	for (std::size_t i = 0; i < call.size(); ++i) {
		append_script_text(out, call[i]);
		call.check_size(out.size());
	}
	return text(std::move(out));
}

const Value::Array *list(const HelperCall &call) {
	if (call[0].is_nothing()) return nullptr;
	if (!call[0].get()->is_array()) call.fail(std::string("needs a list, not ") + call[0].get()->kind_name());
	return &call[0].get()->items();
}

Operand join(const HelperCall &call) {
	std::string out;
	const std::string separator = call.size() > 1 ? call.text(1) : ", ";
	if (const Value::Array *items = list(call)) {
		for (std::size_t i = 0; i < items->size(); ++i) {
			if (i > 0) out += separator;
			append_script_text(out, call[0].part(&(*items)[i]));
			call.check_size(out.size());
		}
	}
	return text(std::move(out));
}

// With a count: that many elements, as a list.
Operand slice(const HelperCall &call, bool from_end) {
	const Value::Array *items = list(call);
	if (items == nullptr) return Operand();
	if (call.size() < 2) {
		if (items->empty()) return Operand();
		return call[0].part(from_end ? &items->back() : &items->front());
	}
	const std::int64_t wanted = call.integer(call[1], "the count");
	if (wanted < 0) call.fail("the count must not be negative");
	const auto count = static_cast<std::ptrdiff_t>(
	    std::min(static_cast<std::uint64_t>(wanted), static_cast<std::uint64_t>(items->size())));
	const auto begin = from_end ? items->end() - count : items->begin();
	return Operand::own(Value(Value::Array(begin, begin + count)));
}
Operand first(const HelperCall &call) { return slice(call, false); }
Operand last(const HelperCall &call) { return slice(call, true); }

// Elements of a list, members of an object, characters of a text.
Operand length(const HelperCall &call) {
	if (call[0].is_nothing()) return Operand::own(Value(0));
	const Value &value = *call[0].get();
	if (!value.is_scalar()) return Operand::own(Value(value.size()));
	std::size_t characters = 0;
	for (const char c : script_text(call[0])) characters += (static_cast<unsigned char>(c) & 0xC0) != 0x80;
	return Operand::own(Value(characters));
}

Operand json(const HelperCall &call) {
	std::string out;
	append_json(out, call[0].get() != nullptr ? *call[0].get() : Value());
	call.check_size(out.size());
	return text(std::move(out));
}

} // namespace

std::span<const Helper> text_helpers() {
	static constexpr Helper table[] = {
	    {"upper", 1, 1, "locale", false, upper, "{{upper customer.name}}"},
	    {"lower", 1, 1, "locale", false, lower, "{{lower customer.name}}"},
	    {"title", 1, 1, "locale", false, title, "{{title customer.name}}"},
	    {"trim", 1, 1, "", false, trim, "{{trim customer.name}}"},
	    {"truncate", 2, 3, "", false, truncate, "{{truncate customer.notes 80}}"},
	    {"replace", 3, 3, "", false, replace, "{{replace customer.name \"Inc.\" \"\"}}"},
	    {"concat", 1, any_number, "", false, concatenate,
	     "{{upper (concat customer.city \" \" customer.country)}}"},
	    {"join", 1, 2, "", false, join, "{{join customer.products \", \"}}"},
	    {"first", 1, 2, "", false, first, "{{first customer.products}}"},
	    {"last", 1, 2, "", false, last, "{{last customer.products}}"},
	    {"length", 1, 1, "", false, length, "{{length customer.products}}"},
	    {"json", 1, 1, "", false, json, "{{json customer.products}}"},
	};
	return table;
}

} // namespace playbook::expression
