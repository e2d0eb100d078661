// Until when something that was read from a table is true, for code that is asked for it again and again.
//
// While two moments are equal, this session has written nothing in between and taken nothing back, and it is
// in the same transaction. What other sessions commit meanwhile is not seen: keep what may be a transaction
// late, or have the statement's time beside this in the key.
#pragma once

#include "pg/postgres.hpp"

namespace playbook::pg {

struct Moment {
	std::uint64_t generation = 0; // of the installation
	LocalTransactionId transaction = InvalidLocalTransactionId;
	CommandId command = InvalidCommandId;
	std::uint64_t rollbacks = 0; // to savepoints, in this process: the command's number does not go back
	bool operator==(const Moment &) const = default;

	static Moment now();
};

} // namespace playbook::pg
