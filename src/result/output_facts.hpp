// What insights speak of: counts, sums, the row with most money, figures.
#pragma once

#include "result/insight.hpp"
#include "result/output.hpp"

namespace playbook::result {

// Of an output whose rows are at hand. Sums are computed as the playbook's owner.
OutputFacts facts_of_output(execution::Execution &execution, const definition::Output &output,
                            const OutputRows &made);
// The same of every output that the former execution had too, where the caller may see that one.
std::vector<OutputFacts> former_facts(execution::Execution &execution);

} // namespace playbook::result
