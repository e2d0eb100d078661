// The helpers: every example of doc/templates.md is rendered, then the corners that an example does not show.
#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <sstream>

#include "expression/decimal.hpp"
#include "expression/template.hpp"
#include "expression/template_helper.hpp"
#include "expression/timestamp.hpp"
#include "value/json.hpp"

namespace playbook::expression {
namespace {

constexpr std::int64_t now = 1769610600000000; // 2026-01-28 14:30:00 UTC

std::string render(const std::string &source, const std::string &json = "{}", const std::string &zone = "UTC",
                   const std::string &locale = "en_US") {
	const Template parsed = Template::parse(source);
	if (!parsed.errors().empty()) return "error: " + parsed.errors()[0].message;
	RenderOptions options;
	options.now_microseconds = now;
	options.time_zone = zone;
	options.locale = locale;
	try {
		return parsed.render(parse_json(json), options).text;
	} catch (const TemplateError &error) {
		return std::string("failed: ") + error.what();
	}
}

// The cells of a Markdown table row; null for any other line.
std::vector<std::string> cells(const std::string &line) {
	std::vector<std::string> out;
	if (line.rfind("| `", 0) != 0) return out;
	std::istringstream stream(line.substr(1));
	for (std::string cell; std::getline(stream, cell, '|');) {
		const std::size_t begin = cell.find('`'), end = cell.rfind('`');
		out.push_back(begin == std::string::npos || end == begin ? ""
		                                                         : cell.substr(begin + 1, end - begin - 1));
	}
	return out;
}

std::string read_documentation() {
	std::ifstream file("doc/templates.md");
	EXPECT_TRUE(file) << "doc/templates.md cannot be read; tests run in the root of the sources";
	return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

TEST(Helpers, DoWhatTheDocumentationShows) {
	const std::string text = read_documentation();
	const std::size_t from = text.find("### Helpers"), to = text.find("\n## Queries");
	ASSERT_NE(from, std::string::npos);
	const std::size_t json = text.find("```json\n", from) + 8;
	const std::string data = text.substr(json, text.find("```", json) - json);
	std::istringstream lines(text.substr(from, to - from));
	std::set<std::string> shown;
	int examples = 0;
	for (std::string line; std::getline(lines, line);) {
		const std::vector<std::string> row = cells(line);
		if (row.size() < 2) continue;
		++examples;
		std::string expected = row[1];
		// The documentation writes an ordinary space where the locale puts one that does not break.
		std::string actual = render(row[0], data);
		for (std::size_t at; (at = actual.find("\u00a0")) != std::string::npos;) actual.replace(at, 2, " ");
		EXPECT_EQ(actual, expected) << row[0];
		for (const std::string_view name : helper_names()) {
			const std::string word(name);
			if (row[0].find("{{" + word + " ") != std::string::npos ||
			    row[0].find("(" + word + " ") != std::string::npos ||
			    row[0].find("(" + word + ")") != std::string::npos)
				shown.insert(word);
		}
	}
	EXPECT_GE(examples, 50);
	for (const std::string_view name : helper_names())
		EXPECT_TRUE(shown.count(std::string(name)) == 1) << name << " has no example in doc/templates.md";
}

TEST(Helpers, ShowAUsageThatParses) {
	for (const std::string_view name : helper_names()) {
		const std::string usage(find_helper(name)->usage);
		const std::string closed = usage.rfind("{{#if", 0) == 0 ? usage + "{{/if}}" : usage;
		EXPECT_TRUE(Template::parse(closed).errors().empty()) << usage;
		EXPECT_NE(usage.find(name), std::string::npos) << usage;
	}
	EXPECT_EQ(find_helper("nope"), nullptr);
}

TEST(Helpers, PrintNothingForNothing) {
	for (const char *call : {"upper x",
	                         "lower x",
	                         "title x",
	                         "trim x",
	                         "truncate x 5",
	                         "replace x \"a\" \"b\"",
	                         "join x",
	                         "first x",
	                         "last x 2",
	                         "date x",
	                         "date x \"YYYY\"",
	                         "add_days x 1",
	                         "days_until x",
	                         "days_since x",
	                         "days_between x x",
	                         "number x",
	                         "money x",
	                         "percent x 1",
	                         "plural x \"a\" \"b\"",
	                         "concat x"}) {
		EXPECT_EQ(render(std::string("{{") + call + "}}"), "") << call;
		EXPECT_EQ(render(std::string("{{") + call + "}}", R"({"x":null})"), "") << call;
	}
	EXPECT_EQ(render("{{length x}}{{json x}}"), "0null");
}

TEST(Helpers, CompareExactly) {
	const std::string big =
	    R"({"a": 1234567890123456789012345678901234567890.1, "b": 1234567890123456789012345678901234567890.2, "s": "10", "n": 9, "d": "2026-01-02", "e": "2026-01-10", "t": true, "null": null, "o": {}})";
	EXPECT_EQ(render("{{lt a b}}{{eq a b}}{{gt b a}}", big), "truefalsetrue");
	EXPECT_EQ(render("{{gt s n}} {{lt d e}} {{eq s 10}} {{eq s 10.0}} {{eq s \"10.0\"}} {{ne 10.0 10}}", big),
	          "true true true true false false");
	EXPECT_EQ(render("{{eq null missing}}{{eq null 0}}{{eq null \"\"}}{{ne null 1}}", big),
	          "truefalsefalsetrue");
	EXPECT_EQ(render("{{gt null 1}}{{lt null 1}}{{gte null null}}{{lte missing 1}}", big),
	          "falsefalsefalsefalse");
	EXPECT_EQ(render("{{eq t true}}{{eq t \"true\"}}{{gt t false}}", big), "truefalsetrue");
	EXPECT_EQ(render("{{gt d n}}", big), "failed: helper \"gt\": cannot compare string with number");
	EXPECT_EQ(render("{{gt o n}}", big), "failed: helper \"gt\": cannot compare object with number");
	EXPECT_EQ(render("{{and 1 0 2}}{{and 1 2}}{{or 0 \"\" 3}}{{or 0 \"\"}}|{{not 0}}{{not \"x\"}}"),
	          "023|truefalse");
}

TEST(Decimals, AreComparedByValue) {
	const auto compare = [](std::string_view a, std::string_view b) {
		const auto order = *Decimal::parse(a) <=> *Decimal::parse(b);
		return order < 0 ? -1 : order > 0 ? 1 : 0;
	};
	EXPECT_EQ(compare("0", "-0.00"), 0);
	EXPECT_EQ(compare("1.50", "1.5"), 0);
	EXPECT_EQ(compare("15e-1", "1.5"), 0);
	EXPECT_EQ(compare("0.001", "1e-3"), 0);
	EXPECT_EQ(compare("-2", "-10"), 1);
	EXPECT_EQ(compare("-2", "1"), -1);
	EXPECT_EQ(compare("0", "0.0001"), -1);
	EXPECT_EQ(compare("0", "-0.0001"), 1);
	EXPECT_EQ(compare("99", "100"), -1);
	EXPECT_EQ(compare("0.9", "0.10"), 1);
	EXPECT_EQ(compare("1E+2", "100"), 0);
	EXPECT_EQ(compare("007", "7"), 0);
	for (const char *text :
	     {"", "-", "+1", "1.", ".5", "1e", "1e+", "1e-", "abc", "1 ", " 1", "NaN", "Infinity", "1e1001",
	      "1e-1001", "1e99999999999999999999", "0x1", "1e+-1", "--1"})
		EXPECT_FALSE(Decimal::parse(text)) << text;
}

TEST(Decimals, KnowWhetherTheyAreWhole) {
	const auto whole = [](std::string_view text) { return Decimal::parse(text)->whole().value_or("no"); };
	EXPECT_EQ(whole("77"), "77");
	EXPECT_EQ(whole("77.0"), "77");
	EXPECT_EQ(whole("-0.0"), "0");
	EXPECT_EQ(whole("-7.70e1"), "-77");
	EXPECT_EQ(whole("9223372036854775807.000"), "9223372036854775807");
	EXPECT_EQ(whole("12e2"), "1200");
	EXPECT_EQ(whole("77.00000000000000000000000001"), "no");
	EXPECT_EQ(whole("0.5"), "no");
	EXPECT_EQ(whole("1e900"), "no");
}

TEST(Timestamps, AreReadAsPostgresWritesThem) {
	const auto read = [](std::string_view text) {
		const auto time = Timestamp::parse(text);
		return time ? time->to_text() : "no";
	};
	EXPECT_EQ(read("2026-03-05"), "2026-03-05");
	EXPECT_EQ(read("2024-02-29"), "2024-02-29");
	EXPECT_EQ(read("2026-03-05T10:20:30"), "2026-03-05T10:20:30");
	EXPECT_EQ(read("2026-03-05 10:20"), "2026-03-05T10:20:00");
	EXPECT_EQ(read("2026-03-05T10:20:30.120000"), "2026-03-05T10:20:30.12");
	EXPECT_EQ(read("2026-03-05T10:20:30.1234567Z"), "2026-03-05T10:20:30.123456+00:00");
	EXPECT_EQ(read("2026-03-05T10:20:30+02"), "2026-03-05T08:20:30+00:00");
	EXPECT_EQ(read("2026-03-05T00:00:00+05:30"), "2026-03-04T18:30:00+00:00");
	EXPECT_EQ(read("1890-03-05T00:00:00-00:36:45"), "1890-03-05T00:36:45+00:00");
	EXPECT_EQ(read("0001-01-01"), "0001-01-01");
	EXPECT_EQ(read("1969-12-31T23:59:59.5Z"), "1969-12-31T23:59:59.5+00:00");
	for (const char *text : {"",
	                         "2026",
	                         "2026-3-5",
	                         "2026-13-01",
	                         "2026-02-30",
	                         "2023-02-29",
	                         "0000-01-01",
	                         "infinity",
	                         "-infinity",
	                         "2026-03-05T",
	                         "2026-03-05T1:00",
	                         "2026-03-05T25:00:00",
	                         "2026-03-05T10:60:00",
	                         "2026-03-05T10:00:00.",
	                         "2026-03-05T10:00:00+",
	                         "2026-03-05T10:00:00+2",
	                         "2026-03-05x",
	                         "2026-03-05T10:00:00Zx",
	                         "44-03-15 BC",
	                         "05.03.2026",
	                         "2026-03-05T10:00:00+02:0"})
		EXPECT_EQ(read(text), "no") << text;
}

TEST(Helpers, KnowTheCalendar) {
	EXPECT_EQ(render("{{add_months \"2024-01-31\" 1}} {{add_months \"2024-03-31\" -1}} {{add_years "
	                 "\"2024-02-29\" 1}} {{add_days \"2024-02-28\" 2}}"),
	          "2024-02-29 2024-02-29 2025-02-28 2024-03-01");
	EXPECT_EQ(render("{{add_hours \"2026-03-05\" 30}} {{add_days \"2026-03-05T10:00:00\" 1}} {{add_hours "
	                 "\"2026-03-05T10:00:00Z\" -11}}"),
	          "2026-03-06T06:00:00 2026-03-06T10:00:00 2026-03-04T23:00:00+00:00");
	// A day across a change of clocks keeps the time on the wall; hours do not.
	EXPECT_EQ(
	    render("{{add_days \"2026-03-28T09:00:00+00:00\" 1}} {{add_hours \"2026-03-28T09:00:00+00:00\" 24}}",
	           "{}", "Europe/Berlin"),
	    "2026-03-29T08:00:00+00:00 2026-03-29T09:00:00+00:00");
	// 02:30 does not exist that night.
	EXPECT_EQ(render("{{date \"2026-03-29T02:30:00\" \"HH:mm Z\"}}", "{}", "Europe/Berlin"), "03:30 +02:00");
	EXPECT_EQ(
	    render("{{days_until \"2026-01-28T23:30:00Z\"}} {{days_until \"2026-01-27\"}}", "{}", "Asia/Tokyo"),
	    "1 -1");
	EXPECT_EQ(render("{{concat (today)}}", "{}", "Pacific/Kiritimati"), "2026-01-29");
	EXPECT_EQ(render("{{date \"1500-02-28\" \"YYYY-MM-DD\"}} {{date \"0001-01-01\" \"YYYY-MM-DD dddd\"}}"),
	          "1500-02-28 0001-01-01 Monday");
	EXPECT_EQ(render("{{date \"1969-12-31T23:59:59.999999Z\" \"YYYY-MM-DD HH:mm:ss.SSS\"}}"),
	          "1969-12-31 23:59:59.999");
	EXPECT_EQ(render("{{date \"2026-03-05T10:00:00\" \"HH:mm z\"}}", "{}", "America/New_York"), "10:00 EST");
	EXPECT_EQ(render("{{date \"2026-03-05\" \"YY M D Q ddd h A a [it's] [''] ['q']\"}}"),
	          "26 3 5 1 Thu 12 AM am it's '' 'q'");
	EXPECT_EQ(render("{{date \"2026-03-05T07:08:09Z\" \"YYYYMMDDTHHmmss\"}}"), "20260305T070809");
	EXPECT_EQ(render("{{date \"2026-03-05\" \"Do MMMM\"}} {{date \"2026-03-22\" \"Do\"}}"), "5th March 22nd");
	EXPECT_EQ(render("{{date x}}", R"({"x": "2026-03-05"})", "UTC", "de_DE"), "5. März 2026");
	EXPECT_EQ(render("{{date x \"dddd\"}}", R"({"x": "2026-03-05"})", "UTC", "ja"), "木曜日");
}

TEST(Helpers, RefuseWhatIsNoDate) {
	EXPECT_EQ(
	    render("{{date \"soon\"}}"),
	    "failed: helper \"date\": \"soon\" is no date; it needs the form 2026-03-05 or 2026-03-05T10:00:00Z");
	EXPECT_EQ(render("{{date 5}}").rfind("failed: helper \"date\": \"5\" is no date", 0), 0u);
	EXPECT_EQ(render("{{date \"infinity\"}}").rfind("failed", 0), 0u);
	EXPECT_EQ(render("{{date \"2026-03-05\" \"foo\"}}")
	              .rfind("failed: helper \"date\": unknown token at \"foo\"", 0),
	          0u);
	EXPECT_EQ(render("{{date \"2026-03-05\" \"[foo\"}}"),
	          "failed: helper \"date\": \"[\" in the date format is not closed by \"]\"");
	EXPECT_EQ(render("{{date \"2026-03-05\" \"MMMMM\"}}").rfind("failed", 0), 0u);
	EXPECT_EQ(render("{{date \"2026-03-05T00:00:00Z\" \"HH\" zone=\"Mars/Olympus\"}}"),
	          "failed: unknown time zone \"Mars/Olympus\"");
	EXPECT_EQ(render("{{date \"2026-03-05\" \"YYYY\" locale=\"klingon\"}}"),
	          "failed: unknown locale \"klingon\"");
	EXPECT_EQ(render("{{add_days \"2026-03-05\" 1.5}}"),
	          "failed: helper \"add_days\": the amount must be a whole number, not \"1.5\"");
	EXPECT_EQ(render("{{add_days \"2026-03-05\" \"x\"}}"),
	          "failed: helper \"add_days\": the amount must be a number, not \"x\"");
	EXPECT_EQ(render("{{add_days \"2026-03-05\" x}}"),
	          "failed: helper \"add_days\": the amount must be a number, not nothing");
	EXPECT_EQ(render("{{add_years \"2026-03-05\" 8000}}"),
	          "failed: helper \"add_years\": the date is beyond the years 1 to 9999");
	EXPECT_EQ(render("{{add_days \"2026-03-05\" 99999999999}}").rfind("failed", 0), 0u);
	EXPECT_EQ(render("{{add_months \"2026-03-05\" -100000000}}").rfind("failed", 0), 0u);
}

TEST(Helpers, KeepEveryDigitOfANumber) {
	const std::string data =
	    R"({"big": 12345678901234567890123456789012345678.905, "half": 2.5, "text": "1234.5", "small": -0.004, "list": [1]})";
	EXPECT_EQ(render("{{number big}}", data), "12,345,678,901,234,567,890,123,456,789,012,345,678.905");
	EXPECT_EQ(render("{{number big 2}}", data), "12,345,678,901,234,567,890,123,456,789,012,345,678.91");
	EXPECT_EQ(render("{{number half 0}} {{number -2.5 0}} {{number text}} {{number small 2}}", data),
	          "3 -3 1,234.5 -0.00");
	EXPECT_EQ(render("{{money half \"JPY\"}} {{money -1234.5 currency=\"gbp\"}} {{money 999999 compact=true "
	                 "decimals=1}}",
	                 data),
	          "¥3 -£1,234.50 $1.0M");
	EXPECT_EQ(render("{{percent 1.5}} {{percent -0.0449 1}} {{percent 0}}"), "150% -4.5% 0%");
	EXPECT_EQ(
	    render("{{money half \"EURO\"}}", data),
	    "failed: helper \"money\": \"EURO\" is no currency; write a code of three letters, such as EUR");
	EXPECT_EQ(render("{{number list}}", data),
	          "failed: helper \"number\": the value must be a number, not array");
	EXPECT_EQ(render("{{number \"1,5\"}}", data),
	          "failed: helper \"number\": the value must be a number, not \"1,5\"");
	EXPECT_EQ(render("{{number half 99}}", data),
	          "failed: helper \"number\": the number of decimals must be between 0 and 20");
	EXPECT_EQ(render("{{number \"1e999999999\"}}", data).rfind("failed", 0), 0u);
	EXPECT_EQ(render("{{number \"1e999\"}}").size(), 1000u + 333u);
}

TEST(Helpers, ChooseAPluralForm) {
	EXPECT_EQ(render("{{#each n}}{{plural this \"seat\" \"seats\"}} {{/each}}",
	                 R"({"n": [0, 1, 2, -1, 1.5, 1000000, "1"]})"),
	          "seats seat seats seat seats seats seat ");
	EXPECT_EQ(render("{{#each n}}{{plural this \"plik\" \"pliku\" few=\"pliki\" many=\"plików\" "
	                 "locale=\"pl\"}} {{/each}}",
	                 R"({"n": [1, 2, 5, 22, 1.5]})"),
	          "plik pliki plików pliki pliku ");
	EXPECT_EQ(render("{{plural 0 \"a\" \"b\"}}{{plural 0 \"a\" \"b\" locale=\"fr\"}}"), "ba");
}

TEST(Helpers, CountCharactersAsReadersDo) {
	EXPECT_EQ(render("{{truncate x 3}}|{{truncate x 4}}|{{truncate x 1}}|{{truncate x 0}}|{{truncate x 2 "
	                 "\"\"}}|{{truncate x 2 \"....\"}}",
	                 R"({"x": "e\u0301a👨‍👩‍👧b"})"),
	          "e\u0301a…|e\u0301a👨‍👩‍👧b|…||e\u0301a|..");
	EXPECT_EQ(render("{{truncate \"abc\" -1}}"),
	          "failed: helper \"truncate\": the length must be between 0 and 1000000000");
	EXPECT_EQ(render("{{length \"häß😀\"}}"), "4");
	EXPECT_EQ(render("{{upper \"straße ı\"}} {{lower \"I\" locale=\"tr\"}} {{upper \"i\" locale=\"tr\"}} "
	                 "{{title \"élan vital o'neil\"}}"),
	          "STRASSE I ı İ Élan Vital O'neil");
	EXPECT_EQ(render("{{trim \"\u00a0 a b \u3000\"}}"), "a b");
}

TEST(Helpers, WorkOnLists) {
	const std::string data = R"({"l": [1, "b", null, [2]], "e": [], "s": "text"})";
	EXPECT_EQ(render("{{join l \"-\"}}|{{join e}}|{{join l 0}}", data), "1-b--2||10b002");
	EXPECT_EQ(render("{{first e}}|{{last e}}|{{json (first l 2)}}{{json (last l 2)}}{{json (last l "
	                 "99)}}{{json (first l 0)}}",
	                 data),
	          "||[1,\"b\"][null,[2]][1,\"b\",null,[2]][]");
	EXPECT_EQ(render("{{#each (first l 2)}}{{this}};{{/each}}", data), "1;b;");
	EXPECT_EQ(render("{{join s}}", data), "failed: helper \"join\": needs a list, not string");
	EXPECT_EQ(render("{{first l -1}}", data), "failed: helper \"first\": the count must not be negative");
	EXPECT_EQ(
	    render(
	        "{{replace \"aaa\" \"a\" \"bb\"}}{{replace \"abc\" \"\" \"x\"}}{{replace \"abab\" \"ab\" \"\"}}"),
	    "bbbbbbabc");
	EXPECT_EQ(render("{{length l}}{{length e}}{{length s}}{{length 12345}}", data), "4045");
}

} // namespace
} // namespace playbook::expression
