#include "value/json.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <unordered_map>

#include "value/excerpt.hpp"

namespace playbook {
namespace {

// Builds a Value from nlohmann's event stream, which hands over the digits of every floating-point number.
class Builder : public nlohmann::json_sax<nlohmann::json> {
public:
	Builder(std::size_t bytes, const JsonLimits &limits) : bytes_(bytes), limits_(limits) {}
	Value take() { return std::move(root_); }

	bool null() override { return add(Value()); }
	bool boolean(bool value) override { return add(Value(value)); }
	bool number_integer(number_integer_t value) override {
		return add(Value(static_cast<std::int64_t>(value)));
	}
	bool number_unsigned(number_unsigned_t value) override {
		return add(Value(Number{std::to_string(value)}));
	}
	bool number_float(number_float_t, const string_t &text) override { return add(Value(Number{text})); }
	bool string(string_t &value) override {
		refuse_zero_byte(value);
		return add(Value(std::move(value)));
	}
	bool binary(binary_t &) override { return false; }
	bool start_object(std::size_t) override { return open(Value::object()); }
	bool start_array(std::size_t) override { return open(Value::array()); }
	bool end_object() override { return close(); }
	bool end_array() override { return close(); }
	bool key(string_t &value) override {
		refuse_zero_byte(value);
		keys_.back() = std::move(value);
		return true;
	}
	bool parse_error(std::size_t position, const std::string &token,
	                 const nlohmann::detail::exception &) override {
		// nlohmann counts what it has read, also the end.
		throw JsonError("invalid JSON near \"" + excerpt(token, 40) + "\"",
		                std::min(position > 0 ? position - 1 : 0, bytes_));
	}

private:
	static void refuse_zero_byte(const std::string &text) {
		if (text.find('\0') != std::string::npos) throw JsonError("\\u0000 cannot be stored as text", 0);
	}
	bool add(Value value) {
		if (open_.empty()) {
			root_ = std::move(value);
		} else if (open_.back().is_array()) {
			open_.back().push_back(std::move(value));
		} else {
			// Value::set looks at every member there is, which is too much for an object of 100,000.
			open_.back().members().push_back({std::move(keys_.back()), std::move(value)});
		}
		return true;
	}
	// A repeated key keeps its first place and its last value, as jsonb does.
	static void keep_last_values(Value::Object &members) {
		std::unordered_map<std::string_view, std::size_t> places;
		for (std::size_t i = 0; i < members.size(); ++i) places.try_emplace(members[i].key, places.size());
		if (places.size() == members.size()) return;
		Value::Object kept(places.size());
		for (Member &member : members) kept[places[member.key]].value = std::move(member.value);
		for (const auto &[key, place] : places) kept[place].key = key;
		members = std::move(kept);
	}
	bool open(Value container) {
		if (open_.size() >= limits_.depth)
			throw JsonError("JSON is nested deeper than " + std::to_string(limits_.depth) + " levels", 0);
		open_.push_back(std::move(container));
		keys_.emplace_back();
		return true;
	}
	bool close() {
		Value done = std::move(open_.back());
		open_.pop_back();
		keys_.pop_back();
		if (done.is_object()) keep_last_values(done.members());
		return add(std::move(done));
	}

	const std::size_t bytes_;
	const JsonLimits limits_;
	Value root_;
	std::vector<Value> open_;
	std::vector<std::string> keys_;
};

} // namespace

Value parse_json(std::string_view text, const JsonLimits &limits) {
	if (text.size() > limits.bytes)
		throw JsonError("JSON text is larger than " + std::to_string(limits.bytes) + " bytes", limits.bytes);
	Builder builder(text.size(), limits);
	nlohmann::json::sax_parse(text.begin(), text.end(), &builder);
	return builder.take();
}

void append_json_string(std::string &out, std::string_view text) {
	static constexpr char digits[] = "0123456789abcdef";
	out += '"';
	for (const char c : text) {
		switch (c) {
		case '"': out += "\\\""; break;
		case '\\': out += "\\\\"; break;
		case '\n': out += "\\n"; break;
		case '\r': out += "\\r"; break;
		case '\t': out += "\\t"; break;
		default:
			if (static_cast<unsigned char>(c) < 0x20) {
				out += "\\u00";
				out += digits[(c >> 4) & 15];
				out += digits[c & 15];
			} else {
				out += c;
			}
		}
	}
	out += '"';
}

void append_json(std::string &out, const Value &value) {
	if (value.is_null()) {
		out += "null";
	} else if (value.is_boolean()) {
		out += value.boolean() ? "true" : "false";
	} else if (value.is_number()) {
		out += value.number();
	} else if (value.is_string()) {
		append_json_string(out, value.string());
	} else if (value.is_array()) {
		out += '[';
		bool first = true;
		for (const Value &item : value.items()) {
			if (!first) out += ',';
			first = false;
			append_json(out, item);
		}
		out += ']';
	} else {
		out += '{';
		bool first = true;
		for (const Member &member : value.members()) {
			if (!first) out += ',';
			first = false;
			append_json_string(out, member.key);
			out += ':';
			append_json(out, member.value);
		}
		out += '}';
	}
}

std::string to_json(const Value &value) {
	std::string out;
	append_json(out, value);
	return out;
}

} // namespace playbook
