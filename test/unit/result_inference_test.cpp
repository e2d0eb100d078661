// The types of columns that came as JSON: decided by all of a column's values, never by the first ones alone.
#include <gtest/gtest.h>

#include "result/inference.hpp"
#include "value/json.hpp"

namespace playbook::result {
namespace {

InferredKind kind_of_column(const std::string &values) {
	std::vector<Value> objects;
	const Value list = parse_json(values);
	for (const Value &value : list.items()) {
		Value object = Value::object();
		object.set("x", value);
		objects.push_back(object);
	}
	return infer_columns(objects).at(0).kind;
}

TEST(Inference, DecidesByAllValues) {
	EXPECT_EQ(kind_of_column("[1, -2, null]"), InferredKind::Integer);
	EXPECT_EQ(kind_of_column("[1, 2.50]"), InferredKind::Number);
	EXPECT_EQ(kind_of_column("[60.0]"), InferredKind::Number); // the digits as they were written
	EXPECT_EQ(kind_of_column("[9223372036854775808]"), InferredKind::Number);
	EXPECT_EQ(kind_of_column("[true, false]"), InferredKind::Boolean);
	EXPECT_EQ(kind_of_column("[true, 1]"), InferredKind::Text);
	EXPECT_EQ(kind_of_column("[1, \"1\"]"), InferredKind::Text);
	EXPECT_EQ(kind_of_column("[1, {\"a\": 1}]"), InferredKind::Json);
	EXPECT_EQ(kind_of_column("[null, null]"), InferredKind::Text);
}

TEST(Inference, KnowsDatesOnlyWhenAllAreDates) {
	EXPECT_EQ(kind_of_column(R"(["2026-01-28", "2024-02-29"])"), InferredKind::Date);
	EXPECT_EQ(kind_of_column(R"(["2026-01-28", "2026-02-29"])"), InferredKind::Text);
	EXPECT_EQ(kind_of_column(R"(["2026-01-28T14:30:00Z", "2026-01-28 14:30:00.25+0100"])"),
	          InferredKind::Timestamp);
	EXPECT_EQ(kind_of_column(R"(["2026-01-28T14:30:00"])"), InferredKind::Text); // whose clock?
	EXPECT_EQ(kind_of_column(R"(["2026-01-28", "2026-01-28T14:30:00Z"])"), InferredKind::Text);
}

TEST(Inference, RefusesTimesThatAreNone) {
	for (const char *text :
	     {"2026-13-01T00:00Z", "2026-01-32T00:00Z", "0000-01-01T00:00Z", "2026-01-01T24:00Z",
	      "2026-01-01T00:60Z", "2026-01-01T00:00:60Z", "2026-01-01T00:00:00.Z", "2026-01-01T00:00+16",
	      "2026-01-01T00:00Zx", "2026-01-01T", ""})
		EXPECT_FALSE(is_iso_timestamp(text)) << text;
	EXPECT_TRUE(is_iso_timestamp("2026-01-01T00:00+05:30"));
	EXPECT_TRUE(is_iso_timestamp("2026-01-01 23:59-08"));
	EXPECT_FALSE(is_iso_date("2100-02-29"));
	EXPECT_TRUE(is_iso_date("2000-02-29"));
}

TEST(Inference, KeepsTheOrderOfFirstAppearance) {
	const std::vector<InferredColumn> columns =
	    infer_columns({parse_json(R"({"b": 1})"), parse_json(R"({"a": "x", "b": 2})"), parse_json("3")});
	ASSERT_EQ(columns.size(), 3U);
	EXPECT_EQ(columns[0].name, "b");
	EXPECT_EQ(columns[1].name, "a");
	EXPECT_EQ(columns[2].name, "value");
}

} // namespace
} // namespace playbook::result
