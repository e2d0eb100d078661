// An executor: a process that connected as one role and does that role's work, turn after turn
// (execution/executor.hpp).
//
// Quick work first. When a step waits to run alone, this process runs it if there is no quick work, and
// before it does, a colleague is called who takes over the rest; so is one who is idle while there is more
// than a batch. Without work it sleeps until something of its role is due, and leaves after
// playbook.executor_idle, or at once when another role waits for its place.
#include "execution/executor.hpp"
#include "execution/alone.hpp"
#include "execution/claim.hpp"
#include "fault_points.hpp"
#include "pg/installation.hpp"
#include "pg/transaction.hpp"
#include "settings.hpp"
#include "worker/places.hpp"
#include "worker/process.hpp"
#include "worker/reachability.hpp"
#include "worker/shared_state.hpp"

extern "C" {
#include "pgstat.h"
#include "tcop/tcopprot.h"
#include "utils/backend_status.h"
}

namespace playbook::worker {
namespace {

constexpr std::int64_t help_after = second / 4; // quick work that lasts longer calls another executor
constexpr std::int64_t careful_time = 60 * second;
constexpr std::int64_t check_interval = 5 * second;
constexpr long longest_nap = 60000;

// pg_cancel_backend and playbook_cancel end the step that runs alone. The engine's own statements and a batch
// of a few milliseconds are not interrupted.
void on_cancel_signal(SIGNAL_ARGS) {
	if (my_executor != nullptr && my_executor->state == ExecutorSlot::State::Alone)
		StatementCancelHandler(postgres_signal_arg);
}

class Executor {
public:
	explicit Executor(bool careful) : memory_("playbook executor"), careful_(careful) {}

	// Returns when it has given its place back.
	void run() {
		began_ = last_work_ = GetCurrentTimestamp();
		while (!my_executor->leave) {
			MemoryContextSwitchTo(memory_.get()); // a commit leaves another one behind
			memory_.reset();
			bool worked = false;
			try {
				if (!may_serve()) break;
				worked = take_turns();
				failures_ = 0;
			} catch (const std::exception &failure) {
				failure_ = pg::to_error(failure);
			}
			if (failure_ && !recover()) break;
			if (my_executor == nullptr || (!worked && rest())) return;
		}
		leave_place(Leaving::Asked);
	}

private:
	using State = ExecutorSlot::State;

	// The extension is still there, and the role may still be worked for.
	bool may_serve() {
		const TimestampTz now = GetCurrentTimestamp();
		if (now < next_check_) return true;
		next_check_ = now + check_interval;
		pg::Transaction transaction(pg::Transaction::Place::Worker);
		pg::call([] { AcceptInvalidationMessages(); });
		const bool may = pg::find_installation() != nullptr && !unreachable_reason(GetUserId());
		transaction.commit();
		return may;
	}

	// A batch of quick work, or a step alone; true: look again without a rest.
	bool take_turns() {
		my_executor->woken = false;
		execution::made_due(my_executor->role, my_executor->take_work());
		my_executor->state = State::Working;
		pg::call([] { pgstat_report_activity(STATE_RUNNING, "advancing executions"); });
		TimestampTz now = GetCurrentTimestamp();
		if (working_since_ == 0) working_since_ = helped_at_ = looked_alone_at_ = now;
		execution::TurnOptions options;
		execution::give_back_unrecorded(options);
		options.careful = careful_;
		options.take_alone = false;
		const execution::Turn turn = execution::take_turn(options);
		const bool quick = turn.executions > 0;
		next_due_ = turn.next_due;
		// More, and no time for it: a batch that failed is to be done again.
		bool worked = quick || (turn.more && !turn.next_due);
		now = GetCurrentTimestamp();
		// A step that waits to run alone is taken when there is no quick work, and once in a turn where that
		// never ends.
		if (quick ? now - looked_alone_at_ >= turn_microseconds : turn.alone_waiting) {
			looked_alone_at_ = now;
			worked = run_alone(options, quick) || worked;
		} else if (!quick) {
			forgo_alone();
		}
		if (quick && turn.full) wake_idle(my_executor->role, execution::queue_begins());
		if (quick && (turn.alone_waiting || now - helped_at_ > help_after)) call_for_help(now);
		if (worked) last_work_ = GetCurrentTimestamp();
		// What was due at its start has been survived.
		if (!worked || now - began_ > careful_time) careful_ = false;
		pg::call([] { (void) pgstat_report_stat(false); });
		if (should_give_way(working_since_, false) && leave_for_others(worked || turn.more)) return false;
		return worked;
	}

	// Another executor for this role, if the machine has room for it.
	void call_for_help(TimestampTz now) {
		helped_at_ = now;
		post(MyDatabaseId, WokenRole{my_executor->role, now, true});
	}

	bool run_alone(execution::TurnOptions options, bool quick) {
		if (!reserve_alone()) return false; // woken when it can be had
		// What is due, or comes due meanwhile, is not this process's business any longer.
		const TimestampTz now = GetCurrentTimestamp();
		if (quick)
			post(MyDatabaseId, WokenRole{my_executor->role, std::min(now, execution::queue_begins()), false});
		else if (next_due_ && *next_due_ > now)
			report_what_is_left(my_executor->role, next_due_);
		options.take_batch = false;
		options.take_alone = true;
		const bool ran = execution::take_turn(options).ran_alone;
		release_alone();
		return ran;
	}

	bool leave_for_others(bool more) {
		const Oid role = my_executor->role;
		TimestampTz since = more ? execution::queue_begins() : next_due_.value_or(DT_NOEND);
		TimestampTz given = DT_NOEND;
		if (!leave_place(Leaving::GivingWay, &given)) return false;
		since = std::min(since, given);
		report_what_is_left(role, TIMESTAMP_IS_NOEND(since) ? std::nullopt : std::optional(since));
		return true;
	}

	// The scheduler sees to what this process would have done.
	static void report_what_is_left(Oid role, std::optional<TimestampTz> due_at) {
		if (due_at) wake(role, *due_at);
	}

	// Sleeps until there may be work; true: it has left.
	bool rest() {
		working_since_ = 0;
		pg::call([] {
			(void) pgstat_report_stat(true);
			pgstat_report_activity(STATE_IDLE, nullptr);
		});
		const TimestampTz leaves_at = last_work_ + settings::executor_idle_microseconds();
		const TimestampTz now = GetCurrentTimestamp();
		TimestampTz until = std::min(leaves_at, next_due_.value_or(DT_NOEND));
		// What is due and yet cannot be had belongs to another process for now: asked for at growing
		// intervals.
		if (next_due_ && *next_due_ <= now) {
			until = now + std::min(second, second / 50 << std::min(fruitless_++, 6));
		} else {
			fruitless_ = 0;
		}
		if (failures_ > 0) until = retry_at_;
		my_executor->state = State::Idle;
		if (should_give_way(0, true) && leave_for_others(failures_ > 0)) return true;
		if (failures_ > 0) {
			while (GetCurrentTimestamp() < until && !my_executor->leave) nap(until, longest_nap);
			return false;
		}
		if (!my_executor->woken && !my_executor->leave) nap(until, longest_nap);
		if (should_give_way(0, true) && leave_for_others(false)) return true;
		if (GetCurrentTimestamp() < leaves_at) return false;
		FAULT_POINT("executor.leaving");
		const Oid role = my_executor->role;
		if (!leave_place(Leaving::WithoutWork)) return false;
		report_what_is_left(role, next_due_);
		return true;
	}

	// The engine's own trouble, never a playbook's: logged, and tried again after a growing pause. False:
	// there is no extension any longer.
	bool recover() {
		const pg::Error failure = *std::exchange(failure_, std::nullopt);
		next_check_ = 0;
		if (!clean_up_after_failure()) return false;
		done();
		release_alone();
		log_failure("an executor failed", failure);
		retry_at_ = GetCurrentTimestamp() + back_off(++failures_, second / 10);
		return true;
	}

	pg::ContextScope memory_;
	bool careful_;
	TimestampTz began_ = 0, last_work_ = 0, next_check_ = 0, retry_at_ = 0;
	TimestampTz working_since_ = 0; // without a rest
	TimestampTz helped_at_ = 0, looked_alone_at_ = 0;
	std::optional<TimestampTz> next_due_;
	std::optional<pg::Error> failure_;
	int failures_ = 0, fruitless_ = 0;
};

// False when its start was given up meanwhile or the database is barred.
bool take_slot(ExecutorSlot &slot) {
	Locked locked;
	if (slot.state != ExecutorSlot::State::Starting || slot.generation != ordered_generation()) return false;
	slot.process = Process::self();
	my_executor = &slot;
	if (!is_barred(slot.database)) return true;
	end_executor(slot, false);
	my_executor = nullptr;
	return false;
}

void run_executor(int number) {
	pqsignal(SIGINT, on_cancel_signal);
	begin_process();
	release_at_exit();
	ExecutorSlot &slot = shared->executors[number];
	if (!take_slot(slot)) return;
	const Oid database = slot.database, role = slot.role;
	pg::call([database, role] {
		BackgroundWorkerInitializeConnectionByOid(database, role, pg::compat::worker_login_bypass);
		pgstat_report_appname(MyBgworkerEntry->bgw_name);
	});
	slot.connected = true;
	count(Counter::ExecutorsStarted); // with its first commit
	FAULT_POINT("executor.started");
	Executor(slot.careful).run();
}

} // namespace
} // namespace playbook::worker

PLAYBOOK_EXPORT_BEGIN
void playbook_executor_main(Datum);
PLAYBOOK_EXPORT_END

void playbook_executor_main(Datum argument) {
	playbook::pg::entry([argument] { playbook::worker::run_executor(DatumGetInt32(argument)); });
}
