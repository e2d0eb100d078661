// Helpers that decide: default, comparisons, and, or, not.
#include "expression/decimal.hpp"
#include "expression/template_helper.hpp"

namespace playbook::expression {
namespace {

bool has_value(const Operand &operand) {
	if (operand.is_nothing()) return false;
	const Value &value = *operand.get();
	return !(value.is_string() && value.string().empty()) && !(value.is_array() && value.items().empty());
}

Operand first_with_value(const HelperCall &call) {
	for (std::size_t i = 0; i < call.size(); ++i)
		if (has_value(call[i])) return call[i];
	return Operand();
}

std::optional<Decimal> as_decimal(const Value &value) {
	if (value.is_number()) return Decimal::parse(value.number());
	if (value.is_string()) return Decimal::parse(value.string());
	return std::nullopt;
}

// A number and a text that is a number are compared as numbers, two texts as texts; null equals only nothing.
bool are_equal(const Operand &a, const Operand &b) {
	if (a.is_nothing() || b.is_nothing()) return a.is_nothing() && b.is_nothing();
	const Value &left = *a.get(), &right = *b.get();
	if (left.is_number() || right.is_number()) {
		const std::optional<Decimal> x = as_decimal(left), y = as_decimal(right);
		if (x && y) return *x == *y;
	}
	return left == right;
}

// Numbers by value, texts byte by byte (so ISO dates in the order of time). Nothing is neither less nor
// greater.
std::optional<std::strong_ordering> order(const HelperCall &call) {
	const Operand a = call[0], b = call[1];
	if (a.is_nothing() || b.is_nothing()) return std::nullopt;
	const Value &left = *a.get(), &right = *b.get();
	if (left.is_string() && right.is_string()) return left.string().compare(right.string()) <=> 0;
	if (left.is_boolean() && right.is_boolean()) return left.boolean() <=> right.boolean();
	const std::optional<Decimal> x = as_decimal(left), y = as_decimal(right);
	if (x && y) return *x <=> *y;
	call.fail(std::string("cannot compare ") + left.kind_name() + " with " + right.kind_name());
}

Operand truth(bool value) { return Operand::own(Value(value)); }

Operand equal(const HelperCall &call) { return truth(are_equal(call[0], call[1])); }
Operand unequal(const HelperCall &call) { return truth(!are_equal(call[0], call[1])); }
Operand greater(const HelperCall &call) {
	const auto result = order(call);
	return truth(result && *result > 0);
}
Operand greater_or_equal(const HelperCall &call) {
	const auto result = order(call);
	return truth(result && *result >= 0);
}
Operand less(const HelperCall &call) {
	const auto result = order(call);
	return truth(result && *result < 0);
}
Operand less_or_equal(const HelperCall &call) {
	const auto result = order(call);
	return truth(result && *result <= 0);
}

// As in JavaScript, the deciding argument is the result; what is true is what #if calls true.
Operand all_of(const HelperCall &call) {
	for (std::size_t i = 0; i + 1 < call.size(); ++i)
		if (!passes_if(call[i])) return call[i];
	return call[call.size() - 1];
}
Operand any_of(const HelperCall &call) {
	for (std::size_t i = 0; i + 1 < call.size(); ++i)
		if (passes_if(call[i])) return call[i];
	return call[call.size() - 1];
}
Operand negate(const HelperCall &call) { return truth(!passes_if(call[0])); }

} // namespace

std::span<const Helper> logic_helpers() {
	static constexpr Helper table[] = {
	    {"default", 2, any_number, "", true, first_with_value, "{{default customer.first_name \"there\"}}"},
	    {"eq", 2, 2, "", true, equal, "{{#if (eq customer.plan \"pro\")}}"},
	    {"ne", 2, 2, "", true, unequal, "{{#if (ne customer.plan \"pro\")}}"},
	    {"gt", 2, 2, "", true, greater, "{{#if (gt customer.arr 10000)}}"},
	    {"gte", 2, 2, "", true, greater_or_equal, "{{#if (gte customer.arr 10000)}}"},
	    {"lt", 2, 2, "", true, less, "{{#if (lt customer.health_score 60)}}"},
	    {"lte", 2, 2, "", true, less_or_equal, "{{#if (lte customer.health_score 60)}}"},
	    {"and", 1, any_number, "", true, all_of, "{{#if (and customer.active customer.email)}}"},
	    {"or", 1, any_number, "", true, any_of, "{{#if (or customer.phone customer.email)}}"},
	    {"not", 1, 1, "", true, negate, "{{#if (not customer.active)}}"},
	};
	return table;
}

} // namespace playbook::expression
