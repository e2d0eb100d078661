// Sentences from outputs, for people who read no tables: the default rules, where a definition declares none.
// Core: no server header.
//
//   240 accounts at-risk with combined ARR of $3.2M        rows of an output, and the sum of its money
//   23 renewals in pipeline totaling $1.27M
//   Total pipeline: $1.27M                                 a figure of an aggregate
//   Top at-risk account: Acme Corp ($156K ARR)             the row with most money, of the first output that
//   has any Total pipeline rose from $1.1M to $1.27M (+15.5%) since the previous execution
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "value/value.hpp"

namespace playbook::result {

// Whether a column or metric of that name is an amount of money: one of its words is arr, mrr, amount,
// revenue or pipeline.
bool is_money_name(const std::string &name);

// One figure of an aggregate output with a single row.
struct Figure {
	std::string metric; // "total_pipeline"
	std::string unit;   // money, count, percent, number; "" : by its name
	Value value;
};

// What is known of one output.
struct OutputFacts {
	std::string output; // "at_risk_accounts"
	// Of data:
	std::optional<std::int64_t> rows;
	std::string money; // the column of its amounts; "" : none
	Value sum;         // of that column
	std::string top;   // what the row with the highest amount is called
	Value top_amount;
	// Of an aggregate:
	std::vector<Figure> figures;
};

struct InsightStyle {
	std::string locale = "en_US";
	std::string currency = "USD";
};

// `before`: the same outputs of the former execution, those that it had.
std::vector<std::string> insights_of(const std::vector<OutputFacts> &now,
                                     const std::vector<OutputFacts> &before, const InsightStyle &style);

} // namespace playbook::result
