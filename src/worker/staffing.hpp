// The scheduler's staff: which roles have work in this database, and an executor for each of them.
#pragma once

#include "execution/executor.hpp"
#include "worker/process.hpp"
#include "worker/slots.hpp"

namespace playbook::worker {

class Staffing {
public:
	explicit Staffing(DatabaseSlot &slot) : slot_(slot) {}

	// Executors that have ended; true when one did in the middle of its work, so that steps may be left
	// behind.
	bool collect_ended();
	// What wake-ups brought.
	void collect_woken();
	// What the tables say.
	void add(const execution::RoleDue &due);
	// Wakes or starts an executor for every role with something due; who waits longest for a place comes
	// first.
	void provide();
	// When there is something to do again, if nobody says anything before.
	TimestampTz next() const;
	// Whether an executor ended that was not collected yet. The caller holds the lock.
	bool somebody_ended() const;

private:
	using State = ExecutorSlot::State;
	enum class Start { Done, NoPlace, Refused };

	// What is known about a role; forgotten when it has neither work nor trouble.
	struct RoleState {
		TimestampTz due_at = DT_NOEND;
		int alone_ready = 0;
		bool another = false;
		TimestampTz waits_since = 0; // for a place; 0: it does not
		TimestampTz careful_until = 0;
		int failures = 0;  // executors in a row that could not connect or did not survive
		int exhausted = 0; // starts in a row for which no process was free
		TimestampTz not_before = 0;
		std::string said; // the reason that was logged
	};

	struct Present {
		int usable = 0;    // those that can be woken, or are about to look
		bool idle = false; // one of them has nothing to do, or is only starting
	};

	void failed(Oid oid, TimestampTz now, std::int64_t first_pause);
	bool provide(Oid oid, RoleState &role, TimestampTz now);
	Present wake_present(Oid oid, TimestampTz since, bool due);
	Start start_executor(Oid oid, RoleState &role, TimestampTz now);

	DatabaseSlot &slot_;
	std::map<Oid, RoleState> roles_;
	std::array<BackgroundWorkerHandle *, max_executors> handles_{};
	TimestampTz next_reap_ = DT_NOEND; // an ended executor's process is still there
	TimestampTz said_exhausted_ = 0;
};

} // namespace playbook::worker
