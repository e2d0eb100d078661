#include "notification/publisher.hpp"

#include "execution/store.hpp"
#include "pg/identity.hpp"
#include "pg/spi.hpp"
#include "settings.hpp"
#include "value/json.hpp"
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

} // namespace

std::vector<Change> expand(const pg::Rows &rows, std::int64_t after, std::size_t limit) {
	std::vector<Change> changes;
	for (std::size_t row = 0; row < rows.size() && changes.size() < limit; ++row) {
		const std::int64_t first = rows.int8(row, 0);
		const std::vector<std::int64_t> executions = pg::integers_from_array(rows.datum(row, 1));
		const std::string positions = pg::output_text(rows.datum(row, 2), INT4ARRAYOID);
		const std::string statuses = rows.text(row, 4);
		const TimestampTz at = rows.timestamp(row, 5);
		std::vector<int> steps, items(executions.size(), 0);
		const auto numbers = [](const std::string &text) {
			std::vector<int> result;
			for (std::size_t i = 1; i < text.size();) {
				std::size_t end = text.find_first_of(",}", i);
				result.push_back(std::stoi(text.substr(i, end - i)));
				i = end + 1;
				if (text[end] == '}') break;
			}
			return result;
		};
		steps = numbers(positions);
		if (!rows.is_null(row, 3)) items = numbers(pg::output_text(rows.datum(row, 3), INT4ARRAYOID));
		for (std::size_t i = 0; i < executions.size() && changes.size() < limit; ++i) {
			const std::int64_t seq = first + static_cast<std::int64_t>(i);
			if (seq <= after) continue;
			changes.push_back({seq, executions[i], steps[i], items[i], word_of(statuses[i]), at, {}, {}, {}});
		}
	}
	name_steps(changes);
	return changes;
}

void name_steps(std::vector<Change> &changes) {
	std::vector<std::int64_t> ids;
	for (const Change &change : changes) ids.push_back(change.execution);
	if (ids.empty()) return;
	static pg::Statement names(
	    "SELECT e.id, e.playbook_id, e.waiting_for, s.position, s.item, s.step_id, s.waiting_for "
	    "FROM @playbook_executions e LEFT JOIN @playbook_step_executions s ON s.execution_id = e.id AND "
	    "s.slot = e.slot "
	    "WHERE e.id = ANY ($1)",
	    {INT8ARRAYOID});
	const pg::Rows rows = names.query({pg::datum(pg::array_of(ids))});
	struct Named {
		std::string playbook, waiting_for;
		std::map<std::pair<int, int>, std::pair<std::string, std::string>> steps;
	};
	std::unordered_map<std::int64_t, Named> known;
	for (std::size_t row = 0; row < rows.size(); ++row) {
		Named &named = known[rows.int8(row, 0)];
		named.playbook = rows.text(row, 1);
		named.waiting_for = rows.text_or_null(row, 2).value_or("");
		if (rows.is_null(row, 3)) continue;
		named.steps[{rows.int4(row, 3), rows.int4(row, 4)}] = {rows.text(row, 5),
		                                                       rows.text_or_null(row, 6).value_or("")};
	}
	for (Change &change : changes) {
		const auto found = known.find(change.execution);
		if (found == known.end()) continue;
		change.playbook = found->second.playbook;
		if (change.position < 0) {
			if (change.status == std::string_view("waiting")) change.waiting_for = found->second.waiting_for;
			continue;
		}
		const auto step = found->second.steps.find({change.position, change.item});
		if (step == found->second.steps.end()) continue;
		change.step = step->second.first;
		if (change.status == std::string_view("waiting")) change.waiting_for = step->second.second;
	}
}

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
	return to_json(payload);
}

std::string utc_text(TimestampTz at) {
	std::string text = pg::timestamp_text(at);
	if (const std::size_t zone = text.rfind("+00:00"); zone != std::string::npos) text.replace(zone, 6, "Z");
	return text;
}

int announce() {
	pg::EngineIdentity engine;
	pg::Spi spi;
	static pg::Statement waiting(
	    "SELECT EXISTS (SELECT FROM @playbook_change_batches WHERE first_seq IS NULL)", {});
	if (!waiting.query({}).boolean(0, 0) || !take_turn_as_announcer()) return 0;
	static pg::Statement number(
	    "WITH fresh AS (SELECT id, changes, sum(changes) OVER (ORDER BY id) AS upto FROM (SELECT id, changes "
	    "FROM @playbook_change_batches WHERE first_seq IS NULL ORDER BY id LIMIT $1 FOR UPDATE) f), "
	    "last AS (SELECT coalesce((SELECT first_seq + changes FROM @playbook_change_batches WHERE first_seq "
	    "IS NOT NULL "
	    "ORDER BY first_seq DESC LIMIT 1), (SELECT next_seq FROM @playbook_feed), 1) AS next) "
	    "UPDATE @playbook_change_batches b SET first_seq = last.next + fresh.upto - fresh.changes FROM "
	    "fresh, last WHERE b.id = fresh.id "
	    "RETURNING b.first_seq, b.executions, b.positions, b.items, b.statuses, b.at",
	    {INT4OID});
	const pg::Rows rows = number.query({pg::int4(static_cast<std::int32_t>(most_at_once))});
	if (rows.empty()) return 0;
	const settings::Notify level = settings::notify();
	if (level == settings::Notify::Off) return static_cast<int>(rows.size());
	for (const Change &change : expand(rows, 0, SIZE_MAX)) {
		const std::string payload = payload_of(change);
		notify("playbook", payload);
		if (level == settings::Notify::All) notify("playbook_" + std::to_string(change.execution), payload);
	}
	return static_cast<int>(rows.size());
}

void forget_announced() {
	pg::EngineIdentity engine;
	pg::Spi spi;
	// The next number survives an empty feed.
	static pg::Statement keep("INSERT INTO @playbook_feed (next_seq) SELECT coalesce(max(first_seq + "
	                          "changes), 1) FROM @playbook_change_batches "
	                          "ON CONFLICT (singleton) DO UPDATE SET next_seq = "
	                          "greatest(playbook_feed.next_seq, excluded.next_seq)",
	                          {});
	static pg::Statement forget("DELETE FROM @playbook_change_batches WHERE first_seq IS NOT NULL AND at < "
	                            "now() - make_interval(secs => $1)",
	                            {FLOAT8OID});
	keep.execute({});
	forget.execute(
	    {pg::datum(Float8GetDatum(static_cast<double>(settings::feed_retention_microseconds()) / 1e6))});
}

std::vector<Change> changes_after(std::int64_t after, int limit) {
	// Whoever reads also numbers what nobody has announced yet: without workers there is no other announcer.
	// With workers it leaves that to them: its transaction may last, and nobody else announces until it ends.
	if (!XactReadOnly && !worker::workers_alive()) (void) announce();
	pg::EngineIdentity engine;
	pg::Spi spi;
	static pg::Statement find(
	    "SELECT first_seq, executions, positions, items, statuses, at FROM @playbook_change_batches "
	    "WHERE first_seq >= coalesce((SELECT first_seq FROM @playbook_change_batches WHERE first_seq <= $1 + "
	    "1 "
	    "ORDER BY first_seq DESC LIMIT 1), 0) ORDER BY first_seq LIMIT $2",
	    {INT8OID, INT4OID});
	const pg::Rows rows = find.query({pg::int8(after), pg::int4(limit)});
	return expand(rows, after, static_cast<std::size_t>(limit));
}

} // namespace playbook::notification
