#include "value/value.hpp"

#include <charconv>

#include "value/json.hpp"

namespace playbook {

Value::Value(Object value) : data_(std::move(value)) {}

Value Value::object() { return Value(Object{}); }

const Value *Value::find(std::string_view key) const {
	const Object *object = std::get_if<Object>(&data_);
	if (object == nullptr) return nullptr;
	for (auto member = object->rbegin(); member != object->rend(); ++member)
		if (member->key == key) return &member->value;
	return nullptr;
}

Value *Value::find(std::string_view key) {
	return const_cast<Value *>(static_cast<const Value *>(this)->find(key));
}

Value &Value::set(std::string_view key, Value value) {
	if (is_null()) data_ = Object{};
	if (Value *present = find(key)) return *present = std::move(value);
	Object &object = std::get<Object>(data_);
	object.push_back(Member{std::string(key), std::move(value)});
	return object.back().value;
}

void Value::erase(std::string_view key) {
	if (Object *object = std::get_if<Object>(&data_))
		std::erase_if(*object, [key](const Member &member) { return member.key == key; });
}

void Value::push_back(Value value) {
	if (is_null()) data_ = Array{};
	std::get<Array>(data_).push_back(std::move(value));
}

std::size_t Value::size() const {
	if (const Array *array = std::get_if<Array>(&data_)) return array->size();
	if (const Object *object = std::get_if<Object>(&data_)) return object->size();
	return 0;
}

std::optional<std::int64_t> Value::as_integer() const {
	if (!is_number()) return std::nullopt;
	const std::string &text = number();
	std::int64_t result = 0;
	const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), result);
	if (failure == std::errc() && end == text.data() + text.size()) return result;
	// "60.0" and "6e1" are whole numbers too.
	const std::optional<double> real = as_double();
	if (!real || *real < -9e15 || *real > 9e15) return std::nullopt;
	result = static_cast<std::int64_t>(*real);
	if (static_cast<double>(result) != *real) return std::nullopt;
	return result;
}

std::optional<double> Value::as_double() const {
	if (!is_number()) return std::nullopt;
	const std::string &text = number();
	double result = 0;
	const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), result);
	if (failure != std::errc() || end != text.data() + text.size()) return std::nullopt;
	return result;
}

std::string Value::as_text() const {
	if (is_null()) return {};
	if (is_boolean()) return boolean() ? "true" : "false";
	if (is_number()) return number();
	if (is_string()) return string();
	return to_json(*this);
}

const char *Value::kind_name() const {
	static constexpr const char *names[] = {"null", "boolean", "number", "string", "array", "object"};
	return names[data_.index()];
}

bool Value::operator==(const Value &other) const { return data_ == other.data_; }

} // namespace playbook
