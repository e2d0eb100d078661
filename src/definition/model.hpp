// A playbook as the engine runs it: what parser, graph and validator make of a definition's text.
//
// A Definition is immutable once built and shared by every execution of the same snapshot. Steps of all
// branches lie in one vector in the order of the text, depth first, so a step is known by its position: an
// int everywhere, in memory and in playbook_step_executions. Not here: anything that happened (execution/) or
// a customer's value.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "definition/duration.hpp"
#include "value/value.hpp"

namespace playbook::definition {

enum class StepType {
	// acting
	Email,
	Meeting,
	Task,
	Wait,
	Condition,
	Agent,
	Approval,
	Notify,
	// data
	Query,
	Search,
	Join,
	Aggregate,
	Filter,
	Request,
	Diff,
	// writing, and what runs elsewhere
	Sql,
	Playbook,
	Tool,
};
// The word in the definition ("email"); nullopt for an unknown word.
const char *to_string(StepType type);
std::optional<StepType> step_type(std::string_view word);
// All of them, for people: "email, meeting, …".
std::string step_type_words();
// Query, search, join, aggregate, filter, request, diff: yields a row set, may start at once, skips
// dependents on failure.
bool is_data(StepType type);
// Email, meeting, notify, agent, request, tool: something outside the database hears of it.
bool is_outward(StepType type);

enum class OnError { Fail, Continue, SkipDependents, Cached };
enum class Conflict { Skip, Queue, Replace, Allow };
enum class Security { Owner, Invoker };

struct RetryPolicy {
	int attempts = 1;              // in all, the first one included
	Duration delay{0, 0, 1000000}; // before the second attempt
	double backoff = 2;            // each further delay is that many times the one before
	Duration max_delay{0, 0, 3600000000};
	std::vector<std::string> on; // SQLSTATEs or classes ("40", "08006", "timeout"); empty: every error
};

// Who may decide, and what follows when nobody does. An empty `approvers` means the customer's CSM, else the
// starter.
struct ApprovalPolicy {
	std::vector<std::string>
	    approvers;  // person ids, e-mails, "role:manager", or templates such as "{{csm.manager}}"
	int needed = 1; // N of M
	bool requester_may_decide = true;
	std::optional<Duration> expires;
	std::string on_expiry = "reject"; // approve | reject | escalate | branch (then the OnExpiry lane runs)
	std::string message;              // template shown to the approver
};

struct ForEach {
	std::string source;         // a reference, "${steps.found}", or a template of a list
	int concurrency = 0;        // items under way at once; 0: the engine's choice
	bool collect_errors = true; // on_item_error: collect | fail
};

struct Repeat {
	Duration every;
	int times = 0;     // 0: until the condition holds
	std::string until; // condition
};

// Steps that run only under a circumstance of the step that carries them.
struct Lane {
	enum class Kind { Branch, OnCancel, OnExpiry };
	Kind kind = Kind::Branch;
	std::string name;       // "then", "else", "case 2", "on_cancel", "on_expiry"
	std::string when;       // condition of a branch; empty for else and for the other kinds
	std::vector<int> steps; // positions, direct children only
};

struct Step {
	int position = 0;
	int parent = -1; // position of the step that carries the lane this step is in; -1: top level
	int lane = -1;   // index in the parent's lanes
	std::string id;
	std::string name; // the id when none was given
	StepType type = StepType::Task;
	std::string source; // data_warehouse | crm | transform | api | a connection; "" for acting steps
	Value config = Value::object();
	std::string path; // "steps[2].config.then[0]", for messages
	std::string when;
	bool when_of_items =
	    false; // with for_each: `when` speaks of item or index, so each element has its answer

	std::vector<int> depends_on; // direct dependencies: written, referenced, or the step before
	std::vector<int>
	    waits_for;             // everything that must be final before this starts: depends_on, and all branch
	                           // steps of those among them that carry branches (never an ancestor's siblings)
	std::vector<int> inputs;   // steps whose rows this step reads (${steps.x} in its config)
	std::vector<int> mentions; // every step named in a reference, template or condition of this step
	bool uses_customer = false; // customer.* or csm.* is mentioned
	bool uses_previous = false; // ${previous.…} is mentioned

	std::optional<ApprovalPolicy> require_approval;
	std::optional<Duration> timeout; // per attempt
	RetryPolicy retry;
	OnError on_error = OnError::Fail;
	std::optional<ForEach> for_each;
	std::optional<Repeat> repeat;
	bool alone = false; // never try it inside a batch
	double minutes_saved = 0;
	std::vector<Lane> lanes; // branches of a condition, on_cancel, on_expiry
};

struct Parameter {
	std::string name;
	std::string type = "string"; // string number integer boolean array object date timestamp
	bool required = false;       // no default and required: true
	std::optional<Value> default_value;
	std::string description;
	std::vector<Value> allowed; // `enum`; empty: anything of the type
	std::optional<double> minimum, maximum;
};

struct DataSource {
	std::string type; // data_warehouse | crm | api | a connection
	bool required = false;
};

struct Output {
	std::string name;
	std::string type = "data"; // data | aggregate
	int source = -1;           // step position; -1: aggregate over the last data step
	Value raw;                 // metrics, group_by, as written
};

// Days for which finished executions are kept; absent: the settings say.
struct Retention {
	static constexpr int forever = -1;
	std::optional<int> completed, failed, cancelled;
};

struct Definition {
	std::string id;
	std::string name;
	std::string description;
	std::string version;
	Conflict conflict = Conflict::Allow; // default: allow without triggers, else skip
	Security security = Security::Owner;
	bool strict = false;                // a missing variable fails any step
	bool requires_human_review = false; // outputs are released by an approval
	int review = -1;                    // the step that asks for it, which no text holds; -1: none
	int max_parallel_steps = 3;
	int priority = 0;
	std::optional<int> max_active, max_per_minute;
	Duration step_timeout{0, 0, 300000000}; // timeout_seconds
	std::optional<Duration> deadline, abandon_after;
	Retention retention;
	std::vector<DataSource> data_sources;
	std::vector<Parameter> parameters;
	std::vector<Step> steps;     // all of them, depth first
	std::vector<int> roots;      // positions of the top-level steps
	std::vector<Lane> on_cancel; // at most one lane: definition-wide on_cancel steps
	std::vector<Output> outputs;
	bool has_triggers = false;
	std::vector<std::string> customer_fields; // named in customer.… or execution.at_start.customer.…
	bool whole_customer = false; // the customer is mentioned as a whole, so any field may be meant
	Value document; // the whole definition without the outer `playbook:`; what is stored as jsonb

	const Step *find(std::string_view id) const;
};

} // namespace playbook::definition
