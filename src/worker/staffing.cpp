#include "worker/staffing.hpp"

#include "fault_points.hpp"
#include "pg/datum.hpp"
#include "pg/transaction.hpp"
#include "worker/places.hpp"
#include "worker/reachability.hpp"

extern "C" {
#include <unistd.h>
}

namespace playbook::worker {
namespace {

constexpr std::int64_t refusal_interval = 30 * second; // a role that may not be worked for is looked at again
constexpr std::int64_t careful_time =
    60 * second; // for a role whose executor ended in the middle of its work
constexpr std::int64_t start_timeout = 60 * second;

int processors() {
	static const int online = static_cast<int>(std::max(1L, sysconf(_SC_NPROCESSORS_ONLN)));
	return online;
}

} // namespace

// Executors that have ended: how, decides how the next one of their role starts.
bool Staffing::collect_ended() {
	bool interrupted = false;
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
				interrupted = true;
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
	return interrupted;
}

// An executor could not connect, or ended in the middle of its work; the server has logged why.
void Staffing::failed(Oid oid, TimestampTz now, std::int64_t first_pause) {
	RoleState &role = roles_[oid];
	role.not_before = now + back_off(++role.failures, first_pause);
	role.due_at = std::min(role.due_at, now);
}

void Staffing::collect_woken() {
	std::array<WokenRole, max_woken_roles> woken;
	int count = 0;
	{
		Locked locked;
		count = std::exchange(slot_.woken, 0);
		std::copy(slot_.roles, slot_.roles + count, woken.begin());
	}
	for (int i = 0; i < count; ++i) {
		RoleState &role = roles_[woken[i].role];
		if (woken[i].another)
			role.another = true;
		else
			role.due_at = std::min(role.due_at, woken[i].due_at);
	}
}

// An executor for every role that has something due; who waits longest for a place comes first.
void Staffing::provide() {
	const TimestampTz now = GetCurrentTimestamp();
	std::vector<std::pair<TimestampTz, Oid>> candidates;
	int without_place = 0;
	for (auto &[oid, role] : roles_) {
		if (role.due_at > now && !role.another) continue;
		if (role.not_before <= now)
			candidates.emplace_back(role.waits_since != 0 ? role.waits_since : now, oid);
		else
			without_place += role.waits_since != 0;
	}
	std::sort(candidates.begin(), candidates.end());
	for (const auto &[since, oid] : candidates) without_place += !provide(oid, roles_[oid], now);
	want_places(slot_, without_place);
	std::erase_if(roles_, [now](const auto &entry) {
		const RoleState &role = entry.second;
		return TIMESTAMP_IS_NOEND(role.due_at) && role.careful_until < now && role.failures == 0 &&
		       role.said.empty();
	});
}

// False: it needs a place and there is none.
bool Staffing::provide(Oid oid, RoleState &role, TimestampTz now) {
	const bool due = role.due_at <= now;
	const Present present = wake_present(oid, role.due_at, due);
	// One for quick work, and one for each step that waits to run alone.
	int wanted = due ? std::max(1, role.alone_ready) : 0;
	// Where all are busy one more, as far as the machine has processors; it asks nobody to leave.
	if (role.another && !present.idle) wanted = std::max(wanted, std::min(present.usable + 1, processors()));
	role.another = false;
	Start start = Start::Done;
	int usable = present.usable;
	for (; usable < wanted && start == Start::Done; ++usable) start = start_executor(oid, role, now);
	// Steps that could run beside others: nobody who works leaves for them, but who is idle does.
	if (start == Start::NoPlace && due && present.usable > 0 && usable < role.alone_ready &&
	    ask_idle_of_others(slot_.database, oid)) {
		role.waits_since = 0;
		role.not_before = std::max(role.not_before, now + second / 20);
		return true;
	}
	if (start == Start::Done || present.usable > 0 || !due) {
		role.waits_since = 0;
		// What an executor was found for is its business; what cannot be had now is tried again. What comes
		// due later is told to nobody yet.
		if (due && (start == Start::Done || present.usable > 0)) role.due_at = DT_NOEND;
		role.alone_ready = 0;
		return true;
	}
	if (start == Start::Refused) return true; // until not_before
	if (role.waits_since == 0) role.waits_since = now;
	return false;
}

// Wakes the executors of the role if something is due; else only counts them.
Staffing::Present Staffing::wake_present(Oid oid, TimestampTz since, bool due) {
	Present present;
	Locked locked(LW_SHARED);
	for (ExecutorSlot &executor : shared->executors) {
		if (executor.database != slot_.database || executor.role != oid) continue;
		const State state = executor.state;
		if (state != State::Starting && state != State::Idle && state != State::Working) continue;
		++present.usable;
		present.idle = present.idle || state != State::Working;
		if (!due || state == State::Starting) continue;
		executor.wake_for(since);
	}
	return present;
}

Staffing::Start Staffing::start_executor(Oid oid, RoleState &role, TimestampTz now) {
	std::optional<std::string> reason;
	WorkerOrder order{"playbook_executor_main", "", "playbook executor"};
	{
		pg::Transaction transaction(pg::Transaction::Place::Worker);
		reason = unreachable_reason(oid);
		if (reason) execution::note_unreachable(oid, *reason);
		order.name = "playbook executor: " + pg::role_name(oid);
		transaction.commit();
	}
	if (reason) {
		if (role.said != *reason) log("executions wait, since " + *reason);
		role.said = *reason;
		role.not_before = now + refusal_interval;
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
		FAULT_POINT("scheduler.executor_ordered");
		return Start::Done;
	}
	if (now - std::exchange(said_exhausted_, now) > log_interval)
		log("no worker process is free for an executor; raise max_worker_processes or lower "
		    "playbook.max_executors");
	{
		Locked locked;
		executor->state = State::Free;
		executor->database = InvalidOid;
	}
	ask_for_processes();
	role.not_before = now + back_off(++role.exhausted, second / 20);
	return Start::NoPlace;
}

void Staffing::add(const execution::RoleDue &due) {
	RoleState &role = roles_[due.role];
	role.due_at = std::min(role.due_at, due.due_at);
	role.alone_ready = due.alone_ready;
}

TimestampTz Staffing::next() const {
	const TimestampTz now = GetCurrentTimestamp();
	TimestampTz until = next_reap_;
	bool waiting = false;
	for (const auto &[oid, role] : roles_) {
		if (TIMESTAMP_IS_NOEND(role.due_at)) continue;
		waiting = waiting || role.waits_since != 0;
		if (role.waits_since == 0 || role.not_before > now)
			until = std::min(until, std::max(role.due_at, role.not_before));
	}
	// Who leaves a place tells us; now and then all the same.
	return waiting ? std::min(until, now + second) : until;
}

bool Staffing::somebody_ended() const {
	if (!TIMESTAMP_IS_NOEND(next_reap_)) return false; // known, and waited for
	return std::any_of(std::begin(shared->executors), std::end(shared->executors),
	                   [this](const ExecutorSlot &executor) {
		                   return executor.database == slot_.database && executor.state == State::Ended;
	                   });
}

} // namespace playbook::worker
