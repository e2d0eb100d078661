#include "worker/places.hpp"

#include "settings.hpp"

namespace playbook::worker {
namespace {

bool is_live(const ExecutorSlot &slot) {
	const ExecutorSlot::State state = slot.state;
	return state != ExecutorSlot::State::Free && state != ExecutorSlot::State::Ended;
}

int places() { return std::min(settings::max_executors(), max_executors); }

int live_executors() {
	return static_cast<int>(
	    std::count_if(std::begin(shared->executors), std::end(shared->executors), is_live));
}

bool is_exhausted() { return GetCurrentTimestamp() < shared->exhausted_until; }

// Places that schedulers wait for longer than this one.
int earlier_claims(const DatabaseSlot &database) {
	const TimestampTz mine = database.places_wanted > 0 ? database.wanted_since : GetCurrentTimestamp();
	int claims = 0;
	for (const DatabaseSlot &other : shared->databases)
		if (OidIsValid(other.database) && &other != &database && other.places_wanted > 0 &&
		    other.wanted_since < mine)
			claims += other.places_wanted;
	return claims;
}

// An ended slot is free once its scheduler has read how it ended; in need the oldest is taken before that.
ExecutorSlot *free_slot() {
	ExecutorSlot *oldest = nullptr;
	for (ExecutorSlot &slot : shared->executors) {
		if (slot.state == ExecutorSlot::State::Free) return &slot;
		if (slot.state == ExecutorSlot::State::Ended && (oldest == nullptr || slot.since < oldest->since))
			oldest = &slot;
	}
	return oldest;
}

} // namespace

void wake_reserving() {
	for (ExecutorSlot &slot : shared->executors)
		if (is_live(slot) && slot.reserve_since != 0) {
			slot.woken = true;
			slot.process.wake();
		}
}

ExecutorSlot *take_place(DatabaseSlot &database, Oid role, bool careful) {
	Locked locked;
	if (places() - live_executors() <= earlier_claims(database)) return nullptr;
	ExecutorSlot *slot = free_slot();
	if (slot == nullptr) return nullptr;
	new (slot) ExecutorSlot();
	slot->work_since = DT_NOEND;
	slot->generation = ++shared->generation;
	slot->database = database.database;
	slot->role = role;
	slot->since = GetCurrentTimestamp();
	slot->careful = careful || slot->since < shared->careful_until;
	slot->state = ExecutorSlot::State::Starting;
	if (database.places_wanted > 0) {
		// Its turn is over: for the next place others go first.
		--database.places_wanted;
		--shared->places_wanted;
		database.wanted_since = slot->since;
	}
	return slot;
}

void want_places(DatabaseSlot &database, int count) {
	if (count == 0 && database.places_wanted == 0) return;
	Locked locked;
	if (database.places_wanted == 0) database.wanted_since = GetCurrentTimestamp();
	shared->places_wanted += count - database.places_wanted;
	database.places_wanted = count;
	for (const ExecutorSlot &slot : shared->executors)
		if (count > 0 && slot.state == ExecutorSlot::State::Idle) {
			slot.process.wake();
			--count;
		}
}

bool ask_idle_of_others(Oid database, Oid role) {
	Locked locked(LW_SHARED);
	const auto alone = std::count_if(std::begin(shared->executors), std::end(shared->executors),
	                                 [](const ExecutorSlot &slot) { return is_live(slot) && slot.reserved; });
	if (alone >= places() - 1) return false; // no further step may run alone
	for (const ExecutorSlot &slot : shared->executors) {
		if (slot.state != ExecutorSlot::State::Idle || (slot.database == database && slot.role == role))
			continue;
		shared->exhausted_until = GetCurrentTimestamp() + turn_microseconds;
		slot.process.wake();
		return true;
	}
	return false;
}

void ask_for_processes() {
	shared->exhausted_until = GetCurrentTimestamp() + turn_microseconds;
	Locked locked(LW_SHARED);
	for (const ExecutorSlot &slot : shared->executors)
		if (slot.state == ExecutorSlot::State::Idle) slot.process.wake();
}

bool should_give_way(TimestampTz working_since, bool idle) {
	if (shared->places_wanted <= 0) return idle && is_exhausted();
	if (idle || GetCurrentTimestamp() - working_since >= turn_microseconds) return true;
	Locked locked(LW_SHARED);
	return std::any_of(
	    std::begin(shared->executors), std::end(shared->executors), [](const ExecutorSlot &slot) {
		    return &slot != my_executor && slot.database == my_executor->database &&
		           slot.role == my_executor->role &&
		           (slot.state == ExecutorSlot::State::Working || slot.state == ExecutorSlot::State::Idle);
	    });
}

bool leave_place(Leaving why, TimestampTz *work_since) {
	Locked locked;
	if (why == Leaving::WithoutWork && my_executor->woken) return false;
	if (why == Leaving::GivingWay && shared->places_wanted <= places() - live_executors() && !is_exhausted())
		return false;
	if (work_since != nullptr && my_executor->woken)
		*work_since = std::min(my_executor->take_work(), GetCurrentTimestamp());
	end_executor(*my_executor, false);
	my_executor = nullptr;
	return true;
}

bool reserve_alone() {
	Locked locked;
	int taken = 0, before_me = 0;
	if (my_executor->reserve_since == 0) my_executor->reserve_since = GetCurrentTimestamp();
	for (const ExecutorSlot &slot : shared->executors) {
		if (!is_live(slot) || &slot == my_executor) continue;
		taken += slot.reserved;
		before_me += slot.reserve_since != 0 && slot.reserve_since < my_executor->reserve_since;
	}
	if (taken + before_me >= std::max(1, places() - 1)) return false;
	my_executor->reserve_since = 0;
	my_executor->reserved = true;
	return true;
}

void release_alone() {
	if (my_executor == nullptr || !my_executor->reserved) return;
	Locked locked;
	my_executor->reserved = false;
	wake_reserving();
}

void forgo_alone() {
	if (my_executor->reserve_since == 0) return;
	Locked locked;
	my_executor->reserve_since = 0;
	wake_reserving();
}

} // namespace playbook::worker
