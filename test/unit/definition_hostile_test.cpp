// Definitions that were written to take time or memory: each ends soon, with problems that say why. CTest's
// timeout is the only clock; what these tests are about took minutes.
#include "definition/parser.hpp"
#include "definition/wording.hpp"

#include "definition_support.hpp"

namespace playbook::definition {
namespace {

std::string header() { return "id: x\nname: x\nsteps:\n"; }

std::string notify_step(int number, const std::string &more) {
	return "  - {id: step_with_a_rather_long_name_" + std::to_string(number) +
	       ", type: notify, config: {to: a, message: m}" + more + "}\n";
}

std::string repeated(const std::string &text, int times) {
	std::string out;
	for (int i = 0; i < times; ++i) out += text;
	return out;
}

// The number of problems, and the last one's code.
std::string end_of(const std::string &text) {
	const Problems problems = parse_definition(text).problems;
	return std::to_string(problems.size()) + (problems.empty() ? "" : " " + problems.back().code);
}

TEST(Hostile, StepsThatDependOnManyUnknownOnes) {
	std::string text = header();
	for (int i = 0; i < 500; ++i) {
		std::string unknown;
		for (int j = 0; j < 50; ++j)
			unknown += "step_with_a_rather_long_name_" + std::to_string(10000 + j) + ",";
		text += notify_step(i, ", depends_on: [" + unknown + "]");
	}
	EXPECT_EQ(end_of(text), "1001 PB015");
}

TEST(Hostile, StepsThatDependOnEachOther) {
	std::string text = header(), all;
	for (int j = 100; j < 190; ++j) all += "step_with_a_rather_long_name_" + std::to_string(j) + ",";
	for (int i = 0; i < 200; ++i)
		text += notify_step(i, i == 0 ? ", depends_on: &all [" + all + "]" : ", depends_on: *all");
	const ParseResult result = parse_definition(text);
	EXPECT_EQ(result.definition, nullptr);
	EXPECT_LE(result.problems.size(), 1000U);
}

TEST(Hostile, ACircleOfAThousandSteps) {
	std::string text = header();
	for (int i = 0; i < 1000; ++i)
		text += notify_step(i, ", depends_on: [step_with_a_rather_long_name_" +
		                           std::to_string((i + 1) % 1000) + "]");
	EXPECT_EQ(end_of(text), "1 PB034");
}

// Each waits for twenty carriers that lie within each other, and so for all that lies in them.
TEST(Hostile, StepsThatWaitForBranchesWithinBranches) {
	std::string text = header(), carriers;
	for (int level = 0; level < 20; ++level) {
		const std::string id = "carrier_" + std::to_string(level);
		const std::string space(static_cast<std::size_t>(2 + level * 4), ' ');
		text += space + "- id: " + id + "\n" + space + "  type: condition\n" + space + "  config:\n" + space +
		        "    if: \"true\"\n" + space + "    then:\n";
		carriers += id + ",";
	}
	for (int i = 0; i < 470; ++i) text += std::string(20 * 4, ' ') + notify_step(i, ", depends_on: []");
	for (int i = 500; i < 1000; ++i) text += notify_step(i, ", depends_on: [" + carriers + "]");
	EXPECT_EQ(end_of(text), "0");
}

TEST(Hostile, ManyMistakesInOneText) {
	EXPECT_EQ(end_of(header() + "  - id: a\n    type: notify\n    config:\n      to: a\n      message: |\n" +
	                 repeated("        {{nobody.at.all}} ${steps.zork.y}\n", 5000)),
	          "1001 PB015");
	std::string keys;
	for (int i = 0; i < 20000; ++i) keys += "key" + std::to_string(i) + ": 1\n";
	EXPECT_EQ(end_of(keys), "1001 PB015");
}

TEST(Hostile, DeepAndSelfSimilarTexts) {
	EXPECT_EQ(end_of("a: " + repeated("[", 200000)), "1 PB005");
	EXPECT_EQ(end_of("a: " + repeated("{a: ", 200000)), "1 PB005");
	EXPECT_EQ(end_of("{\"id\":" + repeated("[", 500000)), "1 PB005");
	EXPECT_EQ(end_of(repeated("- ", 300000)), "1 PB005");
	EXPECT_EQ(end_of("a: &a x\nb: [" + repeated("*a,", 200000) + "]"), "1 PB006");
	std::string bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x]\n";
	for (int i = 1; i < 20; ++i)
		bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" +
		        repeated("*a" + std::to_string(i - 1) + ",", 9) + "]\n";
	EXPECT_EQ(end_of(bomb), "1 PB006");
}

TEST(Hostile, AThousandProblemsAreNotTooMany) {
	std::string keys = "id: x\nname: x\nsteps: [{id: a, type: notify, config: {to: a, message: m}}]\n";
	for (int i = 0; i < 1000; ++i) keys += "key" + std::to_string(i) + ": 1\n";
	EXPECT_EQ(end_of(keys), "1000 PB020");
}

TEST(NearestWord, CountsWhatAHandSlips) {
	EXPECT_EQ(nearest_word("recieved", {"received", "sent"}), "received");
	EXPECT_EQ(nearest_word("aprovd", {"approved", "rejected"}), "approved");
	EXPECT_EQ(nearest_word("xyapproved", {"approved"}), "approved");
	EXPECT_EQ(nearest_word("approvedxyz", {"approved"}), "approved");
	EXPECT_EQ(nearest_word("wxyzapproved", {"approved"}), "");
	EXPECT_EQ(nearest_word("abcdefgh", {"badcfegh", "hgfedcba"}), "badcfegh");
	EXPECT_EQ(nearest_word("ab", {"ba", "zz"}), "ba");
	EXPECT_EQ(nearest_word(std::string(64, 'a'), {std::string(67, 'a'), std::string(68, 'a')}),
	          std::string(67, 'a'));
}

} // namespace
} // namespace playbook::definition
