// Definitions as text again, their canonical form, and their differences.
#include "definition/export.hpp"

#include <functional>
#include <random>

#include "definition/diff.hpp"
#include "definition/document.hpp"
#include "definition_support.hpp"
#include "value/json.hpp"

namespace playbook::definition {
namespace {

void expect_round_trip(const Value &value) {
	const std::string yaml = to_yaml(value);
	const Document document = read_document(yaml);
	EXPECT_EQ(described(document.problems), "") << yaml;
	EXPECT_EQ(document.value, value) << yaml << "\n" << to_json(value) << "\n" << to_json(document.value);
}

Value under_key(Value value) {
	Value mapping = Value::object();
	mapping.set("key", std::move(value));
	return mapping;
}

TEST(Export, YamlIsReadable) {
	Value query = Value::object();
	query.set("template", "SELECT 1\nFROM t\n");
	query.set("to", "{{customer.name}}, hello");
	Value value =
	    parse_json(R"({"id": "x", "version": "1.0", "count": 1.50, "on": "yes", "empty": {}, "none": null,
	                             "list": [], "steps": [{"id": "a"}, "text", ["nested", true]]})");
	value.find("steps")->items()[0].set("config", query);
	EXPECT_EQ(to_yaml(value), "id: x\n"
	                          "version: \"1.0\"\n"
	                          "count: 1.50\n"
	                          "\"on\": \"yes\"\n"
	                          "empty: {}\n"
	                          "none: null\n"
	                          "list: []\n"
	                          "steps:\n"
	                          "  - id: a\n"
	                          "    config:\n"
	                          "      template: |\n"
	                          "        SELECT 1\n"
	                          "        FROM t\n"
	                          "      to: \"{{customer.name}}, hello\"\n"
	                          "  - text\n"
	                          "  - - nested\n"
	                          "    - true\n");
}

TEST(Export, EveryTextComesBack) {
	for (const char *text : {"",
	                         " ",
	                         "a",
	                         " a",
	                         "a ",
	                         "yes",
	                         "No",
	                         "null",
	                         "~",
	                         "true",
	                         "1",
	                         "1.0",
	                         "0x1F",
	                         "0o7",
	                         "1e3",
	                         ".5",
	                         "-",
	                         "--",
	                         "---",
	                         "...",
	                         "-1",
	                         "- a",
	                         "a: b",
	                         "a:b",
	                         "a:",
	                         "a #b",
	                         "a#b",
	                         "#a",
	                         "&a",
	                         "*a",
	                         "!a",
	                         "|",
	                         ">",
	                         "'a'",
	                         "\"a\"",
	                         "a\"b",
	                         "a'b",
	                         "%a",
	                         "@a",
	                         "`a",
	                         "[a]",
	                         "{a}",
	                         "a, b",
	                         "?",
	                         "? a",
	                         ":",
	                         ": a",
	                         "a\nb",
	                         "a\nb\n",
	                         "a\nb\n\n",
	                         "\na",
	                         "\n",
	                         "\n\n",
	                         "a\n\nb",
	                         " a\nb",
	                         "a\n b",
	                         "a\n  b\n c",
	                         "a \nb",
	                         "a\n \nb",
	                         "a\tb",
	                         "\ta",
	                         "a\n\tb",
	                         "a\r\nb",
	                         "a\r",
	                         "é",
	                         "日本",
	                         "😀",
	                         "\xC2\x85",
	                         "a\xE2\x80\xA8"
	                         "b",
	                         "\xEF\xBB\xBF",
	                         "\x7F",
	                         "\x01",
	                         "\\",
	                         "\\n",
	                         "a\\b",
	                         "<<",
	                         "=",
	                         "12:30",
	                         "1_000",
	                         "2026-01-28",
	                         "{{x}}",
	                         "${steps.a}",
	                         "# a\nb",
	                         "- a\n- b\n",
	                         "a: b\nc: d\n",
	                         "---\na",
	                         "...\nb",
	                         "key:\n  more\n",
	                         "+1",
	                         "+",
	                         ".inf",
	                         "-.INF",
	                         ".nan",
	                         "0",
	                         "00",
	                         "1.",
	                         "%\n%",
	                         "a\n#b"}) {
		expect_round_trip(under_key(text));
		expect_round_trip(under_key(Value(Value::Array{text, text})));
		Value mapping = Value::object();
		mapping.set(text, 1);
		expect_round_trip(mapping);
	}
	expect_round_trip(under_key(std::string(5000, 'x')));
	const std::string long_line =
	    std::string(5000, 'x').append("\ny"); // apart, or g++ 12 warns of what is not there
	expect_round_trip(under_key(long_line));
	expect_round_trip(under_key("a" + std::string(900, '\n') + "b"));
}

TEST(Export, RandomValuesComeBack) {
	std::mt19937 random(7);
	const auto pick = [&](unsigned below) { return static_cast<unsigned>(random() % below); };
	const std::string alphabet[] = {"a", "b", " ", "\n", ":",  "#",        "-",  "'", "\"",
	                                "{", "}", "[", ",",  "é",  "\t",       "1",  ".", "|",
	                                ">", "&", "!", "%",  "\\", "\xC2\x85", "  ", "? "};
	const auto text = [&] {
		std::string out;
		for (unsigned i = pick(8); i > 0; --i) out += alphabet[pick(std::size(alphabet))];
		return out;
	};
	const std::function<Value(int)> any = [&](int depth) -> Value {
		switch (pick(depth > 4 ? 4 : 6)) {
		case 0: return text();
		case 1:
			return Value(
			    Number{std::to_string(static_cast<int>(pick(2000)) - 1000) + (pick(2) ? ".50" : "")});
		case 2: return pick(2) == 0 ? Value(pick(2) == 0) : Value();
		case 3: return text();
		case 4: {
			Value::Array items;
			for (unsigned i = pick(4); i > 0; --i) items.push_back(any(depth + 1));
			return Value(std::move(items));
		}
		default: {
			Value mapping = Value::object();
			for (unsigned i = pick(4); i > 0; --i) mapping.set(text(), any(depth + 1));
			return mapping;
		}
		}
	};
	for (int i = 0; i < 20000 && !testing::Test::HasFailure(); ++i) expect_round_trip(under_key(any(0)));
}

TEST(Export, DefinitionsComeBack) {
	for (const char *path : {"test/unit/data/presales_analysis.yaml",
	                         "test/unit/data/my_custom_playbook.yaml", "test/unit/data/step_examples.yaml"}) {
		const auto definition = valid(file_text(path));
		EXPECT_EQ(valid(to_yaml(definition->document))->document, definition->document);
	}
}

TEST(Export, TheCanonicalFormIgnoresHowItWasWritten) {
	EXPECT_EQ(canonical_json(parse_json(R"({"b": [1, 2.50, {"z": null, "a": "é"}], "a": true})")),
	          R"({"a":true,"b":[1,2.50,{"a":"é","z":null}]})");
	EXPECT_EQ(canonical_json(read_document("b: 1\na: {d: 2, c: 3}\n").value),
	          canonical_json(read_document("{\"a\": {\"c\": 3, \"d\": 2}, \"b\": 1}").value));
	EXPECT_NE(canonical_json(parse_json("[1, 2]")), canonical_json(parse_json("[2, 1]")));
}

std::string rows(const std::string &before, const std::string &after) {
	std::string out;
	for (const Difference &difference :
	     diff_definitions(read_document(before).value, read_document(after).value))
		out += difference.step + "|" + to_string(difference.kind) + "|" + difference.path + "|" +
		       (difference.before ? to_json(*difference.before) : "") + "|" +
		       (difference.after ? to_json(*difference.after) : "") + "\n";
	return out;
}

TEST(Diff, SaysWhatChanged) {
	const std::string before =
	    "id: x\nname: A\nsteps:\n  - {id: a, type: task}\n  - {id: b, type: wait, config: {for: 1 day}}\n  "
	    "- {id: c, type: task}\n";
	EXPECT_EQ(rows(before, before), "");
	EXPECT_EQ(rows(before,
	               "name: A\nid: x\nsteps:\n  - {type: task, id: a}\n  - {id: b, type: wait, config: {for: 1 "
	               "day}}\n  - {id: c, type: task}\n"),
	          "");
	EXPECT_EQ(rows(before,
	               "id: x\nname: B\nversion: \"2\"\nsteps:\n  - {id: a, type: task, timeout: 5}\n  - {id: b, "
	               "type: wait, config: {for: 2 days}}\n  - {id: d, type: task}\n"),
	          "|changed|name|\"A\"|\"B\"\n"
	          "|added|version||\"2\"\n"
	          "a|added|steps[0].timeout||5\n"
	          "b|changed|steps[1].config.for|\"1 day\"|\"2 days\"\n"
	          "d|added|steps[2]||{\"id\":\"d\",\"type\":\"task\"}\n"
	          "c|removed|steps[2]|{\"id\":\"c\",\"type\":\"task\"}|\n");
}

TEST(Diff, FollowsStepsThatMove) {
	const std::string before =
	    "id: x\nsteps:\n  - {id: a, type: task}\n  - {id: b, type: task}\n  - {id: c, type: task}\n";
	EXPECT_EQ(
	    rows(before,
	         "id: x\nsteps:\n  - {id: c, type: task}\n  - {id: a, type: task}\n  - {id: b, type: task}\n"),
	    "c|moved|steps[0]|\"steps[2]\"|\"steps[0]\"\n");
	// Removing the first does not move those behind it.
	EXPECT_EQ(rows(before, "id: x\nsteps:\n  - {id: b, type: task}\n  - {id: c, type: task}\n"),
	          "a|removed|steps[0]|{\"id\":\"a\",\"type\":\"task\"}|\n");
	EXPECT_EQ(
	    rows(before,
	         "id: x\nsteps:\n  - {id: a, type: task}\n  - {id: k, type: condition, config: {if: customer.a, "
	         "then: [{id: b, type: task}]}}\n  - {id: c, type: task}\n"),
	    "k|added|steps[1]||{\"id\":\"k\",\"type\":\"condition\",\"config\":{\"if\":\"customer.a\"}}\n"
	    "b|moved|steps[1].config.then[0]|\"steps[1]\"|\"steps[1].config.then[0]\"\n");
}

} // namespace
} // namespace playbook::definition
