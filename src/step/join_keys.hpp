// The "on" of a join, read: which columns of the left rows equal which of the right.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "result/row_set.hpp"

namespace playbook::step {

struct JoinKey {
	int left = 0; // column numbers
	int right = 0;
};

// "a = b", "a = b AND c = d", "company_id" (the same name on both sides), or a list of these. Each side of an
// equation is a column of its rows; written the other way round it is turned. "left.a = right.b" says it
// outright. Throws 42703 with the columns there are, 42601 for anything else.
std::vector<JoinKey> join_keys(const Value &on, const result::RowSet &left, const result::RowSet &right);

} // namespace playbook::step
