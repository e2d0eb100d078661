// What the engine has done since the server started, for playbook_stat: counters in shared memory that only
// grow.
//
// Counting is an addition in this process; the sums are added to shared memory when the transaction has
// committed, without a lock, and are forgotten when it rolls back. Without shared_preload_libraries each
// session has counters of its own. The truth is in the tables: a crash of the server begins anew with zero.
#pragma once

#include "definition/model.hpp"
#include "execution/state.hpp"
#include "pg/postgres.hpp"

namespace playbook::worker {

enum class Counter {
	ExecutionsStarted,
	ExecutionsCompleted,
	ExecutionsFailed,
	ExecutionsCancelled,
	Batches,         // transactions of executors that advanced executions
	BatchesRedone,   // that failed as a whole and were done one execution at a time
	CarefulTurns,    // transactions for one execution, after an unclean end
	StepRetries,     // attempts that failed and are made again
	StepOverruns,    // steps that passed the budget of a batch
	SqlMicroseconds, // of authors' statements
	SqlStatements,
	Messages,      // put into the outbox
	Notifications, // put into people's feeds
	Changes,       // announced
	ExecutorsStarted,
	ExecutorsInterrupted, // that ended in the middle of their work
	SlotsDropped,         // of history
};
inline constexpr int plain_counters = static_cast<int>(Counter::SlotsDropped) + 1;
inline constexpr int step_types = static_cast<int>(definition::StepType::Tool) + 1;
inline constexpr int step_ends = 3; // completed, failed, skipped
inline constexpr int all_counters = plain_counters + step_types * step_ends;

// Of this database, when the present transaction has committed.
void count(Counter counter, std::int64_t by = 1);
void count_step(definition::StepType type, execution::StepStatus ended);
// At once; for what happens outside of transactions.
void count_now(Oid database, Counter counter);

struct CounterValue {
	const char *name;
	const char *type, *status; // of a step; else null
	std::int64_t value;
};
struct Counters {
	std::vector<CounterValue> values;
	TimestampTz since = 0;
};
// This database's, also those that are zero; without shared_preload_libraries this session's.
Counters counters();

} // namespace playbook::worker
