// A length of time as people write it in a definition: "3 days", "1 day 12:00", "90s", "PT15M", "-90 days",
// "2 weeks".
//
// Months and days stay apart from the clock part, as in PostgreSQL's interval, because a day is not always 24
// hours.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace playbook::definition {

struct Duration {
	std::int32_t months = 0;
	std::int32_t days = 0;
	std::int64_t microseconds = 0;

	bool operator==(const Duration &) const = default;
	bool is_zero() const { return months == 0 && days == 0 && microseconds == 0; }
	bool is_negative() const;
	// 30 days to the month, 24 hours to the day: for comparing and for retry delays, never for due dates.
	std::int64_t approximate_microseconds() const;
};

// Null when the text is no duration. A bare number is seconds.
std::optional<Duration> parse_duration(std::string_view text);
// "3 days", "1 mon 2 days 04:05:06.5": a form that PostgreSQL reads as the same interval.
std::string to_text(const Duration &duration);

} // namespace playbook::definition
