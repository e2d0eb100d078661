#include "definition/duration.hpp"

#include <cstdio>
#include <cstdlib>

namespace playbook::definition {
namespace {

constexpr std::int64_t second = 1000000;
constexpr std::int64_t day = 86400 * second;
constexpr int max_digits = 12;                          // before or after the point
constexpr __int128 max_total = __int128{3652500} * day; // ten thousand years

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

enum class Unit { Months, Days, Clock };

struct UnitWord {
	std::string_view word;
	Unit unit;
	std::int64_t factor; // months, days or microseconds
};

constexpr UnitWord unit_words[] = {
    {"y", Unit::Months, 12},
    {"yr", Unit::Months, 12},
    {"yrs", Unit::Months, 12},
    {"year", Unit::Months, 12},
    {"years", Unit::Months, 12},
    {"quarter", Unit::Months, 3},
    {"quarters", Unit::Months, 3},
    {"mon", Unit::Months, 1},
    {"mons", Unit::Months, 1},
    {"month", Unit::Months, 1},
    {"months", Unit::Months, 1},
    {"w", Unit::Days, 7},
    {"week", Unit::Days, 7},
    {"weeks", Unit::Days, 7},
    {"d", Unit::Days, 1},
    {"day", Unit::Days, 1},
    {"days", Unit::Days, 1},
    {"h", Unit::Clock, 3600 * second},
    {"hr", Unit::Clock, 3600 * second},
    {"hrs", Unit::Clock, 3600 * second},
    {"hour", Unit::Clock, 3600 * second},
    {"hours", Unit::Clock, 3600 * second},
    {"m", Unit::Clock, 60 * second},
    {"min", Unit::Clock, 60 * second},
    {"mins", Unit::Clock, 60 * second},
    {"minute", Unit::Clock, 60 * second},
    {"minutes", Unit::Clock, 60 * second},
    {"s", Unit::Clock, second},
    {"sec", Unit::Clock, second},
    {"secs", Unit::Clock, second},
    {"second", Unit::Clock, second},
    {"seconds", Unit::Clock, second},
    {"ms", Unit::Clock, 1000},
    {"millisecond", Unit::Clock, 1000},
    {"milliseconds", Unit::Clock, 1000},
    {"us", Unit::Clock, 1},
    {"microsecond", Unit::Clock, 1},
    {"microseconds", Unit::Clock, 1},
};

// A decimal number, kept as whole part and millionths so that 0.1 stays 0.1.
struct Amount {
	std::int64_t whole = 0;
	std::int64_t millionths = 0;
};

// The sum so far, wide enough that no single term can overflow it.
struct Sum {
	__int128 months = 0, days = 0, clock = 0;

	void add(const Amount &amount, Unit unit, std::int64_t factor, int sign) {
		const __int128 exact =
		    (__int128{amount.whole} * second + amount.millionths) * factor * sign; // in millionths
		switch (unit) {
		case Unit::Clock: clock += exact / second; break;
		case Unit::Days:
			days += exact / second;
			clock += exact % second * day / second;
			break;
		case Unit::Months: {
			months += exact / second;
			const __int128 rest =
			    exact % second * 30; // a fraction of a month counts thirty days to it, as in PostgreSQL
			days += rest / second;
			clock += rest % second * day / second;
			break;
		}
		}
	}

	std::optional<Duration> result() const {
		const __int128 total = (months * 30 + days) * day + clock;
		for (const __int128 part : {total, months * 30 * day, days * day, clock})
			if (part > max_total || part < -max_total) return std::nullopt;
		return Duration{static_cast<std::int32_t>(months), static_cast<std::int32_t>(days),
		                static_cast<std::int64_t>(clock)};
	}
};

class Reader {
public:
	explicit Reader(std::string_view text) : text_(text) {}

	std::optional<Duration> read() {
		skip_spaces();
		if (at_end()) return std::nullopt;
		std::size_t start = at_;
		int sign = read_sign();
		if (!at_end() && lower(text_[at_]) == 'p') return read_iso(sign);
		at_ = start;
		bool bare_number = false;
		int terms = 0;
		while (skip_spaces(), !at_end()) {
			sign = read_sign();
			skip_spaces();
			std::optional<Amount> amount = read_amount();
			if (!amount) return std::nullopt;
			++terms;
			if (!at_end() && text_[at_] == ':') {
				if (!read_clock(*amount, sign)) return std::nullopt;
				continue;
			}
			skip_spaces();
			if (at_end() || !is_letter(text_[at_])) {
				bare_number = true;
				sum_.add(*amount, Unit::Clock, second, sign);
				continue;
			}
			if (!read_unit(*amount, sign)) return std::nullopt;
		}
		if (bare_number && terms != 1) return std::nullopt; // "3 4 days" is nothing anyone means
		return sum_.result();
	}

private:
	bool at_end() const { return at_ >= text_.size(); }
	void skip_spaces() {
		while (!at_end() && is_space(text_[at_])) ++at_;
	}
	int read_sign() {
		if (at_end() || (text_[at_] != '-' && text_[at_] != '+')) return 1;
		return text_[at_++] == '-' ? -1 : 1;
	}

	std::optional<Amount> read_amount() {
		Amount amount;
		int digits = 0;
		for (; !at_end() && is_digit(text_[at_]); ++at_, ++digits) {
			if (digits == max_digits) return std::nullopt;
			amount.whole = amount.whole * 10 + (text_[at_] - '0');
		}
		if (at_end() || text_[at_] != '.') return digits > 0 ? std::optional(amount) : std::nullopt;
		++at_;
		std::int64_t scale = second / 10;
		int decimals = 0;
		for (; !at_end() && is_digit(text_[at_]); ++at_, ++decimals, scale /= 10) {
			if (decimals == max_digits) return std::nullopt;
			amount.millionths += (text_[at_] - '0') * scale;
		}
		return digits + decimals > 0 ? std::optional(amount) : std::nullopt;
	}

	bool read_unit(const Amount &amount, int sign) {
		std::string word;
		while (!at_end() && is_letter(text_[at_]) && word.size() < 16) word += lower(text_[at_++]);
		for (const UnitWord &entry : unit_words)
			if (entry.word == word) {
				sum_.add(amount, entry.unit, entry.factor, sign);
				return true;
			}
		return false;
	}

	// "12:00" or "04:05:06.5"; the hours were read already.
	bool read_clock(const Amount &hours, int sign) {
		if (hours.millionths != 0) return false;
		++at_;
		const std::optional<Amount> minutes = read_amount();
		if (!minutes || minutes->whole > 59 || minutes->millionths != 0) return false;
		Amount seconds;
		if (!at_end() && text_[at_] == ':') {
			++at_;
			const std::optional<Amount> read = read_amount();
			if (!read || read->whole > 59) return false;
			seconds = *read;
		}
		sum_.add(hours, Unit::Clock, 3600 * second, sign);
		sum_.add(*minutes, Unit::Clock, 60 * second, sign);
		sum_.add(seconds, Unit::Clock, second, sign);
		return true;
	}

	// ISO 8601: P1Y2M3W4DT5H6M7.5S.
	std::optional<Duration> read_iso(int sign) {
		++at_;
		bool clock_part = false;
		int terms = 0;
		while (!at_end()) {
			if (!clock_part && lower(text_[at_]) == 't') {
				clock_part = true;
				if (++at_ == text_.size()) return std::nullopt;
				continue;
			}
			const int own_sign = read_sign() * sign;
			const std::optional<Amount> amount = read_amount();
			if (!amount || at_end()) break;
			++terms;
			switch (const char unit = lower(text_[at_++]); clock_part ? unit : static_cast<char>(unit - 32)) {
			case 'Y': sum_.add(*amount, Unit::Months, 12, own_sign); break;
			case 'M': sum_.add(*amount, Unit::Months, 1, own_sign); break;
			case 'W': sum_.add(*amount, Unit::Days, 7, own_sign); break;
			case 'D': sum_.add(*amount, Unit::Days, 1, own_sign); break;
			case 'h': sum_.add(*amount, Unit::Clock, 3600 * second, own_sign); break;
			case 'm': sum_.add(*amount, Unit::Clock, 60 * second, own_sign); break;
			case 's': sum_.add(*amount, Unit::Clock, second, own_sign); break;
			default: return std::nullopt;
			}
		}
		skip_spaces();
		return at_end() && terms > 0 ? sum_.result() : std::nullopt;
	}

	const std::string_view text_;
	std::size_t at_ = 0;
	Sum sum_;
};

void append_term(std::string &out, std::int64_t amount, const char *one, const char *many) {
	if (amount == 0) return;
	if (!out.empty()) out += ' ';
	out += std::to_string(amount) + ' ' + (amount == 1 || amount == -1 ? one : many);
}

} // namespace

std::int64_t Duration::approximate_microseconds() const {
	const __int128 total = (__int128{months} * 30 + days) * day + microseconds;
	if (total > INT64_MAX) return INT64_MAX;
	if (total < INT64_MIN) return INT64_MIN;
	return static_cast<std::int64_t>(total);
}

bool Duration::is_negative() const { return approximate_microseconds() < 0; }

std::optional<Duration> parse_duration(std::string_view text) {
	if (text.size() > 200) return std::nullopt;
	return Reader(text).read();
}

std::string to_text(const Duration &duration) {
	std::string out;
	append_term(out, duration.months / 12, "year", "years");
	append_term(out, duration.months % 12, "mon", "mons");
	append_term(out, duration.days, "day", "days");
	if (duration.microseconds != 0 || out.empty()) {
		const bool negative = duration.microseconds < 0;
		const std::uint64_t total = negative ? 0 - static_cast<std::uint64_t>(duration.microseconds)
		                                     : static_cast<std::uint64_t>(duration.microseconds);
		const std::uint64_t seconds = total / second;
		char clock[64];
		std::snprintf(clock, sizeof clock, "%s%02llu:%02llu:%02llu", negative ? "-" : "",
		              static_cast<unsigned long long>(seconds / 3600),
		              static_cast<unsigned long long>(seconds / 60 % 60),
		              static_cast<unsigned long long>(seconds % 60));
		if (!out.empty()) out += ' ';
		out += clock;
		if (total % second != 0) {
			std::snprintf(clock, sizeof clock, ".%06llu", static_cast<unsigned long long>(total % second));
			out += clock;
			while (out.back() == '0') out.pop_back();
		}
	}
	return out;
}

} // namespace playbook::definition
