// What a kind of step can do. One Handler per StepType, stateless, found through handler_of().
//
// The engine (execution/advance) decides when a step may start, whether it needs an approval, retries, times
// out and what its failure means; a handler only does the step. It runs inside the engine's transaction, as
// the role that the engine set up; it goes to playbook_engine (pg::EngineIdentity) for the engine's own
// tables and runs a playbook's SQL through step/user_sql. It throws pg::Error to fail the step: the engine
// has opened a subtransaction where needed.
#pragma once

#include "execution/model.hpp"
#include "pg/guard.hpp"
#include "result/row_set.hpp"

namespace playbook::step {

// Where the advancing happens.
enum class Mode {
	Batch,   // an executor, together with others: short budget per step, overruns are done again alone
	Alone,   // an executor, this step in a transaction of its own: until its timeout
	Session, // a client's session (playbook_run): until its timeout
};

// What was read for one step and need not be read twice: its customer, rows of other steps.
struct Reading;

// What a handler sees of the step it does.
struct Context {
	execution::Execution &execution;
	const definition::Step &step;
	execution::StepRow &row;
	TimestampTz now; // of this advance; the same for all its steps
	Mode mode;
	bool unguarded = false;                             // no subtransaction: a failure undoes the whole batch
	bool preview = false;                               // say what would happen; write nothing, send nothing
	mutable std::shared_ptr<Reading> reading = nullptr; // made when first needed

	// The step's config (or any part of one) with references resolved and templates rendered, deeply. Rows of
	// other steps stay out: a reference to a whole step is left as it is for data steps. `missing` collects
	// variables without a value.
	Value rendered(const Value &part, std::vector<std::string> *missing = nullptr) const;
	// A single template or reference.
	std::string text(const std::string &templated, std::vector<std::string> *missing = nullptr) const;
	// The same with what is printed escaped for HTML.
	std::string html(const std::string &templated, std::vector<std::string> *missing = nullptr) const;
	// A condition, evaluated as the playbook's owner.
	bool holds(const std::string &condition) const;
	// The value of a reference such as "${steps.found.company_id}" or "parameters.limit"; nullopt when there
	// is none.
	std::optional<Value> value_of(const std::string &reference) const;
	// Everything the step may speak of, as one object: customer, csm, parameters, steps, event, execution,
	// item, index. Only what `paths` name is read.
	Value values_for(const std::vector<std::vector<std::string>> &paths) const;
	// The row set of another step (shared, loaded once); throws when that step has none.
	std::shared_ptr<const result::RowSet> rows_of(int position) const;
	// "execution:position:item": the same at every attempt.
	std::string idempotency_key() const;
	// Whether no attempt before this one can have left anything. A step that is retried loses the rows of its
	// items, which are made anew: its own row stays, and says so for them.
	bool is_first_attempt() const;
	// The person that an e-mail, id or template result names (playbook_people.id), else the text itself.
	std::string person(const std::string &named) const;
};

struct Result {
	enum class Kind {
		Completed,
		Waiting, // look again at due_at, or when something happens to what it waits for
		Alone,   // do it again in a transaction of its own
	};
	Kind kind = Kind::Completed;
	std::string outcome; // "" : the type's usual word, "completed"
	Value output;
	std::shared_ptr<const result::RowSet> rows;
	std::optional<std::int64_t> row_count;
	std::string waiting_for; // time event approval task execution outbox
	std::optional<TimestampTz> due_at;
	std::string reason;

	static Result completed(std::string outcome = {}, Value output = {}) {
		Result result;
		result.outcome = std::move(outcome);
		result.output = std::move(output);
		return result;
	}
	static Result waiting(std::string what, std::optional<TimestampTz> until = {}) {
		Result result;
		result.kind = Kind::Waiting;
		result.waiting_for = std::move(what);
		result.due_at = until;
		return result;
	}
	static Result alone() {
		Result result;
		result.kind = Kind::Alone;
		return result;
	}
};

class Handler {
public:
	virtual ~Handler() = default;
	// The input as it will be used, rendered: stored with the step, shown by preview, and, for a step that
	// needs an approval, the action an approver sees and may change. Default: context.rendered(step.config).
	virtual Value prepare(const Context &context, std::vector<std::string> *missing) const;
	// Does the step. `input` is what prepare() returned, or what an approver made of it.
	virtual Result start(const Context &context, const Value &input) const = 0;
	// Looks again at a step that waits; the default keeps waiting. Called at due_at and after anything
	// happened to the execution.
	virtual Result resume(const Context &context) const;
	// The step will not go on (cancelled, timed out, skipped by a person): take back what it left open.
	virtual void withdraw(const Context &context) const;
	// What this type's SQL can be: read-only, writing, none. Steps that run SQL of the playbook's author are
	// those that can overrun; the others are done within the batch.
	virtual bool runs_user_sql() const { return false; }
};

const Handler &handler_of(definition::StepType type);

} // namespace playbook::step
