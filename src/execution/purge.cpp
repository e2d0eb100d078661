#include "execution/purge.hpp"

#include "execution/retention.hpp"
#include "fault_points.hpp"
#include "notification/publisher.hpp"
#include "pg/identity.hpp"
#include "pg/installation.hpp"
#include "pg/spi.hpp"
#include "worker/counters.hpp"
#include "worker/process.hpp"
#include "worker/shared_state.hpp"

namespace playbook::execution {
namespace {

constexpr std::int64_t second = USECS_PER_SEC;
constexpr int most_tries = 12;
constexpr std::int64_t blocks_at_once = 64;

constexpr std::array partitioned = {"playbook_executions", "playbook_step_executions", "playbook_step_rows",
                                    "playbook_artifacts"};

// What belongs to executions and lies outside of the slots: rows that have ended, of executions that are
// gone.
struct Swept {
	const char *table;
	const char *condition;
};
constexpr std::array swept = {
    Swept{"playbook_outbox", "status IN ('sent', 'failed', 'revoked', 'queued')"},
    Swept{"playbook_notifications", "true"},
    Swept{"approvals", "status <> 'pending'"},
    Swept{"playbook_tasks", "status <> 'open'"},
    Swept{"playbook_signals", "true"},
    Swept{"playbook_last_results", "true"},
    Swept{"playbook_idempotency", "kept_until < now()"},
};

std::string slot_of(const char *table, int slot) {
	return "@" + std::string(table) + (slot < 10 ? "_0" : "_") + std::to_string(slot);
}

std::string slots_of_history(int slot) {
	std::string names;
	for (const char *table : partitioned) names += (names.empty() ? "" : ", ") + slot_of(table, slot);
	return names;
}

} // namespace

std::int64_t Purge::step() {
	pg::EngineIdentity engine;
	pg::Spi spi;
	switch (phase_) {
	case Phase::Provide:
		provide_history_slots();
		phase_ = Phase::Slots;
		return 0;
	case Phase::Slots: return drop_slot();
	case Phase::Sweep:
		sweep();
		FAULT_POINT("purge.swept");
		return 0;
	case Phase::Rest:
		clear_rest();
		FAULT_POINT("purge.rest_cleared");
		phase_ = Phase::Done;
		return 0;
	case Phase::Done: break;
	}
	return 0;
}

// An hour late: whoever chose the slot just before its time was over has written by then.
std::int64_t Purge::drop_slot() {
	std::vector<std::int64_t> held(held_.begin(), held_.end());
	static pg::Statement expired(
	    "SELECT slot FROM @playbook_history_slots WHERE ends_at < now() - interval '1 hour' "
	    "AND slot <> ALL ($1::bigint[]) ORDER BY ends_at LIMIT 1 FOR UPDATE SKIP LOCKED",
	    {INT8ARRAYOID});
	int slot = 0;
	{
		const pg::Rows rows = expired.query({pg::datum(pg::array_of(held))});
		if (!rows.empty()) slot = rows.int2(0, 0);
	}
	if (slot == 0) {
		static pg::Statement left(
		    "SELECT EXISTS (SELECT FROM @playbook_history_slots WHERE NOT swept), clock_timestamp()", {});
		const pg::Rows rows = left.query({});
		phase_ = rows.boolean(0, 0) ? Phase::Sweep : Phase::Done;
		swept_from_ = rows.timestamp(0, 1);
		return 0;
	}
	// In vain at first: another look a second later tells those who stay from those who come and go. Only
	// behind these a short wait helps, and only as short a one that nobody notices it.
	constexpr std::array milliseconds = {0, 0, 50, 50, 100, 100};
	const std::size_t patience = static_cast<std::size_t>(tries_);
	if (truncate(slot, patience < milliseconds.size() ? milliseconds[patience] : 200)) {
		FAULT_POINT("purge.slot_dropped");
		++slots_;
		worker::count(worker::Counter::SlotsDropped);
		tries_ = 0;
		holders_before_.clear();
		return 0;
	}
	const std::set<std::string> now = holders(slot);
	const bool stays = std::any_of(now.begin(), now.end(), [this](const std::string &holder) {
		return holders_before_.contains(holder);
	});
	if (stays || ++tries_ >= most_tries) {
		held_.insert(slot);
		tries_ = 0;
		holders_before_.clear();
		return 0;
	}
	holders_before_ = now;
	return second;
}

bool Purge::truncate(int slot, int milliseconds) {
	const std::string tables = slots_of_history(slot);
	try {
		pg::Subtransaction attempt;
		{
			pg::SettingScope settings;
			settings.set("lock_timeout", std::to_string(milliseconds).c_str());
			(void) pg::query_once("LOCK TABLE " + tables + " IN ACCESS EXCLUSIVE MODE" +
			                      (milliseconds == 0 ? " NOWAIT" : ""));
		}
		const pg::Rows counted =
		    pg::query_once("SELECT greatest(reltuples, 0)::bigint FROM pg_class WHERE oid = '" +
		                   pg::qualified(slot_of(partitioned[0], slot)) + "'::regclass");
		(void) pg::query_once("TRUNCATE ONLY " + tables);
		static pg::Statement free_slot("UPDATE @playbook_history_slots SET ends_at = NULL, truncated_at = "
		                               "clock_timestamp(), swept = false WHERE slot = $1",
		                               {INT4OID});
		free_slot.execute({pg::int4(slot)});
		messages_.push_back("slot " + std::to_string(slot) + " of the history was dropped, about " +
		                    std::to_string(counted.int8(0, 0)) + " executions");
		FAULT_POINT("purge.truncated");
		attempt.commit();
		return true;
	} catch (const pg::Error &failure) {
		if (failure.sqlstate() != ERRCODE_LOCK_NOT_AVAILABLE) throw;
		return false;
	}
}

// The transactions that have a lock on the slot.
std::set<std::string> Purge::holders(int slot) const {
	std::string tables;
	for (const char *table : partitioned)
		tables += (tables.empty() ? "'" : ", '") + pg::qualified(slot_of(table, slot)) + "'::regclass";
	const pg::Rows rows = pg::query_once(
	    "SELECT DISTINCT virtualtransaction FROM pg_locks WHERE locktype = 'relation' AND granted AND "
	    "database = "
	    "(SELECT oid FROM pg_database WHERE datname = current_database()) AND pid <> pg_backend_pid() AND "
	    "relation IN (" +
	    tables + ")");
	std::set<std::string> found;
	for (std::size_t row = 0; row < rows.size(); ++row) found.insert(rows.text(row, 0));
	return found;
}

// A few blocks of one table.
void Purge::sweep() {
	const Swept &part = swept[table_];
	const std::string table = std::string("@") + part.table;
	const std::string from = "'(" + std::to_string(block_) + ",0)'::tid";
	const std::string to = "'(" + std::to_string(block_ + blocks_at_once) + ",0)'::tid";
	const pg::Rows size = pg::query_once("SELECT pg_relation_size('" + pg::qualified(table) +
	                                     "'::regclass) / current_setting('block_size')::bigint");
	const std::string left_over =
	    "SELECT t.ctid FROM " + table + " t WHERE t.ctid >= " + from + " AND t.ctid < " + to + " AND " +
	    part.condition + " AND NOT EXISTS (SELECT FROM @playbook_executions e WHERE e.id = t.execution_id)";
	// What somebody has locked is left to the next sweep: who marks notifications as read and does not commit
	// holds up nobody.
	rows_ += static_cast<std::int64_t>(pg::query_once("DELETE FROM " + table + " WHERE ctid = ANY (ARRAY(" +
	                                                  left_over + " FOR UPDATE SKIP LOCKED))")
	                                       .processed());
	passed_over_ = passed_over_ || pg::query_once("SELECT EXISTS (" + left_over + ")").boolean(0, 0);
	block_ += blocks_at_once;
	if (block_ < size.int8(0, 0)) return;
	block_ = 0;
	if (++table_ == swept.size()) phase_ = Phase::Rest;
}

// Once after the slots: definitions that nobody can run or show again, and the oldest entries of playbooks'
// histories.
void Purge::clear_rest() {
	// A session may still hold the id of a snapshot that was replaced a while ago; a day later none does.
	static pg::Statement snapshots(
	    "WITH unused AS MATERIALIZED (SELECT id FROM @playbook_snapshots s WHERE s.created_at < now() - "
	    "interval '1 "
	    "day' AND NOT EXISTS (SELECT FROM @playbooks p WHERE p.snapshot = s.id OR p.id = s.definition ->> "
	    "'id' AND "
	    "p.updated_at > now() - interval '1 day')) "
	    "DELETE FROM @playbook_snapshots s WHERE s.id IN (SELECT id FROM unused) AND NOT EXISTS (SELECT FROM "
	    "(SELECT DISTINCT e.snapshot FROM @playbook_executions e WHERE e.snapshot IN (SELECT id FROM "
	    "unused)) AS used "
	    "WHERE used.snapshot = s.id)",
	    {});
	static pg::Statement history(
	    "DELETE FROM @playbook_history h USING (SELECT id, row_number() OVER (PARTITION BY playbook_id ORDER "
	    "BY id "
	    "DESC) AS age FROM @playbook_history) AS old WHERE old.age > 1000 AND h.id = old.id",
	    {});
	static pg::Statement swept_all(
	    "UPDATE @playbook_history_slots SET swept = true WHERE NOT swept AND truncated_at <= $1",
	    {TIMESTAMPTZOID});
	rows_ += static_cast<std::int64_t>(snapshots.execute({}) + history.execute({}));
	if (!passed_over_) swept_all.execute({pg::timestamp(swept_from_)});
}

Purged purge_now(std::int64_t most) {
	const TimestampTz end = GetCurrentTimestamp() + most;
	const auto in_transaction = [](auto work) {
		pg::Transaction transaction(pg::Transaction::Place::Procedure);
		work();
		transaction.commit();
	};
	if (!worker::workers_alive()) {
		auto announced = notification::Announced::Nothing;
		do in_transaction([&announced] { announced = notification::announce(); });
		while (announced == notification::Announced::Some && GetCurrentTimestamp() < end);
	}
	in_transaction([] { notification::forget_announced(); });
	Purge purge;
	while (!purge.done() && GetCurrentTimestamp() < end) {
		std::int64_t pause = 0;
		in_transaction([&purge, &pause] { pause = purge.step(); });
		(void) purge.take_messages();
		if (pause > 0) worker::nap(end, static_cast<long>(pause / 1000));
	}
	return {purge.slots(), purge.rows(), purge.held()};
}

} // namespace playbook::execution
