// The default sentences: the forms of the requirements' samples, word for word.
#include "result/insight.hpp"

#include <gtest/gtest.h>

namespace playbook::result {
namespace {

Value number(const char *digits) { return Value(Number{digits}); }

OutputFacts rows(const char *output, std::int64_t count, const char *money = "", const char *sum = "0",
                 const char *top = "", const char *amount = "0") {
	OutputFacts facts;
	facts.output = output;
	facts.rows = count;
	facts.money = money;
	facts.sum = number(sum);
	facts.top = top;
	facts.top_amount = number(amount);
	return facts;
}

OutputFacts figures(std::vector<Figure> given) {
	OutputFacts facts;
	facts.output = "summary";
	facts.figures = std::move(given);
	return facts;
}

using Sentences = std::vector<std::string>;

TEST(Insight, SaysTheSamplesOfTheRequirements) {
	const Sentences sample{"240 accounts at-risk with combined ARR of $3.2M",
	                       "23 renewals in pipeline totaling $1.27M",
	                       "Top at-risk account: Acme Corp ($156K ARR)"};
	EXPECT_EQ(insights_of({rows("at_risk_accounts", 240, "arr", "3200000", "Acme Corp", "156000"),
	                       rows("renewal_pipeline", 23, "amount", "1270000", "Big one", "99000")},
	                      {}, {}),
	          sample);
	EXPECT_EQ(insights_of({rows("accounts_at_risk", 240, "total_arr", "3196000", "Acme Corp", "156400"),
	                       rows("renewals_in_pipeline", 23, "amount", "1273000.50")},
	                      {}, {}),
	          sample);
}

TEST(Insight, CountsOneAndMany) {
	EXPECT_EQ(insights_of({rows("companies", 1)}, {}, {}), Sentences{"1 company"});
	EXPECT_EQ(insights_of({rows("health_statuses", 1)}, {}, {}), Sentences{"1 health status"});
	EXPECT_EQ(insights_of({rows("at_risk_accounts", 1, "mrr", "980")}, {}, {}),
	          Sentences{"1 account at-risk with combined MRR of $980"});
	EXPECT_EQ(insights_of({rows("open_deals", 12345)}, {}, {}), Sentences{"12,345 open deals"});
}

TEST(Insight, WritesMoneyOnlyForWhatIsNamedSo) {
	const auto said = [](const char *metric, const char *value, const char *unit = "") {
		return insights_of({figures({{metric, unit, number(value)}})}, {}, {}).front();
	};
	EXPECT_EQ(said("total_pipeline", "1270000"), "Total pipeline: $1.27M");
	EXPECT_EQ(said("total_arr", "-2500"), "Total ARR: -$2.5K");
	EXPECT_EQ(said("avg_health_score", "61.333333"), "Avg health score: 61.33");
	EXPECT_EQ(said("at_risk_deals", "3"), "At-risk deals: 3");
	EXPECT_EQ(said("arrivals", "1270000"), "Arrivals: 1,270,000");
	EXPECT_EQ(said("carry", "5"), "Carry: 5");
	EXPECT_EQ(said("contract_value", "5000", "money"), "Contract value: $5K");
	EXPECT_EQ(said("pipeline_deals", "5", "count"), "Pipeline deals: 5");
	EXPECT_EQ(said("churn", "0.125", "percent"), "Churn: 12.5%");
	EXPECT_TRUE(insights_of({figures({{"x", "", Value("text")}, {"y", "", Value()}})}, {}, {}).empty());
}

TEST(Insight, SaysWhatChanged) {
	const OutputFacts before = rows("at_risk_accounts", 200), now = rows("at_risk_accounts", 240);
	EXPECT_EQ(insights_of({now}, {before}, {}),
	          (Sentences{"240 accounts at-risk",
	                     "Accounts at-risk rose from 200 to 240 (+20%) since the previous execution"}));
	EXPECT_EQ(insights_of({now}, {now}, {}), Sentences{"240 accounts at-risk"});
	EXPECT_EQ(insights_of({figures({{"total_arr", "", number("900000")}})},
	                      {figures({{"total_arr", "", number("1000000")}, {"gone", "", number("1")}})}, {}),
	          (Sentences{"Total ARR: $900K",
	                     "Total ARR fell from $1M to $900K (-10%) since the previous execution"}));
	EXPECT_EQ(insights_of({rows("deals", 5)}, {rows("deals", 0)}, {}),
	          (Sentences{"5 deals", "Deals rose from 0 to 5 since the previous execution"}));
}

TEST(Insight, WritesAsTheLocaleDoes) {
	const InsightStyle german{"de_DE", "EUR"};
	EXPECT_EQ(insights_of({figures({{"total_arr", "", number("3200000")}, {"score", "", number("1234.5")}})},
	                      {}, german),
	          (Sentences{"Total ARR: 3,2\u00a0Mio.\u00a0\u20ac", "Score: 1.234,5"}));
}

} // namespace
} // namespace playbook::result
