#include "execution/retention.hpp"

#include "pg/installation.hpp"
#include "pg/spi.hpp"
#include "settings.hpp"

namespace playbook::execution {
namespace {

constexpr std::int64_t day = 86400 * USECS_PER_SEC;
constexpr std::int64_t cached_for = 60 * USECS_PER_SEC;
constexpr std::int64_t ahead = 2 * 3600 * USECS_PER_SEC;
constexpr int slots_per_length = 6;
constexpr std::int64_t giving_lock = 0x706c617970757267; // one process at a time gives slots out

struct Slot {
	int number;
	TimestampTz ends_at; // DT_NOEND: what is kept forever
};

// Those that were given out, by their end.
struct Ring {
	std::vector<Slot> slots;

	const Slot *first_after(TimestampTz until) const {
		for (const Slot &slot : slots)
			if (slot.ends_at >= until && (TIMESTAMP_IS_NOEND(until) || !TIMESTAMP_IS_NOEND(slot.ends_at)))
				return &slot;
		return nullptr;
	}
	const Slot *last_that_ends() const {
		for (std::size_t i = slots.size(); i-- > 0;)
			if (!TIMESTAMP_IS_NOEND(slots[i].ends_at)) return &slots[i];
		return nullptr;
	}
	// One is kept back for what is never dropped.
	int free_one(bool forever) const {
		const bool has_forever = !slots.empty() && TIMESTAMP_IS_NOEND(slots.back().ends_at);
		if (static_cast<int>(slots.size()) + (forever || has_forever ? 0 : 1) >= history_slots) return 0;
		for (int number = 1; number <= history_slots; ++number)
			if (std::none_of(slots.begin(), slots.end(),
			                 [number](const Slot &slot) { return slot.number == number; }))
				return number;
		return 0;
	}
};

Ring read_ring() {
	static pg::Statement find(
	    "SELECT slot, ends_at FROM @playbook_history_slots WHERE ends_at IS NOT NULL ORDER BY ends_at", {});
	const pg::Rows rows = find.query({});
	Ring ring;
	for (std::size_t row = 0; row < rows.size(); ++row)
		ring.slots.push_back({rows.int2(row, 0), rows.timestamp(row, 1)});
	return ring;
}

// What is out of date only lacks slots that were given out since, or has ones whose time is over: neither can
// be chosen wrongly, so an old look is good enough for a minute.
struct Cache {
	Ring ring;
	TimestampTz read_at = 0;
	std::uint64_t generation = 0;
	TimestampTz given_in = 0; // the transaction that gave a slot out; it may yet be rolled back
};
Cache &cache() {
	static auto *const made = new Cache();
	return *made;
}

std::int64_t stride(int days) {
	return std::max<std::int64_t>((days + slots_per_length - 1) / slots_per_length, 1) * day;
}

TimestampTz end_of_day(TimestampTz at) { return (at / day + 1) * day; }

bool fits(const Slot *slot, TimestampTz until, int days) {
	return slot != nullptr && (TIMESTAMP_IS_NOEND(until) || slot->ends_at <= until + 2 * stride(days) + day);
}

bool may_give_out() {
	static pg::Statement lock("SELECT pg_try_advisory_xact_lock($1)", {INT8OID});
	return lock.query({pg::int8(giving_lock)}).boolean(0, 0);
}

int give_out(int number, TimestampTz ends_at) {
	static pg::Statement give(
	    "INSERT INTO @playbook_history_slots AS s (slot, ends_at) VALUES ($1, $2) "
	    "ON CONFLICT (slot) DO UPDATE SET ends_at = greatest(s.ends_at, excluded.ends_at)",
	    {INT4OID, TIMESTAMPTZOID});
	give.execute({pg::int4(number), pg::timestamp(ends_at)});
	cache().given_in = GetCurrentTransactionStartTimestamp();
	return number;
}

int slot_until(TimestampTz until, int days) {
	const bool forever = TIMESTAMP_IS_NOEND(until);
	Ring ring = read_ring();
	const Slot *found = ring.first_after(until);
	if (fits(found, until, days)) return found->number;
	if (may_give_out()) {
		ring = read_ring();
		found = ring.first_after(until);
		if (fits(found, until, days)) return found->number;
		if (const int number = ring.free_one(forever); number != 0)
			return give_out(number, forever ? DT_NOEND : end_of_day(until + stride(days)));
	}
	// Somebody gives out slots just now, or there are none left: longer than asked for, never shorter.
	if (found != nullptr) return found->number;
	if (const Slot *last = ring.last_that_ends(); last != nullptr)
		return give_out(last->number, forever ? DT_NOEND : end_of_day(until + stride(days)));
	return give_out(1, forever ? DT_NOEND : end_of_day(until + stride(days)));
}

TimestampTz kept_until(TimestampTz finished_at, int days) {
	return days == definition::Retention::forever ? DT_NOEND : finished_at + days * day;
}

} // namespace

int retention_days(const definition::Retention &own, Status status) {
	switch (status) {
	case Status::Failed: return own.failed.value_or(settings::retention_failed());
	case Status::Cancelled: return own.cancelled.value_or(settings::retention_cancelled());
	default: return own.completed.value_or(settings::retention_completed());
	}
}

int history_slot(const Execution &execution) {
	const TimestampTz finished_at = *execution.finished_at;
	const int days = retention_days(execution.definition().retention, execution.status);
	const TimestampTz until = kept_until(finished_at, days);
	Cache &known = cache();
	const std::uint64_t generation = pg::installation().generation;
	if (known.given_in == GetCurrentTransactionStartTimestamp()) return slot_until(until, days);
	if (known.generation != generation || std::abs(finished_at - known.read_at) > cached_for)
		known = {read_ring(), finished_at, generation, 0};
	const Slot *found = known.ring.first_after(until);
	// A slot that keeps it far too long is taken when there is no other to be given out.
	if (fits(found, until, days) || (found != nullptr && known.ring.free_one(false) == 0))
		return found->number;
	return slot_until(until, days);
}

void provide_history_slots() {
	const TimestampTz soon = GetCurrentTimestamp() + ahead;
	for (const Status status : {Status::Completed, Status::Failed, Status::Cancelled}) {
		const int days = retention_days({}, status);
		(void) slot_until(kept_until(soon, days), days);
	}
}

} // namespace playbook::execution
