// The outputs that a definition declares: rows of a step, or figures over them, made anew whenever they are
// asked for, with the rights of the playbook's owner.
#pragma once

#include "execution/model.hpp"
#include "result/row_set.hpp"

namespace playbook::result {

struct OutputRows {
	int position = -1; // the step whose rows it is made from; -1: none has rows
	std::shared_ptr<const RowSet> rows;
	std::string reason;                        // why there are none
	std::optional<execution::Failure> failure; // or what went wrong
};

// An output without a source speaks of the data output before it, else of the last step with rows.
OutputRows rows_of_output(execution::Execution &execution, const definition::Output &output);

// What requires_human_review holds back until somebody has approved.
bool is_released(const execution::Execution &execution);
// Throws 55000 unless it is.
void require_released(const execution::Execution &execution);

// The rows of an output or, of that name failing, of a step; without a name of the first output, else of the
// last step that has rows. Throws 42704 with the names there are, 55000 where it has no rows.
std::shared_ptr<const RowSet> rows_of_part(execution::Execution &execution,
                                           const std::optional<std::string> &part);

} // namespace playbook::result
