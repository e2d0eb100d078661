#include "step/due_time.hpp"

#include "settings.hpp"

extern "C" {
#include "pgtime.h"
}

namespace playbook::step {
namespace {

Timestamp local_time(TimestampTz at) {
	return pg::call([at] {
		return DatumGetTimestamp(DirectFunctionCall1(timestamptz_timestamp, TimestampTzGetDatum(at)));
	});
}

// Since 2000-01-01, a Saturday; rounded down.
std::int64_t day_of(Timestamp local) {
	return local >= 0 ? local / USECS_PER_DAY : -((-local + USECS_PER_DAY - 1) / USECS_PER_DAY);
}

} // namespace

TimeZoneScope::TimeZoneScope(const std::string &name) : before_(session_timezone) {
	const std::string zone = name.empty() ? settings::time_zone() : name;
	if (zone.empty()) return;
	pg_tz *found = pg::call([&zone] { return pg_tzset(zone.c_str()); });
	if (found == nullptr)
		throw pg::Error(ERRCODE_INVALID_PARAMETER_VALUE, "\"" + zone + "\" is no time zone", "",
		                "Time zones are named as in pg_timezone_names, such as Europe/Berlin.");
	session_timezone = found;
}

TimeZoneScope::~TimeZoneScope() { session_timezone = before_; }

definition::Duration duration_of(const Value &value, const char *field) {
	std::optional<definition::Duration> duration;
	if (value.is_number() || value.is_string()) duration = definition::parse_duration(value.as_text());
	if (!duration)
		throw pg::Error(ERRCODE_INVALID_PARAMETER_VALUE,
		                "\"" + value.as_text() + "\" is no length of time, in \"" + field + "\"", "",
		                "Write one as \"3 days\", \"1 day 12:00\", \"90s\" or a number of seconds.");
	return *duration;
}

TimestampTz later(TimestampTz from, const definition::Duration &duration) {
	Interval span{};
	span.month = duration.months;
	span.day = duration.days;
	span.time = duration.microseconds;
	return pg::call([&span, from] {
		return DatumGetTimestampTz(DirectFunctionCall2(timestamptz_pl_interval, TimestampTzGetDatum(from),
		                                               IntervalPGetDatum(&span)));
	});
}

TimestampTz timestamp_of(const std::string &text, const char *field) {
	TimestampTz at = 0;
	try {
		at = DatumGetTimestampTz(pg::input_datum(text, TIMESTAMPTZOID));
	} catch (const pg::Error &) {
		at = DT_NOBEGIN; // said below in words that name the field
	}
	if (TIMESTAMP_NOT_FINITE(at))
		throw pg::Error(ERRCODE_INVALID_DATETIME_FORMAT, "\"" + text + "\" is no time, in \"" + field + "\"",
		                "", "Write one as \"2026-03-01 10:00\" or \"2026-03-01T10:00:00Z\".");
	return at;
}

TimestampTz at_time_of_day(TimestampTz at, int minutes) {
	const Timestamp local = day_of(local_time(at)) * USECS_PER_DAY + minutes * USECS_PER_MINUTE;
	return pg::call([local] {
		return DatumGetTimestampTz(DirectFunctionCall1(timestamp_timestamptz, TimestampGetDatum(local)));
	});
}

int minutes_of_day(const std::string &text, const char *field) {
	int parts[2] = {0, 0};
	std::size_t at = 0;
	int digits = 0;
	bool good = true;
	for (const char c : text) {
		if (c == ':' && at == 0 && digits > 0) {
			at = 1;
			digits = 0;
		} else if (c >= '0' && c <= '9' && ++digits <= 2) {
			parts[at] = parts[at] * 10 + (c - '0');
		} else {
			good = false;
		}
	}
	if (!good || at != 1 || digits != 2 || parts[0] > 23 || parts[1] > 59)
		throw pg::Error(ERRCODE_INVALID_DATETIME_FORMAT,
		                "\"" + text + "\" is no time of day, in \"" + field + "\"", "",
		                "Write one as \"09:00\".");
	return parts[0] * 60 + parts[1];
}

int weekday(TimestampTz at) {
	const std::int64_t day = (day_of(local_time(at)) + 6) % 7;
	return static_cast<int>(day < 0 ? day + 7 : day);
}

std::int64_t unix_microseconds(TimestampTz at) {
	return at + (std::int64_t{POSTGRES_EPOCH_JDATE} - UNIX_EPOCH_JDATE) * USECS_PER_DAY;
}

} // namespace playbook::step
