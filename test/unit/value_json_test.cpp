// JSON text to Value and back: what is kept, and what an error says.
#include "value/json.hpp"

#include <gtest/gtest.h>

#include "value/excerpt.hpp"

namespace playbook {
namespace {

// What is wrong with a text, as "offset: message".
std::string error_of(const std::string &text) {
	try {
		return to_json(parse_json(text));
	} catch (const JsonError &error) {
		return std::to_string(error.offset) + ": " + error.what();
	}
}

TEST(Json, KeepsTheLastOfEqualKeysInThePlaceOfTheFirst) {
	EXPECT_EQ(to_json(parse_json(R"({"a":1,"b":[{"x":1,"x":2}],"a":3,"c":4,"a":5})")),
	          R"({"a":5,"b":[{"x":2}],"c":4})");
}

TEST(Json, ReadsAWideObjectInOneGo) {
	std::string text = "{";
	for (int i = 0; i < 200000; ++i) text += "\"key" + std::to_string(i) + "\":0,";
	text.back() = '}';
	EXPECT_EQ(parse_json(text).size(), 200000U);
}

TEST(Json, AnErrorLiesInTheText) {
	EXPECT_EQ(error_of("").substr(0, 3), "0: ");
	EXPECT_EQ(error_of("[1,").substr(0, 3), "3: ");
	EXPECT_EQ(error_of("[1,x]").substr(0, 3), "3: ");
}

TEST(Json, AnErrorShowsWholeCharacters) {
	std::string longest = "[\"";
	for (int i = 0; i < 30; ++i) longest += "é";
	EXPECT_EQ(error_of(longest), "62: invalid JSON near \"\"" + longest.substr(2, 38) + "\"");
	EXPECT_EQ(error_of("\"\\u1é\""), "4: invalid JSON near \"\"\\u1\"");
}

TEST(Excerpt, EndsWithAWholeCharacter) {
	EXPECT_EQ(excerpt("aéb", 1), "a");
	EXPECT_EQ(excerpt("aéb", 2), "a");
	EXPECT_EQ(excerpt("aéb", 3), "aé");
	EXPECT_EQ(excerpt("aéb", 4), "aéb");
	EXPECT_EQ(excerpt("😀", 3), "");
	EXPECT_EQ(excerpt("", 0), "");
	EXPECT_EQ(excerpt("a\xC3", 9), "a");
	EXPECT_EQ(excerpt("a\xE2\x82", 9), "a");
	EXPECT_EQ(excerpt("\xA9", 9), "");
}

} // namespace
} // namespace playbook
