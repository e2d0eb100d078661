// Helpers for dates, numbers and money, as the locale and the time zone write them.
#include "expression/decimal.hpp"
#include "expression/locale.hpp"
#include "expression/template_helper.hpp"
#include "expression/timestamp.hpp"
#include "value/excerpt.hpp"

namespace playbook::expression {
namespace {

Operand text(std::string value) { return Operand::own(Value(std::move(value))); }

std::string setting(const HelperCall &call, const char *name, const std::string &otherwise) {
	const Operand named = call.named(name);
	return named.is_nothing() ? otherwise : script_text(named);
}
std::string locale_of(const HelperCall &call) { return setting(call, "locale", call.options.locale); }
std::string zone_of(const HelperCall &call) { return setting(call, "zone", call.options.time_zone); }

bool is_blank(const Operand &operand) {
	return operand.is_nothing() || (operand.get()->is_string() && operand.get()->string().empty());
}

Timestamp read(const HelperCall &call, std::size_t index) {
	const Operand given = call[index];
	if (!is_blank(given) && given.get()->is_string())
		if (const std::optional<Timestamp> read = Timestamp::parse(given.get()->string())) return *read;
	const std::string shown = excerpt(script_text(given), 40);
	call.fail("\"" + shown + "\" is no date; it needs the form 2026-03-05 or 2026-03-05T10:00:00Z");
}

// The clock on the wall of the zone.
Timestamp to_local(const HelperCall &call, Timestamp time) {
	if (time.kind != Timestamp::Kind::Instant) return time;
	return {Timestamp::Kind::Local, call.formatter.to_local(time.microseconds, zone_of(call))};
}

Timestamp present(const HelperCall &call) {
	return {Timestamp::Kind::Instant, call.options.now_microseconds};
}

// ---- dates ------------------------------------------------------------------------------------------------

// Translates the tokens of date formats (D MMMM YYYY) into ICU's pattern letters. Ordinal days and small
// am/pm have no letter there and are put in as quoted text.
class PatternWriter {
public:
	PatternWriter(const HelperCall &call, Timestamp time, std::string zone, std::string locale)
	    : call_(call), time_(time), zone_(std::move(zone)), locale_(std::move(locale)) {}

	std::string write(std::string_view format) {
		while (!format.empty()) {
			if (format.front() == '[') {
				const std::size_t close = format.find(']');
				if (close == std::string_view::npos)
					call_.fail("\"[\" in the date format is not closed by \"]\"");
				literal(format.substr(1, close - 1));
				format.remove_prefix(close + 1);
			} else if (!token(format)) {
				const char c = format.front();
				if (((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) && c != 'T')
					call_.fail("unknown token at \"" + excerpt(format, 20) +
					           "\" in the date format; put words in brackets, as in D MMMM [at] HH:mm");
				literal(format.substr(0, 1));
				format.remove_prefix(1);
			}
		}
		flush();
		return std::move(pattern_);
	}

private:
	bool token(std::string_view &format) {
		static constexpr std::pair<std::string_view, std::string_view> tokens[] = {
		    {"YYYY", "yyyy"}, {"YY", "yy"}, {"MMMM", "MMMM"}, {"MMM", "MMM"}, {"MM", "MM"},
		    {"M", "M"},       {"Do", ""},   {"DD", "dd"},     {"D", "d"},     {"dddd", "EEEE"},
		    {"ddd", "EEE"},   {"HH", "HH"}, {"H", "H"},       {"hh", "hh"},   {"h", "h"},
		    {"mm", "mm"},     {"m", "m"},   {"ss", "ss"},     {"s", "s"},     {"SSS", "SSS"},
		    {"A", "a"},       {"a", ""},    {"ZZ", "xx"},     {"Z", "xxx"},   {"z", "zzz"},
		    {"Q", "Q"}};
		for (const auto &[name, letters] : tokens) {
			if (format.substr(0, name.size()) != name) continue;
			if (name == "Do")
				literal(call_.formatter.ordinal(
				    std::stoi(call_.formatter.date(time_.microseconds, "d", zone_, "en_US")), locale_));
			else if (name == "a")
				literal(call_.formatter.lower(call_.formatter.date(time_.microseconds, "a", zone_, locale_),
				                              locale_));
			else
				letters_of(letters);
			format.remove_prefix(name.size());
			return true;
		}
		return false;
	}
	void letters_of(std::string_view letters) {
		flush();
		// "MMM" followed by "M" would read as "MMMM": an empty literal cannot part them in ICU, a format
		// never needs to.
		if (!pattern_.empty() && pattern_.back() == letters.front())
			call_.fail("two date tokens of the same kind stand together");
		pattern_ += letters;
	}
	void literal(std::string_view part) { pending_ += part; }
	void flush() {
		if (pending_.empty()) return;
		pattern_ += '\'';
		for (const char c : pending_) {
			if (c == '\'') pattern_ += '\'';
			pattern_ += c;
		}
		pattern_ += '\'';
		pending_.clear();
	}

	const HelperCall &call_;
	const Timestamp time_;
	const std::string zone_, locale_;
	std::string pattern_, pending_;
};

Operand date(const HelperCall &call) {
	if (is_blank(call[0])) return text("");
	Timestamp time = read(call, 0);
	const std::string locale = locale_of(call);
	std::string zone = zone_of(call);
	// A day has no zone; a clock on the wall is read in the zone, so that its offset and name can be printed.
	if (time.kind == Timestamp::Kind::Date) zone = "UTC";
	if (time.kind == Timestamp::Kind::Local)
		time.microseconds = call.formatter.to_instant(time.microseconds, zone);
	const std::string format = call.size() > 1 ? call.text(1) : "long";
	using Style = Formatter::Style;
	static constexpr std::pair<std::string_view, Style> styles[] = {
	    {"short", Style::Short}, {"medium", Style::Medium},     {"long", Style::Long},
	    {"full", Style::Full},   {"datetime", Style::DateTime}, {"time", Style::Time}};
	for (const auto &[name, style] : styles)
		if (format == name) return text(call.formatter.date(time.microseconds, style, zone, locale));
	if (format.size() > 200) call.fail("the date format is longer than 200 bytes");
	const std::string pattern = PatternWriter(call, time, zone, locale).write(format);
	return text(call.formatter.date(time.microseconds, pattern, zone, locale));
}

// Days and months are those of the calendar in the zone; hours are hours.
Operand add(const HelperCall &call, std::int64_t months, std::int64_t days, std::int64_t hours) {
	if (is_blank(call[0])) return text("");
	const Timestamp time = read(call, 0);
	const std::int64_t count = call.integer(call[1], "the amount");
	constexpr std::int64_t most = 100000000;
	if (count > most || count < -most) call.fail("the amount must be between -100000000 and 100000000");
	const bool instant = time.kind == Timestamp::Kind::Instant;
	Timestamp start = time;
	if (hours != 0 && time.kind == Timestamp::Kind::Date) start.kind = Timestamp::Kind::Local;
	if (hours == 0) start = to_local(call, start);
	std::optional<Timestamp> end = start.plus(months * count, days * count, hours * count * 3600000000);
	if (!end) call.fail("the date is beyond the years 1 to 9999");
	if (instant && hours == 0)
		end = Timestamp{time.kind, call.formatter.to_instant(end->microseconds, zone_of(call))};
	return text(end->to_text());
}
Operand add_hours(const HelperCall &call) { return add(call, 0, 0, 1); }
Operand add_days(const HelperCall &call) { return add(call, 0, 1, 0); }
Operand add_weeks(const HelperCall &call) { return add(call, 0, 7, 0); }
Operand add_months(const HelperCall &call) { return add(call, 1, 0, 0); }
Operand add_years(const HelperCall &call) { return add(call, 12, 0, 0); }

std::int64_t day_of(const HelperCall &call, Timestamp time) { return to_local(call, time).day(); }

Operand days_until(const HelperCall &call) {
	if (is_blank(call[0])) return text("");
	return Operand::own(Value(day_of(call, read(call, 0)) - day_of(call, present(call))));
}
Operand days_since(const HelperCall &call) {
	if (is_blank(call[0])) return text("");
	return Operand::own(Value(day_of(call, present(call)) - day_of(call, read(call, 0))));
}
Operand days_between(const HelperCall &call) {
	if (is_blank(call[0]) || is_blank(call[1])) return text("");
	return Operand::own(Value(day_of(call, read(call, 1)) - day_of(call, read(call, 0))));
}
Operand now(const HelperCall &call) { return text(present(call).to_text()); }
Operand today(const HelperCall &call) {
	return text(Timestamp{Timestamp::Kind::Date, day_of(call, present(call)) * 86400000000}.to_text());
}

// ---- numbers ----------------------------------------------------------------------------------------------

// "" for the locale's own way; else exactly that many decimals.
std::string decimals(const HelperCall &call, const Operand &given, const std::string &otherwise) {
	if (given.is_nothing()) return otherwise;
	const std::int64_t count = call.integer(given, "the number of decimals");
	if (count < 0 || count > 20) call.fail("the number of decimals must be between 0 and 20");
	return count == 0 ? " precision-integer" : " ." + std::string(static_cast<std::size_t>(count), '0');
}

Operand formatted(const HelperCall &call, const std::string &skeleton) {
	const std::string decimal = call.decimal(call[0], "the value");
	return text(call.formatter.number(decimal, skeleton + " rounding-mode-half-up", locale_of(call)));
}

bool wants_compact(const HelperCall &call) { return is_truthy(call.named("compact")); }

Operand number(const HelperCall &call) {
	if (is_blank(call[0])) return text("");
	if (wants_compact(call)) return formatted(call, "compact-short" + decimals(call, call[1], ""));
	return formatted(call, decimals(call, call[1], ".+"));
}

Operand money(const HelperCall &call) {
	if (is_blank(call[0])) return text("");
	std::string currency = call.size() > 1 && !call[1].is_nothing()
	                           ? call.text(1)
	                           : setting(call, "currency", call.options.currency);
	bool valid = currency.size() == 3;
	for (char &c : currency) {
		if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
		valid = valid && c >= 'A' && c <= 'Z';
	}
	if (!valid)
		call.fail("\"" + excerpt(currency, 20) +
		          "\" is no currency; write a code of three letters, such as EUR");
	const std::string compact = wants_compact(call) ? " compact-short" : "";
	return formatted(call, "currency/" + currency + compact + decimals(call, call.named("decimals"), ""));
}

// 0.25 is 25%.
Operand percent(const HelperCall &call) {
	if (is_blank(call[0])) return text("");
	return formatted(call, "percent scale/100" + decimals(call, call[1], " .#"));
}

// The form of a word that goes with a number; few, many, two and zero are for languages that have them.
Operand plural(const HelperCall &call) {
	if (is_blank(call[0])) return text("");
	const std::string decimal = call.decimal(call[0], "the number");
	const double count = Value(Number{decimal}).as_double().value_or(1e9);
	const std::string form = call.formatter.plural_form(count < 0 ? -count : count, locale_of(call));
	if (form == "one") return call[1];
	const Operand named = call.named(form);
	return named.is_nothing() ? call[2] : named;
}

} // namespace

std::span<const Helper> format_helpers() {
	static constexpr Helper table[] = {
	    {"date", 1, 2, "locale zone", false, date, "{{date customer.renewal_date \"D MMMM YYYY\"}}"},
	    {"add_hours", 2, 2, "zone", false, add_hours, "{{date (add_hours event.at 4) \"HH:mm\"}}"},
	    {"add_days", 2, 2, "zone", false, add_days, "{{date (add_days customer.renewal_date -30)}}"},
	    {"add_weeks", 2, 2, "zone", false, add_weeks, "{{date (add_weeks customer.renewal_date 2)}}"},
	    {"add_months", 2, 2, "zone", false, add_months, "{{date (add_months customer.renewal_date 1)}}"},
	    {"add_years", 2, 2, "zone", false, add_years, "{{date (add_years customer.renewal_date 1)}}"},
	    {"days_until", 1, 1, "zone", false, days_until, "{{days_until customer.renewal_date}}"},
	    {"days_since", 1, 1, "zone", false, days_since, "{{days_since customer.created_at}}"},
	    {"days_between", 2, 2, "zone", false, days_between,
	     "{{days_between customer.created_at customer.renewal_date}}"},
	    {"now", 0, 0, "", false, now, "{{date (now) \"HH:mm\"}}"},
	    {"today", 0, 0, "zone", false, today, "{{date (today) \"D MMMM\"}}"},
	    {"number", 1, 2, "locale compact", false, number, "{{number customer.seats}}"},
	    {"money", 1, 2, "locale currency decimals compact", false, money, "{{money customer.arr \"EUR\"}}"},
	    {"percent", 1, 2, "locale", false, percent, "{{percent customer.churn_rate 1}}"},
	    {"plural", 3, 3, "locale zero two few many", false, plural,
	     "{{customer.seats}} {{plural customer.seats \"seat\" \"seats\"}}"},
	};
	return table;
}

} // namespace playbook::expression
