#include "execution/alone.hpp"

#include "execution/admission.hpp"
#include "execution/advance.hpp"
#include "execution/finish.hpp"
#include "execution/stored_rows.hpp"
#include "fault_points.hpp"
#include "notification/publisher.hpp"
#include "pg/identity.hpp"
#include "pg/interrupt.hpp"
#include "step/reading.hpp"
#include "worker/shared_state.hpp"

extern "C" {
#include "storage/procarray.h"
}

namespace playbook::execution {
namespace {

using pg::Transaction;

constexpr int most_lost_attempts = 3;

// A step whose attempt counts for nothing waits for an executor; that of a paused execution for
// playbook_resume.
#define DO_AGAIN                                                                                             \
	"status = 'pending', worker = NULL, waiting_for = 'executor', due_at = (SELECT clock_timestamp() FROM "  \
	"@playbook_executions_live e WHERE e.id = s.execution_id AND e.status <> 'paused')"

#define LOST_STEP                                                                                            \
	"SELECT execution_id, position, item FROM @playbook_step_executions_live WHERE execution_id = $1 AND "   \
	"position = $2 AND item = $3 AND status = 'running' AND worker = $4 FOR UPDATE SKIP LOCKED"

Transaction::Place place_of(const TurnOptions &options) {
	return options.executor ? Transaction::Place::Worker : Transaction::Place::Procedure;
}

struct Claimed {
	Execution execution;
	int position = 0, item = 0, attempt = 0;
	std::shared_ptr<step::Reading> reading;
	bool more = false; // others wait to run alone
};

StepRow *row_of(Execution &execution, int position, int item) {
	if (item == 0) return &execution.steps.at(static_cast<std::size_t>(position));
	const auto found = execution.items.find({position, item});
	return found == execution.items.end() ? nullptr : &found->second;
}
// Also one that was left in the table when the steps were loaded.
StepRow *present_row(Execution &execution, int position, int item) {
	StepRow *row = row_of(execution, position, item);
	if (row != nullptr || item == 0) return row;
	load_other_items(execution);
	return row_of(execution, position, item);
}

// Marks one waiting step as running and reads what it needs. Steps of paused executions have no due time.
std::optional<Claimed> mark_running(Oid owner) {
	(void) worker::writable_since(); // before the step's beginning
	pg::EngineIdentity engine;
	pg::Spi spi;
	static pg::Statement pick(
	    "SELECT execution_id, position, item FROM @playbook_step_executions_live WHERE owner = $1 AND alone "
	    "AND status IN ('pending', 'running') AND status = 'pending' AND due_at <= clock_timestamp() "
	    "ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED",
	    {REGROLEOID});
	Claimed claimed;
	std::int64_t id = 0;
	{
		const pg::Rows rows = pick.query({pg::oid(owner)});
		if (rows.empty()) return std::nullopt;
		id = rows.int8(0, 0);
		claimed.position = rows.int4(0, 1);
		claimed.item = rows.int4(0, 2);
	}
	static pg::Statement start(
	    "UPDATE @playbook_step_executions_live SET status = 'running', attempt = attempt + 1, worker = $4, "
	    "started_at = clock_timestamp(), waiting_for = NULL WHERE execution_id = $1 AND position = $2 AND "
	    "item = $3",
	    {INT8OID, INT4OID, INT4OID, INT4OID});
	start.execute({pg::int8(id), pg::int4(claimed.position), pg::int4(claimed.item), pg::int4(MyProcPid)});
	static pg::Statement more(
	    "SELECT EXISTS (SELECT FROM @playbook_step_executions_live WHERE owner = $1 AND alone "
	    "AND status IN ('pending', 'running') AND status = 'pending' AND due_at <= clock_timestamp())",
	    {REGROLEOID});
	claimed.more = more.query({pg::oid(owner)}).boolean(0, 0);
	std::optional<Execution> found = find_execution(id);
	if (!found) throw pg::Error(ERRCODE_INTERNAL_ERROR, "step without an execution: " + std::to_string(id));
	claimed.execution = std::move(*found);
	load_steps({&claimed.execution}, Items::Next);
	StepRow *row = present_row(claimed.execution, claimed.position, claimed.item);
	if (row == nullptr)
		throw pg::Error(ERRCODE_INTERNAL_ERROR, "execution " + std::to_string(id) + " has no item " +
		                                            std::to_string(claimed.item) + " of step " +
		                                            std::to_string(claimed.position));
	claimed.attempt = row->attempt;
	// What it reads of other steps is read now: its own transaction must not hold locks on the engine's
	// tables.
	const definition::Step &step =
	    claimed.execution.definition().steps[static_cast<std::size_t>(claimed.position)];
	const step::Context context{claimed.execution, step, *row, GetCurrentTimestamp(), step::Mode::Alone};
	for (const int input : step.inputs)
		if (claimed.execution.steps[static_cast<std::size_t>(input)].has_rows) (void) context.rows_of(input);
	claimed.reading = context.reading;
	notification::ChangePacker changes;
	changes.add(change_of(claimed.execution, *row));
	notification::write_changes(changes);
	worker::announce_at_commit();
	FAULT_POINT("alone.marked");
	return claimed;
}

std::optional<Claimed> claim_step(Oid owner, const TurnOptions &options) {
	Transaction transaction(place_of(options));
	std::optional<Claimed> claimed = mark_running(owner);
	transaction.commit();
	return claimed;
}

// The step that this process has claimed, until it is recorded what became of it.
struct Unrecorded {
	Oid owner;
	std::int64_t execution;
	int position, item;
};
std::optional<Unrecorded> &unrecorded() {
	static std::optional<Unrecorded> step;
	return step;
}

// Says to others what runs here, for as long as it runs.
struct RunningAlone {
	explicit RunningAlone(const Claimed &claimed) {
		worker::running_alone(claimed.execution.id, claimed.position, claimed.item, claimed.more);
	}
	~RunningAlone() { worker::done(); }
	RunningAlone(const RunningAlone &) = delete;
	RunningAlone &operator=(const RunningAlone &) = delete;
};

// Runs the claimed step, unless it is known how that failed, and records what became of it in the same
// transaction.
void run_claimed(Claimed &claimed, const TurnOptions &options, std::optional<Failure> known) {
	Execution &before = claimed.execution;
	Batch batch;
	Transaction transaction(place_of(options));
	{
		pg::SettingScope limits;
		limits.set("lock_timeout", "0");
		Attempted attempted;
		if (known) {
			attempted.failure = std::move(known);
		} else {
			StepRow &running = *row_of(before, claimed.position, claimed.item);
			RunningAlone visible(claimed);
			Advancer alone(batch, step::Mode::Alone, GetCurrentTimestamp());
			attempted = alone.attempt(before, running, running.input, false, claimed.reading);
		}
		FAULT_POINT("alone.sql_ended");
		// Now the engine's tables: execution first, then step; whoever cancelled or took the step away has
		// won.
		const TimestampTz now = GetCurrentTimestamp();
		std::optional<Execution> execution = lock_live_with_steps(before.id, Items::Next);
		StepRow *row = execution ? present_row(*execution, claimed.position, claimed.item) : nullptr;
		if (row == nullptr || row->status != StepStatus::Running || row->attempt != claimed.attempt ||
		    row->worker != MyProcPid)
			return; // the transaction rolls back with everything the step did
		Advancer advancer(batch, step::Mode::Batch, now);
		row->resolved = row_of(before, claimed.position, claimed.item)->resolved;
		advancer.record(*execution, *row, std::move(attempted));
		FAULT_POINT("alone.recorded");
		if (execution->status == Status::Paused) {
			execution->dirty = true;
			batch.add(*execution);
		} else if (execution->owner != before.owner) {
			// It was given to another role meanwhile, whose executors go on.
			execution->due_at = now;
			execution->dirty = true;
			batch.add(*execution);
			worker::wake_at_commit(execution->owner, now);
		} else {
			advancer.set_end(end_of_batch(now));
			advancer.advance(*execution);
		}
		pg::EngineIdentity engine;
		pg::Spi spi;
		batch.flush();
		worker::announce_at_commit();
	}
	FAULT_POINT("alone.written");
	transaction.commit();
	after_commit(options, batch);
}

} // namespace

bool run_one_alone(Oid owner, const TurnOptions &options) {
	std::optional<Claimed> claimed = claim_step(owner, options);
	if (!claimed) return false;
	unrecorded() = {owner, claimed->execution.id, claimed->position, claimed->item};
	std::optional<Failure> failure;
	try {
		FAULT_POINT("alone.claimed");
		run_claimed(*claimed, options, std::nullopt);
	} catch (const std::exception &exception) {
		failure = failure_from(exception);
	}
	// What failed with the commit, as a foreign server's part may, is the step's failure, too.
	std::optional<pg::Error> trouble;
	try {
		if (failure) run_claimed(*claimed, options, std::move(failure));
	} catch (const std::exception &exception) {
		trouble = pg::to_error(exception);
	}
	if (trouble) {
		pg::was_heard(); // it is told to the client below
		give_back_unrecorded(options);
		throw *trouble;
	}
	unrecorded().reset();
	return true;
}

void give_back_unrecorded(const TurnOptions &options) {
	if (!unrecorded()) return;
	const Unrecorded step = *unrecorded();
	Transaction transaction(place_of(options));
	{
		pg::EngineIdentity engine;
		pg::Spi spi;
		static pg::Statement give_back(
		    "UPDATE @playbook_step_executions_live s SET " DO_AGAIN
		    ", attempt = attempt - 1, reason = 'how its attempt ended could not be recorded' WHERE "
		    "execution_id = $1 AND position = $2 AND item = $3 AND status = 'running' AND worker = $4",
		    {INT8OID, INT4OID, INT4OID, INT4OID});
		give_back.execute(
		    {pg::int8(step.execution), pg::int4(step.position), pg::int4(step.item), pg::int4(MyProcPid)});
		FAULT_POINT("alone.given_back");
		worker::wake_at_commit(step.owner, GetCurrentTimestamp());
	}
	transaction.commit();
	unrecorded().reset();
}

void fail_execution(Batch &batch, Execution &execution, const Failure &failure, TimestampTz now) {
	for (StepRow &row : execution.steps) {
		if (is_final(row.status)) continue;
		row.status = StepStatus::Skipped;
		row.outcome = skip_cause::failed;
		row.reason = failure.message;
		row.waiting_for.clear();
		row.due_at.reset();
		row.finished_at = now;
		row.dirty = true;
	}
	execution.status = Status::Failed;
	execution.error = failure.to_value();
	execution.finished_at = now;
	execution.due_at.reset();
	execution.waiting_for.clear();
	execution.dirty = true;
	pg::EngineIdentity engine;
	pg::Spi spi;
	leave_place(execution);
	if (execution.parent_execution) tell_parent(*execution.parent_execution);
	batch.add(execution);
}

int recover_lost_steps() {
	// The scheduler serves the whole database and never waits: who has a row locked is recording what became
	// of the step, or taking it back. If it ends without that, the next look finds the step.
	tell_parents_left();
	static pg::Statement running(
	    "SELECT execution_id, position, item, worker, attempt, "
	    "started_at < greatest(pg_postmaster_start_time(), $1) "
	    "FROM @playbook_step_executions_live WHERE alone AND status IN ('pending', 'running') AND status = "
	    "'running'",
	    {TIMESTAMPTZOID});
	static pg::Statement again("UPDATE @playbook_step_executions_live s SET " DO_AGAIN
	                           ", reason = 'its executor ended' WHERE "
	                           "(execution_id, position, item) IN (" LOST_STEP ")",
	                           {INT8OID, INT4OID, INT4OID, INT4OID});
	static pg::Statement lost(
	    "UPDATE @playbook_step_executions_live SET status = 'failed', outcome = 'failed', worker = NULL, "
	    "due_at = NULL, "
	    "finished_at = clock_timestamp(), error = $5 WHERE (execution_id, position, item) IN (" LOST_STEP ")",
	    {INT8OID, INT4OID, INT4OID, INT4OID, JSONBOID});
	static pg::Statement hold("SELECT FROM @playbook_executions_live WHERE id = $1 FOR UPDATE SKIP LOCKED",
	                          {INT8OID});
	static pg::Statement look("UPDATE @playbook_executions_live SET due_at = clock_timestamp() WHERE id = $1 "
	                          "AND status <> 'paused'",
	                          {INT8OID});
	int recovered = 0;
	// A process of a former life of this server, or of the one it was the standby of, may have had the number
	// of one that is alive.
	const TimestampTz since = worker::writable_since();
	const pg::Rows rows = running.query({since != 0 ? pg::timestamp(since) : pg::null()});
	for (std::size_t row = 0; row < rows.size(); ++row) {
		const int pid = rows.is_null(row, 3) ? 0 : rows.int4(row, 3);
		const bool gone = rows.boolean(row, 5) || pid == 0 || pg::call([pid] {
			                  const PGPROC *process = BackendPidGetProc(pid);
			                  return process == nullptr || process->databaseId != MyDatabaseId;
		                  });
		if (!gone) continue;
		const pg::Argument execution = pg::int8(rows.int8(row, 0)), position = pg::int4(rows.int4(row, 1)),
		                   item = pg::int4(rows.int4(row, 2)), worker = pg::int4(pid);
		if (rows.int4(row, 4) < most_lost_attempts) {
			recovered += static_cast<int>(again.execute({execution, position, item, worker}));
			FAULT_POINT("alone.found_lost");
			continue;
		}
		if (hold.query({execution}).empty()) continue; // execution first, then step, as everybody locks
		const Failure failure{"XX000",
		                      "its executor ended " + std::to_string(most_lost_attempts) +
		                          " times while it ran",
		                      "The step may end its server process.",
		                      "See the server's log.",
		                      {}};
		if (lost.execute({execution, position, item, worker, pg::jsonb(failure.to_value())}) == 0) continue;
		look.execute({execution});
		++recovered;
	}
	return recovered;
}

} // namespace playbook::execution
