// An author's statement before it runs: one statement, of a kind that a step may run, its parameters' types
// known.
#pragma once

#include "expression/query_template.hpp"
#include "step/user_sql.hpp"

extern "C" {
#include "utils/queryenvironment.h"
}

namespace playbook::step {

// Who may run what; see judge_statement().
enum class StatementKind { Reading, Writing };

// Types for $1, $2, …: as the context of each decides, which is how a driver's untyped value is read; text
// where nothing decides.
//
// Refuses several statements, utility statements, transaction control, and for Reading all that is no SELECT.
// Errors have the line and column of the query in their context. As the owner, with the author's search_path.
std::vector<Oid> types_of_parameters(const expression::BuiltQuery &query, StatementKind kind,
                                     QueryEnvironment *relations);

// "line 3, column 14 of the query" for a position counted in characters from 1.
std::string place_in(const std::string &query, int position);

} // namespace playbook::step
