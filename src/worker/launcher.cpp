// The launcher. It reads pg_database and nothing else: which databases hold a playbook installation that may
// work is found out by their schedulers, which leave again where there is none.
//
// At its start it sends a scheduler into every database, a few at a time; later only where somebody asked
// (wakeup.cpp). A scheduler that failed is started again after a growing pause. While all worker processes of
// the server are taken it says so once and tries again.
#include "worker/launcher.hpp"

#include "fault_points.hpp"
#include "pg/transaction.hpp"
#include "worker/places.hpp"
#include "worker/process.hpp"
#include "worker/shared_state.hpp"

extern "C" {
#include "access/heapam.h"
#include "access/tableam.h"
}

namespace playbook::worker {
namespace {

constexpr int probes_at_once = 2;
constexpr std::int64_t start_timeout = 60 * second; // a start that nothing was heard of since
constexpr std::int64_t careful_time = 300 * second; // after a crash
constexpr std::int64_t healthy_time =
    60 * second; // a scheduler that lived longer had not failed at its start
constexpr long longest_nap = 60000;

// The connectable databases that are no templates.
std::vector<Oid> read_databases() {
	pg::Transaction transaction(pg::Transaction::Place::Worker);
	Oid *found = nullptr;
	const std::size_t count = pg::call([&found]() -> std::size_t {
		std::size_t filled = 0, room = 64;
		found = static_cast<Oid *>(palloc(room * sizeof(Oid)));
		Relation relation = table_open(DatabaseRelationId, AccessShareLock);
		TableScanDesc scan = table_beginscan_catalog(relation, 0, nullptr);
		HeapTuple tuple;
		while (HeapTupleIsValid(tuple = heap_getnext(scan, ForwardScanDirection))) {
			const Form_pg_database row = (Form_pg_database) GETSTRUCT(tuple);
			// A connection limit below -1 marks a database whose DROP was interrupted.
			if (row->datistemplate || !row->datallowconn || row->datconnlimit < -1) continue;
			if (filled == room) found = static_cast<Oid *>(repalloc(found, (room *= 2) * sizeof(Oid)));
			found[filled++] = row->oid;
		}
		table_endscan(scan);
		table_close(relation, AccessShareLock);
		return filled;
	});
	std::vector<Oid> databases(found, found + count);
	transaction.commit();
	return databases;
}

class Launcher {
public:
	void run() {
		(void) writable_since();
		{
			Locked locked;
			shared->launcher = Process::self();
			if (std::exchange(shared->after_crash, false))
				shared->careful_until = GetCurrentTimestamp() + careful_time;
		}
		unprobed_ = read_databases();
		FAULT_POINT("launcher.started");
		for (;;) {
			collect();
			start_wanted();
			nap(next_, longest_nap);
		}
	}

private:
	// What became of the schedulers that were started, and which slots are not needed any longer.
	void collect() {
		const TimestampTz now = GetCurrentTimestamp();
		next_ = DT_NOEND;
		Locked locked;
		for (int i = 0; i < max_databases; ++i) {
			DatabaseSlot &slot = shared->databases[i];
			if (!OidIsValid(slot.database)) continue;
			if (slot.state == DatabaseSlot::State::Starting) {
				const bool stopped = handles_[i] != nullptr && has_stopped(handles_[i]);
				if (stopped || now - slot.since > start_timeout) end_scheduler(slot, Departure::Failed);
			}
			if (slot.state == DatabaseSlot::State::Running && !slot.scheduler.alive())
				end_scheduler(slot, Departure::Failed);
			if (slot.state != DatabaseSlot::State::None) {
				if (slot.state == DatabaseSlot::State::Running && now - slot.since > healthy_time)
					slot.failures = 0;
				continue;
			}
			if (handles_[i] != nullptr) forget(std::exchange(handles_[i], nullptr));
			settle(slot, now);
		}
	}

	// A slot without a scheduler: whether and when one is started again. The caller holds the lock.
	void settle(DatabaseSlot &slot, TimestampTz now) {
		const Departure departure = std::exchange(slot.departure, Departure::None);
		if (departure == Departure::Idle && std::exchange(slot.served, false)) slot.failures = 0;
		if (departure == Departure::Failed || departure == Departure::Idle) {
			++slot.failures;
			const std::int64_t pause =
			    departure == Departure::Failed
			        ? back_off(slot.failures)
			        : std::min<std::int64_t>(second << std::min(slot.failures - 1, 6), 60 * second);
			// The first visit to a database without work costs the next asker nothing.
			slot.not_before = departure == Departure::Idle && slot.failures == 1 ? now : now + pause;
			if (departure == Departure::Failed) slot.wanted = true;
		}
		// Kept a while after a fruitless visit: an application that keeps asking is answered at growing
		// intervals.
		if (!slot.wanted && now - slot.since > 2 * 60 * second) {
			free_executors(slot.database);
			slot.database = InvalidOid;
		}
	}

	// Executors of a database that no scheduler looks after any longer.
	static void free_executors(Oid database) {
		for (ExecutorSlot &executor : shared->executors)
			if (executor.database == database && executor.state == ExecutorSlot::State::Ended)
				executor.state = ExecutorSlot::State::Free;
	}

	void start_wanted() {
		std::vector<Oid> wanted;
		int probing = 0;
		bool crowded = false;
		const TimestampTz now = GetCurrentTimestamp();
		{
			Locked locked;
			for (const DatabaseSlot &slot : shared->databases) {
				if (!OidIsValid(slot.database)) continue;
				probing += slot.state == DatabaseSlot::State::Starting;
				if (slot.state == DatabaseSlot::State::None && slot.wanted) wanted.push_back(slot.database);
			}
			crowded = std::exchange(shared->crowded, false);
		}
		if (crowded && !std::exchange(said_crowded_, true))
			log("more than " + std::to_string(max_databases) + " databases have work; the others wait");
		if (wanted.empty() && unprobed_.empty()) return;

		const std::vector<Oid> present = read_databases();
		for (const Oid database : wanted) start(database, present, now);
		while (!unprobed_.empty() && probing < probes_at_once) {
			const Oid database = unprobed_.back();
			unprobed_.pop_back();
			probing += start(database, present, now);
		}
		// Each probe that ends wakes us; only a start that could not be made needs a time.
		if (!unprobed_.empty() && probing == 0) next_ = std::min(next_, now + second);
	}

	bool start(Oid database, const std::vector<Oid> &present, TimestampTz now) {
		const bool exists = std::find(present.begin(), present.end(), database) != present.end();
		WorkerOrder order{"playbook_scheduler_main", "", "playbook scheduler"};
		{
			Locked locked;
			DatabaseSlot *slot = exists ? find_or_add_database(database) : find_database(database);
			if (slot == nullptr || slot->state != DatabaseSlot::State::None) return false;
			if (!exists) {
				free_executors(database);
				slot->database = InvalidOid; // dropped, or closed to connections
				return false;
			}
			slot->wanted = true; // until the scheduler has taken its slot
			// Who put the bar up wakes us when it goes.
			if (is_barred(database)) return false;
			if (slot->not_before > now) {
				next_ = std::min(next_, slot->not_before);
				return false;
			}
			slot->state = DatabaseSlot::State::Starting;
			slot->since = now;
			slot->generation = ++shared->generation;
			order.argument = static_cast<int>(slot - shared->databases);
			order.generation = slot->generation;
		}
		order.name = "playbook scheduler for database " + std::to_string(database);
		BackgroundWorkerHandle *handle = start_worker(order);
		if (handle != nullptr) {
			handles_[order.argument] = handle;
			FAULT_POINT("launcher.scheduler_ordered");
			return true;
		}
		ask_for_processes();
		if (now - std::exchange(said_exhausted_, now) > log_interval)
			log("no worker process is free for a scheduler; raise max_worker_processes");
		Locked locked;
		DatabaseSlot &slot = shared->databases[order.argument];
		slot.state = DatabaseSlot::State::None;
		slot.not_before = now + second;
		next_ = std::min(next_, slot.not_before);
		return false;
	}

	std::vector<Oid> unprobed_;
	std::array<BackgroundWorkerHandle *, max_databases> handles_{};
	TimestampTz next_ = DT_NOEND;
	TimestampTz said_exhausted_ = 0;
	bool said_crowded_ = false;
};

} // namespace

void register_launcher() {
	if (IsBinaryUpgrade) return;
	pg::call([] {
		BackgroundWorker worker{};
		strlcpy(worker.bgw_name, "playbook launcher", BGW_MAXLEN);
		strlcpy(worker.bgw_type, "playbook launcher", BGW_MAXLEN);
		strlcpy(worker.bgw_library_name, "playbook", BGW_MAXLEN);
		strlcpy(worker.bgw_function_name, "playbook_launcher_main", BGW_MAXLEN);
		worker.bgw_flags = BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION;
		worker.bgw_start_time = BgWorkerStart_RecoveryFinished;
		worker.bgw_restart_time = 5;
		RegisterBackgroundWorker(&worker);
	});
}

} // namespace playbook::worker

PLAYBOOK_EXPORT_BEGIN
void playbook_launcher_main(Datum);
PLAYBOOK_EXPORT_END

void playbook_launcher_main(Datum) {
	playbook::pg::entry([] {
		using namespace playbook;
		worker::begin_process();
		worker::release_at_exit();
		pg::call([] { BackgroundWorkerInitializeConnection(nullptr, nullptr, 0); });
		worker::Launcher().run();
	});
}
