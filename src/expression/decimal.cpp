#include "expression/decimal.hpp"

#include <charconv>

namespace playbook::expression {

std::optional<Decimal> Decimal::parse(std::string_view text) {
	constexpr long max_exponent = 1000;
	Decimal result;
	std::size_t at = 0;
	const auto digit = [&] { return at < text.size() && text[at] >= '0' && text[at] <= '9'; };
	if (at < text.size() && text[at] == '-') {
		result.negative_ = true;
		++at;
	}
	const std::size_t whole = at;
	while (digit()) result.digits_ += text[at++];
	if (at == whole) return std::nullopt;
	result.point_ = static_cast<long>(at - whole);
	if (at < text.size() && text[at] == '.') {
		const std::size_t fraction = ++at;
		while (digit()) result.digits_ += text[at++];
		if (at == fraction) return std::nullopt;
	}
	if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
		++at;
		if (at < text.size() && text[at] == '+') {
			++at;
			if (!digit()) return std::nullopt;
		}
		long exponent = 0;
		const auto [end, failure] = std::from_chars(text.data() + at, text.data() + text.size(), exponent);
		if (failure != std::errc() || exponent > max_exponent || exponent < -max_exponent)
			return std::nullopt;
		at = static_cast<std::size_t>(end - text.data());
		result.point_ += exponent;
	}
	if (at != text.size()) return std::nullopt;
	const std::size_t first = result.digits_.find_first_not_of('0');
	if (first == std::string::npos) return Decimal();
	result.digits_.erase(0, first);
	result.point_ -= static_cast<long>(first);
	result.digits_.erase(result.digits_.find_last_not_of('0') + 1);
	return result;
}

std::optional<std::string> Decimal::whole() const {
	constexpr long longest = 19; // of a bigint
	if (is_zero()) return "0";
	const long length = static_cast<long>(digits_.size());
	if (length > point_ || point_ > longest) return std::nullopt;
	return (negative_ ? "-" : "") + digits_ + std::string(static_cast<std::size_t>(point_ - length), '0');
}

std::strong_ordering Decimal::operator<=>(const Decimal &other) const {
	const auto sign = [](const Decimal &d) { return d.is_zero() ? 0 : d.negative_ ? -1 : 1; };
	if (sign(*this) != sign(other)) return sign(*this) <=> sign(other);
	if (is_zero()) return std::strong_ordering::equal;
	const Decimal &large = negative_ ? other : *this, &small = negative_ ? *this : other;
	if (large.point_ != small.point_) return large.point_ <=> small.point_;
	return large.digits_.compare(small.digits_) <=> 0;
}

} // namespace playbook::expression
