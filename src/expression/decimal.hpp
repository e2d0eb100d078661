// Decimal numbers compared digit by digit, so that money of forty digits is not rounded on the way to an
// answer.
#pragma once

#include <compare>
#include <optional>
#include <string>
#include <string_view>

namespace playbook::expression {

class Decimal {
public:
	// "-12.50", "1e9"; nullopt when the text is no number in the form of JSON ("+1", "1." and "NaN" are
	// none) or its exponent is beyond ±1000.
	static std::optional<Decimal> parse(std::string_view text);

	bool is_zero() const { return digits_.empty(); }
	// "77" for 77.0 and 7.7e1; nullopt when it is no whole number, or one that no integer type holds.
	std::optional<std::string> whole() const;
	std::strong_ordering operator<=>(const Decimal &other) const;
	bool operator==(const Decimal &other) const { return (*this <=> other) == 0; }

private:
	bool negative_ = false;
	std::string digits_; // without leading or trailing zeros; empty for zero
	long point_ = 0;     // the value is 0.digits × 10^point
};

} // namespace playbook::expression
