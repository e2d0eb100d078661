// A playbook's own SQL: query and sql steps, and the statements that join, aggregate and filter are turned
// into.
//
// The only place where SQL that an author wrote is run. What makes it safe (doc/architecture.md, "A batch is
// safe"):
//  - as the owner: an executor connected as it; in a client's session under the restricted-operation flag
//    (pg::OwnerIdentity), unless the session's user is the owner itself;
//  - in a subtransaction, with the search_path of the author and a level of settings undone after it;
//  - values are bound untyped, so that context decides, as a driver binds them; plans are kept per text and
//  types;
//  - executors: deferred triggers fire inside the subtransaction; temporary tables, advisory locks, prepared
//    statements and cursors of the step are dropped when it ends;
//  - SET CONSTRAINTS lasts until the transaction ends: in a batch the statement is done again alone;
//  - a statement that passes its budget or timeout, or is cancelled, ends by an interrupt of our own.
#pragma once

#include "expression/query_template.hpp"
#include "pg/guard.hpp"
#include "result/row_set.hpp"

namespace playbook::step {

struct UserSqlOptions {
	Oid owner = InvalidOid;
	std::string search_path;               // of the author
	bool read_only = true;                 // query and transforms; sql writes
	bool executor = false;                 // the process connected as the owner
	std::int64_t budget_microseconds = 0;  // batch: past it, Overrun; 0: none
	std::int64_t timeout_microseconds = 0; // past it, error 57014 "step timeout"; 0: none
	// Row sets that the statement reads by these names, e.g. {"input", rows}.
	std::vector<std::pair<std::string, std::shared_ptr<const result::RowSet>>> relations;
	bool unguarded = false;     // no subtransaction: the caller rolls all back when it throws
	bool explain_only = false;  // plan it, run nothing (preview)
	std::int64_t row_limit = 0; // 0: playbook.max_rows decides
};

struct UserSqlResult {
	std::shared_ptr<const result::RowSet> rows; // null when the statement returns none
	std::int64_t row_count = 0;                 // rows returned, else rows touched
	std::string plan;                           // of explain_only
};

// The statement passed its budget, or does what has no place in a batch; its subtransaction was rolled back.
struct Overrun {};

// Throws pg::Error (the statement's own, with its line and column where the server gives a position) or
// Overrun. After a throw the subtransaction is rolled back and the caller's identity, settings and connection
// are as before; without one, the transaction is good for nothing but its rollback, and
// pg::forget_session_state() is left to be called after it.
UserSqlResult run_user_sql(const expression::BuiltQuery &query, const UserSqlOptions &options);

} // namespace playbook::step
