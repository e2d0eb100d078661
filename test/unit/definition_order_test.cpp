// Which step waits for which, and what is refused because it could never run.
#include <chrono>

#include "definition_support.hpp"

namespace playbook::definition {
namespace {

using Ids = std::vector<std::string>;

Ids dependencies(const Definition &definition, const char *id) {
	return ids_of(definition, definition.find(id)->depends_on);
}
Ids waits(const Definition &definition, const char *id) {
	return ids_of(definition, definition.find(id)->waits_for);
}

TEST(Order, ActingStepsFollowEachOtherAndDataStepsStartAtOnce) {
	const auto definition = valid(with_steps("  - {id: a, type: task}\n"
	                                         "  - {id: q1, type: query, config: {template: SELECT 1}}\n"
	                                         "  - {id: q2, type: query, config: {template: SELECT 2}}\n"
	                                         "  - {id: b, type: task}\n"
	                                         "  - {id: w, type: sql, config: {template: SELECT 3}}\n"));
	EXPECT_EQ(dependencies(*definition, "a"), Ids{});
	EXPECT_EQ(dependencies(*definition, "q1"), Ids{});
	EXPECT_EQ(dependencies(*definition, "q2"), Ids{});
	EXPECT_EQ(dependencies(*definition, "b"), Ids{"q2"});
	EXPECT_EQ(dependencies(*definition, "w"), Ids{"b"});
}

TEST(Order, WhatIsWrittenWins) {
	const auto definition =
	    valid(with_steps("  - {id: a, type: task}\n"
	                     "  - {id: b, type: task, depends_on: []}\n"
	                     "  - {id: c, type: task, depends_on: a}\n"
	                     "  - {id: d, type: query, depends_on: [c, b], config: {template: SELECT 1}}\n"));
	EXPECT_EQ(dependencies(*definition, "b"), Ids{});
	EXPECT_EQ(dependencies(*definition, "c"), Ids{"a"});
	EXPECT_EQ(dependencies(*definition, "d"), (Ids{"b", "c"}));
}

TEST(Order, ReferencesOrderWhatHasNoDependsOn) {
	const auto definition = valid(with_steps(
	    "  - {id: a, type: task}\n"
	    "  - {id: q, type: query, config: {template: SELECT 1}}\n"
	    "  - {id: p, type: query, config: {template: \"SELECT {{x}}\", parameters: {x: \"${steps.q.n}\"}}}\n"
	    "  - {id: e, type: email, config: {to: x, subject: s, body: \"${steps.p}\"}}\n"
	    "  - {id: f, type: email, config: {to: x, subject: s, body: \"{{steps.q.output}}\"}}\n"
	    "  - {id: g, type: query, when: \"steps.a.outcome = 'done'\", config: {template: SELECT 1}}\n"
	    "  - {id: h, type: query, config: {template: \"SELECT {{steps.p.n}}\"}}\n"));
	EXPECT_EQ(dependencies(*definition, "p"), Ids{"q"});
	EXPECT_EQ(dependencies(*definition, "e"), Ids{"p"});        // a reference takes the place of the order
	EXPECT_EQ(dependencies(*definition, "f"), (Ids{"q", "e"})); // a template adds to it
	EXPECT_EQ(dependencies(*definition, "g"), Ids{"a"});
	EXPECT_EQ(dependencies(*definition, "h"), Ids{"p"});
	EXPECT_EQ(ids_of(*definition, definition->find("p")->inputs), Ids{"q"});
	EXPECT_EQ(ids_of(*definition, definition->find("f")->mentions), Ids{"q"});
	EXPECT_EQ(ids_of(*definition, definition->find("f")->inputs), Ids{});
}

TEST(Order, WhoFollowsAConditionWaitsForItsBranches) {
	const auto definition =
	    valid(with_steps("  - {id: a, type: task}\n"
	                     "  - id: c\n"
	                     "    type: condition\n"
	                     "    config:\n"
	                     "      if: customer.x = 1\n"
	                     "      then:\n"
	                     "        - {id: t1, type: task}\n"
	                     "        - {id: t2, type: task}\n"
	                     "        - id: inner\n"
	                     "          type: condition\n"
	                     "          config: {if: customer.y = 1, then: [{id: deep, type: task}]}\n"
	                     "      else: [{id: e1, type: query, config: {template: SELECT 1}}]\n"
	                     "  - {id: b, type: task}\n"));
	EXPECT_EQ(dependencies(*definition, "t1"), Ids{"c"});
	EXPECT_EQ(dependencies(*definition, "t2"), Ids{"t1"});
	EXPECT_EQ(waits(*definition, "t2"), (Ids{"c", "t1"}));
	EXPECT_EQ(dependencies(*definition, "e1"), Ids{});
	EXPECT_EQ(waits(*definition, "e1"), Ids{"c"});
	EXPECT_EQ(waits(*definition, "deep"), Ids{"inner"});
	EXPECT_EQ(dependencies(*definition, "b"), Ids{"c"});
	EXPECT_EQ(waits(*definition, "b"), (Ids{"c", "t1", "t2", "inner", "deep", "e1"}));
}

TEST(Order, StepsOfOnCancelWaitForEachOtherOnly) {
	const auto definition =
	    valid(with_steps("  - id: m\n    type: meeting\n    on_cancel:\n"
	                     "      - {id: x, type: notify, config: {message: \"{{steps.before.output}}\"}}\n"
	                     "      - {id: y, type: notify, config: {message: b}}\n"
	                     "  - {id: before, type: task, depends_on: []}\n"
	                     "  - {id: n, type: task, depends_on: [m]}\n") +
	          "on_cancel:\n  - {id: z, type: notify, config: {message: \"{{steps.n.outcome}}\"}}\n");
	EXPECT_EQ(waits(*definition, "x"), Ids{"m"});
	EXPECT_EQ(waits(*definition, "y"), (Ids{"m", "x"}));
	EXPECT_EQ(waits(*definition, "n"), Ids{"m"});
	EXPECT_EQ(waits(*definition, "z"), Ids{});
}

TEST(Order, AStepBelowACarrierMayLookAtIt) {
	const auto definition = valid(with_steps(
	    "  - id: c\n    type: condition\n    config:\n      if: customer.x = 1\n      then:\n"
	    "        - {id: t, type: query, when: \"steps.c.outcome = 'then'\", config: {template: SELECT 1}}\n"
	    "  - {id: b, type: task, when: \"steps.t.status = 'completed'\"}\n"));
	EXPECT_EQ(waits(*definition, "t"), Ids{"c"});
	EXPECT_EQ(waits(*definition, "b"), (Ids{"c", "t"}));
}

TEST(Order, NamesACycleStepByStep) {
	expect_only(with_steps("  - {id: a, type: query, depends_on: [b], config: {template: SELECT 1}}\n"
	                       "  - {id: b, type: query, depends_on: [c], config: {template: SELECT 1}}\n"
	                       "  - {id: c, type: query, depends_on: [a], config: {template: SELECT 1}}\n"),
	            "PB034", "steps[2].depends_on", 5, 38,
	            "steps wait for each other in a circle: a -> b -> c -> a");
	expect_only(with_steps("  - {id: a, type: task, depends_on: [a]}\n"), "PB034", "steps[0].depends_on[0]",
	            3, 38, "step \"a\" depends on itself: a -> a");
	expect_only(with_steps("  - {id: a, type: query, config: {template: \"SELECT {{x}}\", parameters: {x: "
	                       "\"${steps.b}\"}}}\n"
	                       "  - {id: b, type: query, config: {template: \"SELECT {{x}}\", parameters: {x: "
	                       "\"${steps.a}\"}}}\n"),
	            "PB034", "steps[1].config.parameters.x", 4, 78,
	            "steps wait for each other in a circle: a -> b -> a");
	expect_only(with_steps("  - {id: a, type: task, depends_on: [b]}\n  - {id: b, type: task}\n"), "PB034",
	            "steps[0].depends_on", 3, 37, "steps wait for each other in a circle: a -> b -> a",
	            "follows the step before it");
}

TEST(Order, NamesEveryCycleAtOnce) {
	const ParseResult result = parse_definition(
	    with_steps("  - {id: a, type: query, depends_on: [b], config: {template: SELECT 1}}\n"
	               "  - {id: b, type: query, depends_on: [a], config: {template: SELECT 1}}\n"
	               "  - {id: c, type: query, depends_on: [d], config: {template: SELECT 1}}\n"
	               "  - {id: d, type: query, depends_on: [c], config: {template: SELECT 1}}\n"));
	ASSERT_EQ(result.problems.size(), 2U) << described(result.problems);
	EXPECT_NE(result.problems[0].message.find("a -> b -> a"), std::string::npos);
	EXPECT_NE(result.problems[1].message.find("c -> d -> c"), std::string::npos);
}

TEST(Order, RefusesAReferenceToAStepThatCannotHaveRun) {
	expect_only(
	    with_steps(
	        "  - {id: a, type: email, config: {to: x, subject: \"{{steps.b.outcome}}\", body: b}}\n  - "
	        "{id: b, type: task}\n"),
	    "PB033", "steps[0].config.subject", 3, 54, "step \"a\" refers to \"b\", which runs after it",
	    "a -> b -> a");
	expect_only(with_steps("  - id: c\n    type: condition\n    config:\n      if: customer.x = 1\n"
	                       "      then: [{id: t, type: task}]\n"
	                       "      else: [{id: e, type: task, when: \"steps.t.outcome = 'done'\"}]\n"),
	            "PB033", "steps[0].config.else[0].when", 8, 41,
	            "step \"e\" refers to \"t\", which lies in another branch of \"c\"");
	expect_only(with_steps("  - id: c\n    type: condition\n    config:\n      if: steps.t.outcome = 'done'\n"
	                       "      then: [{id: t, type: task}]\n"),
	            "PB033", "steps[0].config.if", 6, 11, "step \"c\" refers to \"t\", which runs after it");
	expect_only(with_steps("  - {id: m, type: meeting, on_cancel: [{id: x, type: task}]}\n"
	                       "  - {id: b, type: task, when: \"steps.x.outcome = 'done'\"}\n"),
	            "PB033", "steps[1].when", 4, 32,
	            "step \"b\" refers to \"x\", which runs only when the execution is cancelled");
	expect_only(with_steps("  - {id: a, type: task, when: \"steps.a.outcome = 'done'\"}\n"), "PB033",
	            "steps[0].when", 3, 32, "step \"a\" refers to itself");
	// A branch that refers to what follows the condition, which in turn waits for the branch.
	const ParseResult around =
	    parse_definition(with_steps("  - id: c\n    type: condition\n    config:\n      if: customer.x = 1\n"
	                                "      then: [{id: t, type: task, when: \"steps.z.outcome = 'done'\"}]\n"
	                                "  - {id: z, type: task}\n"));
	ASSERT_EQ(around.problems.size(), 1U) << described(around.problems);
	EXPECT_EQ(around.problems[0].code, "PB033");
}

TEST(Order, WarnsOfReadingWhatIsNotWaitedFor) {
	const ParseResult result = parse_definition(with_steps(
	    "  - {id: q, type: query, config: {template: SELECT 1}}\n"
	    "  - {id: r, type: query, config: {template: SELECT 1}}\n"
	    "  - {id: f, type: filter, depends_on: [r], config: {input: \"${steps.q}\", limit: 1}}\n"));
	ASSERT_TRUE(result.definition);
	ASSERT_EQ(result.problems.size(), 1U);
	EXPECT_EQ(described(result.problems[0]).substr(0, 5), "PB035");
	EXPECT_EQ(result.problems[0].severity, Problem::Severity::Warning);
}

// A thousand steps, twenty levels deep.
std::string large_definition(const std::string &last) {
	std::string text = "{\"id\": \"large\", \"steps\": [";
	std::string close;
	int count = 0;
	for (int level = 0; level < 20; ++level) {
		for (int i = 0; i < 49; ++i)
			text += "{\"id\": \"s" + std::to_string(count++) + "\", \"type\": \"task\"},";
		if (level == 19) break;
		text += "{\"id\": \"s" + std::to_string(count++) +
		        "\", \"type\": \"condition\", \"config\": {\"if\": \"customer.a = 1\", \"then\": [";
		close += "]}}]";
	}
	text += "{\"id\": \"s" + std::to_string(count) + "\", \"type\": \"task\"" + last + "}";
	for (int level = 0; level < 19; ++level) text += "]}}";
	return text + "]}";
}

// Whoever follows every path through a graph never ends; whoever follows every edge takes a fraction of a
// second, and some on a busy machine with sanitizers.
constexpr std::chrono::seconds not_every_path(20);

TEST(Order, AThousandStepsInTwentyLevelsAreQuick) {
	const auto start = std::chrono::steady_clock::now();
	const auto definition = valid(large_definition(""));
	EXPECT_EQ(definition->steps.size(), 1000U);
	const ParseResult cyclic = parse_definition(
	    large_definition(", \"when\": \"steps.s999.outcome = 'done' AND steps.s998.outcome = 'done'\""));
	EXPECT_EQ(cyclic.problems.size(), 1U) << described(cyclic.problems);
	EXPECT_LT(std::chrono::steady_clock::now() - start, not_every_path);
}

TEST(Order, ManyDependenciesAreQuick) {
	std::string text = "id: dense\nsteps:\n";
	std::string before;
	for (int i = 0; i < 300; ++i) {
		const std::string id = "s" + std::to_string(i);
		text += "  - {id: " + id + ", type: task, depends_on: [" + before + (i == 0 ? "s299" : "") + "]}\n";
		before += (i > 0 ? ", " : "") + id;
	}
	const auto start = std::chrono::steady_clock::now();
	const ParseResult result = parse_definition(text);
	EXPECT_TRUE(has_errors(result.problems));
	EXPECT_LT(std::chrono::steady_clock::now() - start, not_every_path);
}

} // namespace
} // namespace playbook::definition
