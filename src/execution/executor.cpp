#include "execution/executor.hpp"

#include "execution/admission.hpp"
#include "execution/advance.hpp"
#include "execution/alone.hpp"
#include "execution/claim.hpp"
#include "execution/finish.hpp"
#include "execution/retry.hpp"
#include "execution/unreadable.hpp"
#include "fault_points.hpp"
#include "pg/identity.hpp"
#include "pg/sandbox.hpp"
#include "result/output_view.hpp"
#include "settings.hpp"
#include "worker/counters.hpp"
#include "worker/shared_state.hpp"

namespace playbook::execution {
namespace {

using pg::Transaction;

Transaction::Place place_of(const TurnOptions &options) {
	return options.executor ? Transaction::Place::Worker : Transaction::Place::Procedure;
}

// The engine's own limits in a transaction, whatever the role's settings say.
struct EngineLimits {
	EngineLimits() { settings_.set("lock_timeout", "0"); }
	pg::SettingScope settings_;
};

std::vector<Execution> claim(Oid owner, TimestampTz now, int limit) {
	pg::EngineIdentity engine;
	pg::Spi spi;
	std::vector<Execution> executions = claim_due(owner, now, limit);
	if (!executions.empty()) FAULT_POINT("claim.locked");
	put_off_unreadable(executions);
	hold_back(executions);
	std::vector<Execution *> pointers;
	for (Execution &execution : executions) pointers.push_back(&execution);
	load_steps(pointers, Items::Next);
	if (!executions.empty()) FAULT_POINT("claim.loaded");
	return executions;
}

// How this process takes its batches, from what became of the ones before.
struct Batching {
	int limit = 100; // executions to claim: about as many as a batch's time is enough for
	// Left to be done one at a time, since a batch failed as a whole: to find the one.
	int singles = 0;
	// Batches left in which each step has a subtransaction of its own, since a step failed: those of its kind
	// may fail again.
	int guarded = 0;

	bool unguarded(const TurnOptions &options) const {
		return options.executor && guarded == 0 && singles == 0;
	}
	void learn(int claimed, int advanced, TimestampTz took) {
		if (advanced < claimed)
			limit = std::max(10, advanced + advanced / 4);
		else if (claimed == limit && took < settings::batch_time_microseconds() / 2)
			limit *= 2;
	}
};
constexpr int guarded_after_trouble = 8;

// One transaction: claims up to `limit`, advances them, commits. Returns how many were advanced. *single:
// while it is the only one and not committed, which.
int advance_batch(Oid owner, const TurnOptions &options, Batching &batching, int limit, bool *queued_alone,
                  bool *full, std::int64_t *single) {
	Batch batch;
	int advanced = 0;
	Transaction transaction(place_of(options));
	{
		EngineLimits limits;
		const TimestampTz now = GetCurrentTimestamp();
		std::vector<Execution> executions = claim(owner, now, limit);
		*full = static_cast<int>(executions.size()) == limit;
		if (limit == 1 && !executions.empty()) *single = executions.front().id;
		Advancer advancer(batch, step::Mode::Batch, now);
		if (batching.unguarded(options)) advancer.set_unguarded();
		advancer.set_end(end_of_batch(now));
		for (Execution &execution : executions) {
			advancer.advance(execution);
			++advanced;
			if (advancer.full()) break;
		}
		if (static_cast<std::size_t>(advanced) < executions.size())
			give_back(executions[static_cast<std::size_t>(advanced)]);
		if (advanced > 0) {
			pg::EngineIdentity engine;
			pg::Spi spi;
			batch.flush();
			worker::announce_at_commit();
			worker::count(worker::Counter::Batches);
			batching.learn(static_cast<int>(executions.size()), advanced, GetCurrentTimestamp() - now);
			FAULT_POINT("batch.written");
		}
		if (batching.guarded > 0) --batching.guarded;
		if (advancer.met_trouble()) batching.guarded = guarded_after_trouble;
	}
	transaction.commit();
	*single = 0;
	*queued_alone = batch.queued_alone;
	after_commit(options, batch);
	return advanced;
}

// An execution that cannot be advanced, not even alone, for reasons of the engine or the database: it fails
// with that reason, in a transaction of its own.
void give_up(std::int64_t id, const TurnOptions &options, const Failure &failure) {
	Batch batch;
	Transaction transaction(place_of(options));
	{
		EngineLimits limits;
		std::optional<Execution> execution = lock_live_with_steps(id);
		if (execution && execution->status != Status::Paused) {
			fail_execution(batch, *execution, failure, GetCurrentTimestamp());
			pg::EngineIdentity engine;
			pg::Spi spi;
			batch.flush();
			worker::announce_at_commit();
			FAULT_POINT("batch.given_up");
		}
	}
	transaction.commit();
	after_commit(options, batch);
}

// After an unclean end: the attempt is committed before the execution is advanced, so that one which ends its
// server process is counted, and after three such ends it fails instead of taking the server down for ever.
constexpr int most_unclean_ends = 3;

int advance_carefully(Oid owner, const TurnOptions &options, std::int64_t *single) {
	std::int64_t id = 0;
	{
		Transaction transaction(place_of(options));
		{
			pg::EngineIdentity engine;
			pg::Spi spi;
			std::vector<Execution> executions = claim_due(owner, GetCurrentTimestamp(), 1);
			put_off_unreadable(executions);
			hold_back(executions);
			if (!executions.empty()) {
				id = executions.front().id;
				worker::count(worker::Counter::CarefulTurns);
				static pg::Statement count(
				    "UPDATE @playbook_executions_live SET attempt = attempt + 1 WHERE id = $1", {INT8OID});
				if (executions.front().attempt <= most_unclean_ends) count.execute({pg::int8(id)});
				FAULT_POINT("claim.counted");
			}
		}
		transaction.commit();
	}
	if (id == 0) return 0;
	FAULT_POINT("claim.count_committed");
	*single = id;
	Batch batch;
	Transaction transaction(place_of(options));
	{
		EngineLimits limits;
		const TimestampTz now = GetCurrentTimestamp();
		std::optional<Execution> execution = lock_live_with_steps(id);
		if (execution && execution->attempt > most_unclean_ends) {
			fail_execution(
			    batch, *execution,
			    {"XX000",
			     "its steps ended their server process " + std::to_string(most_unclean_ends) + " times",
			     "It was being advanced each time when the process ended.",
			     "See the server's log.",
			     {}},
			    now);
		} else if (execution) {
			Advancer advancer(batch, step::Mode::Batch, now);
			execution->attempt = 0; // reaching the commit below takes the count back
			advancer.advance(*execution);
		}
		pg::EngineIdentity engine;
		pg::Spi spi;
		batch.flush();
		worker::announce_at_commit();
	}
	transaction.commit();
	*single = 0;
	after_commit(options, batch);
	return 1;
}

// In a transaction that does nothing else: places given back are taken by those who waited for them.
void let_in(Oid owner, const TurnOptions &options) {
	Transaction transaction(place_of(options));
	{
		pg::EngineIdentity engine;
		pg::Spi spi;
		(void) admit(owner);
	}
	transaction.commit();
}

// What is left for this role: due now, or when.
void look_ahead(Oid owner, const TurnOptions &options, Turn &turn) {
	Transaction transaction(place_of(options));
	{
		pg::EngineIdentity engine;
		pg::Spi spi;
		static pg::Statement next(
		    "SELECT (SELECT due_at FROM @playbook_step_executions_live WHERE owner = $1 "
		    "AND alone AND status IN ('pending', 'running') "
		    "AND status = 'pending' AND due_at IS NOT NULL ORDER BY due_at LIMIT 1)",
		    {REGROLEOID});
		// The whole batch may have been held back, and what comes after it is to be looked at, too.
		const bool held_back = places_changed();
		const bool admitted = admit(owner) > 0 || held_back;
		const std::optional<TimestampTz> execution = next_due(owner);
		const std::optional<TimestampTz> admission = admission_due(owner);
		const std::optional<TimestampTz> alone = next.query({pg::oid(owner)}).timestamp_or_null(0, 0);
		const TimestampTz now = GetCurrentTimestamp();
		turn.alone_waiting = alone && *alone <= now;
		turn.more = admitted || (execution && *execution <= now);
		// A step that waits to run alone is no reason to wake this process.
		turn.next_due = std::min(execution.value_or(DT_NOEND), admission.value_or(DT_NOEND));
		if (admitted || TIMESTAMP_IS_NOEND(*turn.next_due)) turn.next_due.reset();
	}
	transaction.commit();
}

} // namespace

void after_commit(const TurnOptions &options, const Batch &batch) {
	FAULT_POINT("batch.committed");
	worker::wake_waiters(batch.finished());
	// Not within the batch: a view's name may be locked, and nobody else's work is to wait for it.
	if (!batch.without_views().empty()) {
		Transaction transaction(place_of(options));
		result::show_first_outputs(batch.without_views());
		FAULT_POINT("batch.views_shown");
		transaction.commit();
	}
	if (!parents_are_left()) return;
	Transaction transaction(place_of(options));
	{
		pg::EngineIdentity engine;
		pg::Spi spi;
		tell_parents_left();
		FAULT_POINT("batch.parents_told");
	}
	transaction.commit();
}

Turn take_turn(const TurnOptions &options) {
	static Batching batching;
	const Oid owner = GetUserId();
	Turn turn;
	if (places_changed()) let_in(owner, options);
	if (options.take_batch) {
		const int limit =
		    options.careful || batching.singles > 0 ? 1 : std::min(batching.limit, settings::batch_size());
		std::int64_t single = 0;
		std::optional<pg::Error> trouble;
		bool abandoned = false;
		try {
			turn.executions = options.careful ? advance_carefully(owner, options, &single)
			                                  : advance_batch(owner, options, batching, limit,
			                                                  &turn.alone_waiting, &turn.full, &single);
			if (batching.singles > 0) --batching.singles;
		} catch (const Abandoned &) {
			abandoned = true;
		} catch (const std::exception &exception) {
			trouble = pg::to_error(exception);
		}
		if (abandoned || trouble) give_back_all();
		if (abandoned) {
			pg::forget_session_state();
			batching.guarded = guarded_after_trouble;
			turn.more = true;
			return turn;
		}
		if (trouble && limit > 1) {
			worker::count(worker::Counter::BatchesRedone); // with the next commit
			batching.singles = limit;
			turn.more = true;
			return turn;
		}
		// Of the claim itself, or a full disk: no execution is to blame.
		if (trouble && (single == 0 || is_shortage(trouble->code()))) throw *trouble;
		if (trouble) {
			if (is_passing(trouble->code())) {
				turn.more = true;
				return turn;
			}
			give_up(single, options, failure_from(*trouble));
			turn.executions = 1;
		}
	}
	if (turn.executions == 0 && options.take_alone) turn.ran_alone = run_one_alone(owner, options);
	if (turn.executions > 0) {
		turn.more = true;
		return turn;
	}
	look_ahead(owner, options, turn);
	if (turn.ran_alone) turn.more = true;
	return turn;
}

void note_unreachable(Oid role, const std::string &reason) {
	pg::EngineIdentity engine;
	pg::Spi spi;
	// The scheduler serves the whole database: it never waits for a row that some session has locked.
	static pg::Statement note(
	    "UPDATE @playbook_executions_live SET reason = $2 WHERE id IN ("
	    "SELECT id FROM @playbook_executions_live WHERE owner = $1 AND due_at <= clock_timestamp() "
	    "AND reason IS DISTINCT FROM $2 FOR UPDATE SKIP LOCKED)",
	    {REGROLEOID, TEXTOID});
	note.execute({pg::oid(role), pg::text(reason)});
}

std::vector<RoleDue> roles_due() {
	static pg::Statement steps("SELECT owner::oid, min(due_at), count(*) FROM @playbook_step_executions_live "
	                           "WHERE alone AND status IN ('pending', 'running') AND status = 'pending' AND "
	                           "due_at IS NOT NULL GROUP BY owner",
	                           {});
	std::map<Oid, RoleDue> roles;
	for (const auto &[role, due_at] : first_due_of_roles()) roles[role] = {role, due_at, 0};
	for (const auto &[role, due_at] : admissions_due()) {
		RoleDue &due = roles.try_emplace(role, RoleDue{role, due_at, 0}).first->second;
		due.due_at = std::min(due.due_at, due_at);
	}
	const pg::Rows rows = steps.query({});
	for (std::size_t row = 0; row < rows.size(); ++row) {
		RoleDue &due =
		    roles.try_emplace(rows.oid(row, 0), RoleDue{rows.oid(row, 0), rows.timestamp(row, 1), 0})
		        .first->second;
		due.due_at = std::min(due.due_at, rows.timestamp(row, 1));
		due.alone_ready = static_cast<int>(rows.int8(row, 2));
	}
	std::vector<RoleDue> result;
	for (const auto &[role, due] : roles) result.push_back(due);
	return result;
}

} // namespace playbook::execution
