#include "execution/run.hpp"

#include "execution/admission.hpp"
#include "execution/advance.hpp"
#include "execution/claim.hpp"
#include "execution/executor.hpp"
#include "execution/store.hpp"
#include "fault_points.hpp"
#include "identity/access.hpp"
#include "identity/installation_fence.hpp"
#include "notification/publisher.hpp"
#include "pg/identity.hpp"
#include "pg/statement_snapshot.hpp"
#include "result/output_view.hpp"
#include "worker/process.hpp"
#include "worker/shared_state.hpp"

namespace playbook::execution {
namespace {

void write(Batch &batch) {
	{
		pg::EngineIdentity engine;
		pg::Spi spi;
		batch.flush();
		worker::announce_at_commit();
	}
	FAULT_POINT("run.written");
	result::show_first_outputs(batch.without_views());
}

void require_place() {
	if (identity::enabled_state() != identity::Enabled::Elsewhere) return;
	throw pg::Error(
	    ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE, "the engine is enabled for another cluster or database",
	    "These tables came from a restore or a copy.", "Look at what is due, then call playbook_enable().");
}

// Whether a pending one may begin now, within the limits of its playbook.
bool may_begin(Execution &execution) {
	pg::EngineIdentity engine;
	pg::Spi spi;
	return admit_now(execution);
}

// In a snapshot of its own: the statement's may have been given back.
Waited state_of(std::int64_t id) {
	const pg::SnapshotScope snapshot;
	pg::EngineIdentity engine;
	pg::Spi spi;
	const std::optional<Execution> execution = find_execution(id);
	if (!execution) identity::unknown_execution(id);
	return {execution->status, execution->waiting_for, execution->due_at, execution->error};
}

} // namespace

std::int64_t run_now(const StartRequest &request) {
	require_place();
	Started started = prepare_start(request);
	Execution &execution = started.execution;
	if (started.repeated) return execution.id;
	if (execution.waiting_for == "customer" ||
	    (execution.due_at && *execution.due_at > execution.created_at) || !may_begin(execution)) {
		commit_start(execution);
		return execution.id;
	}
	identity::ensure_enabled();
	Batch batch;
	Advancer advancer(batch, step::Mode::Session, GetCurrentTimestamp());
	advancer.advance(execution);
	write(batch);
	return execution.id;
}

Status advance_now(std::int64_t id) {
	require_place();
	identity::require_control(id);
	std::optional<Execution> execution;
	{
		pg::EngineIdentity engine;
		pg::Spi spi;
		execution = lock_live(id);
		if (!execution) {
			execution = find_execution(id);
			if (!execution) identity::unknown_execution(id);
			return execution->status;
		}
		load_steps({&*execution});
	}
	require_usable_owner(execution->owner);
	if (execution->status == Status::Paused)
		throw pg::Error(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
		                "execution " + std::to_string(id) + " is paused", "",
		                "Resume it with playbook_resume().");
	// Its time, or its turn, has not come.
	const TimestampTz now = GetCurrentTimestamp();
	if (execution->status == Status::Pending && (!execution->due_at || *execution->due_at > now))
		return execution->status;
	Batch batch;
	if (!may_begin(*execution)) {
		batch.add(*execution);
		write(batch);
		return execution->status;
	}
	Advancer advancer(batch, step::Mode::Session, now);
	for (StepRow &row : execution->steps)
		if (row.alone && row.status == StepStatus::Pending) advancer.take_over(*execution, row);
	for (auto &[key, row] : execution->items)
		if (row.alone && row.status == StepStatus::Pending) advancer.take_over(*execution, row);
	advancer.advance(*execution);
	write(batch);
	return execution->status;
}

std::int64_t execute(const StartRequest &request, std::int64_t most) {
	require_place();
	const TimestampTz end = GetCurrentTimestamp() + most;
	std::int64_t id = 0;
	{
		pg::Transaction transaction(pg::Transaction::Place::Procedure);
		Started started = prepare_start(request);
		id = started.execution.id;
		if (!started.repeated) commit_start(started.execution);
		transaction.commit();
	}
	FAULT_POINT("execute.started");
	for (;;) {
		std::optional<TimestampTz> due;
		bool over = false;
		{
			pg::Transaction transaction(pg::Transaction::Place::Procedure);
			std::optional<Execution> execution = lock_live_with_steps(id, Items::Next);
			over = !execution || execution->status == Status::Paused;
			const TimestampTz now = GetCurrentTimestamp();
			if (!over && execution->due_at && *execution->due_at <= now) {
				Batch batch;
				Advancer advancer(batch, step::Mode::Session, now);
				advancer.set_one_step();
				if (may_begin(*execution))
					advancer.advance(*execution);
				else
					batch.add(*execution);
				write(batch);
			}
			if (!over) due = execution->due_at;
			over = over || is_final(execution->status);
			transaction.commit();
		}
		FAULT_POINT("execute.turn_ended");
		const TimestampTz now = GetCurrentTimestamp();
		if (over || now >= end) return id;
		if (due && *due <= now) continue;
		worker::Waiter waiter(id);
		waiter.sleep(due ? std::min(*due, end) : end);
	}
}

// For how long others may have what is due before playbook_work takes it for theirs: a fifth of a second.
constexpr int most_misses = 10;
constexpr long pause_after_miss = 20; // milliseconds

WorkDone work(std::int64_t most) {
	require_place();
	require_usable_owner(identity::caller());
	const TimestampTz end = GetCurrentTimestamp() + most;
	WorkDone done;
	{
		pg::Transaction transaction(pg::Transaction::Place::Procedure);
		{
			pg::EngineIdentity engine;
			pg::Spi spi;
			recover_lost_steps();
			static pg::Statement seen(
			    "INSERT INTO @playbook_work_log (role, worked_at) VALUES ($1, clock_timestamp()) "
			    "ON CONFLICT (role) DO UPDATE SET worked_at = excluded.worked_at",
			    {OIDOID});
			seen.execute({pg::oid(identity::caller())});
		}
		transaction.commit();
	}
	TurnOptions options;
	options.executor = false;
	forget_queue();
	int missed = 0;
	do {
		const Turn turn = take_turn(options);
		FAULT_POINT("work.turn_ended");
		done.executions += turn.executions;
		done.steps_alone += turn.ran_alone ? 1 : 0;
		// What is due and yet cannot be had is at work in another session, or the scheduler has its row for a
		// moment, to say that nobody can work for its owner.
		const bool nothing_to_be_had = turn.executions == 0 && !turn.ran_alone && turn.next_due.has_value();
		missed = nothing_to_be_had ? missed + 1 : 0;
		if (!turn.more || missed > most_misses) break;
		if (missed > 0) worker::nap(DT_NOEND, pause_after_miss);
	} while (GetCurrentTimestamp() < end);
	if (!worker::workers_alive()) {
		pg::Transaction transaction(pg::Transaction::Place::Procedure);
		(void) notification::announce();
		transaction.commit();
	}
	return done;
}

Waited wait_for(FunctionCallInfo call, std::int64_t id, std::int64_t most, Until until) {
	identity::require_visible(id);
	if (IsolationUsesXactSnapshot())
		throw pg::Error(
		    ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE, "playbook_wait() sees no change in this transaction",
		    "Its isolation level keeps one snapshot to its end.", "Wait in a READ COMMITTED transaction.");
	const TimestampTz end = GetCurrentTimestamp() + most;
	{
		pg::EngineIdentity engine;
		pg::Spi spi;
		static pg::Statement writer("SELECT xmin FROM @playbook_executions_live WHERE id = $1", {INT8OID});
		const pg::Rows rows = writer.query({pg::int8(id)});
		// Also in a subtransaction of it, such as a block with an exception handler.
		if (!rows.empty() && TransactionIdIsCurrentTransactionId(DatumGetTransactionId(rows.datum(0, 0))))
			throw pg::Error(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
			                "execution " + std::to_string(id) + " was started or changed in this transaction",
			                "Nobody else sees it before the commit.", "Commit first, then wait.");
	}
	worker::Waiter waiter(id);
	std::optional<pg::ReleasedSnapshot> released;
	for (;;) {
		Waited state = state_of(id);
		const TimestampTz now = GetCurrentTimestamp();
		// What is due is about to go on: a person has just decided, and nobody was there to act on it yet.
		const bool due = state.waiting_until && *state.waiting_until <= now;
		const bool person = ((state.waiting_for == "approval" || state.waiting_for == "task") && !due) ||
		                    state.status == Status::Paused;
		if (is_final(state.status) || (until == Until::Person && person) || now >= end) {
			if (released) released->take_fresh();
			return state;
		}
		if (!released) released.emplace(call);
		pg::release_catalog_snapshot();
		waiter.sleep(end);
	}
}

} // namespace playbook::execution
