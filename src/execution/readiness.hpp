// Which step may go next: pure decisions over a definition and what became of its steps. Core: no server
// header.
#pragma once

#include <string>
#include <vector>

#include "definition/model.hpp"
#include "execution/state.hpp"

namespace playbook::execution {

// What is known of a step while deciding about others.
struct StepFacts {
	StepStatus status = StepStatus::Pending;
	bool begun =
	    false; // pending in the table for an executor of its own, running or waiting: not to be started
	std::string_view outcome;  // of a skipped step: why (see skip_causes)
	bool item_expired = false; // with for_each: nobody decided about one of the elements in time
};

// The outcome of a step that the engine skipped. A person's skip carries the outcome the person gave.
namespace skip_cause {
inline constexpr const char *branch = "branch";         // another lane was taken
inline constexpr const char *when = "when";             // its own `when` did not hold
inline constexpr const char *dependency = "dependency"; // a step it needs failed or was skipped for that
inline constexpr const char *source = "source";         // an optional data source is not there
inline constexpr const char *failed = "failed";         // the execution is failing
inline constexpr const char *cancelled = "cancelled";   // the execution was cancelled
inline constexpr const char *rejected = "rejected";     // a person refused it
} // namespace skip_cause

struct Decision {
	enum class Kind {
		Hold, // something it waits for is not final
		Start,
		Skip, // with outcome and reason
	};
	Kind kind = Kind::Hold;
	std::string outcome;
	std::string reason;
};

// Decides about a step that has not begun. `failing` is what failing_step() says now.
Decision decide(const definition::Definition &definition, const std::vector<StepFacts> &facts, int position,
                int failing);

// The same for a step of an open on_cancel lane while the execution is being cancelled: it waits for the
// steps before it however these ended, and a condition among them still chooses its branch.
Decision decide_in_cancel_lane(const definition::Definition &definition, const std::vector<StepFacts> &facts,
                               int position);

// A step that failed for good and whose failure fails the execution at once (on_error: fail); -1 when there
// is none.
int failing_step(const definition::Definition &definition, const std::vector<StepFacts> &facts);

// Whether the step belongs to an on_cancel lane (itself or through its parents).
bool in_cancel_lane(const definition::Definition &definition, int position);

// Nothing is left to do: every step outside on_cancel lanes is final.
bool all_final(const definition::Definition &definition, const std::vector<StepFacts> &facts);

// A step failed and its failure is not forgiven (continue, or a cached result).
bool has_unforgiven_failure(const definition::Definition &definition, const std::vector<StepFacts> &facts);

} // namespace playbook::execution
