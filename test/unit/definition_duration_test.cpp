#include <gtest/gtest.h>

#include "definition/duration.hpp"

namespace playbook::definition {
namespace {

constexpr std::int64_t second = 1000000;

TEST(Duration, ReadsWhatPeopleWrite) {
	EXPECT_EQ(parse_duration("3 days"), (Duration{0, 3, 0}));
	EXPECT_EQ(parse_duration("1 day 12:00"), (Duration{0, 1, 43200 * second}));
	EXPECT_EQ(parse_duration("90s"), (Duration{0, 0, 90 * second}));
	EXPECT_EQ(parse_duration("PT15M"), (Duration{0, 0, 900 * second}));
	EXPECT_EQ(parse_duration("-90 days"), (Duration{0, -90, 0}));
	EXPECT_EQ(parse_duration("2 weeks"), (Duration{0, 14, 0}));
	EXPECT_EQ(parse_duration("300"), (Duration{0, 0, 300 * second}));
	EXPECT_EQ(parse_duration("0"), Duration{});
	EXPECT_EQ(parse_duration("0.25"), (Duration{0, 0, second / 4}));
	EXPECT_EQ(parse_duration("1 Month 2 Days"), (Duration{1, 2, 0}));
	EXPECT_EQ(parse_duration("2 quarters"), (Duration{6, 0, 0}));
	EXPECT_EQ(parse_duration("1 mon 2 days 04:05:06.5"), (Duration{1, 2, 14706 * second + 500000}));
	EXPECT_EQ(parse_duration("1h30m"), (Duration{0, 0, 5400 * second}));
	EXPECT_EQ(parse_duration("-1 day +04:00"), (Duration{0, -1, 14400 * second}));
	EXPECT_EQ(parse_duration("  5 min  "), (Duration{0, 0, 300 * second}));
	EXPECT_EQ(parse_duration("250ms"), (Duration{0, 0, 250000}));
}

TEST(Duration, ReadsIso8601) {
	EXPECT_EQ(parse_duration("P1Y2M3W4DT5H6M7.5S"), (Duration{14, 25, 18367 * second + 500000}));
	EXPECT_EQ(parse_duration("p2d"), (Duration{0, 2, 0}));
	EXPECT_EQ(parse_duration("-P1D"), (Duration{0, -1, 0}));
	EXPECT_EQ(parse_duration("P1M"), (Duration{1, 0, 0}));
	EXPECT_EQ(parse_duration("PT1M"), (Duration{0, 0, 60 * second}));
}

TEST(Duration, SpreadsFractionsAsPostgresDoes) {
	EXPECT_EQ(parse_duration("1.5 days"), (Duration{0, 1, 43200 * second}));
	EXPECT_EQ(parse_duration("0.5 months"), (Duration{0, 15, 0}));
	EXPECT_EQ(parse_duration("1.5 years"), (Duration{18, 0, 0}));
	EXPECT_EQ(parse_duration("-1.5 weeks"), (Duration{0, -10, -43200 * second}));
	EXPECT_EQ(parse_duration("0.1s"), (Duration{0, 0, 100000}));
}

TEST(Duration, RefusesEverythingElse) {
	for (const char *text : {"",
	                         " ",
	                         "soon",
	                         "days",
	                         "3 fortnights",
	                         "3 4 days",
	                         "1:2:3:4",
	                         "12:60",
	                         "1..5 days",
	                         "P",
	                         "PT",
	                         "P1X",
	                         "P1DT",
	                         "1 day,",
	                         "--3 days",
	                         "3 days ago",
	                         "999999999999 years",
	                         "99999999999999 days",
	                         "1e3 days",
	                         "1.5:00",
	                         "P1D garbage",
	                         "0x10",
	                         "- days"})
		EXPECT_FALSE(parse_duration(text)) << text;
	EXPECT_FALSE(parse_duration(std::string(100000, '9')));
	EXPECT_FALSE(parse_duration(std::string(100000, ' ')));
}

TEST(Duration, PrintsWhatItReadsBack) {
	EXPECT_EQ(to_text({0, 3, 0}), "3 days");
	EXPECT_EQ(to_text({0, 1, 0}), "1 day");
	EXPECT_EQ(to_text({1, 2, 14706 * second + 500000}), "1 mon 2 days 04:05:06.5");
	EXPECT_EQ(to_text({}), "00:00:00");
	EXPECT_EQ(to_text({14, 0, 0}), "1 year 2 mons");
	EXPECT_EQ(to_text({0, 0, -5400 * second}), "-01:30:00");
	for (const Duration &duration :
	     {Duration{-14, 3, -1}, Duration{7, -400, 90061 * second + 1}, Duration{0, 0, 360000 * second},
	      Duration{-1, 0, 0}, Duration{0, -1, -second / 2}})
		EXPECT_EQ(parse_duration(to_text(duration)), duration) << to_text(duration);
}

TEST(Duration, ComparesByAnApproximation) {
	EXPECT_EQ((Duration{1, 1, 1}).approximate_microseconds(), 31 * 86400 * second + 1);
	EXPECT_TRUE((Duration{0, -1, second}).is_negative());
	EXPECT_FALSE((Duration{0, 1, -second}).is_negative());
	EXPECT_EQ((Duration{INT32_MAX, INT32_MAX, INT64_MAX}).approximate_microseconds(), INT64_MAX);
}

} // namespace
} // namespace playbook::definition
