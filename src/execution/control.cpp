#include "execution/control.hpp"

#include "definition/outcome.hpp"
#include "definition/wording.hpp"
#include "execution/admission.hpp"
#include "execution/advance.hpp"
#include "execution/changed_input.hpp"
#include "execution/customer_place.hpp"
#include "execution/finish.hpp"
#include "execution/replace.hpp"
#include "execution/store.hpp"
#include "execution/touch.hpp"
#include "fault_points.hpp"
#include "identity/access.hpp"
#include "pg/datum.hpp"
#include "pg/identity.hpp"
#include "pg/installation.hpp"
#include "result/artifact.hpp"
#include "settings.hpp"
#include "value/json.hpp"
#include "worker/shared_state.hpp"

namespace playbook::execution {

// The part of an Advancer that takes back instead of going on.
class Canceller {
public:
	Canceller(Batch &batch, TimestampTz now) : advancer_(batch, step::Mode::Session, now) {}

	void cancel(Execution &execution, const std::string &reason, const std::string &by, TimestampTz now) {
		bool running_alone = false;
		for (StepRow &row : execution.steps) {
			if (is_final(row.status) || in_cancel_lane(execution.definition(), row.position)) continue;
			running_alone = running_alone || row.status == StepStatus::Running;
			stop(execution, row, reason);
		}
		for (const auto &[key, item] : execution.items) running_alone = running_alone || item.worker != 0;
		if (running_alone) worker::cancel_running_at_commit(execution.id);
		execution.reason = reason;
		execution.dirty = true;
		bool has_more = false;
		for (const StepRow &row : execution.steps)
			has_more = has_more || (in_cancel_lane(execution.definition(), row.position) &&
			                        lane_is_open(execution, row.position));
		if (!has_more) {
			advancer_.finish(execution, Status::Cancelled);
			return;
		}
		Value cancelled = Value::object();
		cancelled.set("by", Value(by));
		cancelled.set("at", Value(pg::timestamp_text(now)));
		execution.options.set("cancelled", std::move(cancelled));
		execution.status = Status::Running;
		execution.waiting_for = "step";
		execution.due_at = now;
		advancer_.batch_.add(execution);
		worker::wake_at_commit(execution.owner, now);
	}

	void stop(Execution &execution, StepRow &row, const std::string &reason,
	          const std::string &outcome = skip_cause::cancelled) {
		advancer_.withdraw(execution, row);
		advancer_.skip(row, outcome, reason);
		advancer_.batch_.add(execution);
	}

private:
	Advancer advancer_;
};

namespace {

// Who acts, asked before the switch to the engine.
struct Actor {
	std::string name = identity::actor();
};

[[noreturn]] void refuse_state(std::int64_t id, Status status, const char *wanted, const char *hint) {
	throw pg::Error(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
	                "execution " + std::to_string(id) + " is " + to_string(status),
	                std::string("It must be ") + wanted + ".", hint);
}

// The locked live row; 55000 with the present state when it has ended.
Execution lock_for(std::int64_t id, const char *wanted) {
	// The row may move to history between two looks; each look is a new snapshot.
	for (int look = 0; look < 3; ++look) {
		if (std::optional<Execution> live = lock_live(id)) {
			FAULT_POINT("control.locked");
			return std::move(*live);
		}
		const std::optional<Execution> ended = find_execution(id);
		if (!ended) identity::unknown_execution(id);
		if (is_final(ended->status))
			refuse_state(id, ended->status, wanted,
			             "It has ended; see playbook_retry() for one that failed.");
	}
	throw pg::Error(ERRCODE_T_R_SERIALIZATION_FAILURE, "execution " + std::to_string(id) + " is changing", "",
	                "Try again.");
}

StepRow &row_named(Execution &execution, const std::string &step) {
	const definition::Step *found = execution.definition().find(step);
	if (found != nullptr) return execution.steps[static_cast<std::size_t>(found->position)];
	std::string ids;
	for (const definition::Step &known : execution.definition().steps)
		ids += (ids.empty() ? "" : ", ") + known.id;
	throw pg::Error(ERRCODE_UNDEFINED_OBJECT,
	                "execution " + std::to_string(execution.id) + " has no step \"" + step + "\"",
	                "Its steps are: " + ids + ".");
}

// Conditions that later steps ask know the words of the step's type, and that it was skipped.
void check_outcome(const Execution &execution, const StepRow &row, const std::string &outcome) {
	if (outcome.empty() || outcome == "skipped") return;
	const definition::Step &step = execution.definition().steps[static_cast<std::size_t>(row.position)];
	std::vector<std::string> words = definition::outcome_words(step);
	if (std::find(words.begin(), words.end(), outcome) != words.end()) return;
	words.emplace_back("skipped");
	throw pg::Error(ERRCODE_INVALID_PARAMETER_VALUE,
	                "the outcome of step \"" + step.id + "\" is never " + definition::quoted(outcome), "",
	                definition::words_hint(outcome, words));
}

void reset(StepRow &row) {
	const bool stored = row.stored;
	const int position = row.position, item = row.item;
	row = StepRow();
	row.position = position;
	row.item = item;
	row.stored = stored;
	row.dirty = true;
}

// Everything that comes after a step, by dependency, lanes included.
std::set<int> downstream(const definition::Definition &definition, int from) {
	std::set<int> reached = {from};
	for (bool grown = true; grown;) {
		grown = false;
		for (const definition::Step &step : definition.steps) {
			if (reached.contains(step.position)) continue;
			const bool after = reached.contains(step.parent) ||
			                   std::any_of(step.depends_on.begin(), step.depends_on.end(),
			                               [&](int other) { return reached.contains(other); });
			if (after) grown = reached.insert(step.position).second || grown;
		}
	}
	return reached;
}

// An ended execution comes back to the live slot, with its steps and rows.
void bring_back(const Execution &ended) {
	const auto move = [&ended](const char *table, const char *key) {
		const std::string name = std::string("@") + table;
		const pg::Rows columns = pg::query_once(
		    "SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute WHERE attrelid "
		    "= '" +
		    pg::qualified(name) + "'::regclass AND attnum > 0 AND NOT attisdropped AND attname <> 'slot'");
		const std::string list = columns.text(0, 0);
		(void) pg::query_once("WITH gone AS (DELETE FROM " + name + " WHERE " + key +
		                          " = $1 AND slot = $2::smallint RETURNING *) INSERT INTO " + name +
		                          "_live (slot, " + list + ") SELECT 0::smallint, " + list + " FROM gone",
		                      {{INT8OID, pg::int8(ended.id)}, {INT4OID, pg::int4(ended.slot)}});
	};
	move("playbook_executions", "id");
	move("playbook_step_executions", "execution_id");
	move("playbook_step_rows", "execution_id");
	result::forget_artifact(ended.id); // it will leave another
}

void forget_rows(std::int64_t execution, int position) {
	static pg::Statement chunks(
	    "DELETE FROM @playbook_step_rows_live WHERE execution_id = $1 AND position = $2", {INT8OID, INT4OID});
	static pg::Statement items(
	    "DELETE FROM @playbook_step_executions_live WHERE execution_id = $1 AND position = $2 AND item > 0",
	    {INT8OID, INT4OID});
	chunks.execute({pg::int8(execution), pg::int4(position)});
	items.execute({pg::int8(execution), pg::int4(position)});
}

// The locked live row, brought back from history when it has failed; its steps are loaded.
Execution revive(std::int64_t id) {
	std::optional<Execution> execution = lock_live(id);
	if (!execution) {
		execution = find_execution(id);
		if (!execution) identity::unknown_execution(id);
		if (execution->status != Status::Failed)
			refuse_state(id, execution->status, "failed or under way",
			             "Start it anew with playbook_start().");
		bring_back(*execution);
		execution = lock_live(id);
		if (!execution) refuse_state(id, Status::Failed, "at rest", "Somebody else retries it now.");
		execution->status = Status::Failed;
	}
	load_steps({&*execution});
	retake_customer(*execution);
	FAULT_POINT("retry.revived");
	return std::move(*execution);
}

// Skipped for nothing of its own, but since another step failed.
bool fell_with_another(const StepRow &row) {
	return row.status == StepStatus::Skipped &&
	       (row.outcome == skip_cause::dependency || row.outcome == skip_cause::failed);
}

// A revived execution goes on at that time.
void go_on(Execution &execution, TimestampTz at) {
	const bool later = at > GetCurrentTimestamp();
	retake_place(execution);
	execution.items.clear();
	// A deadline that has passed would end it again before anything is done.
	if (execution.deadline_at && *execution.deadline_at <= at && execution.definition().deadline)
		execution.deadline_at = at + execution.definition().deadline->approximate_microseconds();
	execution.status = later ? Status::Waiting : Status::Running;
	execution.error = Value();
	execution.finished_at.reset();
	execution.waiting_for = later ? "retry" : "step";
	execution.due_at = at;
	execution.dirty = true;
	Batch batch;
	batch.add(execution);
	batch.flush();
	note_changed(execution.id);
	worker::wake_at_commit(execution.owner, at);
	worker::announce_at_commit();
}

} // namespace

void pause(std::int64_t id, const std::string &reason) {
	identity::require_control(id);
	pg::EngineIdentity engine;
	pg::Spi spi;
	Execution execution = lock_for(id, "pending, running or waiting");
	if (execution.status == Status::Paused)
		refuse_state(id, execution.status, "pending, running or waiting",
		             "Resume it with playbook_resume().");
	note_changed(id);
	execution.plan = nullptr;
	load_steps({&execution});
	execution.paused_at = GetCurrentTimestamp();
	if (execution.status == Status::Pending && execution.due_at && *execution.due_at > *execution.paused_at)
		execution.options.set("start_at", Value(pg::timestamp_text(*execution.due_at)));
	execution.status = Status::Paused;
	execution.due_at.reset();
	execution.reason = reason;
	execution.dirty = true;
	const auto freeze = [](StepRow &row) {
		if (row.status != StepStatus::Pending || !row.alone) return;
		row.due_at.reset();
		row.dirty = true;
	};
	for (StepRow &row : execution.steps) freeze(row);
	for (auto &[key, row] : execution.items) freeze(row);
	Batch batch;
	batch.add(execution);
	batch.flush();
	FAULT_POINT("pause.written");
	worker::announce_at_commit();
}

void resume(std::int64_t id, Timers timers) {
	identity::require_control(id);
	pg::EngineIdentity engine;
	pg::Spi spi;
	Execution execution = lock_for(id, "paused");
	if (execution.status != Status::Paused)
		refuse_state(id, execution.status, "paused",
		             "Only a paused execution can be resumed; see playbook_pause().");
	load_steps({&execution});
	const TimestampTz now = GetCurrentTimestamp();
	const std::int64_t paused = now - execution.paused_at.value_or(now);
	const bool shift = timers == Timers::Shift;
	const auto thaw = [&](StepRow &row) {
		if (is_final(row.status)) return;
		if (row.status == StepStatus::Pending && row.alone) row.due_at = now;
		// Dates agreed with people (tasks, approvals) stay; what the engine measures goes on where it stood.
		else if (shift && row.status == StepStatus::Waiting && row.waiting_for != "task" &&
		         row.waiting_for != "approval") {
			if (row.due_at) *row.due_at += paused;
			if (row.started_at) *row.started_at += paused;
		}
		row.dirty = row.dirty || row.stored;
	};
	for (StepRow &row : execution.steps) thaw(row);
	for (auto &[key, row] : execution.items) thaw(row);
	if (shift && execution.deadline_at) *execution.deadline_at += paused;
	execution.paused_seconds += static_cast<int>(paused / USECS_PER_SEC);
	execution.paused_at.reset();
	execution.status = execution.started_at ? Status::Running : Status::Pending;
	execution.reason.clear();
	execution.due_at = now;
	// One that had not begun: its date stays, and so does its place in the queue.
	if (const Value *start_at = execution.options.find("start_at"); start_at != nullptr)
		execution.due_at =
		    std::max(now, DatumGetTimestampTz(pg::input_datum(start_at->as_text(), TIMESTAMPTZOID)));
	if (execution.waiting_for == "customer" && !has_turn(execution)) {
		execution.due_at.reset();
	} else {
		if (execution.waiting_for == "customer") execution.waiting_for.clear();
		execution.options.erase("start_at");
	}
	execution.dirty = true;
	Batch batch;
	batch.add(execution);
	batch.flush();
	FAULT_POINT("resume.written");
	note_changed(id);
	if (execution.due_at) worker::wake_at_commit(execution.owner, *execution.due_at);
	worker::announce_at_commit();
}

void cancel_locked(Batch &batch, Execution &execution, const std::string &reason, const std::string &by) {
	const TimestampTz now = GetCurrentTimestamp();
	Canceller(batch, now).cancel(execution, reason, by, now);
	FAULT_POINT("cancel.stopped");
	note_changed(execution.id);
}

Status cancel(std::int64_t id, const std::string &reason) {
	identity::require_control(id);
	const Actor actor;
	pg::EngineIdentity engine;
	pg::Spi spi;
	Execution execution = lock_for(id, "under way");
	load_steps({&execution});
	if (is_cancelling(execution))
		refuse_state(id, execution.status, "not being cancelled already", "Its on_cancel steps are at work.");
	Batch batch;
	cancel_locked(batch, execution, reason, actor.name);
	batch.flush();
	FAULT_POINT("cancel.written");
	worker::announce_at_commit();
	return execution.status;
}

void replace_active(std::int64_t active, std::int64_t by) {
	std::optional<Execution> execution = lock_live(active);
	if (!execution) return;
	load_steps({&*execution});
	give_place_away(*execution);
	Batch batch;
	cancel_locked(batch, *execution, "replaced by execution " + std::to_string(by), "playbook_start");
	batch.flush();
	worker::announce_at_commit();
}

void skip_step(std::int64_t id, const std::string &step, const std::string &reason,
               const std::string &outcome) {
	identity::require_control(id);
	pg::EngineIdentity engine;
	pg::Spi spi;
	Execution execution = lock_for(id, "under way");
	load_steps({&execution});
	StepRow &row = row_named(execution, step);
	if (row.status == StepStatus::Completed || row.status == StepStatus::Skipped)
		throw pg::Error(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
		                "step \"" + step + "\" is " + to_string(row.status),
		                "Only a step that has not ended well can be skipped.");
	check_outcome(execution, row, outcome);
	Batch batch;
	worker::cancel_running_at_commit(id, row.position); // if it, or an item of it, runs
	// Steps of one that has not begun are not looked for, unless it says that there are some.
	if (execution.status == Status::Pending) {
		execution.options.set("skipped_early", Value(true));
		execution.dirty = true;
	}
	Canceller(batch, GetCurrentTimestamp())
	    .stop(execution, row, reason, outcome.empty() ? "skipped" : outcome);
	batch.flush();
	touch(id);
	worker::announce_at_commit();
}

void retry(std::int64_t id, const std::optional<std::string> &from_step, const Value &changes,
           std::optional<TimestampTz> at) {
	identity::require_control(id);
	if (!changes.is_null() && !changes.is_object())
		throw pg::Error(ERRCODE_INVALID_PARAMETER_VALUE, "changes must be a JSON object", "",
		                "Give keys of the step's input and their new values.");
	if (!changes.is_null() && !from_step)
		throw pg::Error(ERRCODE_INVALID_PARAMETER_VALUE, "changes need the step whose input they change", "",
		                "Name it: playbook_retry(execution, 'step', changes).");
	pg::EngineIdentity engine;
	pg::Spi spi;
	std::optional<Execution> execution = revive(id);
	Execution &retried = *execution;
	const TimestampTz now = GetCurrentTimestamp();
	std::set<int> again;
	if (from_step) again = downstream(retried.definition(), row_named(retried, *from_step).position);
	for (const StepRow &row : retried.steps) {
		if (from_step) break;
		if (row.status == StepStatus::Failed || fell_with_another(row)) again.insert(row.position);
	}
	if (again.empty())
		throw pg::Error(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
		                "execution " + std::to_string(id) + " has no failed step", "",
		                "Name the step to go on from: playbook_retry(execution, 'step').");
	for (const int position : again) {
		StepRow &row = retried.steps[static_cast<std::size_t>(position)];
		if (row.status == StepStatus::Running)
			throw pg::Error(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
			                "step \"" + retried.definition().steps[static_cast<std::size_t>(position)].id +
			                    "\" is running",
			                "", "Wait for it, or skip it first.");
		Value input = row.input;
		forget_rows(id, position);
		reset(row);
		if (from_step && !changes.is_null() && position == row_named(retried, *from_step).position) {
			change_input(input, retried.definition().steps[static_cast<std::size_t>(position)], changes);
			row.input = std::move(input);
			row.status = StepStatus::Waiting;
			row.waiting_for = "retry";
			row.due_at = row.started_at = now;
		}
	}
	go_on(retried, at.value_or(now));
}

void skip_failed_steps(std::int64_t id, const std::string &reason, const std::string &outcome,
                       TimestampTz at) {
	identity::require_control(id);
	pg::EngineIdentity engine;
	pg::Spi spi;
	Execution revived = revive(id);
	bool any = false;
	Batch batch;
	Canceller canceller(batch, GetCurrentTimestamp());
	for (StepRow &row : revived.steps) {
		if (row.status == StepStatus::Failed) {
			check_outcome(revived, row, outcome);
			canceller.stop(revived, row, reason, outcome.empty() ? "skipped" : outcome);
			any = true;
		} else if (fell_with_another(row)) {
			forget_rows(id, row.position);
			reset(row);
		}
	}
	if (!any)
		throw pg::Error(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
		                "execution " + std::to_string(id) + " has no failed step");
	go_on(revived, at);
}

void signal(std::int64_t id, const std::string &name, const Value &payload) {
	identity::require_control(id);
	const Actor actor;
	if (name.empty() || name.size() > 200)
		throw pg::Error(ERRCODE_INVALID_PARAMETER_VALUE,
		                "the name of a signal must have 1 to 200 characters");
	pg::EngineIdentity engine;
	pg::Spi spi;
	const Execution execution = lock_for(id, "under way");
	static pg::Statement kept(
	    "SELECT count(*) FROM (SELECT FROM @playbook_signals WHERE execution_id = $1 LIMIT $2) k",
	    {INT8OID, INT4OID});
	if (kept.query({pg::int8(id), pg::int4(settings::max_signals())}).int8(0, 0) >= settings::max_signals())
		throw pg::Error(ERRCODE_PROGRAM_LIMIT_EXCEEDED,
		                "execution " + std::to_string(id) + " has " +
		                    std::to_string(settings::max_signals()) + " signals",
		                "No more are kept for one execution.",
		                "Raise playbook.max_signals if they are meant.");
	static pg::Statement insert("INSERT INTO @playbook_signals (execution_id, home, name, payload, sent_by) "
	                            "VALUES ($1, $2, $3, $4, $5)",
	                            {INT8OID, INT4OID, TEXTOID, JSONBOID, TEXTOID});
	insert.execute(
	    {pg::int8(id), pg::int4(execution.home), pg::text(name), pg::jsonb(payload), pg::text(actor.name)});
	FAULT_POINT("signal.inserted");
	touch(id);
}

} // namespace playbook::execution
