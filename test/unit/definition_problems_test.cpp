// Each kind of bad definition: its code, its place in the user's text, what is said about it. Nothing is
// built from one.
#include <set>

#include "definition_support.hpp"

namespace playbook::definition {
namespace {

const std::string task = "  - {id: a, type: task}\n";

TEST(Problems, ReportsAllOfThemAtOnceInTheOrderOfTheText) {
	const ParseResult result =
	    parse_definition("id: Bad Id\n"
	                     "verson: 1.0\n"
	                     "timeout: 3 fortnights\n"
	                     "parameters:\n"
	                     "  - {name: limit, type: number, default: \"ten\"}\n"
	                     "steps:\n"
	                     "  - {id: a, type: emial, config: {to: x}}\n"
	                     "  - {id: a, type: task, depends_on: [nobody]}\n"
	                     "  - {id: steps, type: task, when: \"steps.b.outcome = 'done'\"}\n"
	                     "outputs:\n"
	                     "  - {name: o}\n");
	std::string found;
	for (const Problem &problem : result.problems)
		found +=
		    problem.code + " " + std::to_string(problem.line) + ":" + std::to_string(problem.column) + "\n";
	EXPECT_EQ(found,
	          "PB025 1:5\nPB020 2:1\nPB026 3:10\nPB051 5:43\nPB023 7:19\nPB030 8:10\nPB032 8:38\nPB031 "
	          "9:10\nPB032 9:36\nPB052 11:5\n")
	    << described(result.problems);
	EXPECT_EQ(result.definition, nullptr);
}

TEST(Problems, UnknownKeys) {
	expect_only(with_steps("  - {id: a, type: task, config: {asignee: ana}}\n"), "PB020",
	            "steps[0].config.asignee", 3, 34, "unknown key \"asignee\" in steps[0].config",
	            "Did you mean \"assignee\"?");
	expect_only(with_steps("  - {id: a, type: task, dependson: []}\n"), "PB020", "steps[0].dependson", 3, 25,
	            "unknown key \"dependson\" in steps[0]", "Did you mean \"depends_on\"?");
	expect_only(with_steps(task) + "stages: []\n", "PB020", "stages", 4, 1,
	            "unknown key \"stages\" in the definition");
	expect_only(with_steps("  - {id: a, type: task, then: []}\n"), "PB020", "steps[0].then", 3, 25,
	            "steps[0].then has no meaning here");
	expect_only(with_steps("  - {id: e, type: email, config: {to: a, subject: b, body: c, boddy: d}}\n"),
	            "PB020", "steps[0].config.boddy", 3, 63, "unknown key \"boddy\" in steps[0].config",
	            "Did you mean \"body\"?");
}

TEST(Problems, TextsThatYamlCutsAtACommaAreExplained) {
	expect_only(with_steps("  - {id: q, type: query, config: {template: SELECT a, b FROM t}}\n"), "PB020",
	            "steps[0].config[\"b FROM t\"]", 3, 55, "unknown key \"b FROM t\" in steps[0].config",
	            "must be quoted");
}

TEST(Problems, MissingKeys) {
	expect_only("steps:\n" + task, "PB021", "", 1, 1, "the definition has no \"id\"",
	            "Add \"id\": Names the playbook in every function.");
	expect_only("id: x\n", "PB021", "", 1, 1, "the definition has no \"steps\"");
	expect_only("id: x\nsteps: []\n", "PB024", "steps", 2, 8, "steps must not be empty");
	expect_only(with_steps("  - {id: a}\n"), "PB021", "steps[0]", 3, 5, "steps[0] has no \"type\"");
	expect_only(with_steps("  - {id: e, type: email}\n"), "PB021", "steps[0]", 3, 5,
	            "steps[0] has no \"config\"");
	expect_only(with_steps("  - {id: e, type: email, config: {to: a, subject: b}}\n"), "PB021",
	            "steps[0].config", 3, 34, "steps[0].config has no \"body\" or \"html\"", "Add one of them.");
	expect_only(with_steps("  - {id: w, type: wait, config: {timeout: 3 days, for: 1 day}}\n"), "PB056",
	            "steps[0].config.timeout", 3, 43, "\"timeout\" needs \"event\"");
	expect_only(with_steps("  - {id: c, type: condition, config: {then: []}}\n"), "PB021", "steps[0].config",
	            3, 38, "steps[0].config has no \"if\" or \"cases\"");
	expect_only(with_steps("  - {id: c, type: condition, config: {cases: [{steps: []}]}}\n"), "PB021",
	            "steps[0].config.cases[0]", 3, 47, "steps[0].config.cases[0] has no \"when\"");
}

TEST(Problems, WrongTypes) {
	expect_only("id: x\nstrict: maybe\nsteps:\n" + task, "PB022", "strict", 2, 9,
	            "strict must be true or false, not a text", "Write true or false, without quotes.");
	expect_only("id: x\nmax_parallel_steps: 2.5\nsteps:\n" + task, "PB022", "max_parallel_steps", 2, 21,
	            "max_parallel_steps must be a whole number, not 2.5");
	expect_only("id: x\nsteps: {a: 1}\n", "PB022", "steps", 2, 8, "steps must be a list, not a mapping");
	expect_only(with_steps("  - just text\n"), "PB022", "steps[0]", 3, 5,
	            "steps[0] must be a mapping, not a text");
	expect_only(with_steps("  - {id: e, type: email, config: {to: 5, subject: b, body: c}}\n"), "PB022",
	            "steps[0].config.to", 3, 39, "steps[0].config.to must be a text or a list, not a number");
	expect_only(with_steps("  - id: t\n    type: task\n    config:\n"), "PB022", "steps[0].config", 5, 5,
	            "steps[0].config must be a mapping, not empty", "Give it a value, or remove the key.");
	expect_only(with_steps(task) + "parameters: [{name: p, type: text}]\n", "PB023", "parameters[0].type", 4,
	            30, "\"text\" is not valid for parameters[0].type", "Valid are string, number");
	expect_only("id: x\npriority: 5000\nsteps:\n" + task, "PB024", "priority", 2, 11,
	            "priority must be at most 100, not 5000", "Write a number from -100 to 100.");
}

TEST(Problems, AnEmptyPlaybookIsNamed) {
	for (const char *text :
	     {"playbook:\nid: x\nsteps:\n  - {id: a, type: task}\n", "playbook:\n", "playbook: null\n"})
		expect_only(text, "PB022", "", 1, 1, "\"playbook\" is empty",
		            "Indent the definition below playbook:");
	expect_only("{\"playbook\": null}", "PB022", "", 1, 2, "\"playbook\" is empty");
}

TEST(Problems, Ids) {
	expect_only(with_steps(task + "  - {id: a, type: task}\n"), "PB030", "steps[1].id", 4, 10,
	            "step \"a\" exists already", "steps[0]");
	expect_only(with_steps("  - {id: customer, type: task}\n"), "PB031", "steps[0].id", 3, 10,
	            "\"customer\" is a reserved name");
	expect_only(with_steps("  - {id: at-risk, type: task}\n"), "PB025", "steps[0].id", 3, 10,
	            "\"at-risk\" is not a valid form for steps[0].id", "lower-case letter");
	expect_only("id: " + std::string(64, 'a') + "\nsteps:\n" + task, "PB024", "id", 1, 5,
	            "id must not be longer than 63 characters");
	// Branches share one space of names.
	expect_only(
	    with_steps(task +
	               "  - {id: c, type: condition, config: {if: customer.x, then: [{id: a, type: task}]}}\n"),
	    "PB030", "steps[1].config.then[0].id", 4, 67, "step \"a\" exists already",
	    "unique over all branches");
}

TEST(Problems, Sources) {
	expect_only(
	    with_steps("  - {id: j, type: join, source: crm, config: {left: \"${previous.steps.j}\", right: "
	               "\"${previous.steps.j}\", on: a}}\n"),
	    "PB029", "steps[0].source", 3, 33, "a step of type \"join\" cannot have source \"crm\"",
	    "Valid are transform. Source \"crm\" takes query or search.");
	expect_only(with_steps("  - {id: t, type: task, source: crm}\n"), "PB029", "steps[0].source", 3, 33,
	            "a step of type \"task\" cannot have source \"crm\"", "This type takes no source");
}

TEST(Problems, ReferencesToNothing) {
	expect_only(with_steps(task + "  - {id: b, type: task, depends_on: [aa]}\n"), "PB032",
	            "steps[1].depends_on[0]", 4, 38, "there is no step \"aa\"", "The steps are a, b.");
	expect_only(with_steps("  - {id: reply, type: wait, config: {for: 1}}\n  - {id: b, type: task, when: "
	                       "\"steps.repyl.outcome = 'elapsed'\"}\n"),
	            "PB032", "steps[1].when", 4, 32, "there is no step \"repyl\"", "Did you mean \"reply\"?");
	expect_only(
	    with_steps("  - id: q\n    type: query\n    config:\n      template: |\n        SELECT {{x}}\n      "
	               "parameters:\n        x: ${steps.nothing.id}\n"),
	    "PB032", "steps[0].config.parameters.x", 9, 12, "there is no step \"nothing\"", "The steps are q.");
	expect_only(with_steps("  - {id: b, type: task, config: {title: \"{{parameters.limt}}\"}}\n") +
	                "parameters: [{name: limit}]\n",
	            "PB045", "steps[0].config.title", 3, 44, "there is no parameter \"limt\"",
	            "Did you mean \"limit\"?");
	expect_only(with_steps("  - {id: b, type: task, when: costumer.arr > 5}\n"), "PB044", "steps[0].when", 3,
	            31, "unknown name \"costumer\"", "Did you mean \"customer\"?");
	valid(
	    with_steps("  - {id: b, type: task, when: \"playbook.id = 'x'\", config: {title: \"{{playbook.name}} "
	               "${playbook.id}\"}}\n"));
	expect_only(with_steps("  - {id: b, type: task, config: {title: \"{{playbook.nme}}\"}}\n"), "PB044",
	            "steps[0].config.title", 3, 44, "\"playbook\" has no \"nme\"", "Did you mean \"name\"?");
	expect_only(with_steps("  - {id: b, type: task, config: {title: \"${env.HOME}\"}}\n"), "PB046",
	            "steps[0].config.title", 3, 42, "the environment is not visible to playbooks");
	expect_only(with_steps("  - {id: b, type: task, config: {title: \"{{item.name}}\"}}\n"), "PB058",
	            "steps[0].config.title", 3, 44, "\"item\" has no meaning outside for_each");
	valid(with_steps("  - {id: b, type: task, for_each: [1], config: {title: \"{{item}} {{index}}\"}}\n"));
	expect_only(
	    with_steps("  - {id: b, type: task, for_each: [1], on_cancel: [{id: c, type: task, config: {title: "
	               "\"{{item}}\"}}]}\n"),
	    "PB058", "steps[0].on_cancel[0].config.title", 3, 91, "\"item\" has no meaning outside for_each");
	expect_only(with_steps(task + "  - {id: f, type: filter, config: {input: \"${steps.a}\", limit: 1}}\n"),
	            "PB053", "steps[1].config.input", 4, 44, "step \"a\" yields no rows");
	expect_only(with_steps("  - {id: f, type: filter, config: {input: accounts, limit: 1}}\n"), "PB041",
	            "steps[0].config.input", 3, 43, "\"accounts\" is no reference to a step's rows");
}

TEST(Problems, Queries) {
	const std::string head =
	    "  - id: q\n    type: query\n    config:\n      template: |\n        SELECT *\n        FROM t\n";
	expect_only(with_steps(head + "        WHERE a = {{status}}\n      parameters: {statsu: 1}\n"), "PB047",
	            "steps[0].config.template", 9, 19, "placeholder \"status\" has no parameter",
	            "Did you mean \"statsu\"?");
	expect_only(with_steps(head + "        WHERE a = {{x}}\n") + "parameters: [{name: x}]\n", "PB047",
	            "steps[0].config.template", 9, 19, "placeholder \"x\" has no parameter",
	            "Write {{parameters.x}}");
	const ParseResult quoted_placeholder =
	    parse_definition(with_steps(head + "        WHERE a = '{{x}}'\n      parameters: {x: 1}\n"));
	ASSERT_EQ(quoted_placeholder.problems.size(), 1U);
	EXPECT_EQ(quoted_placeholder.problems[0].code, "PB042");
	EXPECT_EQ(quoted_placeholder.problems[0].line, 9);
	EXPECT_EQ(quoted_placeholder.problems[0].column, 20);
	valid(with_steps(head + "        WHERE a = {{status}}\n      parameters: {status: \"'At-Risk'\"}\n"));
	valid(with_steps(head + "        WHERE a = {{parameters.x}} AND b = {{customer.id}}\n") +
	      "parameters: [{name: x}]\n");
	// A value that is bound cannot stand everywhere; one that the author wrote is part of the statement.
	const auto sorted = [](const std::string &column) {
		return with_steps("  - {id: q, type: query, config: {template: \"SELECT a FROM t ORDER BY {{c}}\", "
		                  "parameters: {c: " +
		                  column + "}}}\n");
	};
	valid(sorted("a DESC"));
	expect_only(
	    sorted("\"{{customer.sort}}\""), "PB042", "steps[0].config.template", 3, 71,
	    "placeholder \"{{c}}\" is a whole sort or group key, which a bound value would make a constant");
}

TEST(Problems, Conditions) {
	const auto with_condition = [](const std::string &condition) {
		return "id: x\nsteps:\n  - id: a\n    type: task\n    when: \"" + condition + "\"\n";
	};
	expect_only(with_condition("customer.a = 'open"), "PB043", "steps[0].when", 5, 25,
	            "quoted literal is not closed");
	expect_only(with_condition("(customer.a = 1"), "PB043", "steps[0].when", 5, 12, "\"(\" is not closed");
	expect_only(with_condition("customer.a = 1)"), "PB043", "steps[0].when", 5, 26, "\")\" closes nothing");
	expect_only(with_condition("customer.a = 1; drop"), "PB043", "steps[0].when", 5, 26,
	            "a condition is one expression, without \";\"");
	expect_only(with_condition("{{customer.a}} = 1"), "PB043", "steps[0].when", 5, 12,
	            "a condition is written without braces", "not {{customer.health_score}}");
	expect_only(with_condition("customer.a == 1"), "PB043", "steps[0].when", 5, 23, "\"==\" is no operator");
	expect_only(with_condition("(SELECT true)"), "PB043", "steps[0].when", 5, 13,
	            "a condition cannot hold a subquery");
	expect_only(with_condition(""), "PB024", "steps[0].when", 5, 12, "steps[0].when must not be empty");
	expect_only(with_condition("  "), "PB043", "steps[0].when", 5, 12, "the condition is empty");
	valid(with_condition(
	    "customer.a::numeric > 5 AND pg_catalog.lower(customer.b) = 'steps.x.outcome' -- steps.y.z"));
}

TEST(Problems, OutcomesThatNeverOccur) {
	const auto compared = [](const std::string &step, const std::string &condition) {
		return with_steps("  - " + step + "\n  - {id: z, type: task, when: \"" + condition + "\"}\n");
	};
	const std::string wait = "{id: s, type: wait, config: {event: reply, timeout: 1 day}}";
	expect_only(compared(wait, "steps.s.outcome = 'recieved'"), "PB038", "steps[1].when", 4, 50,
	            "the outcome of step \"s\" is never \"recieved\"",
	            "Did you mean \"received\"? It can be received or timeout.");
	expect_only(compared(wait, "steps.s.outcome IN ('received', 'gone')"), "PB038", "steps[1].when", 4, 64,
	            "the outcome of step \"s\" is never \"gone\"");
	expect_only(compared(wait, "'gone' <> steps.s.outcome"), "PB038", "steps[1].when", 4, 32,
	            "the outcome of step \"s\" is never \"gone\"");
	expect_only(compared("{id: s, type: wait, config: {for: 1 day}}", "steps.s.outcome = 'received'"),
	            "PB038", "steps[1].when", 4, 50, "the outcome of step \"s\" is never \"received\"",
	            "It can be elapsed.");
	expect_only(compared("{id: s, type: task}", "steps.s.status = 'done'"), "PB038", "steps[1].when", 4, 49,
	            "the status of step \"s\" is never \"done\"");
	for (const auto &[step, word] : std::vector<std::pair<std::string, std::string>>{
	         {wait, "timeout"},
	         {"{id: s, type: task}", "declined"},
	         {"{id: s, type: approval}", "expired"},
	         {"{id: s, type: meeting}", "no_show"},
	         {"{id: s, type: email, config: {to: a, subject: b, body: c}}", "bounced"},
	         {"{id: s, type: email, require_approval: true, config: {to: a, subject: b, body: c}}",
	          "rejected"},
	         {"{id: s, type: condition, config: {if: customer.a = 1, then: []}}", "else"},
	         {"{id: s, type: condition, config: {cases: [{name: big, when: customer.a = 1, steps: []}]}}",
	          "big"},
	         {"{id: s, type: notify, config: {message: m}}", "completed"}})
		valid(compared(step, "steps.s.outcome = '" + word + "'"));
}

TEST(Problems, Forms) {
	expect_only("id: x\ndeadline: soon\nsteps:\n" + task, "PB026", "deadline", 2, 11,
	            "\"soon\" is no length of time", "3 days");
	expect_only("id: x\ndeadline: -3 days\nsteps:\n" + task, "PB026", "deadline", 2, 11,
	            "deadline must not be negative");
	const auto trigger = [](const std::string &text) {
		return "id: x\ntriggers:\n  - {" + text + "}\nsteps:\n  - {id: a, type: task}\n";
	};
	expect_only(trigger("type: schedule, cron: \"61 * * * *\""), "PB027", "triggers[0].cron", 3, 29,
	            "\"61\" is no minute of a cron expression");
	expect_only(trigger("type: schedule, cron: \"* * *\""), "PB027", "triggers[0].cron", 3, 29,
	            "a cron expression has 5 fields, not 3");
	expect_only(trigger("type: schedule, anchor: customer.d, at: \"25:00\""), "PB028", "triggers[0].at", 3,
	            47, "\"25:00\" is no time of day");
	expect_only(trigger("type: schedule"), "PB021", "triggers[0]", 3, 5,
	            "triggers[0] has no \"cron\" or \"anchor\"");
	expect_only(trigger("type: event, event: e, drop: 5"), "PB054", "triggers[0].drop", 3, 35,
	            "\"drop\" belongs to a trigger of type \"condition\"");
	expect_only(trigger("type: condition, change: customer.u, drop: 20%"), "PB054", "triggers[0].change", 3,
	            31, "\"change\" needs \"within\"");
	expect_only(trigger("type: condition, when: \"steps.a.outcome = 'x'\""), "PB044", "triggers[0].when", 3,
	            30, "\"steps\" has no meaning in a trigger");
	expect_only(trigger("type: manual, parameters: {n: 1}"), "PB045", "triggers[0].parameters.n", 3, 36,
	            "there is no parameter \"n\"");
	for (const char *good :
	     {"0 9 * * 1", "*/15 8-18/2 1,15 jan-mar,12 MON-fri", "0 0 * * 7", "  5   4 * * sun "})
		valid(trigger("type: schedule, cron: \"" + std::string(good) + "\""));
}

TEST(Problems, KeysThatContradictEachOther) {
	expect_only(with_steps("  - {id: a, type: task, retry_attempts: 2, retry: {attempts: 4}}\n"), "PB055",
	            "steps[0].retry_attempts", 3, 41, "\"retry_attempts\" and \"retry.attempts\" differ");
	expect_only(with_steps("  - {id: a, type: task, concurrency: 2}\n"), "PB055", "steps[0].concurrency", 3,
	            38, "\"concurrency\" needs \"for_each\"");
	expect_only(with_steps("  - {id: a, type: task, for_each: [1], repeat: {every: 1 h, times: 2}}\n"),
	            "PB055", "steps[0].repeat", 3, 48, "\"for_each\" and \"repeat\" exclude each other");
	expect_only(
	    with_steps(
	        "  - {id: c, type: condition, for_each: [1], if: item = 1, then: [{id: t, type: task}]}\n"),
	    "PB039", "steps[0].for_each", 3, 40, "a condition decides once, so it has no elements");
	expect_only(with_steps("  - {id: w, type: wait, config: {for: 1, until: x}}\n"), "PB056",
	            "steps[0].config", 3, 33,
	            "the wait has several ends: \"for\", \"duration\" and \"until\" exclude each other");
	expect_only(with_steps("  - {id: p, type: approval, config: {on_expiry: approve}}\n"), "PB057",
	            "steps[0].config.on_expiry", 3, 49, "\"on_expiry\" needs \"expires\"");
	expect_only(with_steps("  - {id: p, type: approval, config: {needed: 3, of: [a, b]}}\n"), "PB057",
	            "steps[0].config.needed", 3, 46, "3 approvals are needed of 2 people");
	expect_only(with_steps("  - {id: p, type: approval, require_approval: true}\n"), "PB057",
	            "steps[0].require_approval", 3, 47, "an approval step is an approval already");
	expect_only(with_steps("  - {id: c, type: condition, config: {if: customer.a = 1}}\n"), "PB039",
	            "steps[0].config", 3, 38, "the condition has no branch");
	expect_only(with_steps("  - {id: a, type: task, when: customer.a = 1, if: customer.a = 2}\n"), "PB039",
	            "steps[0].if", 3, 51, "\"when\" and \"if\" mean the same here");
}

TEST(Problems, ParametersAndOutputs) {
	const auto parameter = [](const std::string &text) {
		return with_steps(task) + "parameters:\n  - {" + text + "}\n";
	};
	expect_only(parameter("name: n, type: integer, default: 1.5"), "PB051", "parameters[0].default", 5, 39,
	            "the default of parameter \"n\" must be a whole number, not 1.5");
	expect_only(
	    parameter("name: n, type: date, default: 2026-02-30"), "PB051", "parameters[0].default", 5, 36,
	    "the default of parameter \"n\" must be a date such as \"2026-01-28\", not the text \"2026-02-30\"");
	expect_only(parameter("name: n, enum: [a, b], default: c"), "PB051", "parameters[0].default", 5, 38,
	            "the default of parameter \"n\" must be \"a\" or \"b\", not the text \"c\"");
	expect_only(parameter("name: n, type: number, minimum: 5, default: 3"), "PB051", "parameters[0].default",
	            5, 50, "the default of parameter \"n\" must be at least 5, not 3");
	for (const char *good :
	     {"type: timestamp, default: \"2026-01-28T14:30:00Z\"", "type: array, default: [1]",
	      "type: boolean, default: false", "type: number, default: 1e3", "type: object, default: {a: 1}",
	      "default: text", "type: number, required: true"})
		valid(parameter("name: n, " + std::string(good)));
	expect_only(with_steps(task) + "parameters: [{name: n}, {name: n}]\n", "PB050", "parameters[1].name", 4,
	            32, "parameter \"n\" exists already");
	expect_only(with_steps(task) + "outputs: [{name: o}]\n", "PB052", "outputs[0]", 4, 11,
	            "output \"o\" has no \"source\"");
	const std::string query = with_steps("  - {id: a, type: query, config: {template: SELECT 1 AS n}}\n");
	expect_only(query + "outputs: [{name: o, type: aggregate}]\n", "PB052", "outputs[0]", 4, 11,
	            "aggregate output \"o\" has no \"metrics\"",
	            "Write metrics, or the source of a step that has the figures.");
	valid(query + "outputs: [{name: o, type: aggregate, source: \"${steps.a}\"}]\n");
	expect_only(with_steps(task) + "outputs: [{name: o, source: \"${steps.b}\"}]\n", "PB032",
	            "outputs[0].source", 4, 30, "there is no step \"b\"", "The steps are a.");
}

TEST(Problems, Limits) {
	ParseLimits limits;
	limits.steps = 2;
	const ParseResult many = parse_definition(
	    with_steps(task + "  - {id: b, type: task}\n  - {id: c, type: task}\n  - {id: d, type: task}\n"),
	    limits);
	ASSERT_EQ(many.problems.size(), 1U) << described(many.problems);
	EXPECT_EQ(described(many.problems[0]).substr(0, 19), "PB036 steps[2] 5:5 ");
	limits = {};
	limits.branch_depth = 1;
	const ParseResult deep = parse_definition(
	    with_steps(
	        "  - {id: c, type: condition, config: {if: customer.a = 1, then: [{id: d, type: condition, "
	        "config: {if: customer.a = 1, then: "
	        "[{id: e, type: task}]}}]}}\n"),
	    limits);
	ASSERT_EQ(deep.problems.size(), 1U) << described(deep.problems);
	EXPECT_EQ(deep.problems[0].code, "PB037");
}

// However a step holds others, the bound on levels of branches is met before the one on levels of text.
TEST(Problems, LevelsOfBranchesHaveABoundOfTheirOwn) {
	const std::string leaf = "{id: leaf, type: task, config: {title: t, checklist: [a]}}";
	const ParseLimits limits;
	for (const auto &[before, after] : std::vector<std::pair<std::string, std::string>>{
	         {"type: condition, config: {if: \"1 = 1\", then: [", "]}"},
	         {"type: condition, config: {if: \"1 = 1\", else: [", "]}"},
	         {"type: condition, if: \"1 = 1\", then: [", "]"},
	         {"type: condition, config: {cases: [{when: \"1 = 1\", steps: [", "]}]}"},
	         {"type: condition, cases: [{when: \"1 = 1\", then: [", "]}]"},
	         {"type: approval, config: {approvers: [ana], expires: 1 day, on_expiry: [", "]}"},
	         {"type: task, require_approval: {approvers: [ana], expires: 1 day, on_expiry: [", "]}"},
	         {"type: task, on_cancel: [", "]"}}) {
		std::string inner = leaf;
		for (std::size_t level = 1; level <= limits.branch_depth; ++level)
			inner = "{id: s" + std::to_string(level) + ", " + before + inner + after + "}";
		const std::string text = "playbook: {id: deep, name: D, steps: [";
		const ParseResult most = parse_definition(text + inner + "]}");
		EXPECT_EQ(described(most.problems), "") << before;
		const ParseResult deeper = parse_definition(text + "{id: s0, " + before + inner + after + "}]}");
		ASSERT_EQ(deeper.problems.size(), 1U) << before << described(deeper.problems);
		EXPECT_EQ(deeper.problems[0].code, "PB037");
		EXPECT_EQ(deeper.problems[0].message, "branches are nested deeper than 24 levels");
	}
}

TEST(Problems, TheSameTextGivesTheSameProblemsTwice) {
	const std::string text =
	    with_steps("  - {id: a, type: emial}\n  - {id: a, type: task, depends_on: [x, y]}\n");
	EXPECT_EQ(described(parse_definition(text).problems), described(parse_definition(text).problems));
}

} // namespace
} // namespace playbook::definition
