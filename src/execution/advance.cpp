#include "execution/advance.hpp"

#include "execution/control.hpp"
#include "execution/finish.hpp"
#include "execution/retry.hpp"
#include "execution/slow_steps.hpp"
#include "execution/touch.hpp"
#include "fault_points.hpp"
#include "pg/constraint_modes.hpp"
#include "pg/identity.hpp"
#include "pg/transaction.hpp"
#include "settings.hpp"
#include "step/approvals.hpp"
#include "step/data_source.hpp"
#include "step/item_source.hpp"
#include "step/user_sql.hpp"
#include "worker/counters.hpp"
#include "worker/shared_state.hpp"

namespace playbook::execution {
namespace {

// Beyond 64 writing subtransactions every reader of the database pays; leave some to the playbooks' own
// exceptions.
constexpr int most_writing_subtransactions = 60;

bool begun(const StepRow &row) {
	return row.status == StepStatus::Running || row.status == StepStatus::Waiting ||
	       (row.status == StepStatus::Pending && row.alone);
}

std::optional<TimestampTz> earliest(std::optional<TimestampTz> left, std::optional<TimestampTz> right) {
	if (!left) return right;
	if (!right) return left;
	return std::min(*left, *right);
}

StepFacts fact_of(const Execution &execution, const StepRow &row) {
	const bool loops =
	    execution.definition().steps[static_cast<std::size_t>(row.position)].for_each.has_value();
	return {row.status, begun(row), row.outcome, loops && row.output.find("expired") != nullptr};
}

// SQL that may read or change the engine's own tables needs them written first.
bool speaks_of_engine(const Value &value) {
	if (value.is_string())
		return value.string().find("playbook") != std::string::npos ||
		       value.string().find("approvals") != std::string::npos;
	if (value.is_array()) return std::any_of(value.items().begin(), value.items().end(), speaks_of_engine);
	if (value.is_object())
		return std::any_of(value.members().begin(), value.members().end(),
		                   [](const Member &member) { return speaks_of_engine(member.value); });
	return false;
}

} // namespace

std::vector<StepFacts> facts_of(const Execution &execution) {
	std::vector<StepFacts> facts(execution.steps.size());
	for (std::size_t i = 0; i < facts.size(); ++i) {
		const StepRow &row = execution.steps[i];
		facts[i] = fact_of(execution, row);
	}
	return facts;
}

TimestampTz end_of_batch(TimestampTz began) {
	const TimestampTz now = GetCurrentTimestamp();
	return std::max(began + settings::batch_time_microseconds(), now + (now - began));
}

bool is_cancelling(const Execution &execution) { return execution.options.find("cancelled") != nullptr; }

const definition::Step &Advancer::step_of(const Execution &execution, const StepRow &row) const {
	return execution.definition().steps[static_cast<std::size_t>(row.position)];
}

step::Context Advancer::context_of(Execution &execution, StepRow &row) const {
	return step::Context{execution, step_of(execution, row), row, now_, mode_};
}

bool Advancer::full() const {
	if (one_step_) return sql_steps_ > 0;
	// However long the claim took, something is done.
	return writing_ >= most_writing_subtransactions || (steps_ > 0 && end_ && GetCurrentTimestamp() >= *end_);
}

int Advancer::running_now(const Execution &execution) const {
	const auto counts = [](const StepRow &row) {
		return row.status == StepStatus::Running || (row.status == StepStatus::Pending && row.alone);
	};
	int running = 0;
	for (const StepRow &row : execution.steps) running += counts(row) ? 1 : 0;
	for (const auto &[key, row] : execution.items) running += counts(row) ? 1 : 0;
	return running;
}

void Advancer::advance(Execution &execution) {
	InFlight in_flight(execution.id);
	if (is_final(execution.status) || execution.status == Status::Paused) {
		execution.due_at.reset();
		execution.dirty = true;
		batch_.add(execution);
		return;
	}
	looked_at_.clear();
	held_back_ = false;
	if (!execution.started_at) execution.started_at = now_;
	execution.status = Status::Running;
	execution.dirty = true;
	if (!is_cancelling(execution)) execution.reason.clear(); // why it stood still, if it did
	if (execution.deadline_at && *execution.deadline_at <= now_ && !is_cancelling(execution)) {
		for (StepRow &row : execution.steps) {
			if (is_final(row.status)) continue;
			withdraw(execution, row);
			skip(row, skip_cause::failed, "the deadline of the execution has passed");
		}
		worker::cancel_running_at_commit(execution.id);
		execution.error =
		    Failure{"57014", "the execution did not finish before its deadline", {}, {}, {}}.to_value();
		finish(execution, Status::Failed);
		return;
	}
	while (pass(execution)) {
		if (in_flight.take_changed() && !read_again(execution)) return;
	}
	settle(execution);
}

// A step's own SQL controlled this very execution (its rows were written out before): what that decided
// stands.
bool Advancer::read_again(Execution &execution) {
	std::optional<Execution> fresh = lock_live_with_steps(execution.id);
	if (!fresh) { // it has ended, and lies in history as it ended
		const auto forget = [](StepRow &row) {
			row.dirty = false;
			row.messages.clear();
			row.notification.reset();
		};
		for (StepRow &row : execution.steps) forget(row);
		for (auto &[key, row] : execution.items) forget(row);
		execution.dirty = false;
		return false;
	}
	for (StepRow &row : execution.steps) {
		if (row.item > 0) continue;
		StepRow &decided = fresh->steps[static_cast<std::size_t>(row.position)];
		if (is_final(decided.status) && !is_final(row.status)) row = decided;
		row.stored = decided.stored;
	}
	execution.status = fresh->status;
	execution.reason = fresh->reason;
	execution.options = fresh->options;
	execution.paused_at = fresh->paused_at;
	execution.dirty = true;
	if (execution.status != Status::Paused) return true;
	execution.due_at.reset();
	batch_.add(execution);
	return false;
}

bool Advancer::pass(Execution &execution) {
	bool changed = false;
	std::vector<StepFacts> facts = facts_of(execution);
	const bool cancelling = is_cancelling(execution);
	int failing = cancelling ? -1 : failing_step(execution.definition(), facts);
	for (StepRow &row : execution.steps) {
		if (is_final(row.status)) continue;
		const bool cancel_lane = in_cancel_lane(execution.definition(), row.position);
		if (cancel_lane != cancelling) continue;
		const bool moved = begun(row) ? look_again(execution, row) : consider(execution, row, facts, failing);
		if (!moved) continue;
		changed = true;
		facts[static_cast<std::size_t>(row.position)] = fact_of(execution, row);
		if (row.status == StepStatus::Failed && !cancelling)
			failing = failing_step(execution.definition(), facts);
	}
	return changed;
}

bool Advancer::consider(Execution &execution, StepRow &row, const std::vector<StepFacts> &facts,
                        int failing) {
	Decision decision;
	if (is_cancelling(execution)) {
		if (lane_is_open(execution, row.position))
			decision = decide_in_cancel_lane(execution.definition(), facts, row.position);
	} else {
		decision = decide(execution.definition(), facts, row.position, failing);
	}
	switch (decision.kind) {
	case Decision::Kind::Hold: return false;
	case Decision::Kind::Skip: skip(row, decision.outcome, decision.reason); return true;
	case Decision::Kind::Start: break;
	}
	const definition::Step &step = step_of(execution, row);
	if (step::handler_of(step.type).runs_user_sql() && !step.for_each) {
		if (running_now(execution) >= execution.definition().max_parallel_steps) return false;
		if (full()) return no_room();
	}
	begin(execution, row);
	return true;
}

void Advancer::skip(StepRow &row, std::string outcome, std::string reason) {
	row.status = StepStatus::Skipped;
	row.outcome = std::move(outcome);
	row.reason = std::move(reason);
	row.waiting_for.clear();
	row.due_at.reset();
	row.worker = 0;
	row.finished_at = now_;
	row.dirty = true;
}

// From "may start" to the first attempt: guard, items, input, approval.
void Advancer::begin(Execution &execution, StepRow &row) {
	const definition::Step &step = step_of(execution, row);
	const step::Context context = context_of(execution, row);
	row.dirty = true;
	if (const std::string absent = step::absent_source(context); !absent.empty()) {
		skip(row, skip_cause::source, absent);
		return;
	}
	row.started_at = now_;
	if (!step.when.empty() && step.when_of_items == (row.item > 0)) {
		bool holds = false;
		if (auto failure = guarded([&] { holds = context.holds(step.when); })) {
			fail(execution, row, std::move(*failure));
			return;
		}
		if (!holds) {
			row.started_at.reset();
			skip(row, skip_cause::when, "its condition does not hold: " + step.when);
			return;
		}
	}
	if (row.item == 0 && (step.for_each || step.repeat)) {
		begin_items(execution, row);
		return;
	}
	std::vector<std::string> missing;
	Value input;
	if (auto failure = guarded([&] { input = step::handler_of(step.type).prepare(context, &missing); })) {
		fail(execution, row, std::move(*failure));
		return;
	}
	const bool strict = execution.definition().strict || settings::strict_templates();
	if (!missing.empty() && (definition::is_outward(step.type) || strict)) {
		fail(execution, row,
		     {"42P02",
		      "variable \"" + missing.front() + "\" has no value",
		      "Nothing was sent.",
		      "Give it a value, or say what to print instead: {{default " + missing.front() + " \"there\"}}.",
		      {}});
		return;
	}
	gate(execution, row, context, std::move(input));
}

void Advancer::gate(Execution &execution, StepRow &row, const step::Context &context, Value input) {
	const definition::Step &step = context.step;
	row.input = std::move(input);
	if (!step.require_approval || step.type == definition::StepType::Approval) {
		run(execution, row, row.input);
		return;
	}
	const auto ask = [&] {
		row.due_at = step::request_approval(context, row.input, *step.require_approval).expires_at;
	};
	if (auto failure = guarded(ask)) {
		fail(execution, row, std::move(*failure));
		return;
	}
	row.status = StepStatus::Waiting;
	row.waiting_for = "approval";
}

void Advancer::take_over(Execution &execution, StepRow &row) {
	row.alone = false;
	row.due_at.reset();
	row.waiting_for.clear();
	run(execution, row, row.input);
}

void Advancer::queue_alone(Execution &execution, StepRow &row) {
	row.status = StepStatus::Pending;
	row.alone = true;
	row.waiting_for = "executor";
	row.due_at = now_;
	row.worker = 0;
	row.dirty = true;
	worker_wake_ = batch_.queued_alone = true;
	batch_.add(execution);
}

// While a hold is in force nothing outward happens, nor anything over a held connection; releasing it makes
// the execution due.
bool Advancer::held(Execution &execution, StepRow &row) {
	if (any_holds_ && !*any_holds_) return false;
	const bool outward = definition::is_outward(step_of(execution, row).type);
	const std::string connection = step::connection_of(context_of(execution, row));
	if (!outward && connection.empty()) return false;
	pg::EngineIdentity engine;
	pg::Spi spi;
	if (!any_holds_) {
		static pg::Statement any("SELECT EXISTS (SELECT FROM @playbook_holds)", {});
		any_holds_ = any.query({}).boolean(0, 0);
	}
	const std::string reason = *any_holds_ ? hold_reason(execution, outward, connection) : std::string();
	if (reason.empty()) return false;
	row.status = StepStatus::Waiting;
	row.waiting_for = "hold";
	row.reason = reason;
	row.due_at.reset();
	row.dirty = true;
	return true;
}

// An attempt at a step whose input stands.
void Advancer::run(Execution &execution, StepRow &row, const Value &input) {
	const definition::Step &step = step_of(execution, row);
	const bool user_sql = step::handler_of(step.type).runs_user_sql();
	if (held(execution, row)) return;
	if (user_sql && mode_ != step::Mode::Session &&
	    (row.alone || step.alone || is_known_to_be_slow(execution.snapshot, row.position) ||
	     pg::ConstraintModes::changed_in_transaction())) {
		queue_alone(execution, row);
		return;
	}
	if (user_sql && !trial_ && speaks_of_engine(step.config)) {
		batch_.add(execution);
		pg::EngineIdentity engine;
		pg::Spi spi;
		batch_.flush();
		execution.dirty = row.dirty = true;
	}
	row.status = StepStatus::Running;
	row.dirty = true;
	++steps_;
	if (user_sql) {
		++sql_steps_;
		row.started_at =
		    std::max(GetCurrentTimestamp(), now_); // what went before it in this batch is not its time
	}
	FAULT_POINT("advance.step_begun");
	Attempted attempted = attempt(execution, row, input, false);
	if (attempted.overran) {
		note_overrun(execution.snapshot, row.position);
		worker::count(worker::Counter::StepOverruns);
		queue_alone(execution, row);
		return;
	}
	// Due to locks of the whole batch, perhaps, and somebody else's doing as much as the step's: redone
	// alone.
	if (user_sql && mode_ == step::Mode::Batch && attempted.failure &&
	    is_passing(attempted.failure->sqlstate)) {
		queue_alone(execution, row);
		return;
	}
	++row.attempt;
	record(execution, row, std::move(attempted));
	FAULT_POINT("advance.step_ended");
}

Attempted Advancer::attempt(Execution &execution, StepRow &row, const Value &input, bool resuming,
                            std::shared_ptr<step::Reading> reading) {
	step::Context context = context_of(execution, row);
	context.reading = std::move(reading);
	const step::Handler &handler = step::handler_of(context.step.type);
	Attempted attempted;
	if (unguarded_) {
		context.unguarded = true;
		try {
			attempted.result = resuming ? handler.resume(context) : handler.start(context, input);
		} catch (const step::Overrun &) {
			throw Abandoned();
		} catch (const std::exception &) {
			throw Abandoned();
		}
		return attempted;
	}
	try {
		pg::Subtransaction guarded;
		attempted.result = resuming ? handler.resume(context) : handler.start(context, input);
		attempted.wrote = TransactionIdIsValid(GetCurrentTransactionIdIfAny());
		guarded.commit();
	} catch (const step::Overrun &) {
		row.messages.clear();
		row.notification.reset();
		attempted.overran = true;
	} catch (const std::exception &exception) {
		row.messages.clear();
		row.notification.reset();
		attempted.failure = failure_from(exception);
	}
	met_trouble_ = met_trouble_ || attempted.overran || attempted.failure;
	// User SQL has one of its own inside of this one, and a row is written in both names.
	if (attempted.wrote) writing_ += handler.runs_user_sql() ? 2 : 1;
	return attempted;
}

void Advancer::record(Execution &execution, StepRow &row, Attempted attempted) {
	row.worker = 0;
	row.dirty = true;
	if (attempted.failure)
		fail(execution, row, std::move(*attempted.failure));
	else
		apply(execution, row, std::move(attempted.result));
	batch_.add(execution);
}

void Advancer::apply(Execution &execution, StepRow &row, step::Result result) {
	row.dirty = true;
	row.error = Value();
	switch (result.kind) {
	case step::Result::Kind::Alone: queue_alone(execution, row); return;
	case step::Result::Kind::Waiting: {
		const std::optional<std::int64_t> limit = time_limit(execution.definition(), step_of(execution, row));
		row.status = StepStatus::Waiting;
		row.waiting_for = std::move(result.waiting_for);
		row.reason = std::move(result.reason);
		row.due_at = result.due_at;
		if (limit && row.started_at) row.due_at = earliest(row.due_at, *row.started_at + *limit);
		if (!result.output.is_null()) row.output = std::move(result.output);
		return;
	}
	case step::Result::Kind::Completed: break;
	}
	row.status = StepStatus::Completed;
	row.outcome = result.outcome.empty() ? "completed" : std::move(result.outcome);
	row.output = std::move(result.output);
	row.rows = std::move(result.rows);
	row.has_rows = row.rows != nullptr;
	row.row_count = row.rows != nullptr ? std::optional(row.rows->row_count()) : result.row_count;
	row.reason = std::move(result.reason);
	row.waiting_for.clear();
	row.due_at.reset();
	row.finished_at = std::max(GetCurrentTimestamp(), now_);
	const definition::Step &step = step_of(execution, row);
	if (step.on_error == definition::OnError::Cached && row.rows != nullptr)
		remember_good_result(execution, row, step.id);
}

void Advancer::fail(Execution &execution, StepRow &row, Failure failure) {
	const definition::Step &step = step_of(execution, row);
	Value error = failure.to_value();
	if (const Value *former = row.error.find("attempts"); former != nullptr) error.set("attempts", *former);
	Value seen = Value::object();
	seen.set("attempt", Value(row.attempt));
	seen.set("at", Value(pg::timestamp_text(GetCurrentTimestamp())));
	seen.set("sqlstate", Value(failure.sqlstate));
	seen.set("message", Value(failure.message));
	Value *attempts = error.find("attempts");
	if (attempts == nullptr) attempts = &error.set("attempts", Value::array());
	attempts->push_back(std::move(seen));
	row.error = std::move(error);
	row.dirty = true;
	row.worker = 0;
	const auto salt = static_cast<std::uint64_t>(execution.id + row.position);
	// What failed before its first attempt (its condition, its template) would fail again.
	if (const auto delay =
	        row.attempt > 0 ? retry_delay(step.retry, row.attempt, failure.sqlstate, salt) : std::nullopt) {
		row.status = StepStatus::Waiting;
		row.waiting_for = "retry";
		row.due_at = GetCurrentTimestamp() + *delay;
		return;
	}
	row.waiting_for.clear();
	row.due_at.reset();
	row.finished_at = std::max(GetCurrentTimestamp(), now_);
	if (step.on_error == definition::OnError::Cached && use_cached(execution, row)) return;
	row.status = StepStatus::Failed;
	row.outcome = "failed";
}

void Advancer::withdraw(Execution &execution, StepRow &row) {
	if (!begun(row)) return;
	const step::Context context = context_of(execution, row);
	try {
		pg::Subtransaction guarded;
		step::revoke_approval(context);
		step::handler_of(context.step.type).withdraw(context);
		guarded.commit();
	} catch (const std::exception &exception) {
		row.reason = std::string("could not be withdrawn: ") + exception.what();
	}
	if (row.item > 0) return;
	if (step_of(execution, row).for_each) load_other_items(execution);
	for (auto &[key, item] : execution.items) {
		if (key.first != row.position || is_final(item.status)) continue;
		withdraw(execution, item);
		skip(item, skip_cause::cancelled, "its step does not go on");
	}
}

} // namespace playbook::execution
