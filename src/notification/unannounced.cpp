#include "notification/unannounced.hpp"

#include "pg/installation.hpp"
#include "pg/spi.hpp"

extern "C" {
#include "access/transam.h"
}

namespace playbook::notification {
namespace {

// What was said above is true of what the engine writes. Whatever else comes to be there is found by looking
// at everything now and then, for no more than a fortieth of the time.
constexpr std::int64_t whole_interval = 30 * USECS_PER_SEC;
constexpr std::int64_t share_of_whole = 40;

struct Mark {
	std::uint64_t generation = 0;
	std::int64_t from = 0;
	// It goes on to `next` when all transactions with an id before `running` have ended.
	std::optional<std::int64_t> next;
	std::int64_t running = 0;
	TimestampTz whole_at = 0; // everything is looked at not before
};

Mark &present_mark() {
	static auto *const mark = new Mark();
	if (mark->generation != pg::installation().generation)
		*mark = {pg::installation().generation, 0, {}, 0, 0};
	return *mark;
}

// The first id that is not drawn yet.
std::int64_t next_id() {
	static pg::Statement next("SELECT last_value + is_called::integer FROM @playbook_change_batches_id_seq",
	                          {});
	return next.query({}).int8(0, 0);
}

// Not what a snapshot calls xmax: that is only the one after the last that has ended.
std::int64_t next_transaction() {
	return pg::call(
	    [] { return static_cast<std::int64_t>(U64FromFullTransactionId(ReadNextFullTransactionId())); });
}

} // namespace

Unannounced look_for_unannounced() {
	Mark &mark = present_mark();
	// In this order: whoever drew an id before has an id of a transaction before that one.
	const std::int64_t next = next_id();
	const std::int64_t running = next_transaction();
	static pg::Statement look("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint, (SELECT id FROM "
	                          "@playbook_change_batches "
	                          "WHERE first_seq IS NULL AND id >= $1 ORDER BY id LIMIT 1)",
	                          {INT8OID});
	const TimestampTz began = GetCurrentTimestamp();
	const bool whole = began >= mark.whole_at;
	const pg::Rows rows = look.query({pg::int8(whole ? 0 : mark.from)});
	const std::int64_t oldest_running = rows.int8(0, 0);
	const std::optional<std::int64_t> first = rows.int8_or_null(0, 1);
	if (whole) {
		const TimestampTz ended = GetCurrentTimestamp();
		mark.whole_at = ended + std::max(whole_interval, share_of_whole * (ended - began));
	}
	// Against all expectation: what comes after it is looked for from there, too.
	if (first && *first < mark.from) mark.from = *first;
	if (mark.next && oldest_running >= mark.running) {
		mark.from = std::max(mark.from, std::min(*mark.next, first.value_or(*mark.next)));
		mark.next.reset();
	}
	if (!mark.next && next > mark.from) {
		mark.next = next;
		mark.running = running;
	}
	return {first, mark.from};
}

} // namespace playbook::notification
