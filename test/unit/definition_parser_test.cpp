// What a definition's keys become in the model.
#include "definition_support.hpp"
#include "value/json.hpp"

namespace playbook::definition {
namespace {

constexpr std::int64_t second = 1000000;

TEST(Parser, AcceptsTheRequirementsExamplesUnchanged) {
	const auto presales = valid(file_text("test/unit/data/presales_analysis.yaml"));
	EXPECT_EQ(presales->id, "presales_analysis");
	EXPECT_EQ(presales->version, "1.0");
	ASSERT_EQ(presales->steps.size(), 3U);
	EXPECT_EQ(presales->steps[0].source, "crm");
	EXPECT_EQ(ids_of(*presales, presales->steps[1].waits_for), (std::vector<std::string>{"open_deals"}));
	EXPECT_EQ(ids_of(*presales, presales->steps[2].inputs),
	          (std::vector<std::string>{"open_deals", "account_health"}));
	ASSERT_EQ(presales->outputs.size(), 2U);
	EXPECT_EQ(presales->outputs[0].source, 2);
	EXPECT_EQ(presales->outputs[1].type, "aggregate");
	EXPECT_EQ(presales->outputs[1].source, -1);
	ASSERT_EQ(presales->data_sources.size(), 2U);
	EXPECT_TRUE(presales->data_sources[1].required);

	const auto custom = valid(file_text("test/unit/data/my_custom_playbook.yaml"));
	ASSERT_EQ(custom->parameters.size(), 1U);
	EXPECT_EQ(custom->parameters[0].default_value, Value(10000));
	EXPECT_EQ(valid(file_text("test/unit/data/step_examples.yaml"))->steps.size(), 5U);
}

TEST(Parser, ReadsTheDefinitionsOwnKeys) {
	const auto definition = valid(
	    "id: all\nname: All\nversion: 1.0\nconflict: queue\nsecurity: invoker\nstrict: true\n"
	    "max_parallel_steps: 7\npriority: -3\nmax_active: 10\nmax_per_minute: 60\ntimeout_seconds: 90\n"
	    "deadline: 30 days\nabandon_after: 2 weeks\nrequires_human_review: true\nestimated_runtime: 2-5min\n"
	    "max_cost: $1.00\nclient_facing: true\ntags: [a]\nauthor: me\nstatus: active\nretry_attempts: 2\n"
	    "steps:\n  - {id: a, type: task}\n");
	EXPECT_EQ(definition->name, "All");
	EXPECT_EQ(definition->version, "1.0");
	EXPECT_EQ(definition->conflict, Conflict::Queue);
	EXPECT_EQ(definition->security, Security::Invoker);
	EXPECT_TRUE(definition->strict);
	EXPECT_TRUE(definition->requires_human_review);
	EXPECT_EQ(definition->max_parallel_steps, 7);
	EXPECT_EQ(definition->priority, -3);
	EXPECT_EQ(definition->max_active, 10);
	EXPECT_EQ(definition->max_per_minute, 60);
	EXPECT_EQ(definition->step_timeout, (Duration{0, 0, 90 * second}));
	EXPECT_EQ(definition->deadline, (Duration{0, 30, 0}));
	EXPECT_EQ(definition->abandon_after, (Duration{0, 14, 0}));
	EXPECT_EQ(definition->steps[0].retry.attempts, 3);
	EXPECT_EQ(definition->document.find("max_cost")->string(), "$1.00");
}

TEST(Parser, ReadsHowLongExecutionsAreKept) {
	const auto kept = [](const std::string &retention) {
		return valid("id: kept\nretention: " + retention + "\nsteps:\n  - {id: a, type: task}\n")->retention;
	};
	EXPECT_EQ(kept("2 weeks").completed, 14);
	EXPECT_EQ(kept("2 weeks").failed, 14);
	EXPECT_EQ(kept("2 weeks").cancelled, 14);
	EXPECT_EQ(kept("1 hour").completed, 1) << "a day that has begun counts";
	EXPECT_EQ(kept("0 days").completed, 0);
	EXPECT_EQ(kept("forever").failed, Retention::forever);
	EXPECT_EQ(kept("1000 years").failed, 36500) << "as far as the settings go";
	const Retention mixed = kept("{completed: 30 days, failed: forever}");
	EXPECT_EQ(mixed.completed, 30);
	EXPECT_EQ(mixed.failed, Retention::forever);
	EXPECT_EQ(mixed.cancelled, std::nullopt) << "the setting decides";
	EXPECT_FALSE(parse_definition("id: kept\nretention: soon\nsteps:\n  - {id: a, type: task}\n").definition);
	EXPECT_FALSE(parse_definition("id: kept\nretention: {paused: 1 day}\nsteps:\n  - {id: a, type: task}\n")
	                 .definition);
}

TEST(Parser, DefaultsAreThoseOfTheDocumentation) {
	const auto definition = valid("id: least\nsteps:\n  - {id: a, type: task}\n  - {id: q, type: query, "
	                              "config: {template: SELECT 1}}\n");
	EXPECT_EQ(definition->name, "least");
	EXPECT_EQ(definition->conflict, Conflict::Allow);
	EXPECT_EQ(definition->max_parallel_steps, 3);
	EXPECT_EQ(definition->step_timeout, (Duration{0, 0, 300 * second}));
	EXPECT_FALSE(definition->has_triggers);
	const Step &task = definition->steps[0], &query = definition->steps[1];
	EXPECT_EQ(task.name, "a");
	EXPECT_EQ(task.source, "");
	EXPECT_EQ(task.on_error, OnError::Fail);
	EXPECT_EQ(task.retry.attempts, 1);
	EXPECT_FALSE(task.require_approval || task.timeout || task.for_each || task.repeat || task.alone);
	EXPECT_EQ(query.source, "data_warehouse");
	EXPECT_EQ(query.on_error, OnError::SkipDependents);
}

TEST(Parser, TriggersChangeTheDefaultOfConflict) {
	const std::string steps = "steps:\n  - {id: a, type: task}\n";
	EXPECT_EQ(valid("id: x\ntriggers: [{type: manual}]\n" + steps)->conflict, Conflict::Allow);
	const auto triggered = valid("id: x\ntriggers: [{type: event, event: left}]\n" + steps);
	EXPECT_EQ(triggered->conflict, Conflict::Skip);
	EXPECT_TRUE(triggered->has_triggers);
}

TEST(Parser, SourcesAreImpliedByTheType) {
	const auto definition =
	    valid(with_steps("  - {id: s, type: search, config: {object: deals}}\n"
	                     "  - {id: r, type: request, config: {path: /x}}\n"
	                     "  - {id: q, type: query, source: api, config: {path: /y}}\n"
	                     "  - {id: p, type: search, source: api, config: {query: \"{ a }\"}}\n"
	                     "  - {id: f, type: filter, config: {input: \"${steps.s}\", condition: a > 1}}\n"
	                     "  - {id: w, type: query, source: snow, config: {template: SELECT 1}}\n"));
	EXPECT_EQ(definition->steps[0].source, "crm");
	EXPECT_EQ(definition->steps[1].source, "api");
	EXPECT_EQ(definition->steps[2].type, StepType::Request);
	EXPECT_EQ(definition->steps[3].type, StepType::Request);
	EXPECT_EQ(definition->steps[4].source, "transform");
	EXPECT_EQ(definition->steps[5].source, "snow");
}

TEST(Parser, ReadsRetriesTimeoutsAndLoops) {
	const auto definition = valid(
	    with_steps(
	        "  - {id: q, type: query, config: {template: SELECT 1}}\n"
	        "  - id: a\n"
	        "    type: playbook\n"
	        "    config: {playbook: other, customer: \"{{item.account_id}}\", wait: false}\n"
	        "    for_each: ${steps.q}\n"
	        "    concurrency: 5\n"
	        "    on_item_error: fail\n"
	        "    timeout: 2 min\n"
	        "    retry: {attempts: 4, delay: 5s, backoff: 1.5, max_delay: 1 min, on: [\"40\", timeout]}\n"
	        "    on_error: continue\n"
	        "    alone: true\n"
	        "    minutes_saved: 12.5\n"
	        "    when: customer.plan = 'gold'\n"
	        "  - {id: b, type: task, retry_attempts: 2, timeout_seconds: 1.5, for_each: [1, 2]}\n"
	        "  - {id: c, type: sql, config: {template: SELECT 1}, retry: {delay: 1s}, repeat: {every: 1 "
	        "hour, times: 3, until: steps.c.output > 5}}\n"
	        "  - {id: d, type: task, if: parameters.x = 1}\n") +
	    "parameters: [{name: x, type: number}]\n");
	const Step &loop = definition->steps[1];
	ASSERT_TRUE(loop.for_each);
	EXPECT_EQ(loop.for_each->source, "${steps.q}");
	EXPECT_EQ(loop.for_each->concurrency, 5);
	EXPECT_FALSE(loop.for_each->collect_errors);
	EXPECT_EQ(loop.timeout, (Duration{0, 0, 120 * second}));
	EXPECT_EQ(loop.retry.attempts, 4);
	EXPECT_EQ(loop.retry.delay, (Duration{0, 0, 5 * second}));
	EXPECT_EQ(loop.retry.backoff, 1.5);
	EXPECT_EQ(loop.retry.on, (std::vector<std::string>{"40", "timeout"}));
	EXPECT_EQ(loop.on_error, OnError::Continue);
	EXPECT_TRUE(loop.alone);
	EXPECT_EQ(loop.minutes_saved, 12.5);
	EXPECT_TRUE(loop.uses_customer);
	EXPECT_EQ(definition->steps[2].retry.attempts, 3);
	EXPECT_EQ(definition->steps[2].timeout, (Duration{0, 0, second * 3 / 2}));
	EXPECT_EQ(definition->steps[2].for_each->source, "[1,2]");
	EXPECT_EQ(definition->steps[3].retry.attempts, 3);
	EXPECT_EQ(definition->steps[3].repeat->times, 3);
	EXPECT_EQ(definition->steps[3].repeat->until, "steps.c.output > 5");
	EXPECT_EQ(definition->steps[4].when, "parameters.x = 1");
	// The limits that agree may both be written.
	EXPECT_EQ(valid(with_steps("  - {id: a, type: task, retry_attempts: 2, retry: {attempts: 3}}\n"))
	              ->steps[0]
	              .retry.attempts,
	          3);
}

TEST(Parser, BranchesBecomeLanes) {
	const auto definition =
	    valid(with_steps("  - id: c\n"
	                     "    type: condition\n"
	                     "    config:\n"
	                     "      if: customer.health < 60\n"
	                     "      then: [{id: a, type: task}, {id: b, type: task}]\n"
	                     "      else:\n"
	                     "        - id: d\n"
	                     "          type: condition\n"
	                     "          config:\n"
	                     "            cases:\n"
	                     "              - {when: customer.arr > 100, steps: [{id: e, type: task}]}\n"
	                     "              - {name: small, if: customer.arr > 10, then: [{id: f, type: task}]}\n"
	                     "            else: [{id: g, type: task}]\n"));
	const Step &outer = definition->steps[0];
	ASSERT_EQ(outer.lanes.size(), 2U);
	EXPECT_EQ(outer.lanes[0].name, "then");
	EXPECT_EQ(outer.lanes[0].when, "customer.health < 60");
	EXPECT_EQ(ids_of(*definition, outer.lanes[0].steps), (std::vector<std::string>{"a", "b"}));
	EXPECT_EQ(outer.lanes[1].when, "");
	EXPECT_EQ(outer.config, Value::object());
	const Step &inner = *definition->find("d");
	EXPECT_EQ(inner.parent, 0);
	EXPECT_EQ(inner.lane, 1);
	EXPECT_EQ(inner.path, "steps[0].config.else[0]");
	ASSERT_EQ(inner.lanes.size(), 3U);
	EXPECT_EQ(inner.lanes[0].name, "case 1");
	EXPECT_EQ(inner.lanes[1].name, "small");
	EXPECT_EQ(inner.lanes[1].when, "customer.arr > 10");
	EXPECT_EQ(definition->find("f")->path, "steps[0].config.else[0].config.cases[1].then[0]");
	EXPECT_EQ(definition->roots, (std::vector<int>{0}));
	// Branches may be written beside the type.
	const auto beside =
	    valid(with_steps("  - {id: c, type: condition, if: customer.a = 1, then: [{id: a, type: task}]}\n"));
	EXPECT_EQ(beside->steps[0].lanes[0].when, "customer.a = 1");
	EXPECT_EQ(beside->steps[0].when, "");
	EXPECT_EQ(beside->steps[1].path, "steps[0].then[0]");
}

TEST(Parser, ApprovalsAndTheirExpiry) {
	const auto definition = valid(
	    with_steps("  - {id: a, type: email, require_approval: true, config: {to: x, subject: s, body: b}}\n"
	               "  - id: b\n"
	               "    type: task\n"
	               "    require_approval:\n"
	               "      needed: 2\n"
	               "      of: [ana, ben, \"role:manager\"]\n"
	               "      expires: 2 days\n"
	               "      on_expiry: [{id: c, type: task}]\n"
	               "      message: \"Please look, {{csm.name}}\"\n"
	               "      requester_may_decide: false\n"
	               "  - {id: d, type: approval, config: {by: ana, expires: 1 day, on_expiry: escalate}}\n"
	               "  - {id: e, type: task, require_approval: false}\n"));
	EXPECT_TRUE(definition->find("a")->require_approval);
	const Step &two = *definition->find("b");
	EXPECT_EQ(two.require_approval->needed, 2);
	EXPECT_EQ(two.require_approval->approvers.size(), 3U);
	EXPECT_EQ(two.require_approval->on_expiry, "branch");
	EXPECT_FALSE(two.require_approval->requester_may_decide);
	ASSERT_EQ(two.lanes.size(), 1U);
	EXPECT_EQ(two.lanes[0].kind, Lane::Kind::OnExpiry);
	EXPECT_EQ(ids_of(*definition, two.lanes[0].steps), (std::vector<std::string>{"c"}));
	EXPECT_EQ(definition->find("d")->require_approval->on_expiry, "escalate");
	EXPECT_EQ(definition->find("d")->require_approval->approvers, (std::vector<std::string>{"ana"}));
	EXPECT_FALSE(definition->find("e")->require_approval);
}

TEST(Parser, CancellationHasStepsOfItsOwn) {
	const auto definition = valid(
	    with_steps(
	        "  - id: m\n    type: meeting\n    on_cancel: [{id: withdraw, type: notify, config: {message: "
	        "sorry}}]\n") +
	    "on_cancel:\n  - {id: tell, type: notify, config: {message: over}}\n");
	EXPECT_EQ(definition->find("m")->lanes[0].kind, Lane::Kind::OnCancel);
	ASSERT_EQ(definition->on_cancel.size(), 1U);
	EXPECT_EQ(ids_of(*definition, definition->on_cancel[0].steps), (std::vector<std::string>{"tell"}));
	EXPECT_EQ(definition->roots.size(), 1U);
}

TEST(Parser, ConditionsAreListedForTheServer) {
	const ParseResult result = parse_definition(with_steps(
	    "  - id: c\n    type: condition\n    when: customer.a = 1\n    config:\n      if: customer.b = 2\n "
	    "     then: []\n"));
	ASSERT_EQ(result.conditions.size(), 2U);
	EXPECT_EQ(result.conditions[0].path, "steps[0].when");
	EXPECT_EQ(result.conditions[0].position.line, 5);
	EXPECT_EQ(result.conditions[1].text, "customer.b = 2");
	EXPECT_EQ(result.conditions[1].position.column, 11);
}

TEST(Parser, WaitsMayBeZero) {
	EXPECT_EQ(valid(with_steps("  - {id: w, type: wait, config: {for: 0}}\n"))
	              ->steps[0]
	              .config.find("for")
	              ->as_integer(),
	          0);
	valid(with_steps("  - {id: w, type: wait, config: {until: \"{{customer.renewal_date}}\"}}\n"));
	valid(with_steps(
	    "  - {id: w, type: wait, config: {event: [a, b], timeout: 3 days, match: event.amount > 1}}\n"));
}

TEST(Parser, ReadsAStoredDefinitionLikeItsText) {
	const auto from_text = valid(file_text("test/unit/data/presales_analysis.yaml"));
	const ParseResult stored = read_definition(parse_json(to_json(from_text->document)));
	ASSERT_TRUE(stored.definition) << described(stored.problems);
	EXPECT_EQ(stored.definition->steps.size(), 3U);
	EXPECT_EQ(stored.definition->document, from_text->document);
	const ParseResult wrong =
	    read_definition(parse_json(R"({"id": "x", "steps": [{"id": "a", "type": "tusk"}]})"));
	ASSERT_EQ(wrong.problems.size(), 1U);
	EXPECT_EQ(wrong.problems[0].path, "steps[0].type");
	EXPECT_EQ(wrong.problems[0].line, 0);
	Value deep;
	for (int i = 0; i < 1000; ++i) deep = Value(Value::Array{deep});
	Value document = Value::object();
	document.set("id", deep);
	EXPECT_EQ(read_definition(document).problems[0].code, "PB005");
	EXPECT_EQ(read_definition(Value(1)).problems[0].code, "PB010");
}

TEST(Parser, JsonAndYamlGiveTheSameDefinition) {
	const auto yaml = valid(file_text("test/unit/data/my_custom_playbook.yaml"));
	EXPECT_EQ(valid(to_json(yaml->document))->document, yaml->document);
	EXPECT_EQ(valid("{\"playbook\": " + to_json(yaml->document) + "}")->document, yaml->document);
}

} // namespace
} // namespace playbook::definition
