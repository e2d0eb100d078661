// The snapshot of the statement that called a function, given back while the function waits.
//
// A SELECT keeps its snapshot until it ends, and with it every dead row of the database that is younger: a
// session that waits an hour in a SELECT would hold vacuum up for an hour. Nothing in a statement that does
// no more than call this one function looks at the snapshot again, so it may be let go, and a fresh one taken
// before the function returns.
#pragma once

#include "pg/guard.hpp"

struct PortalData;

namespace playbook::pg {

class ReleasedSnapshot {
public:
	// Releases the snapshot when all of this holds, and else does nothing:
	//  - the transaction takes a new snapshot for each statement (READ COMMITTED), and is in no
	//  subtransaction;
	//  - the statement is a SELECT of a client or a cursor, not one within another function;
	//  - it reads no table: its plan is this very call, as its one row source or its one column, and whatever
	//    else it computes is immutable.
	explicit ReleasedSnapshot(FunctionCallInfo info);
	// Takes a fresh one; to be called before anything is handed back. After an error it is not called: the
	// statement has failed and nobody asks for its snapshot.
	void take_fresh();
	ReleasedSnapshot(const ReleasedSnapshot &) = delete;
	ReleasedSnapshot &operator=(const ReleasedSnapshot &) = delete;

private:
	PortalData *portal_ = nullptr; // null: nothing was released
};

// The catalog's snapshot counts like any other; it is taken again when it is needed. Before a wait.
void release_catalog_snapshot();

} // namespace playbook::pg
