// join, aggregate and filter: SQL over the row sets of other steps, planned by PostgreSQL, as the playbook's
// owner.
#pragma once

#include "step/data_step.hpp"

namespace playbook::step {

class TransformHandler : public Handler {
public:
	// The config with its names of columns resolved; they are quoted where they are used. All other
	// references stand as they were written: they are bound when it runs, never put into its text.
	Value prepare(const Context &context, std::vector<std::string> *missing) const override;
	bool runs_user_sql() const override { return true; }
};

// Config member or null.
const Value &config_member(const Value &config, const char *key);

// " ORDER BY …"; "" when there is no sort. The columns must be among `columns`.
std::string order_clause(const Value &sort, const std::vector<std::string> &columns,
                         const std::string &of_what);

// Figures over rows that are at hand, for outputs and insights: one row, or one for each group. `metrics` is
// a list of {name, expression} over the rows' columns, `group_by` a column, a list of columns, or null.
std::shared_ptr<const result::RowSet> run_aggregate_over(std::shared_ptr<const result::RowSet> rows,
                                                         const Value &metrics, const Value &group_by,
                                                         UserSqlOptions options);
// Only those columns of rows that are at hand, for outputs.
std::shared_ptr<const result::RowSet> rows_with_columns(std::shared_ptr<const result::RowSet> rows,
                                                        const Value &columns, UserSqlOptions options);

} // namespace playbook::step
