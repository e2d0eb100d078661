// Which step may go next.
#include "execution/readiness.hpp"

#include "definition_support.hpp"

namespace playbook::execution {
namespace {

const char *const apology = R"(id: apology
steps: [{id: work, type: wait, config: {event: done}}]
on_cancel:
  - id: large
    type: condition
    config:
      if: 1 = 1
      then: [{id: call, type: task}]
      else: [{id: mail, type: task}]
  - {id: last, type: task}
)";

// What is decided about a step of the apology, when its condition has ended with that outcome.
Decision::Kind decided(const char *step, StepStatus status, const char *outcome) {
	const auto definition = definition::valid(apology);
	std::vector<StepFacts> facts(definition->steps.size());
	facts[static_cast<std::size_t>(definition->find("work")->position)].status = StepStatus::Skipped;
	facts[static_cast<std::size_t>(definition->find("large")->position)] = {status, false, outcome};
	return decide_in_cancel_lane(*definition, facts, definition->find(step)->position).kind;
}

TEST(Readiness, AConditionOfOnCancelChoosesItsBranch) {
	EXPECT_EQ(decided("call", StepStatus::Pending, ""), Decision::Kind::Hold);
	EXPECT_EQ(decided("mail", StepStatus::Pending, ""), Decision::Kind::Hold);
	EXPECT_EQ(decided("call", StepStatus::Completed, "then"), Decision::Kind::Start);
	EXPECT_EQ(decided("mail", StepStatus::Completed, "then"), Decision::Kind::Skip);
	EXPECT_EQ(decided("call", StepStatus::Failed, "failed"), Decision::Kind::Skip);
}

} // namespace
} // namespace playbook::execution
