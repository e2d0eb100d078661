// Values as a Handlebars template sees them, which is as JavaScript does: what is true, how a value prints,
// which property a name finds. Also the white space of JavaScript's regular expressions, on UTF-8.
//
// One deliberate difference: a number that came with the data prints its digits as they were written (1.0
// stays "1.0", forty digits stay forty); JavaScript would turn it into a double.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "value/value.hpp"

namespace playbook::expression {

// A value that is looked at in place, or owned when it was computed; or nothing at all (undefined).
class Operand {
public:
	Operand() = default;
	static Operand view(const Value *value) {
		Operand result;
		result.value_ = value;
		return result;
	}
	static Operand own(Value value) {
		Operand result;
		result.owned_ = std::make_shared<const Value>(std::move(value));
		result.value_ = result.owned_.get();
		return result;
	}
	// A part of this operand, kept alive with it.
	Operand part(const Value *value) const {
		Operand result;
		result.owned_ = owned_;
		result.value_ = value;
		return result;
	}
	const Value *get() const { return value_; }
	bool is_nothing() const { return value_ == nullptr || value_->is_null(); }

private:
	std::shared_ptr<const Value> owned_;
	const Value *value_ = nullptr;
};

bool is_truthy(const Operand &operand);
// What #if and #with call empty: false, null, nothing, "" and [] (but not 0).
bool is_empty(const Operand &operand);
// The test of #if.
bool passes_if(const Operand &operand, bool include_zero = false);
// The == of JavaScript; arrays and objects are equal only to themselves.
bool loosely_equal(const Operand &a, const Operand &b);

// Nothing and null print nothing, an array its elements joined by commas, an object "[object Object]".
void append_script_text(std::string &out, const Operand &operand);
std::string script_text(const Operand &operand);

// An own property: a member, an element, the length of a string or array. Never anything inherited.
Operand property(const Operand &parent, const std::string &name);
// What a value is as the name of a property.
std::string property_key(const Operand &operand);
// The members of an object in the order in which JavaScript visits them: array indexes first, ascending.
std::vector<const Member *> visited_members(const Value &object);

// How JavaScript prints the double that is nearest to a decimal text.
std::string script_number(std::string_view decimal);

// Bytes of the white-space character that begins at (ends before) `at`; 0 when there is none.
std::size_t space_at(std::string_view text, std::size_t at);
std::size_t space_before(std::string_view text, std::size_t at);

// Strings are counted as JavaScript does, in UTF-16 units.
std::size_t utf16_length(std::string_view text);

} // namespace playbook::expression
