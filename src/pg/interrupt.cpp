#include "pg/interrupt.hpp"

extern "C" {
#include "utils/timeout.h"
}

namespace playbook::pg {
namespace {

constexpr int longest_period = 20; // milliseconds; how late a cancel may be noticed

// Written outside of the handler, read inside it.
Deadline *volatile innermost = nullptr;
CancelPoll volatile cancel_poll = nullptr;
volatile std::sig_atomic_t pending_is_ours = 0; // QueryCancelPending was set by us, not by the client
volatile std::sig_atomic_t noticed = 0;         // the server acted on one of ours
bool registered = false;
TimeoutId timer;

bool asked_again = false;

} // namespace

void set_cancel_poll(CancelPoll poll) { cancel_poll = poll; }

// PL/pgSQL code that catches query_canceled has just rolled its block back: it is asked again before its next
// statement, which is outside of that block. So it is thrown out of one block after the other, and ends.
void Deadline::ask_again(SubXactEvent event, SubTransactionId, SubTransactionId, void *) {
	if (event != SUBXACT_EVENT_ABORT_SUB) return;
	for (Deadline *deadline = innermost; deadline != nullptr; deadline = deadline->outer_) {
		if (deadline->fired_ == 0 || QueryCancelPending) continue;
		noticed = 1;
		pending_is_ours = 1;
		QueryCancelPending = true;
		InterruptPending = true;
	}
}

void Deadline::look(TimestampTz now, bool cancelled) {
	if (fired_ != 0) return;
	if (cancelled)
		fired_ = static_cast<std::sig_atomic_t>(Fired::Cancel);
	else if (timeout_at_ != 0 && now >= timeout_at_)
		fired_ = static_cast<std::sig_atomic_t>(Fired::Timeout);
	else if (budget_at_ != 0 && now >= budget_at_)
		fired_ = static_cast<std::sig_atomic_t>(Fired::Budget);
}

// Runs inside SIGALRM's handler, which sets the latch when it is done: a wait for a lock wakes up and looks.
void Deadline::tick() {
	const CancelPoll poll = cancel_poll;
	const bool cancelled = poll != nullptr && poll();
	const TimestampTz now = GetCurrentTimestamp();
	bool any = false;
	for (Deadline *deadline = innermost; deadline != nullptr; deadline = deadline->outer_) {
		deadline->look(now, cancelled);
		any = any || deadline->fired_ != 0;
	}
	if (!any || QueryCancelPending) return;
	if (pending_is_ours) noticed = 1;
	pending_is_ours = 1;
	QueryCancelPending = true;
	InterruptPending = true;
}

Deadline::Deadline(std::int64_t budget, std::int64_t timeout) {
	if (budget <= 0 && timeout <= 0 && cancel_poll == nullptr) return;
	const TimestampTz now = GetCurrentTimestamp();
	std::int64_t shortest = longest_period * std::int64_t{1000} * 2;
	if (budget > 0) {
		budget_at_ = now + budget;
		shortest = std::min(shortest, budget);
	}
	if (timeout > 0) {
		timeout_at_ = now + timeout;
		shortest = std::min(shortest, timeout);
	}
	period_ = std::max(1, static_cast<int>(shortest / 2000));
	if (innermost != nullptr) period_ = std::min(period_, innermost->period_);
	call([] {
		if (registered) return;
		RegisterSubXactCallback(ask_again, nullptr);
		timer = RegisterTimeout(USER_TIMEOUT, tick);
		registered = true;
	});
	if (innermost == nullptr) {
		pending_is_ours = 0;
		noticed = 0;
	}
	outer_ = innermost;
	innermost = this;
	armed_ = true;
	const int period = period_;
	call([now, period] { enable_timeout_every(timer, now + period * INT64CONST(1000), period); });
}

void Deadline::disarm() noexcept {
	if (!armed_) return;
	armed_ = false;
	if (outer_ == nullptr) disable_timeout(timer, false);
	innermost = outer_;
	if (outer_ != nullptr)
		enable_timeout_every(timer, GetCurrentTimestamp() + outer_->period_ * INT64CONST(1000),
		                     outer_->period_);
	// No tick can come between these lines but an outer deadline's, and what that one asks for it asks for
	// again.
	if (fired_ == 0 || pending_is_ours == 0) return;
	if (QueryCancelPending)
		QueryCancelPending = false;
	else
		noticed = 1;
	pending_is_ours = 0;
	if (noticed == 0) fired_ = static_cast<std::sig_atomic_t>(Fired::None);
}

bool Deadline::any_fired() noexcept {
	for (const Deadline *deadline = innermost; deadline != nullptr; deadline = deadline->outer_)
		if (deadline->fired_ != 0) return true;
	return false;
}

void ask_again() noexcept {
	asked_again = true;
	QueryCancelPending = true;
	InterruptPending = true;
}

void was_heard() noexcept {
	if (!std::exchange(asked_again, false)) return;
	QueryCancelPending = false;
}

} // namespace playbook::pg
