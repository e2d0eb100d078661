// Telling people and applications what has been committed: sequence numbers, NOTIFY, and the feed of changes.
//
// Runs after the work is committed, in one process per database (the scheduler; without workers, a session
// that works or reads), so that the lock of the server's notification queue never slows the engine. A change
// gets its sequence number here, after its commit: the feed is dense, and a client that was away misses
// nothing. A number is shown once it is committed itself, so that it never stands for two changes.
// Payloads carry ids, a status and keys of labels, nothing private: any role may LISTEN.
#pragma once

#include "notification/packed_changes.hpp"
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
	bool labelled = false; // the execution has labels
	Value labels;          // their keys, where they are to be told
};

// What a transaction of the engine has changed, if anything, to be announced once it has committed. Needs the
// engine's identity and an open connection.
void write_changes(const ChangePacker &changes);

enum class Announced {
	Nothing, // there was nothing to announce
	Some,    // and there may be more
	Busy,    // another process is at it
};
// Gives numbers to what was committed and not announced, and notifies. Needs a transaction that has done
// nothing else and commits soon: nobody else announces until then. Opens its own identity and connection.
Announced announce();
// For a client's statement that is a transaction of its own, where no worker announces: announces, for
// whoever reads next.
void announce_for_the_next();

// Deletes what is older than playbook.feed_retention. As announce().
void forget_announced();

// Changes after a sequence number, in order, at most `limit`. Opens its own identity and connection. Not
// filtered by who may see them. Throws 55000 when changes that came right after the number are not kept any
// longer, or the feed has never come that far.
std::vector<Change> changes_after(std::int64_t after, int limit);

// {"v":1, "seq":7, "execution":42, "playbook":"at_risk", "step":"outreach", "status":"waiting",
//  "waiting_for":"approval", "at":"…Z"}, and "labels":["ticket"] where the execution has some
std::string payload_of(const Change &change);
// "2026-01-28T14:30:00.123456Z"
std::string utc_text(TimestampTz at);

} // namespace playbook::notification
