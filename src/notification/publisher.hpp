// Telling people and applications what has been committed: sequence numbers, NOTIFY, and the feed of changes.
//
// Runs after the work is committed, in one process per database (the scheduler; without workers, whoever
// reads the feed), so that the lock of the server's notification queue never slows the engine. A change gets
// its sequence number here, after its commit: the feed is dense, and a client that was away misses nothing.
// Payloads carry ids and a status, nothing private: any role may LISTEN.
#pragma once

#include "pg/spi.hpp"

namespace playbook::notification {

struct Change {
	std::int64_t seq = 0;
	std::int64_t execution = 0;
	int position = -1; // of the step; -1: the execution itself
	int item = 0;
	const char *status = "";
	TimestampTz at = 0;
	std::string playbook, step, waiting_for;
};

// Gives numbers to what was committed and not announced, and notifies. Returns the number of batches
// announced; 0 when there is nothing, or another process is at it. Needs a transaction; opens its own
// identity and connection.
int announce();

// Deletes what is older than playbook.feed_retention. As announce().
void forget_announced();

// Changes after a sequence number, in order, at most `limit`. As announce(). Not filtered by who may see
// them.
std::vector<Change> changes_after(std::int64_t after, int limit);

// {"v":1, "seq":7, "execution":42, "playbook":"at_risk", "step":"outreach", "status":"waiting",
//  "waiting_for":"approval", "at":"…Z"}
std::string payload_of(const Change &change);
// "2026-01-28T14:30:00.123456Z"
std::string utc_text(TimestampTz at);

// Parts of the above.
std::vector<Change> expand(const pg::Rows &rows, std::int64_t after, std::size_t limit);
void name_steps(std::vector<Change> &changes);

} // namespace playbook::notification
