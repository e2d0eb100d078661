#include "notification/publisher.hpp"

#include "execution/store.hpp"
#include "fault_points.hpp"
#include "notification/unannounced.hpp"
#include "pg/identity.hpp"
#include "pg/spi.hpp"
#include "settings.hpp"
#include "value/json.hpp"
#include "worker/counters.hpp"
#include "worker/shared_state.hpp"

extern "C" {
#include "commands/async.h"
#include "storage/lmgr.h"
}

namespace playbook::notification {
namespace {

// One announcer at a time per database, whoever it is: sequence numbers are dense because they are given one
// after the other.
constexpr std::int64_t announcer_lock = 0x706c6179626f6f6b; // "playbook"
constexpr std::size_t most_at_once = 500;                   // batches announced by one call

bool take_turn_as_announcer() {
	static pg::Statement lock("SELECT pg_try_advisory_xact_lock($1)", {INT8OID});
	return lock.query({pg::int8(announcer_lock)}).boolean(0, 0);
}

const char *word_of(char letter) {
	switch (letter) {
	case 'p': return "pending";
	case 'r': return "running";
	case 'w': return "waiting";
	case 'u': return "paused";
	case 'c': return "completed";
	case 'f': return "failed";
	case 'x': return "cancelled";
	default: return "skipped";
	}
}

void notify(const std::string &channel, const std::string &payload) {
	pg::call([&] { Async_Notify(channel.c_str(), payload.c_str()); });
}

// The columns that expand() reads.
#define BATCH_COLUMNS "b.first_seq, b.changes, b.at, b.content"

// The number of the first change after a batch.
std::int64_t end_of(const pg::Rows &rows, std::size_t row) { return rows.int8(row, 0) + rows.int4(row, 1); }

// Batches of the feed, in the order of their numbers, as single changes.
std::vector<Change> expand(const pg::Rows &rows, std::int64_t after, std::size_t limit) {
	std::vector<Change> changes;
	for (std::size_t row = 0; row < rows.size() && changes.size() < limit; ++row) {
		if (end_of(rows, row) <= after) continue;
		std::int64_t seq = rows.int8(row, 0);
		const TimestampTz at = rows.timestamp(row, 2);
		const std::string content = rows.text(row, 3); // bytea and text are both plain varlenas
		try {
			ChangeReader reader(content);
			for (PackedChange change; changes.size() < limit && reader.next(change); ++seq) {
				if (seq <= after) continue;
				changes.push_back({seq,
				                   change.execution,
				                   change.position,
				                   change.item,
				                   word_of(change.status),
				                   at,
				                   std::string(change.playbook),
				                   std::string(change.step),
				                   std::string(change.waiting_for),
				                   change.labelled,
				                   {}});
			}
		} catch (const BrokenChanges &broken) {
			throw pg::Error(ERRCODE_DATA_CORRUPTED,
			                "the changes from " + std::to_string(rows.int8(row, 0)) + " on cannot be read",
			                std::string("The bytes are damaged: ") + broken.what() + '.');
		}
	}
	return changes;
}

// What the next change will have at least, as far as this snapshot knows.
std::int64_t next_number() {
	static pg::Statement next(
	    "SELECT coalesce((SELECT first_seq + changes FROM @playbook_change_batches WHERE "
	    "first_seq IS NOT NULL ORDER BY first_seq DESC LIMIT 1), "
	    "(SELECT next_seq FROM @playbook_feed), 1)",
	    {});
	return next.query({}).int8(0, 0);
}

// Not the numbers that this very transaction gave: it may roll back, and others get them.
#define COMMITTED_NUMBER "b.xmin::text IS DISTINCT FROM (pg_current_xact_id_if_assigned()::xid)::text"

// A number of which nobody can say any longer, or not at all, what came after it: the reader would miss
// something.
void require_known(std::int64_t after, const pg::Rows &rows) {
	if (after <= 0) return;
	if (!rows.empty() && rows.int8(0, 0) <= after + 1) {
		if (end_of(rows, rows.size() - 1) > after) return;
	}
	static pg::Statement next("SELECT coalesce((SELECT b.first_seq + b.changes FROM @playbook_change_batches "
	                          "b WHERE b.first_seq IS "
	                          "NOT NULL AND " COMMITTED_NUMBER " ORDER BY b.first_seq DESC LIMIT 1), "
	                          "(SELECT next_seq FROM @playbook_feed), 1)",
	                          {});
	std::int64_t oldest = next.query({}).int8(0, 0);
	if (after + 1 == oldest) return;
	const bool ahead = after + 1 > oldest;
	if (!ahead && !rows.empty()) oldest = rows.int8(0, 0);
	const std::string number = std::to_string(after);
	const std::string hint = "Read the present state, then go on after " + std::to_string(oldest - 1) + ".";
	if (!ahead)
		throw pg::Error(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
		                "changes after " + number + " are not all kept any longer",
		                "The oldest that is kept, or the next to come, is " + std::to_string(oldest) +
		                    "; see playbook.feed_retention.",
		                hint);
	// A standby may not have heard yet of what its primary told.
	if (!RecoveryInProgress())
		throw pg::Error(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
		                "the feed has not come to " + number + " yet",
		                "The next change will be " + std::to_string(oldest) +
		                    ". The number is another database's, or of a time after the one that this "
		                    "database was restored to.",
		                hint);
}

// How many changes may be told now: as many as a second allows, and as many saved up at most. Thousands in a
// second are read by nobody, but fill the server's queue, which ends in errors when one listener sleeps.
std::size_t allowance(std::size_t wanted) {
	static double saved = 0;
	static TimestampTz counted_at = 0;
	const double limit = settings::notify_limit();
	if (limit == 0) return wanted;
	const TimestampTz now = GetCurrentTimestamp();
	saved = std::min(limit, saved + limit * static_cast<double>(now - counted_at) / USECS_PER_SEC);
	counted_at = now;
	const std::size_t allowed = std::min(wanted, static_cast<std::size_t>(saved));
	saved -= static_cast<double>(allowed);
	return allowed;
}

constexpr std::size_t most_label_bytes = 1000; // a payload of NOTIFY has 8,000 bytes at most

// As many of the keys as there is room for.
Value first_of(const Value &keys) {
	Value first = Value::array();
	std::size_t bytes = 0;
	for (const Value &key : keys.items()) {
		bytes += to_json(key).size();
		if (bytes > most_label_bytes) break;
		first.push_back(key);
	}
	return first;
}

// The keys of labels, which are not in the feed: they may be erased with a customer.
void read_labels(std::vector<Change> &changes) {
	std::vector<std::int64_t> ids;
	for (const Change &change : changes)
		if (change.labelled && (ids.empty() || ids.back() != change.execution))
			ids.push_back(change.execution);
	if (ids.empty()) return;
	static pg::Statement find(
	    "SELECT id, (SELECT jsonb_agg(key ORDER BY key) FROM jsonb_object_keys(labels) AS key) "
	    "FROM @playbook_executions WHERE id = ANY ($1) AND jsonb_typeof(labels) = 'object'",
	    {INT8ARRAYOID});
	std::unordered_map<std::int64_t, Value> keys;
	const pg::Rows rows = find.query({pg::datum(pg::array_of(ids))});
	for (std::size_t row = 0; row < rows.size(); ++row)
		if (!rows.is_null(row, 1)) keys.emplace(rows.int8(row, 0), first_of(rows.jsonb(row, 1)));
	for (Change &change : changes)
		if (const auto found = keys.find(change.execution); found != keys.end())
			change.labels = found->second;
}

// Tells listeners of batches that have their numbers. Of more than is allowed the first are told, and the
// very last, by which a listener sees how far the feed has come and that there is something to read.
void tell(const pg::Rows &rows) {
	const settings::Notify level = settings::notify();
	if (level == settings::Notify::Off) return;
	const std::int64_t first = rows.int8(0, 0);
	const std::int64_t end = end_of(rows, rows.size() - 1);
	const std::size_t allowed = allowance(static_cast<std::size_t>(end - first));
	std::vector<Change> changes = expand(rows, first - 1, allowed);
	if (first + static_cast<std::int64_t>(allowed) < end)
		for (Change &change : expand(rows, end - 2, 1)) changes.push_back(std::move(change));
	read_labels(changes);
	for (const Change &change : changes) {
		const std::string payload = payload_of(change);
		notify("playbook", payload);
		if (level == settings::Notify::All) notify("playbook_" + std::to_string(change.execution), payload);
	}
}

} // namespace

std::string payload_of(const Change &change) {
	Value payload = Value::object();
	payload.set("v", Value(1));
	payload.set("seq", Value(change.seq));
	payload.set("execution", Value(change.execution));
	payload.set("playbook", Value(change.playbook));
	if (change.position >= 0) payload.set("step", Value(change.step));
	if (change.item > 0) payload.set("item", Value(change.item - 1));
	payload.set("status", Value(change.status));
	if (!change.waiting_for.empty()) payload.set("waiting_for", Value(change.waiting_for));
	payload.set("at", Value(utc_text(change.at)));
	if (change.labels.is_array()) payload.set("labels", change.labels);
	return to_json(payload);
}

std::string utc_text(TimestampTz at) {
	std::string text = pg::timestamp_text(at);
	if (const std::size_t zone = text.rfind("+00:00"); zone != std::string::npos) text.replace(zone, 6, "Z");
	return text;
}

void write_changes(const ChangePacker &changes) {
	if (changes.count() == 0) return;
	static pg::Statement insert("INSERT INTO @playbook_change_batches (changes, content, at) "
	                            "VALUES ($1, $2, clock_timestamp())",
	                            {INT4OID, BYTEAOID});
	// bytea and text are both plain varlenas
	insert.execute({pg::int4(changes.count()), pg::text(changes.content())});
}

Announced announce() {
	pg::EngineIdentity engine;
	pg::Spi spi;
	const Unannounced unannounced = look_for_unannounced();
	if (!unannounced.first) return Announced::Nothing;
	if (!take_turn_as_announcer()) return Announced::Busy;
	// The turn is ours until this transaction ends, so whatever has a number is committed by now, and visible
	// to the statement, whose snapshot is taken after that.
	static pg::Statement number(
	    "WITH fresh AS (SELECT id, changes, sum(changes) OVER (ORDER BY id) AS upto FROM (SELECT id, changes "
	    "FROM @playbook_change_batches WHERE first_seq IS NULL AND id >= $3 ORDER BY id LIMIT $1 FOR UPDATE) "
	    "f), "
	    "b AS (UPDATE @playbook_change_batches c SET first_seq = $2 + fresh.upto - fresh.changes FROM fresh "
	    "WHERE c.id = fresh.id RETURNING c.*) SELECT " BATCH_COLUMNS " FROM b ORDER BY b.first_seq",
	    {INT4OID, INT8OID, INT8OID});
	const pg::Rows rows = number.query({pg::int4(static_cast<std::int32_t>(most_at_once)),
	                                    pg::int8(next_number()), pg::int8(unannounced.from)});
	if (rows.empty()) return Announced::Nothing;
	FAULT_POINT("feed.numbered");
	std::int64_t changes = 0;
	for (std::size_t row = 0; row < rows.size(); ++row) changes += rows.int4(row, 1);
	worker::count(worker::Counter::Changes, changes);
	tell(rows);
	FAULT_POINT("feed.told");
	return Announced::Some;
}

void announce_for_the_next() {
	if (XactReadOnly || worker::workers_alive()) return;
	// In a longer transaction it would keep all others from announcing; one that has written may have changes
	// of its own that are not committed.
	if (IsTransactionBlock() || IsSubTransaction() || IsolationUsesXactSnapshot() ||
	    TransactionIdIsValid(GetTopTransactionIdIfAny()))
		return;
	(void) announce();
}

void forget_announced() {
	pg::EngineIdentity engine;
	pg::Spi spi;
	if (!take_turn_as_announcer()) return; // the next time
	// The next number survives an empty feed.
	static pg::Statement keep("INSERT INTO @playbook_feed (next_seq) VALUES ($1) ON CONFLICT (singleton) DO "
	                          "UPDATE SET next_seq = greatest(playbook_feed.next_seq, excluded.next_seq)",
	                          {INT8OID});
	static pg::Statement forget("DELETE FROM @playbook_change_batches WHERE first_seq IS NOT NULL AND at < "
	                            "now() - make_interval(secs => $1)",
	                            {FLOAT8OID});
	keep.execute({pg::int8(next_number())});
	forget.execute(
	    {pg::datum(Float8GetDatum(static_cast<double>(settings::feed_retention_microseconds()) / 1e6))});
	FAULT_POINT("feed.forgotten");
}

std::vector<Change> changes_after(std::int64_t after, int limit) {
	pg::EngineIdentity engine;
	pg::Spi spi;
	static pg::Statement find("SELECT " BATCH_COLUMNS " FROM @playbook_change_batches b "
	                          "WHERE b.first_seq >= coalesce((SELECT first_seq FROM @playbook_change_batches "
	                          "WHERE first_seq <= $1 + "
	                          "1 ORDER BY first_seq DESC LIMIT 1), 0) AND " COMMITTED_NUMBER
	                          " ORDER BY b.first_seq LIMIT $2",
	                          {INT8OID, INT4OID});
	const pg::Rows rows = find.query({pg::int8(after), pg::int4(limit)});
	require_known(after, rows);
	return expand(rows, after, static_cast<std::size_t>(limit));
}

} // namespace playbook::notification
