// Ends a statement of an author's from outside: when its budget or timeout has passed, or somebody cancelled
// it.
//
// A timer of our own asks the server to cancel the running statement, and asks again every few milliseconds
// until the Deadline is gone, and at once whenever it was caught: code that catches query_canceled does not
// get away. Lock waits end too. A cancel that the client asked for is left alone, and one of ours that nobody
// noticed is taken back, so it cannot hit what comes after.
#pragma once

#include <csignal>

#include "pg/guard.hpp"

namespace playbook::pg {

class Deadline {
public:
	enum class Fired { None, Budget, Timeout, Cancel };

	// Microseconds from now; 0: none. Deadlines nest: an outer one goes on while an inner one lives.
	Deadline(std::int64_t budget, std::int64_t timeout);
	~Deadline() { disarm(); }
	void disarm() noexcept;

	// What asked for the end first. After disarm(): None as well when it asked but nothing noticed.
	// Whether one of those that are armed did, so that what ends now is ended by us and not by the client.
	static bool any_fired() noexcept;
	Fired fired() const { return static_cast<Fired>(fired_); }

	Deadline(const Deadline &) = delete;
	Deadline &operator=(const Deadline &) = delete;

private:
	static void tick();
	static void ask_again(SubXactEvent event, SubTransactionId, SubTransactionId, void *);
	void look(TimestampTz now, bool cancelled);

	TimestampTz budget_at_ = 0;
	TimestampTz timeout_at_ = 0;
	int period_ = 0; // milliseconds
	bool armed_ = false;
	volatile std::sig_atomic_t fired_ = 0;
	Deadline *outer_ = nullptr;
};

// Polled at every tick of an armed Deadline, inside the signal handler: must be async-signal-safe. Null: no
// poll.
using CancelPoll = bool (*)();
void set_cancel_poll(CancelPoll poll);

// What the client cancels, or its statement_timeout ends, is all that runs in its session and not the part of
// it that was met, a step for example. So whoever takes the error for a failure of that part and goes on is
// interrupted again by the next check, until the error has left the function that the client called.
void ask_again() noexcept;
void was_heard() noexcept; // it has left

} // namespace playbook::pg
