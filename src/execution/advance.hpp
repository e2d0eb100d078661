// Advancing: from what an execution's definition says and what became of its steps so far, as far as it will
// go.
//
// The same code runs in an executor's batch, behind a step that ran alone, and in a client's session. Nothing
// is written here: steps and executions are changed in memory and queued in a Batch; only handlers write,
// through the tables of their own (approvals, tasks, outbox), and a playbook's SQL. The caller holds the
// executions' row locks.
#pragma once

#include "execution/readiness.hpp"
#include "execution/store.hpp"
#include "pg/transaction.hpp"
#include "step/handler.hpp"

namespace playbook::execution {

// How a step's attempt ended, for execution/executor, which runs attempts of its own.
struct Attempted {
	step::Result result;
	std::optional<Failure> failure;
	bool overran = false;
	bool wrote = false; // its subtransaction was given a transaction id
};

// Runs what may fail for the step's own reasons in a subtransaction of its own and returns why it failed.
// What is thrown anywhere else is the engine's trouble, cannot be recovered from in this transaction, and
// ends the batch.
template <typename Work> std::optional<Failure> in_subtransaction(Work work) {
	try {
		pg::Subtransaction inner;
		work();
		inner.commit();
	} catch (const std::exception &exception) {
		return failure_from(exception);
	}
	return std::nullopt;
}

// A step of a batch without subtransactions failed or took too long: all of the batch has to be rolled back,
// and done again with them.
struct Abandoned : std::exception {
	const char *what() const noexcept override { return "a step of the batch failed"; }
};

class Advancer {
public:
	Advancer(Batch &batch, step::Mode mode, TimestampTz now) : batch_(batch), mode_(mode), now_(now) {}

	// Advances it until it has ended, waits, or this batch is full; queues what changed.
	void advance(Execution &execution);
	// Records how an attempt that ran elsewhere ended; advance() goes on from there.
	void record(Execution &execution, StepRow &row, Attempted attempted);
	// Runs the handler's start() or resume() in a subtransaction; never throws for the step's own failure.
	Attempted attempt(Execution &execution, StepRow &row, const Value &input, bool resuming,
	                  std::shared_ptr<step::Reading> reading = nullptr);

	// Attempts have no subtransaction of their own, which costs as much as a small statement: throws
	// Abandoned when one fails.
	void set_unguarded() { unguarded_ = true; }
	// Whether an attempt failed or overran.
	bool met_trouble() const { return met_trouble_; }

	// A step that waits for an executor of its own is done here instead.
	void take_over(Execution &execution, StepRow &row);
	// Only one step that runs SQL in this transaction.
	void set_one_step() { one_step_ = true; }
	// Nothing of it is ever written (execution/rerun).
	void set_trial() { trial_ = true; }
	// No further step that runs SQL may begin in this transaction: enough were written, or enough time has
	// passed.
	bool full() const;
	// Stops at this moment; see end_of_batch().
	void set_end(TimestampTz end) { end_ = end; }

private:
	bool pass(Execution &execution);
	bool read_again(Execution &execution);
	bool no_room() { return !(held_back_ = true); } // false: the step that could begin now does not
	bool consider(Execution &execution, StepRow &row, const std::vector<StepFacts> &facts, int failing);
	bool look_again(Execution &execution, StepRow &row);
	void begin(Execution &execution, StepRow &row);
	void gate(Execution &execution, StepRow &row, const step::Context &context, Value input);
	void run(Execution &execution, StepRow &row, const Value &input);
	bool held(Execution &execution, StepRow &row);
	void queue_alone(Execution &execution, StepRow &row);
	void apply(Execution &execution, StepRow &row, step::Result result);
	void fail(Execution &execution, StepRow &row, Failure failure);
	void skip(StepRow &row, std::string outcome, std::string reason);
	void withdraw(Execution &execution, StepRow &row);
	// Items of for_each and repetitions (advance_items.cpp).
	void begin_items(Execution &execution, StepRow &row);
	bool pump_items(Execution &execution, StepRow &row);
	void finish_items(Execution &execution, StepRow &row);
	bool repeat_again(Execution &execution, StepRow &row);
	bool is_enough(Execution &execution, StepRow &row, const StepRow &last, const std::string &until);
	StepRow &item_row(Execution &execution, int position, int item);
	// Ends (finish.cpp).
	void settle(Execution &execution);
	void finish(Execution &execution, Status status);
	int running_now(const Execution &execution) const;
	step::Context context_of(Execution &execution, StepRow &row) const;
	const definition::Step &step_of(const Execution &execution, const StepRow &row) const;
	bool use_cached(Execution &execution, StepRow &row);

	// in_subtransaction(), where attempts have one.
	template <typename Work> std::optional<Failure> guarded(Work work) {
		if (!unguarded_) return in_subtransaction(std::move(work));
		try {
			work();
		} catch (const std::exception &) {
			throw Abandoned();
		}
		return std::nullopt;
	}

	friend class Canceller;
	Batch &batch_;
	const step::Mode mode_;
	const TimestampTz now_;
	std::optional<TimestampTz> end_;
	bool one_step_ = false, unguarded_ = false, met_trouble_ = false;
	bool trial_ = false;
	int steps_ = 0, sql_steps_ = 0; // begun
	std::optional<bool> any_holds_; // asked once, when the first outward step begins
	int writing_ = 0;
	bool worker_wake_ = false;
	bool held_back_ = false; // a step of the present execution could begin, were this batch not full
	std::set<std::pair<int, int>>
	    looked_at_; // waiting rows of the present execution that were looked at in this advance
};

// When a batch that began at this moment, and has read its executions by now, begins no further step:
// playbook.batch_time later, but not before it has worked for as long as it has read. An execution with very
// many items is read anew by each batch; this way it costs so much an item, however many there are.
TimestampTz end_of_batch(TimestampTz began);

// The time limit of an attempt, in microseconds: written, else the definition's for steps that compute, none
// for those that wait for people or events.
std::optional<std::int64_t> time_limit(const definition::Definition &definition,
                                       const definition::Step &step);

// Keeps a step's good rows findable for on_error: cached.
void remember_good_result(const Execution &execution, const StepRow &row, const std::string &step_id);

// The facts that readiness decides over.
std::vector<StepFacts> facts_of(const Execution &execution);
// The execution was asked to be cancelled and its on_cancel steps are at work.
bool is_cancelling(const Execution &execution);

} // namespace playbook::execution
