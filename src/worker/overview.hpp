// Which processes of the engine there are, for people.
#pragma once

#include "pg/postgres.hpp"

namespace playbook::worker {

struct WorkerRow {
	const char *kind; // launcher, scheduler, executor or session (a client's, that runs a step alone)
	const char *state;
	Oid database = InvalidOid;
	Oid role = InvalidOid;
	int pid = 0;
	std::int64_t execution = 0; // what it runs alone; 0: nothing
	int position = 0, item = 0;
	TimestampTz since = 0; // of the state
};

// The launcher and the processes that work in this database. Empty without shared_preload_libraries.
std::vector<WorkerRow> overview();

} // namespace playbook::worker
