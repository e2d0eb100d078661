// Dates and times as PostgreSQL writes them into JSON: "2026-03-05", "2026-03-05T10:00:00",
// "2026-03-05T10:00:00.5+00:00".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace playbook::expression {

struct Timestamp {
	enum class Kind {
		Date,    // a day of the calendar, the same in every zone
		Local,   // a clock on some wall: timestamp without time zone
		Instant, // timestamptz
	};
	Kind kind = Kind::Date;
	std::int64_t microseconds =
	    0; // since 1970-01-01 00:00 (of the wall's clock, for Date and Local; UTC for Instant)

	// Null for anything else, "infinity" included. A space is accepted in place of the T.
	static std::optional<Timestamp> parse(std::string_view text);
	// In the form it was read from; an Instant in UTC, "2026-03-05T10:00:00+00:00".
	std::string to_text() const;

	// Calendar arithmetic on Date and Local: 31 January and one month is 28 or 29 February. Null beyond the
	// years 1 to 9999.
	std::optional<Timestamp> plus(std::int64_t months, std::int64_t days,
	                              std::int64_t microseconds_more) const;
	// Whole days since 1970-01-01.
	std::int64_t day() const;
};

} // namespace playbook::expression
