#include "expression/timestamp.hpp"

#include <chrono>
#include <cstdio>

namespace playbook::expression {
namespace {

using namespace std::chrono;

class Reader {
public:
	explicit Reader(std::string_view text) : text_(text) {}
	bool at_end() const { return at_ == text_.size(); }
	bool take(char c) {
		if (at_ >= text_.size() || text_[at_] != c) return false;
		++at_;
		return true;
	}
	// Exactly that many digits.
	std::optional<int> digits(int count) {
		int value = 0;
		for (int i = 0; i < count; ++i, ++at_) {
			if (at_ >= text_.size() || text_[at_] < '0' || text_[at_] > '9') return std::nullopt;
			value = value * 10 + (text_[at_] - '0');
		}
		return value;
	}
	// The digits of a fraction of a second, as microseconds; what is finer is cut off.
	std::optional<std::int64_t> fraction() {
		std::int64_t value = 0;
		int count = 0;
		for (; at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9'; ++at_, ++count)
			if (count < 6) value = value * 10 + (text_[at_] - '0');
		if (count == 0) return std::nullopt;
		for (; count < 6; ++count) value *= 10;
		return value;
	}

private:
	const std::string_view text_;
	std::size_t at_ = 0;
};

std::optional<year_month_day> read_date(Reader &reader) {
	const auto year_digits = reader.digits(4);
	if (!year_digits || !reader.take('-')) return std::nullopt;
	const auto month_digits = reader.digits(2);
	if (!month_digits || !reader.take('-')) return std::nullopt;
	const auto day_digits = reader.digits(2);
	if (!day_digits) return std::nullopt;
	const year_month_day date{year(*year_digits), month(static_cast<unsigned>(*month_digits)),
	                          std::chrono::day(static_cast<unsigned>(*day_digits))};
	if (!date.ok() || *year_digits == 0) return std::nullopt;
	return date;
}

std::optional<std::int64_t> read_clock(Reader &reader) {
	const auto hour = reader.digits(2);
	if (!hour || !reader.take(':')) return std::nullopt;
	const auto minute = reader.digits(2);
	if (!minute) return std::nullopt;
	std::int64_t second = 0, fraction = 0;
	if (reader.take(':')) {
		const auto read = reader.digits(2);
		if (!read) return std::nullopt;
		second = *read;
		if (reader.take('.')) {
			const auto part = reader.fraction();
			if (!part) return std::nullopt;
			fraction = *part;
		}
	}
	if (*hour > 24 || *minute > 59 || second > 60 || (*hour == 24 && (*minute > 0 || second > 0)))
		return std::nullopt;
	return ((*hour * 60 + *minute) * 60 + second) * 1000000 + fraction;
}

// "Z", "+00", "+05:30", "-03:30:52" in seconds.
std::optional<std::int64_t> read_offset(Reader &reader) {
	if (reader.take('Z')) return 0;
	const bool negative = reader.take('-');
	if (!negative && !reader.take('+')) return std::nullopt;
	const auto hour = reader.digits(2);
	if (!hour) return std::nullopt;
	std::int64_t seconds = *hour * 3600;
	if (reader.take(':') || !reader.at_end()) {
		const auto minute = reader.digits(2);
		if (!minute) return std::nullopt;
		seconds += *minute * 60;
		if (reader.take(':')) {
			const auto second = reader.digits(2);
			if (!second) return std::nullopt;
			seconds += *second;
		}
	}
	return negative ? -seconds : seconds;
}

} // namespace

std::optional<Timestamp> Timestamp::parse(std::string_view text) {
	Reader reader(text);
	const auto date = read_date(reader);
	if (!date) return std::nullopt;
	Timestamp result;
	result.microseconds =
	    duration_cast<std::chrono::microseconds>(sys_days(*date).time_since_epoch()).count();
	if (reader.at_end()) return result;
	if (!reader.take('T') && !reader.take(' ')) return std::nullopt;
	const auto clock = read_clock(reader);
	if (!clock) return std::nullopt;
	result.kind = Kind::Local;
	result.microseconds += *clock;
	if (reader.at_end()) return result;
	const auto offset = read_offset(reader);
	if (!offset || !reader.at_end()) return std::nullopt;
	result.kind = Kind::Instant;
	result.microseconds -= *offset * 1000000;
	return result;
}

std::int64_t Timestamp::day() const { return floor<days>(std::chrono::microseconds(microseconds)).count(); }

std::string Timestamp::to_text() const {
	const std::int64_t days_since = day();
	const year_month_day date{sys_days(days(days_since))};
	char buffer[64];
	std::snprintf(buffer, sizeof buffer, "%04d-%02u-%02u", static_cast<int>(date.year()),
	              static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
	std::string out = buffer;
	if (kind == Kind::Date) return out;
	const std::int64_t clock = microseconds - days_since * 86400000000;
	const auto second = static_cast<int>(clock / 1000000);
	std::snprintf(buffer, sizeof buffer, "T%02d:%02d:%02d", second / 3600, second / 60 % 60, second % 60);
	out += buffer;
	if (const auto fraction = static_cast<int>(clock % 1000000)) {
		std::snprintf(buffer, sizeof buffer, ".%06d", fraction);
		out += buffer;
		out.erase(out.find_last_not_of('0') + 1);
	}
	return kind == Kind::Instant ? out + "+00:00" : out;
}

std::optional<Timestamp> Timestamp::plus(std::int64_t months_more, std::int64_t days_more,
                                         std::int64_t microseconds_more) const {
	constexpr std::int64_t most_months = 9999 * 12, most_days = 9999 * 366;
	constexpr std::int64_t most_microseconds = most_days * 86400000000;
	if (months_more > most_months || months_more < -most_months || days_more > most_days ||
	    days_more < -most_days || microseconds_more > most_microseconds ||
	    microseconds_more < -most_microseconds)
		return std::nullopt;
	const std::int64_t days_since = day();
	year_month_day date{sys_days(days(days_since))};
	date += months(months_more);
	if (!date.ok()) date = date.year() / date.month() / last;
	Timestamp result = *this;
	result.microseconds = (sys_days(date).time_since_epoch().count() + days_more) * 86400000000 +
	                      (microseconds - days_since * 86400000000) + microseconds_more;
	const year_month_day end{sys_days(days(result.day()))};
	if (end.year() < year(1) || end.year() > year(9999)) return std::nullopt;
	return result;
}

} // namespace playbook::expression
