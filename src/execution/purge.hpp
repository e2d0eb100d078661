// Dropping what nobody needs any longer: slots of history whose time is over, and what belonged to the
// executions in them. Also what the feed of changes has kept long enough.
//
// Done in pieces, each in a transaction of the caller's and none of them long: by the scheduler beside its
// other work, or by playbook_purge(). A slot is truncated under a lock that is taken only when nobody holds
// the tables: a queue behind a reader or a pg_dump would stop everybody who comes after.
#pragma once

#include "pg/postgres.hpp"

namespace playbook::execution {

class Purge {
public:
	// One piece, in an open transaction; opens its own identity and connection. Returns how long to wait
	// before the next one, in microseconds.
	std::int64_t step();
	bool done() const { return phase_ == Phase::Done; }
	// Slots whose time is over and which long transactions hold: to be tried again later.
	const std::set<int> &held() const { return held_; }
	int slots() const { return slots_; }
	std::int64_t rows() const { return rows_; }

	// What is to be said of it when the transaction has committed, for the server's log.
	std::vector<std::string> take_messages() { return std::exchange(messages_, {}); }

private:
	enum class Phase { Provide, Slots, Sweep, Rest, Done };

	std::int64_t drop_slot();
	bool truncate(int slot, int milliseconds);
	std::set<std::string> holders(int slot) const;
	void sweep();
	void clear_rest();

	Phase phase_ = Phase::Provide;
	std::set<int> held_;
	std::set<std::string> holders_before_; // transactions that were in the way at the last try
	int tries_ = 0;
	std::size_t table_ = 0; // of those that are swept
	std::int64_t block_ = 0;
	bool passed_over_ = false; // rows that somebody had locked
	TimestampTz swept_from_ = 0;
	int slots_ = 0;
	std::int64_t rows_ = 0;
	std::vector<std::string> messages_;
};

// All of it, in transactions of its own, until nothing is left or the time is over: playbook_purge().
struct Purged {
	int slots = 0;
	std::int64_t rows = 0;
	std::set<int> held;
};
Purged purge_now(std::int64_t most);

} // namespace playbook::execution
