#include "expression/locale.hpp"

#include <chrono>
#include <map>

#include <unicode/ubrk.h>
#include <unicode/ucal.h>
#include <unicode/udat.h>
#include <unicode/uloc.h>
#include <unicode/unum.h>
#include <unicode/unumberformatter.h>
#include <unicode/upluralrules.h>
#include <unicode/ustring.h>

#include "expression/template.hpp"

namespace playbook::expression {
namespace {

template <auto close> struct Closer {
	template <typename T> void operator()(T *object) const { close(object); }
};
template <typename T, auto close> using Handle = std::unique_ptr<T, Closer<close>>;

using Calendar = Handle<UCalendar, ucal_close>;
using DateFormat = Handle<UDateFormat, udat_close>;
using NumberFormat = Handle<UNumberFormat, unum_close>;
using NumberFormatter = Handle<UNumberFormatter, unumf_close>;
using NumberResult = Handle<UFormattedNumber, unumf_closeResult>;
using PluralRules = Handle<UPluralRules, uplrules_close>;
using BreakIterator = Handle<UBreakIterator, ubrk_close>;

void check(UErrorCode status, const char *what) {
	if (U_FAILURE(status)) throw TemplateError(std::string("cannot ") + what + ": " + u_errorName(status));
}

std::u16string to_utf16(std::string_view text) {
	if (text.size() > std::size_t{1} << 28) throw TemplateError("text is too long to be formatted");
	std::u16string out(text.size(), u'\0'); // UTF-16 never has more units than UTF-8 has bytes
	std::int32_t length = 0;
	UErrorCode status = U_ZERO_ERROR;
	// Bytes that are not UTF-8 become U+FFFD.
	u_strFromUTF8WithSub(out.data(), static_cast<std::int32_t>(out.size()), &length, text.data(),
	                     static_cast<std::int32_t>(text.size()), 0xFFFD, nullptr, &status);
	if (status == U_STRING_NOT_TERMINATED_WARNING) status = U_ZERO_ERROR;
	check(status, "read a text");
	out.resize(static_cast<std::size_t>(length));
	return out;
}

std::string to_utf8(std::u16string_view text) {
	std::string out(text.size() * 3, '\0');
	std::int32_t length = 0;
	UErrorCode status = U_ZERO_ERROR;
	u_strToUTF8WithSub(out.data(), static_cast<std::int32_t>(out.size()), &length, text.data(),
	                   static_cast<std::int32_t>(text.size()), 0xFFFD, nullptr, &status);
	if (status == U_STRING_NOT_TERMINATED_WARNING) status = U_ZERO_ERROR;
	check(status, "write a text");
	out.resize(static_cast<std::size_t>(length));
	return out;
}

// Calls an ICU function that fills a buffer and says how much room it needs.
template <typename Fill> std::u16string filled(Fill &&fill, const char *what) {
	std::u16string buffer(128, u'\0');
	for (;;) {
		UErrorCode status = U_ZERO_ERROR;
		const std::int32_t length = fill(buffer.data(), static_cast<std::int32_t>(buffer.size()), &status);
		if (status == U_BUFFER_OVERFLOW_ERROR) {
			buffer.assign(static_cast<std::size_t>(length), u'\0');
			continue;
		}
		check(status, what);
		buffer.resize(static_cast<std::size_t>(length));
		return buffer;
	}
}

// "en_US.UTF-8" and "de-DE" are accepted; a name that ICU does not know would silently mean English.
std::string canonical_locale(const std::string &name) {
	char buffer[ULOC_FULLNAME_CAPACITY];
	UErrorCode status = U_ZERO_ERROR;
	const std::int32_t length = uloc_canonicalize(name.c_str(), buffer, sizeof buffer, &status);
	if (U_FAILURE(status) || length >= static_cast<std::int32_t>(sizeof buffer))
		throw TemplateError("unknown locale \"" + name + "\"");
	const std::string canonical(buffer, static_cast<std::size_t>(length));
	char language[ULOC_LANG_CAPACITY];
	status = U_ZERO_ERROR;
	uloc_getLanguage(canonical.c_str(), language, sizeof language, &status);
	// "C" and "POSIX" are canonicalized to a form of English.
	for (std::int32_t i = 0; U_SUCCESS(status) && i < uloc_countAvailable(); ++i) {
		const std::string_view available = uloc_getAvailable(i);
		if (available == language) return canonical;
	}
	throw TemplateError("unknown locale \"" + name + "\"");
}

double to_milliseconds(std::int64_t microseconds) {
	std::int64_t milliseconds = microseconds / 1000;
	if (microseconds % 1000 < 0) --milliseconds;
	return static_cast<double>(milliseconds);
}

UDateFormatStyle date_style(Formatter::Style style) {
	switch (style) {
	case Formatter::Style::Short: return UDAT_SHORT;
	case Formatter::Style::Long: return UDAT_LONG;
	case Formatter::Style::Full: return UDAT_FULL;
	case Formatter::Style::Time: return UDAT_NONE;
	default: return UDAT_MEDIUM;
	}
}

} // namespace

struct Formatter::Cache {
	std::map<std::string, std::string> locales;
	std::map<std::string, std::u16string> zones;
	std::map<std::string, Calendar> calendars;      // by zone
	std::map<std::string, DateFormat> dates;        // by zone, locale and pattern or style
	std::map<std::string, NumberFormatter> numbers; // by locale and skeleton
	std::map<std::string, NumberFormat> ordinals;   // by locale
	std::map<std::string, PluralRules> plurals;     // by locale

	const std::string &locale(const std::string &name) {
		std::string &known = locales[name];
		if (known.empty()) {
			locales.erase(name);
			return locales.emplace(name, canonical_locale(name)).first->second;
		}
		return known;
	}

	const std::u16string &zone(const std::string &name) {
		const auto found = zones.find(name);
		if (found != zones.end()) return found->second;
		const std::u16string wide = to_utf16(name);
		UChar canonical[128];
		UErrorCode status = U_ZERO_ERROR;
		UBool is_system = false;
		ucal_getCanonicalTimeZoneID(wide.data(), static_cast<std::int32_t>(wide.size()), canonical, 128,
		                            &is_system, &status);
		if (U_FAILURE(status) || !is_system) throw TemplateError("unknown time zone \"" + name + "\"");
		return zones.emplace(name, wide).first->second;
	}

	UCalendar *calendar(const std::string &zone_name) {
		Calendar &known = calendars[zone_name];
		if (!known) {
			const std::u16string &id = zone(zone_name);
			UErrorCode status = U_ZERO_ERROR;
			known.reset(
			    ucal_open(id.data(), static_cast<std::int32_t>(id.size()), "en_US", UCAL_GREGORIAN, &status));
			// PostgreSQL counts by the Gregorian calendar before 1582 too.
			ucal_setGregorianChange(known.get(), -1e18, &status);
			check(status, "open a calendar");
		}
		return known.get();
	}

	UDateFormat *date(const std::string &zone_name, const std::string &locale_name, const std::string &key,
	                  UDateFormatStyle time, UDateFormatStyle day, const std::string &pattern) {
		DateFormat &known = dates[zone_name + '\n' + locale_name + '\n' + key];
		if (!known) {
			const std::u16string &id = zone(zone_name);
			const std::u16string wide = to_utf16(pattern);
			UErrorCode status = U_ZERO_ERROR;
			known.reset(udat_open(time, day, locale(locale_name).c_str(), id.data(),
			                      static_cast<std::int32_t>(id.size()), wide.data(),
			                      static_cast<std::int32_t>(wide.size()), &status));
			check(status, "read a date format");
			UCalendar *calendar =
			    const_cast<UCalendar *>(static_cast<const UCalendar *>(udat_getCalendar(known.get())));
			ucal_setGregorianChange(calendar, -1e18, &status);
			// A locale with another calendar (th_TH) has no such change; nothing to do then.
		}
		return known.get();
	}
};

Formatter::Formatter() : cache_(std::make_unique<Cache>()) {}
Formatter::~Formatter() = default;

std::string Formatter::upper(std::string_view text, const std::string &locale) {
	const std::u16string wide = to_utf16(text);
	const std::string &name = cache_->locale(locale);
	return to_utf8(filled(
	    [&](UChar *out, std::int32_t room, UErrorCode *status) {
		    return u_strToUpper(out, room, wide.data(), static_cast<std::int32_t>(wide.size()), name.c_str(),
		                        status);
	    },
	    "write a text in capitals"));
}

std::string Formatter::lower(std::string_view text, const std::string &locale) {
	const std::u16string wide = to_utf16(text);
	const std::string &name = cache_->locale(locale);
	return to_utf8(filled(
	    [&](UChar *out, std::int32_t room, UErrorCode *status) {
		    return u_strToLower(out, room, wide.data(), static_cast<std::int32_t>(wide.size()), name.c_str(),
		                        status);
	    },
	    "write a text in small letters"));
}

std::string Formatter::title(std::string_view text, const std::string &locale) {
	const std::u16string wide = to_utf16(text);
	const std::string &name = cache_->locale(locale);
	return to_utf8(filled(
	    [&](UChar *out, std::int32_t room, UErrorCode *status) {
		    return u_strToTitle(out, room, wide.data(), static_cast<std::int32_t>(wide.size()), nullptr,
		                        name.c_str(), status);
	    },
	    "capitalize a text"));
}

std::string Formatter::truncate(std::string_view text, std::size_t most, std::string_view ending) {
	const auto boundaries = [](const std::u16string &wide, std::size_t limit) {
		UErrorCode status = U_ZERO_ERROR;
		const BreakIterator characters(
		    ubrk_open(UBRK_CHARACTER, "en_US", wide.data(), static_cast<std::int32_t>(wide.size()), &status));
		check(status, "find the characters of a text");
		std::vector<std::size_t> ends;
		std::int32_t end = 0;
		while (ends.size() <= limit && (end = ubrk_next(characters.get())) != UBRK_DONE)
			ends.push_back(static_cast<std::size_t>(end));
		return ends;
	};
	const std::u16string wide = to_utf16(text), tail = to_utf16(ending);
	const std::vector<std::size_t> ends = boundaries(wide, most);
	if (ends.size() <= most) return std::string(text);
	const std::vector<std::size_t> tail_ends = boundaries(tail, most);
	// An ending that does not fit is cut itself.
	if (tail_ends.size() >= most)
		return to_utf8(std::u16string_view(tail).substr(0, most == 0 ? 0 : tail_ends[most - 1]));
	const std::size_t kept = most - tail_ends.size();
	return to_utf8(std::u16string_view(wide).substr(0, ends[kept - 1])) + std::string(ending);
}

std::string Formatter::number(const std::string &decimal, const std::string &skeleton,
                              const std::string &locale) {
	UErrorCode status = U_ZERO_ERROR;
	NumberFormatter &known = cache_->numbers[locale + '\n' + skeleton];
	if (!known) {
		const std::u16string wide = to_utf16(skeleton);
		const std::string &name = cache_->locale(locale);
		known.reset(unumf_openForSkeletonAndLocale(wide.data(), static_cast<std::int32_t>(wide.size()),
		                                           name.c_str(), &status));
		check(status, "read a number format");
	}
	const NumberResult result(unumf_openResult(&status));
	check(status, "format a number");
	unumf_formatDecimal(known.get(), decimal.data(), static_cast<std::int32_t>(decimal.size()), result.get(),
	                    &status);
	check(status, "format a number");
	return to_utf8(
	    filled([&](UChar *out, std::int32_t room,
	               UErrorCode *failure) { return unumf_resultToString(result.get(), out, room, failure); },
	           "format a number"));
}

std::string Formatter::plural_form(double number, const std::string &locale) {
	PluralRules &known = cache_->plurals[locale];
	if (!known) {
		UErrorCode status = U_ZERO_ERROR;
		known.reset(uplrules_open(cache_->locale(locale).c_str(), &status));
		check(status, "find the plural rules");
	}
	return to_utf8(
	    filled([&](UChar *out, std::int32_t room,
	               UErrorCode *status) { return uplrules_select(known.get(), number, out, room, status); },
	           "choose a plural form"));
}

std::string Formatter::date(std::int64_t microseconds, const std::string &pattern, const std::string &zone,
                            const std::string &locale) {
	const UDateFormat *format = cache_->date(zone, locale, pattern, UDAT_PATTERN, UDAT_PATTERN, pattern);
	return to_utf8(filled(
	    [&](UChar *out, std::int32_t room, UErrorCode *status) {
		    return udat_format(format, to_milliseconds(microseconds), out, room, nullptr, status);
	    },
	    "format a date"));
}

std::string Formatter::date(std::int64_t microseconds, Style style, const std::string &zone,
                            const std::string &locale) {
	const bool with_time = style == Style::DateTime || style == Style::Time;
	const std::string key = "\x01" + std::to_string(static_cast<int>(style)); // no pattern begins with that
	const UDateFormat *format =
	    cache_->date(zone, locale, key, with_time ? UDAT_SHORT : UDAT_NONE, date_style(style), "");
	return to_utf8(filled(
	    [&](UChar *out, std::int32_t room, UErrorCode *status) {
		    return udat_format(format, to_milliseconds(microseconds), out, room, nullptr, status);
	    },
	    "format a date"));
}

std::string Formatter::ordinal(int number, const std::string &locale) {
	NumberFormat &known = cache_->ordinals[locale];
	if (!known) {
		UErrorCode status = U_ZERO_ERROR;
		known.reset(unum_open(UNUM_ORDINAL, nullptr, 0, cache_->locale(locale).c_str(), nullptr, &status));
		check(status, "find the ordinal numbers");
	}
	return to_utf8(filled(
	    [&](UChar *out, std::int32_t room, UErrorCode *status) {
		    return unum_format(known.get(), number, out, room, nullptr, status);
	    },
	    "format an ordinal number"));
}

std::int64_t Formatter::to_local(std::int64_t instant, const std::string &zone) {
	UCalendar *calendar = cache_->calendar(zone);
	UErrorCode status = U_ZERO_ERROR;
	ucal_setMillis(calendar, to_milliseconds(instant), &status);
	const std::int64_t offset = ucal_get(calendar, UCAL_ZONE_OFFSET, &status) +
	                            std::int64_t{ucal_get(calendar, UCAL_DST_OFFSET, &status)};
	check(status, "convert a time");
	return instant + offset * 1000;
}

std::int64_t Formatter::to_instant(std::int64_t local, const std::string &zone) {
	using namespace std::chrono;
	const microseconds since_epoch(local);
	const auto day = floor<days>(since_epoch);
	const year_month_day date{sys_days(day)};
	const microseconds clock = since_epoch - day;
	const auto seconds = floor<std::chrono::seconds>(clock);
	UCalendar *calendar = cache_->calendar(zone);
	UErrorCode status = U_ZERO_ERROR;
	ucal_clear(calendar);
	ucal_set(calendar, UCAL_EXTENDED_YEAR, static_cast<int>(date.year()));
	ucal_set(calendar, UCAL_MONTH, static_cast<std::int32_t>(static_cast<unsigned>(date.month())) - 1);
	ucal_set(calendar, UCAL_DATE, static_cast<std::int32_t>(static_cast<unsigned>(date.day())));
	ucal_set(calendar, UCAL_MILLISECONDS_IN_DAY,
	         static_cast<std::int32_t>(duration_cast<milliseconds>(seconds).count()));
	const double milliseconds_since = ucal_getMillis(calendar, &status);
	check(status, "convert a time");
	return static_cast<std::int64_t>(milliseconds_since) * 1000 + (clock - seconds).count();
}

} // namespace playbook::expression
