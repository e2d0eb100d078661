// Text to values and places: what YAML and JSON become, and what is refused before anything is built.
#include "definition/document.hpp"

#include "definition_support.hpp"
#include "value/json.hpp"

namespace playbook::definition {
namespace {

std::string json_of(const std::string &text) {
	const Document document = read_document(text);
	EXPECT_EQ(described(document.problems), "") << text;
	return to_json(document.value);
}

// The one problem of a text, as "CODE line:column message".
std::string problem_of(const std::string &text, const ParseLimits &limits = {}) {
	const Document document = read_document(text, limits);
	if (document.problems.size() != 1) return described(document.problems);
	const Problem &problem = document.problems[0];
	return problem.code + " " + std::to_string(problem.line) + ":" + std::to_string(problem.column) + " " +
	       problem.message;
}

std::string repeated(const std::string &text, int times) {
	std::string out;
	for (int i = 0; i < times; ++i) out += text;
	return out;
}

TEST(Document, ReadsYamlByTheCoreSchema) {
	EXPECT_EQ(json_of("a: 1\nb: 1.0\nc: text\nd: true\ne: null\nf: ~\ng:\nh: \"1\"\ni: [1, x]\n"),
	          R"({"a":1,"b":1.0,"c":"text","d":true,"e":null,"f":null,"g":null,"h":"1","i":[1,"x"]})");
	EXPECT_EQ(json_of("a: yes\nb: no\nc: on\nd: off\non: y\n"),
	          R"({"a":"yes","b":"no","c":"on","d":"off","on":"y"})");
	EXPECT_EQ(
	    json_of("a: 12345678901234567890.1230\nb: +5\nc: .5\nd: 5.\ne: 0x1F\nf: 0o17\ng: 1e3\nh: -0.10\n"),
	    R"({"a":12345678901234567890.1230,"b":5,"c":0.5,"d":5,"e":31,"f":15,"g":1e3,"h":-0.10})");
	EXPECT_EQ(json_of("a: 2026-01-28\nb: 12:30\nc: 1.2.3\nd: 1_000\ne: 0x\nf: '007'\n"),
	          R"({"a":"2026-01-28","b":"12:30","c":"1.2.3","d":"1_000","e":"0x","f":"007"})");
	EXPECT_EQ(json_of("a: !!str 1.0\nb: !!int 3\nc: !!float 2\n"), R"({"a":"1.0","b":3,"c":2})");
	EXPECT_EQ(json_of("a: |\n  one\n    two\nb: >\n  folded\n  text\nc: 'it''s'\n"),
	          R"({"a":"one\n  two\n","b":"folded text\n","c":"it's"})");
}

TEST(Document, TheOuterKeyIsOptional) {
	EXPECT_EQ(json_of("playbook:\n  id: x\n"), R"({"id":"x"})");
	EXPECT_EQ(json_of("id: x\nplaybook: not a mapping\n"), R"({"id":"x","playbook":"not a mapping"})");
	EXPECT_EQ(problem_of("playbook:\n  id: x\nsteps: []\n"),
	          "PB020 3:1 unknown key \"steps\" beside \"playbook\"");
}

TEST(Document, SkipsAByteOrderMarkAndReadsEveryLineEnd) {
	EXPECT_EQ(json_of("\xEF\xBB\xBFid: x\n"), R"({"id":"x"})");
	EXPECT_EQ(json_of("id: x\r\nname: y\r\n"), R"({"id":"x","name":"y"})");
	EXPECT_EQ(json_of("\xEF\xBB\xBF{\"id\": \"x\"}"), R"({"id":"x"})");
}

TEST(Document, KnowsWhereEverythingStands) {
	const std::string text = "playbook:\n"
	                         "  id: x\n"
	                         "  steps:\n"
	                         "    - id: a\n"
	                         "      config:\n"
	                         "        template: |\n"
	                         "\n"
	                         "          SELECT 1\n"
	                         "            FROM t\n"
	                         "        note: \"é {{b}}\"\n";
	const Document document = read_document(text);
	const auto at = [](Position position) {
		return std::to_string(position.line) + ":" + std::to_string(position.column);
	};
	EXPECT_EQ(at(document.key_position("id")), "2:3");
	EXPECT_EQ(at(document.value_position("id")), "2:7");
	EXPECT_EQ(at(document.key_position("steps[0].config.template")), "6:9");
	const std::string &query =
	    document.value.find("steps")->items()[0].find("config")->find("template")->string();
	EXPECT_EQ(at(document.position_within("steps[0].config.template", query, query.find("FROM"))), "9:13");
	EXPECT_EQ(at(document.position_within("steps[0].config.template", query, query.find("SELECT"))), "8:11");
	EXPECT_EQ(at(document.position_within("steps[0].config.note", "é {{b}}", 3)), "10:18");
	// What the text does not have takes the place of what is around it.
	EXPECT_EQ(at(document.value_position("steps[0].config.missing.deeper")),
	          at(document.value_position("steps[0].config")));
	EXPECT_EQ(at(Document().value_position("id")), "0:0");
}

TEST(Document, FollowsAliasesAndMergesMappings) {
	EXPECT_EQ(json_of("a: &x {k: 1}\nb: *x\n"), R"({"a":{"k":1},"b":{"k":1}})");
	EXPECT_EQ(json_of("a: &x {k: 1, l: 2}\nb:\n  <<: *x\n  k: 3\n"),
	          R"({"a":{"k":1,"l":2},"b":{"k":3,"l":2}})");
	EXPECT_EQ(json_of("a: &x {k: 1}\nb: &y {k: 2, m: 4}\nc: {<<: [*x, *y]}\n"),
	          R"({"a":{"k":1},"b":{"k":2,"m":4},"c":{"k":1,"m":4}})");
	EXPECT_EQ(json_of("\"<<\": text\n"), R"({"<<":"text"})");
	EXPECT_EQ(problem_of("a: &x [*x]\n"), "PB012 1:9 alias \"*x\" contains itself");
	EXPECT_EQ(problem_of("a: *x\n"), "PB012 1:5 alias \"*x\" has no anchor");
	EXPECT_EQ(problem_of("a: &x 1\nb: {<<: *x}\n"), "PB012 2:5 \"<<\" can merge only mappings");
}

TEST(Document, RefusesAnAliasBomb) {
	std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
	for (int i = 1; i < 12; ++i) {
		const std::string before = "*a" + std::to_string(i - 1);
		bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + before +
		        repeated(", " + before, 9) + "]\n";
	}
	EXPECT_EQ(problem_of(bomb), "PB006 1:1 the definition is too large once its aliases are followed");
	// Few values, but many bytes.
	EXPECT_EQ(problem_of("a: &a \"" + std::string(100000, 'x') + "\"\nb: [" + repeated("*a, ", 1000) + "]\n")
	              .substr(0, 5),
	          "PB006");
	// Neither, but deeper than the text shows.
	std::string deep = "a0: &a0 [x]\n";
	for (int i = 1; i < 200; ++i)
		deep += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [*a" + std::to_string(i - 1) + "]\n";
	EXPECT_EQ(problem_of(deep), "PB005 1:1 the definition is nested deeper than 160 levels");
}

TEST(Document, RefusesDepthWithoutRecursion) {
	for (const std::string &text :
	     {repeated("[", 100000), "a: " + repeated("{a: ", 100000), repeated("- ", 100000),
	      repeated("{\"a\":", 100000), "{\"a\":" + repeated("[", 100000)})
		EXPECT_NE(problem_of(text).find("PB005 1:"), std::string::npos) << problem_of(text);
	EXPECT_EQ(problem_of("? ? ? a\n").substr(0, 5), "PB009");
	EXPECT_EQ(json_of("a: " + repeated("[", 159) + repeated("]", 159)).size(), 6U + 318U);
	EXPECT_EQ(problem_of("a: " + repeated("[", 160) + repeated("]", 160)).substr(0, 5), "PB005");
	EXPECT_EQ(problem_of("{\"a\": " + repeated("[", 160) + repeated("]", 160) + "}").substr(0, 5), "PB005");
}

TEST(Document, RefusesSize) {
	ParseLimits limits;
	limits.bytes = 100;
	EXPECT_EQ(problem_of("a: " + std::string(98, 'x'), limits),
	          "PB002 1:1 the definition is larger than 100 bytes");
	limits = {};
	limits.nodes = 10;
	EXPECT_EQ(problem_of("a: [1, 2, 3, 4, 5, 6, 7, 8, 9]", limits),
	          "PB006 1:29 the definition has more than 10 values");
	EXPECT_EQ(problem_of("{\"a\": [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]}", limits).substr(0, 5), "PB006");
}

TEST(Document, RefusesPassagesThatWouldTakeMinutes) {
	for (const std::string &text : {"x: |\n" + repeated(" \n", 400000), "x: |\n" + repeated("\r", 400000),
	                                "%" + std::string(400000, 'a'), "!<" + std::string(400000, 'a')})
		EXPECT_EQ(problem_of(text).substr(0, 5), "PB002");
}

TEST(Document, RefusesBytesThatAreNoText) {
	EXPECT_EQ(problem_of("id: x\nname: \"caf\xE9\"\n"), "PB003 2:11 the text is not UTF-8");
	for (const char *wrong : {"\xFF", "\xC0\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xE2\x82", "\x80"})
		EXPECT_EQ(problem_of(std::string("id: ") + wrong), "PB003 1:5 the text is not UTF-8");
	EXPECT_EQ(problem_of(std::string("id: a\0b", 7)),
	          "PB003 1:6 the text holds a control character (code 0)");
	EXPECT_EQ(problem_of("id: \x1B[0m"), "PB003 1:5 the text holds a control character (code 27)");
	EXPECT_EQ(problem_of("id: \"a\\0b\"").substr(0, 5), "PB003");
	EXPECT_EQ(problem_of("{\"id\": \"a\\u0000b\"}").substr(0, 5), "PB003");
}

TEST(Document, RefusesWhatIsNoDefinition) {
	EXPECT_EQ(problem_of(""), "PB001 1:1 the definition is empty");
	EXPECT_EQ(problem_of(" \n\t\n"), "PB001 1:1 the definition is empty");
	EXPECT_EQ(problem_of("# nothing but a remark\n"), "PB001 1:1 the definition is empty");
	EXPECT_EQ(problem_of("just text\n"), "PB010 1:1 the definition must be a mapping of keys to values");
	EXPECT_EQ(problem_of("[1, 2]\n"), "PB010 1:1 the definition must be a mapping of keys to values");
	EXPECT_EQ(problem_of("a: 1\n---\nb: 2\n"), "PB008 2:1 the text holds several documents");
}

TEST(Document, SaysWhereYamlIsWrong) {
	EXPECT_EQ(problem_of("a: 1\nb: [1\nc: 2\n").substr(0, 9), "PB004 4:1");
	EXPECT_EQ(problem_of("a:\n\tb: 1\n").substr(0, 9), "PB004 2:1");
	EXPECT_EQ(problem_of("a: \"open\n").substr(0, 9), "PB004 1:5");
	EXPECT_EQ(problem_of("a: 1\na: 2\n"), "PB007 2:1 key \"a\" is given twice");
	EXPECT_EQ(problem_of("a: !!python/object x\n"), "PB009 1:20 tag \"!!python/object\" is not supported");
	EXPECT_EQ(problem_of("[a, b]: 1\n"), "PB009 1:1 a key must be a plain text");
	EXPECT_EQ(problem_of("a: .inf\n"), "PB014 1:4 \".inf\" is no finite number");
	EXPECT_EQ(problem_of("a: 1e99999\n"),
	          "PB014 1:4 number \"1e99999\" has too many digits or too large an exponent");
	const Document leading = read_document("a: 007\n");
	ASSERT_EQ(leading.problems.size(), 1U);
	EXPECT_EQ(leading.problems[0].severity, Problem::Severity::Warning);
	EXPECT_EQ(leading.problems[0].message, "\"007\" is read as the number 7");
}

TEST(Document, HintsToQuoteATemplate) {
	for (const char *text :
	     {"to: {{customer.email}}\n", "to: {{name}}, can we help?\n", "to: [{{a}}]\n", "to:\n  - {{a}}\n"}) {
		const Document document = read_document(text);
		ASSERT_EQ(document.problems.size(), 1U) << described(document.problems);
		EXPECT_EQ(document.problems[0].code, "PB011") << text;
		EXPECT_NE(document.problems[0].hint.find("Quote a value that begins with \"{{\""), std::string::npos);
	}
	EXPECT_EQ(problem_of("id: x\nto: {{customer.email}}\n"),
	          "PB011 2:5 a value that begins with \"{{\" must be quoted");
	EXPECT_EQ(json_of("to: \"{{a}}\"\nb: x {{a}}\n"), R"({"to":"{{a}}","b":"x {{a}}"})");
}

TEST(Document, KeepsTheFirstOfARepeatedKey) {
	for (const char *text : {"{\"a\": 1, \"a\": 2}", "a: 1\na: 2\n"})
		EXPECT_EQ(to_json(read_document(text).value), R"({"a":1})") << text;
}

TEST(Document, ReadsJsonStrictly) {
	EXPECT_EQ(json_of(R"({"a": 0.10, "b": [true, false, null, -1e3], "c": {"d": "\u00e9\ud83d\ude00\n\/"}})"),
	          "{\"a\":0.10,\"b\":[true,false,null,-1e3],\"c\":{\"d\":\"é😀\\n/\"}}");
	EXPECT_EQ(problem_of("{\"a\": 1,\n \"a\": 2}"), "PB007 2:2 key \"a\" is given twice");
	EXPECT_EQ(problem_of("{\"a\": 1,}"),
	          "PB004 1:9 invalid JSON: expected a key in double quotes, found \"}\"");
	EXPECT_EQ(problem_of("{\"a\": tru}").substr(0, 9), "PB004 1:7");
	EXPECT_EQ(problem_of("{\"a\": 01}").substr(0, 9), "PB004 1:7");
	EXPECT_EQ(problem_of("{\"a\": \"x\ny\"}").substr(0, 9), "PB004 1:9");
	EXPECT_EQ(problem_of("{\"a\": \"\\ud800\"}").substr(0, 5), "PB004");
	EXPECT_EQ(problem_of("{\"a\": \"\\ud800\\u0041\"}").substr(0, 5), "PB004");
	EXPECT_EQ(problem_of("{\"a\": \"\\udc00\"}").substr(0, 5), "PB004");
	EXPECT_EQ(problem_of("{\"a\": \"\\x\"}").substr(0, 5), "PB004");
	EXPECT_EQ(problem_of("{\"a\": 1} x"), "PB004 1:10 invalid JSON: nothing may follow the closing brace");
	EXPECT_EQ(problem_of("{\"a\": 1"),
	          "PB004 1:8 invalid JSON: the text ends where \",\" or \"}\" was expected");
	EXPECT_EQ(problem_of("{\"a\": 1e9999}").substr(0, 5), "PB014");
	// Braces alone do not make JSON: a flow mapping of YAML is read as such.
	EXPECT_EQ(json_of("{id: x, steps: []}"), R"({"id":"x","steps":[]})");
}

} // namespace
} // namespace playbook::definition
