// Numbers, dates and letters as a locale writes them, and time zones: everything that needs ICU, behind one
// class.
//
// Keeps the ICU objects it opened, since opening one costs far more than using it. One object serves one
// rendering.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace playbook::expression {

class Formatter {
public:
	Formatter();
	~Formatter();
	Formatter(const Formatter &) = delete;
	Formatter &operator=(const Formatter &) = delete;

	std::string upper(std::string_view text, const std::string &locale);
	std::string lower(std::string_view text, const std::string &locale);
	std::string title(std::string_view text, const std::string &locale);
	// At most `most` characters as a reader counts them (letter with accents: one), the ending included.
	std::string truncate(std::string_view text, std::size_t most, std::string_view ending);

	// `skeleton` in ICU's language of number skeletons, e.g. "currency/EUR .00".
	std::string number(const std::string &decimal, const std::string &skeleton, const std::string &locale);
	// "one", "few", "many", "other" …: which form of a word goes with that number.
	std::string plural_form(double number, const std::string &locale);

	// An instant (microseconds since the epoch) as `pattern` of ICU in that zone; "UTC" for local times.
	std::string date(std::int64_t microseconds, const std::string &pattern, const std::string &zone,
	                 const std::string &locale);
	enum class Style { Short, Medium, Long, Full, DateTime, Time };
	std::string date(std::int64_t microseconds, Style style, const std::string &zone,
	                 const std::string &locale);
	// "5th", "5.", "5º"
	std::string ordinal(int number, const std::string &locale);

	// Between an instant and the clock on the wall of a zone; a time that a change of clocks skips is moved
	// forward.
	std::int64_t to_local(std::int64_t instant, const std::string &zone);
	std::int64_t to_instant(std::int64_t local, const std::string &zone);

private:
	struct Cache;
	const std::unique_ptr<Cache> cache_;
};

} // namespace playbook::expression
