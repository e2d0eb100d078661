#include "result/inference.hpp"

#include <cctype>
#include <optional>
#include <unordered_map>

namespace playbook::result {
namespace {

// Reads an ISO time from left to right.
class Reader {
public:
	explicit Reader(const std::string &text) : text_(text) {}

	// That many digits; -1 when they are not there.
	int digits(int count) {
		int value = 0;
		for (int i = 0; i < count; ++i) {
			if (at_ >= text_.size() || std::isdigit(static_cast<unsigned char>(text_[at_])) == 0) return -1;
			value = value * 10 + (text_[at_++] - '0');
		}
		return value;
	}
	bool skip(char c) {
		if (at_ >= text_.size() || text_[at_] != c) return false;
		++at_;
		return true;
	}
	bool done() const { return at_ == text_.size(); }

	bool date() {
		const int year = digits(4);
		if (year < 1 || !skip('-')) return false;
		const int month = digits(2);
		if (month < 1 || month > 12 || !skip('-')) return false;
		const int day = digits(2);
		static constexpr int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
		const bool leap = month == 2 && year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
		return day >= 1 && day <= lengths[month - 1] + (leap ? 1 : 0);
	}

	bool time() {
		const int hour = digits(2);
		if (hour < 0 || hour > 23 || !skip(':')) return false;
		if (!sixty(digits(2))) return false;
		if (!skip(':')) return true;
		if (!sixty(digits(2))) return false;
		if (!skip('.')) return true;
		int fraction = 0;
		while (digits(1) >= 0) ++fraction;
		return fraction > 0;
	}

	bool zone() {
		if (skip('Z')) return true;
		if (!skip('+') && !skip('-')) return false;
		const int hours = digits(2);
		if (hours < 0 || hours > 15) return false;
		if (done()) return true;
		skip(':');
		return sixty(digits(2));
	}

private:
	static bool sixty(int value) { return value >= 0 && value < 60; }

	const std::string &text_;
	std::size_t at_ = 0;
};

InferredKind kind_of(const Value &value) {
	if (value.is_boolean()) return InferredKind::Boolean;
	if (value.is_number()) return is_written_as_integer(value) ? InferredKind::Integer : InferredKind::Number;
	if (!value.is_string()) return InferredKind::Json;
	if (is_iso_date(value.string())) return InferredKind::Date;
	if (is_iso_timestamp(value.string())) return InferredKind::Timestamp;
	return InferredKind::Text;
}

InferredKind both(InferredKind a, InferredKind b) {
	if (a == b) return a;
	if (a == InferredKind::Json || b == InferredKind::Json) return InferredKind::Json;
	const auto is_number = [](InferredKind kind) {
		return kind == InferredKind::Integer || kind == InferredKind::Number;
	};
	if (is_number(a) && is_number(b)) return InferredKind::Number;
	return InferredKind::Text;
}

} // namespace

bool is_written_as_integer(const Value &value) {
	return value.is_number() && value.number().find_first_of(".eE") == std::string::npos &&
	       value.as_integer();
}

bool is_iso_date(const std::string &text) {
	Reader reader(text);
	return reader.date() && reader.done();
}

bool is_iso_timestamp(const std::string &text) {
	Reader reader(text);
	return reader.date() && (reader.skip('T') || reader.skip(' ')) && reader.time() && reader.zone() &&
	       reader.done();
}

std::vector<InferredColumn> infer_columns(const std::vector<Value> &objects) {
	std::vector<InferredColumn> columns;
	std::vector<std::optional<InferredKind>> kinds;
	std::unordered_map<std::string, std::size_t> places;
	const auto see = [&](const std::string &name, const Value &value) {
		const auto [place, added] = places.emplace(name, columns.size());
		if (added) {
			columns.push_back({name, InferredKind::Text});
			kinds.emplace_back();
		}
		if (value.is_null()) return;
		std::optional<InferredKind> &kind = kinds[place->second];
		kind = kind ? both(*kind, kind_of(value)) : kind_of(value);
	};
	for (const Value &object : objects) {
		if (!object.is_object())
			see("value", object);
		else
			for (const Member &member : object.members()) see(member.key, member.value);
	}
	for (std::size_t i = 0; i < columns.size(); ++i) columns[i].kind = kinds[i].value_or(InferredKind::Text);
	return columns;
}

} // namespace playbook::result
