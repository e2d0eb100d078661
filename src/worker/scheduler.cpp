// The scheduler: one process per database with work. It runs no user SQL: it looks which roles have something due and
// sees to it that an executor works for each, announces what was committed, and ends what a cancel could not stop.
//
// While nothing is due it sleeps. A wake-up brings the role and the time (wakeup.cpp); every 30 seconds it asks the
// tables, so that a lost wake-up costs seconds and never an execution. No transaction is open while it sleeps.
#include "execution/executor.hpp"
#include "identity/installation_fence.hpp"
#include "notification/publisher.hpp"
#include "pg/datum.hpp"
#include "pg/identity.hpp"
#include "pg/installation.hpp"
#include "pg/spi.hpp"
#include "pg/transaction.hpp"
#include "settings.hpp"
#include "version.hpp"
#include "worker/places.hpp"
#include "worker/process.hpp"
#include "worker/reachability.hpp"

extern "C" {
#include <signal.h>
#include <unistd.h>
#include "pgstat.h"
}

namespace playbook::worker {
namespace {

constexpr std::int64_t look_interval = 30 * second;
constexpr std::int64_t announce_interval = second / 20;
constexpr std::int64_t careful_time = 60 * second;  // for a role whose executor ended in the middle of its work
constexpr std::int64_t start_timeout = 60 * second;
constexpr long longest_nap = 60000;

// What the scheduler knows about a role; forgotten when it has neither work nor trouble.
struct RoleState {
	TimestampTz due_at = DT_NOEND;
	int alone_ready = 0;
	bool another = false;
	TimestampTz waits_since = 0;     // for a place; 0: it does not
	TimestampTz careful_until = 0;
	int failures = 0;                // executors in a row that could not connect or did not survive
	int exhausted = 0;               // starts in a row for which no process was free
	TimestampTz not_before = 0;
	std::string said;                // the reason that was logged
};

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
			if (failure_) recover();
			else sleep();
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
			log("this server runs the library of version " + std::string(version) + ", the database has extension version " +
			    here->version + "; nothing runs until ALTER EXTENSION playbook UPDATE");
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
		collect_ended();
		collect_woken();
		const TimestampTz now = GetCurrentTimestamp();
		if (slot_.look.exchange(false) || now >= next_look_) look();
		if (slot_.announce && now >= next_announce_) {
			slot_.announce = false;
			next_announce_ = now + announce_interval;
			if (notification::announce() > 0) report();
		}
		provide();
		end_cancelled();
	}

	// Asks the tables.
	void look() {
		next_look_ = GetCurrentTimestamp() + look_interval;
		for (const execution::RoleDue &due : ask_tables()) {
			RoleState &role = roles_[due.role];
			role.due_at = std::min(role.due_at, due.due_at);
			role.alone_ready = due.alone_ready;
		}
		slot_.announce = true; // whatever a process that ended did not ask for
		report();
	}

	static std::vector<execution::RoleDue> ask_tables() {
		pg::Transaction transaction(pg::Transaction::Place::Worker);
		std::vector<execution::RoleDue> due;
		{
			const pg::EngineIdentity engine;
			const pg::Spi connection;
			execution::recover_lost_steps();
			due = execution::roles_due();
		}
		transaction.commit();
		return due;
	}

	void report() {
		pg::call([] { (void) pgstat_report_stat(true); });
	}

	// Executors that have ended: how, decides how the next one of their role starts.
	void collect_ended() {
		const TimestampTz now = GetCurrentTimestamp();
		next_reap_ = DT_NOEND;
		Locked locked;
		for (int i = 0; i < max_executors; ++i) {
			ExecutorSlot &executor = shared->executors[i];
			if (executor.database != slot_.database) continue;
			if (executor.state == State::Starting) {
				const bool stopped = handles_[i] != nullptr && has_stopped(handles_[i]);
				if (!stopped && now - executor.since < start_timeout) continue;
				failed(executor.role, now, 5 * second);
			} else if (executor.state == State::Ended) {
				// Its steps count as lost only when the process is gone.
				if (executor.process.alive()) {
					next_reap_ = now + second / 100;
					continue;
				}
				const auto known = roles_.find(executor.role);
				if (!executor.connected) {
					failed(executor.role, now, 5 * second);
				} else if (!executor.interrupted && known != roles_.end()) {
					known->second.failures = 0;
				}
				if (executor.interrupted) {
					next_look_ = now; // for the steps it left behind
					if (!executor.terminated && !executor.leave) {
						roles_[executor.role].careful_until = now + careful_time;
						failed(executor.role, now, second / 5);
					}
				}
			} else if (executor.state == State::Free || executor.process.alive()) {
				continue;
			}
			executor.state = State::Free;
			executor.database = InvalidOid;
			executor.process = Process();
			if (handles_[i] != nullptr) forget(std::exchange(handles_[i], nullptr));
		}
	}

	// An executor could not connect, or ended in the middle of its work; the server has logged why.
	void failed(Oid oid, TimestampTz now, std::int64_t first_pause) {
		RoleState &role = roles_[oid];
		role.not_before = now + back_off(++role.failures, first_pause);
		role.due_at = std::min(role.due_at, now);
	}

	void collect_woken() {
		std::array<WokenRole, max_woken_roles> woken;
		int count = 0;
		{
			Locked locked;
			count = std::exchange(slot_.woken, 0);
			std::copy(slot_.roles, slot_.roles + count, woken.begin());
		}
		for (int i = 0; i < count; ++i) {
			RoleState &role = roles_[woken[i].role];
			if (woken[i].another) role.another = true;
			else role.due_at = std::min(role.due_at, woken[i].due_at);
		}
	}

	// An executor for every role that has something due; who waits longest for a place comes first.
	void provide() {
		const TimestampTz now = GetCurrentTimestamp();
		std::vector<std::pair<TimestampTz, Oid>> candidates;
		int without_place = 0;
		for (auto &[oid, role] : roles_) {
			if (role.due_at > now && !role.another) continue;
			if (role.not_before <= now) candidates.emplace_back(role.waits_since != 0 ? role.waits_since : now, oid);
			else without_place += role.waits_since != 0;
		}
		std::sort(candidates.begin(), candidates.end());
		for (const auto &[since, oid] : candidates) without_place += !provide(oid, roles_[oid], now);
		want_places(slot_, without_place);
		std::erase_if(roles_, [now](const auto &entry) {
			const RoleState &role = entry.second;
			return TIMESTAMP_IS_NOEND(role.due_at) && role.careful_until < now && role.failures == 0 && role.said.empty();
		});
	}

	// False: it needs a place and there is none.
	bool provide(Oid oid, RoleState &role, TimestampTz now) {
		const bool due = role.due_at <= now;
		const Present present = wake_present(oid, due ? role.alone_ready : -1, now);
		// One for quick work, and one for each step that waits to run alone.
		int wanted = due ? std::max(1, role.alone_ready) : 0;
		// Where all are busy one more, as far as the machine has processors; it asks nobody to leave.
		if (role.another && !present.idle) wanted = std::max(wanted, std::min(present.usable + 1, processors()));
		role.another = false;
		Start start = Start::Done;
		int usable = present.usable;
		for (; usable < wanted && start == Start::Done; ++usable) start = start_executor(oid, role, now);
		if (start == Start::Done || present.usable > 0 || !due) {
			role.waits_since = 0;
			// What an executor was found for is its business; what cannot be had now is tried again.
			if (start == Start::Done || present.usable > 0) role.due_at = DT_NOEND;
			role.alone_ready = 0;
			return true;
		}
		if (start == Start::Refused) return true; // until not_before
		if (role.waits_since == 0) role.waits_since = now;
		return false;
	}

	struct Present {
		int usable = 0;    // those that can be woken, or are about to look
		bool idle = false; // one of them has nothing to do, or is only starting
	};

	// Wakes the executors of the role; alone_ready < 0: only counts them.
	Present wake_present(Oid oid, int alone_ready, TimestampTz now) {
		Present present;
		Locked locked(LW_SHARED);
		for (ExecutorSlot &executor : shared->executors) {
			if (executor.database != slot_.database || executor.role != oid) continue;
			const State state = executor.state;
			if (state != State::Starting && state != State::Idle && state != State::Working) continue;
			++present.usable;
			present.idle = present.idle || state != State::Working;
			// One that wakes by itself in time needs no knock.
			if (alone_ready < 0 || state == State::Starting) continue;
			if (state == State::Idle && alone_ready == 0 && executor.sleeps_until <= now) continue;
			executor.woken = true;
			executor.process.wake();
		}
		return present;
	}

	static int processors() {
		static const int online = static_cast<int>(std::max(1L, sysconf(_SC_NPROCESSORS_ONLN)));
		return online;
	}

	enum class Start { Done, NoPlace, Refused };

	Start start_executor(Oid oid, RoleState &role, TimestampTz now) {
		std::optional<std::string> reason;
		WorkerOrder order{"playbook_executor_main", "", "playbook executor"};
		{
			pg::Transaction transaction(pg::Transaction::Place::Worker);
			reason = unreachable_reason(oid);
			order.name = "playbook executor: " + pg::role_name(oid);
			transaction.commit();
		}
		if (reason) {
			if (role.said != *reason) log("executions wait, since " + *reason);
			role.said = *reason;
			role.not_before = now + look_interval;
			return Start::Refused;
		}
		role.said.clear();
		ExecutorSlot *executor = take_place(slot_, oid, role.careful_until > now);
		if (executor == nullptr) return Start::NoPlace;
		order.argument = static_cast<int>(executor - shared->executors);
		order.generation = executor->generation;
		BackgroundWorkerHandle *handle = start_worker(order);
		if (handle != nullptr) {
			if (handles_[order.argument] != nullptr) forget(handles_[order.argument]);
			handles_[order.argument] = handle;
			role.exhausted = 0;
			return Start::Done;
		}
		if (now - std::exchange(said_exhausted_, now) > log_interval)
			log("no worker process is free for an executor; raise max_worker_processes or lower playbook.max_executors");
		{
			Locked locked;
			executor->state = State::Free;
			executor->database = InvalidOid;
		}
		ask_for_processes();
		role.not_before = now + back_off(++role.exhausted, second / 20);
		return Start::NoPlace;
	}

	// A cancelled step whose statement does not stop has its executor ended.
	void end_cancelled() {
		const std::int64_t grace = settings::cancel_grace_microseconds();
		const TimestampTz now = GetCurrentTimestamp();
		next_grace_ = DT_NOEND;
		Locked locked;
		for (ExecutorSlot &executor : shared->executors) {
			if (executor.database != slot_.database || executor.state != State::Alone || executor.cancelled_at == 0) continue;
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
		if (!clean_up_after_failure()) return;
		log_failure("the scheduler failed", failure);
		retry_at_ = GetCurrentTimestamp() + back_off(++failures_);
		slot_.look = true;
		sleep();
	}

	void sleep() {
		TimestampTz until = std::min({next_look_, next_grace_, next_reap_});
		if (slot_.announce) until = std::min(until, next_announce_);
		bool waiting = false;
		const TimestampTz now = GetCurrentTimestamp();
		for (const auto &[oid, role] : roles_) {
			if (TIMESTAMP_IS_NOEND(role.due_at)) continue;
			waiting = waiting || role.waits_since != 0;
			if (role.waits_since == 0 || role.not_before > now)
				until = std::min(until, std::max(role.due_at, role.not_before));
		}
		if (waiting) until = std::min(until, now + second); // in case a leaver's word got lost
		if (failures_ > 0) until = retry_at_;
		bool told = false;
		{
			Locked locked;
			slot_.planned = until;
			told = failures_ == 0 && was_told();
		}
		if (!told) nap(until, longest_nap);
		while (failures_ > 0 && !slot_.leave && GetCurrentTimestamp() < until) nap(until, longest_nap);
	}

	// Waiting for a lock resets the latch: what it stood for is looked at again before sleeping.
	bool was_told() const {
		if (slot_.woken > 0 || slot_.look || slot_.leave) return true;
		return std::any_of(std::begin(shared->executors), std::end(shared->executors), [this](const ExecutorSlot &executor) {
			if (executor.database != slot_.database) return false;
			const bool cancelled = executor.state == State::Alone && executor.cancelled_at != 0 && !executor.terminated;
			return (executor.state == State::Ended && TIMESTAMP_IS_NOEND(next_reap_)) || (cancelled && TIMESTAMP_IS_NOEND(next_grace_));
		});
	}

	DatabaseSlot &slot_;
	pg::ContextScope memory_;
	std::map<Oid, RoleState> roles_;
	std::array<BackgroundWorkerHandle *, max_executors> handles_{};
	TimestampTz next_look_ = 0, next_announce_ = 0, next_grace_ = DT_NOEND, next_reap_ = DT_NOEND, retry_at_ = 0;
	std::optional<pg::Error> failure_;
	int failures_ = 0;
	TimestampTz said_exhausted_ = 0;
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

void run_scheduler(int number) {
	begin_process();
	release_at_exit();
	DatabaseSlot &slot = shared->databases[number];
	if (!take_slot(slot)) return;
	const Oid database = slot.database;
	pg::call([database] { BackgroundWorkerInitializeConnectionByOid(database, InvalidOid, 0); });
	pg::call([] { pgstat_report_appname("playbook scheduler"); });
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
