// Sentences from aggregate outputs, for people who read no tables. Core: no server header.
#pragma once

#include <string>
#include <vector>

#include "value/value.hpp"

namespace playbook::result {

// One figure of an aggregate output with a single row.
struct AggregateRow {
	std::string output;
	std::string metric; // "total_pipeline"
	Value value;
};

// "Total pipeline: $1.27M", "At risk deals: 3". Money only for metrics named arr, mrr, amount, revenue or
// pipeline.
std::vector<std::string> insights_of(const std::vector<AggregateRow> &figures);

} // namespace playbook::result
