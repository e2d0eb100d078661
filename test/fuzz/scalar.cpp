// Small texts with a grammar of their own: durations, times, decimal numbers, mail addresses.
#include "definition/duration.hpp"
#include "expression/decimal.hpp"
#include "expression/timestamp.hpp"
#include "property.hpp"
#include "step/calendar.hpp"

using namespace playbook;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
	const std::string_view text = fuzz::text_of(data, size);
	if (const auto duration = definition::parse_duration(text)) {
		fuzz::require(definition::parse_duration(definition::to_text(*duration)) == duration,
		              "a duration reads as it was written");
		(void) duration->approximate_microseconds();
		(void) duration->is_negative();
	}
	if (const auto time = expression::Timestamp::parse(text)) {
		const auto again = expression::Timestamp::parse(time->to_text());
		fuzz::require(again && again->kind == time->kind && again->microseconds == time->microseconds,
		              "a time reads as it was written");
		(void) time->day();
		(void) time->plus(1, -31, 86400000001);
		(void) time->plus(INT64_MAX, INT64_MIN, INT64_MAX);
	}
	const auto decimal = expression::Decimal::parse(text);
	const auto zero = expression::Decimal::parse("-0e3");
	fuzz::require(zero->is_zero() && (!decimal || decimal->is_zero() == (*decimal == *zero)), "zero is zero");
	fuzz::require(!decimal || (*decimal <=> *decimal) == 0, "a number equals itself");

	if (!fuzz::is_server_text(text)) return 0;
	for (const std::string &part : step::split_mail_addresses(text)) {
		const auto address = step::parse_mail_address(part);
		if (!address) continue;
		fuzz::require(address->text().find_first_of("\r\n") == std::string::npos,
		              "an address cannot begin another header");
		fuzz::require(step::parse_mail_address(address->text()) == address,
		              "an address reads as it was written");
	}
	fuzz::require(step::single_line(text).find_first_of("\r\n") == std::string::npos, "one line is one line");
	return 0;
}
