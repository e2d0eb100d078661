// What steps that read and write data have in common: where their SQL runs, and how a query's template
// becomes one.
#pragma once

#include "step/handler.hpp"
#include "step/user_sql.hpp"

namespace playbook::step {

// Throws 0A000, naming the setting, unless the step's source is this database.
void require_this_database(const Context &context);

// As the playbook's owner, with its author's search_path and the step's own times.
UserSqlOptions user_sql_options(const Context &context, bool read_only);

// For on_error: cached: notes with the step what it is about to run on, every value resolved. What was found
// on the same may serve another time.
void note_resolved(const Context &context, const Value &resolved, const UserSqlOptions &options);

// The rows (or, in a preview, the plan) as what the step gives.
Result result_of(UserSqlResult made, const Context &context);
// Notes the statement, its values and the rows it reads, runs it, and takes what it gives.
Result run_statement(const Context &context, const expression::BuiltQuery &query,
                     const UserSqlOptions &options);

// The statement with values bound; `lookup` gives what a placeholder stands for, and names it does not know
// are looked up as references: {{parameters.min_arr}}, {{customer.id}}. A mistake in the template is an error
// with line and column.
expression::BuiltQuery build_query(const Context &context, const std::string &text,
                                   const expression::ArgumentLookup &lookup = {});

// Which of the template's placeholders, but for those that `parameters` name, have no value now.
std::vector<std::string> placeholders_without_value(const Context &context, const std::string &text,
                                                    const Value &parameters);

// The row set that "${steps.x}" stands for.
std::shared_ptr<const result::RowSet> given_rows(const Context &context, const Value &reference,
                                                 const char *key);

// One column of a sort. Accepts "arr", "arr desc", "-arr", {column, descending}, {propertyName, direction},
// lists and comma-separated texts of these.
struct SortColumn {
	std::string column;
	bool descending = false;
};
std::vector<SortColumn> sort_columns(const Value &sort);

// A list of names: a list of texts, or one text with commas.
std::vector<std::string> names_in(const Value &names);

// Throws 42703, listing what there is, unless `name` is one of the columns.
void require_column(const std::string &name, const std::vector<std::string> &columns,
                    const std::string &of_what);
std::vector<std::string> column_names(const result::RowSet &rows);

// " LIMIT n"; "" for null. Throws 22023 unless it is a whole number from 0.
std::string limit_clause(const Value &limit);

} // namespace playbook::step
