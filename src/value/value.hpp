// A JSON value that keeps numbers exactly as they were written.
//
// Everything the engine reads from a definition, binds into a template or writes as a step's output is a
// Value. nlohmann's own value turns 12345678901234567890.123 into a double and 0.1000 into 0.1; customers'
// money must not change in passing, so a number here is its decimal text. Objects keep the order in which
// they were written. Not for row sets: those stay in PostgreSQL's binary form (result/).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace playbook {

class Value;
struct Member;

// The decimal text of a JSON number, e.g. "-12.50" or "1e9".
struct Number {
	std::string text;
	bool operator==(const Number &) const = default;
};

class Value {
public:
	using Array = std::vector<Value>;
	using Object = std::vector<Member>;

	Value();
	Value(std::nullptr_t);
	Value(bool value);
	Value(Number value);
	Value(int value);
	Value(std::int64_t value);
	Value(std::size_t value);
	Value(std::string value);
	Value(std::string_view value);
	Value(const char *value);
	Value(Array value);
	Value(Object value);
	Value(const Value &other);
	Value(Value &&other) noexcept;
	Value &operator=(const Value &other);
	Value &operator=(Value &&other) noexcept;
	~Value();

	static Value object();
	static Value array();

	bool is_null() const { return std::holds_alternative<std::monostate>(data_); }
	bool is_boolean() const { return std::holds_alternative<bool>(data_); }
	bool is_number() const { return std::holds_alternative<Number>(data_); }
	bool is_string() const { return std::holds_alternative<std::string>(data_); }
	bool is_array() const { return std::holds_alternative<Array>(data_); }
	bool is_object() const { return std::holds_alternative<Object>(data_); }
	bool is_scalar() const { return !is_array() && !is_object(); }

	// Unchecked by contract: the caller has asked is_…() first (std::bad_variant_access otherwise).
	bool boolean() const { return std::get<bool>(data_); }
	const std::string &number() const { return std::get<Number>(data_).text; }
	const std::string &string() const { return std::get<std::string>(data_); }
	const Array &items() const { return std::get<Array>(data_); }
	Array &items() { return std::get<Array>(data_); }
	const Object &members() const { return std::get<Object>(data_); }
	Object &members() { return std::get<Object>(data_); }

	// The member of that name, or null when this is no object or has no such member. The last one wins.
	const Value *find(std::string_view key) const;
	Value *find(std::string_view key);
	// Sets or adds a member; turns a null into an object first.
	Value &set(std::string_view key, Value value);
	void erase(std::string_view key);
	void push_back(Value value);
	// Members of an object, elements of an array; 0 for a scalar.
	std::size_t size() const;

	// A number that fits, without loss.
	std::optional<std::int64_t> as_integer() const;
	std::optional<double> as_double() const;
	// The text of a scalar as SQL would read it: a string itself, a number's digits, "true"/"false", "" for
	// null; JSON text for an array or object.
	std::string as_text() const;
	// "null", "boolean", "number", "string", "array" or "object".
	const char *kind_name() const;

	bool operator==(const Value &other) const;

private:
	std::variant<std::monostate, bool, Number, std::string, Array, Object> data_;
};

struct Member {
	std::string key;
	Value value;
	bool operator==(const Member &) const = default;
};

// Here, where a Member is complete: C++20's vectors are constexpr, and clang instantiates them where they are
// first used, for which an incomplete element is not enough.
inline Value::Value() = default;
inline Value::Value(std::nullptr_t) {}
inline Value::Value(bool value) : data_(value) {}
inline Value::Value(Number value) : data_(std::move(value)) {}
inline Value::Value(int value) : data_(Number{std::to_string(value)}) {}
inline Value::Value(std::int64_t value) : data_(Number{std::to_string(value)}) {}
inline Value::Value(std::size_t value) : data_(Number{std::to_string(value)}) {}
inline Value::Value(std::string value) : data_(std::move(value)) {}
inline Value::Value(std::string_view value) : data_(std::string(value)) {}
inline Value::Value(const char *value) : data_(std::string(value)) {}
inline Value::Value(Array value) : data_(std::move(value)) {}
inline Value::Value(const Value &other) = default;
inline Value::Value(Value &&other) noexcept = default;
inline Value &Value::operator=(const Value &other) = default;
inline Value &Value::operator=(Value &&other) noexcept = default;
inline Value::~Value() = default;
inline Value Value::array() { return Array{}; }

} // namespace playbook
