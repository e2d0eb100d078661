// The scheduler: one process per database with work. It runs no user SQL: it looks which roles have something
// due and sees to it that an executor works for each, announces what was committed, and ends what a cancel
// could not stop.
//
// While nothing is due it sleeps. A wake-up brings the role and the time (wakeup.cpp); every 30 seconds it
// asks the tables, so that a lost wake-up costs seconds and never an execution. No transaction is open while
// it sleeps.
#include "execution/purge.hpp"
#include "fault_points.hpp"
#include "identity/installation_fence.hpp"
#include "notification/publisher.hpp"
#include "pg/identity.hpp"
#include "pg/installation.hpp"
#include "pg/spi.hpp"
#include "pg/transaction.hpp"
#include "settings.hpp"
#include "version.hpp"
#include "worker/staffing.hpp"

extern "C" {
#include "pgstat.h"
#include <signal.h>
}

namespace playbook::worker {
namespace {

constexpr std::int64_t look_interval = 30 * second;
constexpr std::int64_t announce_interval = second / 20;
constexpr std::int64_t forget_interval = 3600 * second;
constexpr std::int64_t purge_interval = 3600 * second;
constexpr std::int64_t held_interval = 60 * second; // a long transaction is in the way of a purge
constexpr long longest_nap = 60000;

class Scheduler {
public:
	explicit Scheduler(DatabaseSlot &slot) : slot_(slot), memory_("playbook scheduler") {}

	// Returns when there is nothing to schedule here, or when asked to.
	Departure run() {
		for (;;) {
			if (slot_.leave) return Departure::Asked;
			MemoryContextSwitchTo(memory_.get()); // a commit leaves another one behind
			memory_.reset();
			slot_.planned = PG_INT64_MAX; // while it works it is told everything
			try {
				if (!may_serve()) return Departure::Idle;
				work();
				failures_ = 0;
			} catch (const std::exception &failure) {
				failure_ = pg::to_error(failure);
			}
			if (failure_)
				recover();
			else
				sleep();
		}
	}

private:
	using State = ExecutorSlot::State;

	// The extension is there, of a version that this library knows, and was enabled for this very database.
	bool may_serve() {
		pg::Transaction transaction(pg::Transaction::Place::Worker);
		pg::call([] { AcceptInvalidationMessages(); });
		const pg::Installation *here = pg::find_installation();
		if (here == nullptr) return false;
		if (here->version != version) {
			log("this server runs the library of version " + std::string(version) +
			    ", the database has extension version " + here->version +
			    "; nothing runs until ALTER EXTENSION playbook UPDATE");
			return false;
		}
		const bool enabled = identity::enabled();
		transaction.commit();
		if (enabled && !slot_.served) {
			Locked locked;
			slot_.served = true;
		}
		return enabled;
	}

	void work() {
		if (staff_.collect_ended()) next_look_ = 0;
		staff_.collect_woken();
		const TimestampTz now = GetCurrentTimestamp();
		if (slot_.look.exchange(false) || now >= next_look_) look();
		if (slot_.announce && now >= next_announce_) {
			next_announce_ = now + announce_interval;
			announce(now);
		}
		staff_.provide();
		end_cancelled();
		if (now >= next_purge_) purge();
	}

	// What one call leaves over, the next one takes.
	void announce(TimestampTz now) {
		slot_.announce = false;
		notification::Announced announced{};
		in_transaction([&announced] { announced = notification::announce(); });
		if (announced == notification::Announced::Nothing) return;
		FAULT_POINT("feed.announced");
		slot_.announce = true;
		if (announced == notification::Announced::Busy) return;
		feed_since_ = now;
		report();
	}

	// Old announcements are deleted for as long as there can be any; then the database is left alone.
	void forget_announced() {
		const TimestampTz now = GetCurrentTimestamp();
		if (feed_since_ == 0) feed_since_ = now; // of the process before this one
		if (now < next_forget_ ||
		    now > feed_since_ + settings::feed_retention_microseconds() + 2 * forget_interval)
			return;
		if (std::exchange(next_forget_, now + forget_interval) != 0)
			in_transaction([] { notification::forget_announced(); });
	}

	// One piece of it, so that nothing else waits for long.
	void purge() {
		if (!purge_) purge_.emplace();
		std::int64_t pause = 0;
		in_transaction([&] { pause = purge_->step(); });
		for (const std::string &message : purge_->take_messages()) log(message);
		if (purge_->done()) {
			pause = purge_->held().empty() ? purge_interval : held_interval;
			purge_.reset();
			report();
		}
		next_purge_ = GetCurrentTimestamp() + pause;
	}

	template <typename Work> static void in_transaction(Work work) {
		pg::Transaction transaction(pg::Transaction::Place::Worker);
		work();
		transaction.commit();
	}

	// Asks the tables.
	void look() {
		const TimestampTz began = GetCurrentTimestamp();
		for (const execution::RoleDue &due : ask_tables()) staff_.add(due);
		FAULT_POINT("scheduler.looked");
		// Dead index entries that somebody's snapshot keeps can make it long: no more than a twentieth of the
		// time.
		const TimestampTz now = GetCurrentTimestamp();
		next_look_ = now + std::max(look_interval, 20 * (now - began));
		slot_.announce = true; // whatever a process that ended did not ask for
		forget_announced();
		report();
	}

	static std::vector<execution::RoleDue> ask_tables() {
		std::vector<execution::RoleDue> due;
		in_transaction([&due] {
			const pg::EngineIdentity engine;
			const pg::Spi connection;
			execution::recover_lost_steps();
			due = execution::roles_due();
		});
		return due;
	}

	void report() {
		pg::call([] { (void) pgstat_report_stat(true); });
	}

	// A cancelled step whose statement does not stop has its executor ended.
	void end_cancelled() {
		const std::int64_t grace = settings::cancel_grace_microseconds();
		const TimestampTz now = GetCurrentTimestamp();
		next_grace_ = DT_NOEND;
		Locked locked;
		for (ExecutorSlot &executor : shared->executors) {
			if (executor.database != slot_.database || executor.state != State::Alone ||
			    executor.cancelled_at == 0)
				continue;
			if (executor.terminated) continue;
			if (now - executor.cancelled_at < grace) {
				next_grace_ = std::min(next_grace_, executor.cancelled_at + grace);
				continue;
			}
			executor.terminated = true;
			if (executor.process.alive()) kill(executor.process.pid, SIGTERM);
		}
	}

	// The engine's own trouble: logged, and tried again after a growing pause.
	void recover() {
		const pg::Error failure = *std::exchange(failure_, std::nullopt);
		purge_.reset(); // it begins anew, when other things have been done
		next_purge_ = std::max(next_purge_, GetCurrentTimestamp() + held_interval);
		if (!clean_up_after_failure()) return;
		log_failure("the scheduler failed", failure);
		retry_at_ = GetCurrentTimestamp() + back_off(++failures_);
		slot_.look = true;
		sleep();
	}

	void sleep() {
		TimestampTz until = std::min({next_look_, next_grace_, next_purge_, staff_.next()});
		if (slot_.announce) until = std::min(until, next_announce_);
		if (failures_ > 0) until = retry_at_;
		bool told = false;
		{
			Locked locked;
			slot_.planned = next_look_; // what is due later is found then
			told = failures_ == 0 && was_told();
		}
		if (!told) nap(until, longest_nap);
		while (failures_ > 0 && !slot_.leave && GetCurrentTimestamp() < until) nap(until, longest_nap);
	}

	// Waiting for a lock resets the latch: what it stood for is looked at again before sleeping.
	bool was_told() const {
		if (slot_.woken > 0 || slot_.look || slot_.leave || staff_.somebody_ended()) return true;
		return std::any_of(
		    std::begin(shared->executors), std::end(shared->executors), [this](const ExecutorSlot &executor) {
			    return executor.database == slot_.database && executor.state == State::Alone &&
			           executor.cancelled_at != 0 && !executor.terminated && TIMESTAMP_IS_NOEND(next_grace_);
		    });
	}

	DatabaseSlot &slot_;
	pg::ContextScope memory_;
	Staffing staff_{slot_};
	TimestampTz feed_since_ = 0, next_forget_ = 0, next_purge_ = 0;
	std::optional<execution::Purge> purge_;
	TimestampTz next_look_ = 0, next_announce_ = 0, next_grace_ = DT_NOEND, retry_at_ = 0;
	std::optional<pg::Error> failure_;
	int failures_ = 0;
};

// False when its start was given up meanwhile or the database is barred.
bool take_slot(DatabaseSlot &slot) {
	Locked locked;
	if (slot.state != DatabaseSlot::State::Starting || slot.generation != ordered_generation()) return false;
	slot.scheduler = Process::self();
	slot.since = GetCurrentTimestamp();
	slot.state = DatabaseSlot::State::Running;
	slot.planned = PG_INT64_MAX;
	slot.leave = false;
	slot.wanted = false;
	if (!is_barred(slot.database)) return true;
	end_scheduler(slot, Departure::Asked);
	return false;
}

// A number that a client has seen must not be given again after a crash, whatever the database's setting.
void keep_what_was_announced() {
	if (synchronous_commit != SYNCHRONOUS_COMMIT_OFF) return;
	pg::call([] { SetConfigOption("synchronous_commit", "local", PGC_USERSET, PGC_S_SESSION); });
}

void run_scheduler(int number) {
	begin_process();
	release_at_exit();
	DatabaseSlot &slot = shared->databases[number];
	if (!take_slot(slot)) return;
	const Oid database = slot.database;
	pg::call([database] { BackgroundWorkerInitializeConnectionByOid(database, InvalidOid, 0); });
	pg::call([] { pgstat_report_appname("playbook scheduler"); });
	keep_what_was_announced();
	FAULT_POINT("scheduler.started");
	const Departure departure = Scheduler(slot).run();
	Locked locked;
	end_scheduler(slot, departure);
}

} // namespace
} // namespace playbook::worker

PLAYBOOK_EXPORT_BEGIN
void playbook_scheduler_main(Datum);
PLAYBOOK_EXPORT_END

void playbook_scheduler_main(Datum argument) {
	playbook::pg::entry([argument] { playbook::worker::run_scheduler(DatumGetInt32(argument)); });
}
