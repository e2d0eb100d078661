#include "execution/retry.hpp"

#include <algorithm>
#include <cmath>

namespace playbook::execution {
namespace {

constexpr double second = 1e6;
constexpr int most_attempts_without_room = 300;

bool names(const definition::RetryPolicy &policy, std::string_view sqlstate) {
	if (policy.on.empty()) return true;
	return std::any_of(policy.on.begin(), policy.on.end(), [sqlstate](const std::string &wanted) {
		if (wanted == "timeout") return sqlstate == "57014";
		return sqlstate.substr(0, wanted.size()) == wanted; // a code, or the class it begins with
	});
}

} // namespace

bool is_shortage(std::string_view sqlstate) { return sqlstate == "53100"; }

bool is_passing(std::string_view sqlstate) { return sqlstate == "40P01" || sqlstate == "40001"; }

std::optional<std::int64_t> retry_delay(const definition::RetryPolicy &policy, int attempt,
                                        std::string_view sqlstate, std::uint64_t salt) {
	const bool named = attempt < policy.attempts && names(policy, sqlstate);
	const bool shortage = is_shortage(sqlstate) && attempt < most_attempts_without_room;
	if (!named && !shortage) return std::nullopt;
	const double first = named ? static_cast<double>(policy.delay.approximate_microseconds()) : second;
	const double most =
	    named ? static_cast<double>(policy.max_delay.approximate_microseconds()) : 300 * second;
	const double backoff = named ? std::max(policy.backoff, 1.0) : 2.0;
	const double grown = std::min(first * std::pow(backoff, attempt - 1), std::max(most, first));
	// A multiplicative hash of salt and attempt gives each execution its own place within the tenth.
	const std::uint64_t mixed = (salt + static_cast<std::uint64_t>(attempt)) * 0x9E3779B97F4A7C15u;
	const double share = static_cast<double>(mixed >> 40) / static_cast<double>(1u << 24);
	return static_cast<std::int64_t>(grown * (1.0 + 0.1 * share));
}

} // namespace playbook::execution
