// When something is due: durations added as a calendar does, times read and times of day found in a time
// zone.
//
// Months and days are added in the zone (a day is not always 24 hours) by the server's own interval
// arithmetic. The zone is playbook.timezone, else the session's, unless a TimeZoneScope says otherwise.
#pragma once

#include "definition/duration.hpp"
#include "pg/datum.hpp"
#include "value/value.hpp"

struct pg_tz;

namespace playbook::step {

// Makes a zone the one that the server's date functions use, while the scope lives.
class TimeZoneScope {
public:
	// "" : playbook.timezone, else what the session has. Throws 22023 when there is no such zone.
	explicit TimeZoneScope(const std::string &name = {});
	~TimeZoneScope();
	TimeZoneScope(const TimeZoneScope &) = delete;
	TimeZoneScope &operator=(const TimeZoneScope &) = delete;

private:
	pg_tz *const before_;
};

// A rendered duration: "3 days", 90, "PT15M". Throws 22023 naming `field` when it is none.
definition::Duration duration_of(const Value &value, const char *field);

// In the zone of the scope in force; a duration of clock time only needs none.
TimestampTz later(TimestampTz from, const definition::Duration &duration);

// "2026-03-01 10:00", "2026-03-01T10:00:00Z", "2026-03-01" (midnight), "tomorrow 09:00". Throws 22007 naming
// `field`.
TimestampTz timestamp_of(const std::string &text, const char *field);

// The clock reads `minutes` past midnight, on the day that it is in the zone at `at`.
TimestampTz at_time_of_day(TimestampTz at, int minutes);
// "09:00", "9:30": minutes past midnight. Throws 22007 naming `field`.
int minutes_of_day(const std::string &text, const char *field);
// 0 is Sunday, in the zone.
int weekday(TimestampTz at);

// Microseconds since the Unix epoch.
std::int64_t unix_microseconds(TimestampTz at);

} // namespace playbook::step
