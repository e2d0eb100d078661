#include "expression/condition_names.hpp"

#include <gtest/gtest.h>

namespace playbook::expression {
namespace {

std::string names(std::string_view text) {
	std::string out;
	for (const ConditionName &name : read_condition_names(text).names) {
		if (!out.empty()) out += ' ';
		for (std::size_t i = 0; i < name.path.size(); ++i) out += (i > 0 ? "." : "") + name.path[i];
		out += '@' + std::to_string(name.offset);
	}
	return out;
}

std::string comparisons(std::string_view text) {
	std::string out;
	for (const WordComparison &comparison : read_condition_names(text).comparisons)
		out += (out.empty() ? "" : " ") + comparison.step + "." + comparison.field + "=" + comparison.word +
		       "@" + std::to_string(comparison.offset);
	return out;
}

TEST(ConditionNames, FindsDottedNames) {
	EXPECT_EQ(names("customer.health < 60 AND steps.reply.outcome = 'x'"),
	          "customer.health@0 steps.reply.outcome@25");
	EXPECT_EQ(names("Customer.Health < 60"), "customer.health@0");
	EXPECT_EQ(names("\"customer\".\"Plan\" = 'a'"), "customer.Plan@0");
	EXPECT_EQ(names("parameters . x > 1.5"), "parameters.x@0");
	EXPECT_EQ(names("execution.at_start.customer.arr > customer.arr"),
	          "execution.at_start.customer.arr@0 customer.arr@34");
}

TEST(ConditionNames, SkipsLiteralsCommentsFunctionsAndTypes) {
	EXPECT_EQ(names("'steps.a.b' = $$steps.c.d$$ -- steps.e.f\n /* steps.g.h */"), "");
	EXPECT_EQ(names("E'\\' steps.a.b' = 'it''s steps.c.d'"), "");
	EXPECT_EQ(names("pg_catalog.lower(customer.name) = 'a'"), "customer.name@17");
	EXPECT_EQ(names("customer.a::pg_catalog.numeric > 1"), "customer.a@0");
	EXPECT_EQ(names("now() > current_date"), "");
}

TEST(ConditionNames, FindsComparedWords) {
	EXPECT_EQ(comparisons("steps.a.outcome = 'done'"), "a.outcome=done@18");
	EXPECT_EQ(comparisons("steps.a.outcome <> 'it''s' OR steps.b.status != 'failed'"),
	          "a.outcome=it's@19 b.status=failed@48");
	EXPECT_EQ(comparisons("steps.a.outcome IN ('x', 'y') AND steps.a.outcome NOT IN ('z')"),
	          "a.outcome=x@20 a.outcome=y@25 a.outcome=z@58");
	EXPECT_EQ(comparisons("'done' = steps.a.outcome"), "a.outcome=done@0");
	EXPECT_EQ(comparisons("steps.a.outcome IS DISTINCT FROM 'x' OR steps.b.outcome is not distinct from 'y'"),
	          "a.outcome=x@33 b.outcome=y@77");
	EXPECT_EQ(comparisons("steps.a.outcome = ANY (ARRAY['x', 'y']) AND steps.a.outcome <> ALL ('{z}')"),
	          "a.outcome=x@29 a.outcome=y@34");
	EXPECT_EQ(comparisons("CASE steps.a.outcome WHEN 'x' THEN 'z' WHEN 'y' THEN 'z' END = 'z'"),
	          "a.outcome=x@26 a.outcome=y@44");
	EXPECT_EQ(comparisons("steps.a.output = 'done' AND steps.a.outcome LIKE 'd%' AND steps.a.outcome > 'a'"),
	          "");
	EXPECT_EQ(comparisons("lower(steps.a.outcome) = 'done'"), "");
}

TEST(ConditionNames, ReportsWhatIsNoExpression) {
	const auto error = [](std::string_view text) {
		const ConditionNames read = read_condition_names(text);
		return read.errors.empty() ? std::string()
		                           : std::to_string(read.errors[0].offset) + " " + read.errors[0].message;
	};
	EXPECT_EQ(error("customer.a = 1"), "");
	EXPECT_EQ(error(""), "0 the condition is empty");
	EXPECT_EQ(error("-- nothing"), "0 the condition is empty");
	EXPECT_EQ(error("(a.b"), "0 \"(\" is not closed");
	EXPECT_EQ(error("(a.b]"), "4 \"]\" closes nothing");
	EXPECT_EQ(error("a.b; c.d"), "3 a condition is one expression, without \";\"");
	EXPECT_EQ(error("a.b = $1"), "6 a condition has no numbered parameters");
	EXPECT_NE(error("a.b = 'open"), "");
	EXPECT_NE(error("a.b /* open"), "");
}

TEST(ConditionNames, LongTextsAreQuick) {
	const std::string deep(200000, '(');
	EXPECT_EQ(read_condition_names(deep).errors.size(), 1U);
	std::string chain = "a";
	for (int i = 0; i < 100000; ++i) chain += ".a";
	EXPECT_EQ(read_condition_names(chain).names.size(), 1U);
	for (const char *part :
	     {"steps.a.outcome IN (", "CASE steps.a.outcome ", "steps.a.outcome = ANY (ARRAY["}) {
		std::string many;
		for (int i = 0; i < 50000; ++i) many += part;
		EXPECT_EQ(read_condition_names(many).comparisons.size(), 0U);
	}
}

} // namespace
} // namespace playbook::expression
