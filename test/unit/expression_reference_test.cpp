// ${…} references: what is one, what is a mistake, and what replaces it.
#include <gtest/gtest.h>

#include "expression/reference.hpp"
#include "value/json.hpp"

namespace playbook::expression {
namespace {

std::optional<Value> resolve(const Reference &reference) {
	static const Value data = parse_json(R"({
		"parameters": {"limit": 10, "name": "Acme \"${parameters.limit}\"", "none": null, "list": [1, "b"]},
		"steps": {"deals": {"amount": [1.50, 2], "0": "zero"}},
		"größe": "groß"})");
	const Value *at = &data;
	for (const std::string &part : reference.path) {
		at = at->find(part);
		if (at == nullptr) return std::nullopt;
	}
	return *at;
}

std::string resolved(const std::string &json) {
	return to_json(resolve_references(parse_json(json), resolve));
}

std::string scanned(std::string_view text) {
	const ReferenceScan scan = scan_references(text);
	std::string out;
	for (const Reference &r : scan.references)
		out += r.text() + "@" + std::to_string(r.begin) + "-" + std::to_string(r.end) + ";";
	for (const SyntaxError &e : scan.errors)
		out += "error@" + std::to_string(e.offset) + ":" + e.message + ";";
	return out;
}

TEST(References, AreFoundWithTheirPlaces) {
	EXPECT_EQ(scanned(""), "");
	EXPECT_EQ(scanned("no reference, $5 and {x} and $ {x}"), "");
	EXPECT_EQ(scanned("${a}"), "a@0-4;");
	EXPECT_EQ(scanned("x ${a.b-c.0} y ${ größe }"), "a.b-c.0@2-12;größe@15-27;");
	EXPECT_EQ(scanned("$${a} ${b}"), "b@6-10;");
	EXPECT_EQ(scanned("$$${a}"), "");
	EXPECT_EQ(scanned("${a}${b}"), "a@0-4;b@4-8;");
}

TEST(References, SayWhatIsWrongAndWhere) {
	EXPECT_EQ(scanned("ab ${a"), "error@3:\"${\" is not closed by \"}\";");
	EXPECT_EQ(scanned("${"), "error@0:\"${\" is not closed by \"}\";");
	EXPECT_EQ(scanned("${a."), "error@0:\"${\" is not closed by \"}\";");
	EXPECT_EQ(scanned("${}"), "error@0:empty reference \"${}\";");
	EXPECT_EQ(scanned("${a..b}"), "error@4:a name is missing beside a dot of a reference;");
	EXPECT_EQ(scanned("${.a}"), "error@2:a name is missing beside a dot of a reference;");
	EXPECT_EQ(scanned("${a.}"), "error@4:a name is missing beside a dot of a reference;");
	EXPECT_EQ(scanned("${a[0]}"), "error@3:unexpected \"[\" in a reference;");
	EXPECT_EQ(scanned("${a b}"), "error@4:unexpected \"b\" in a reference;");
	EXPECT_EQ(scanned("${0a}"), "error@0:a reference cannot begin with a digit;");
	EXPECT_EQ(scanned("${x:-y}"), "error@3:unexpected \":\" in a reference;");
	EXPECT_EQ(scanned("${a ${b}"), "b@4-8;error@4:unexpected \"$\" in a reference;");
	for (const SyntaxError &e : scan_references("${a[0]} ${} ${").errors) EXPECT_FALSE(e.hint.empty());
}

TEST(References, AloneKeepTheType) {
	EXPECT_TRUE(is_single_reference("${a.b}"));
	EXPECT_TRUE(is_single_reference(" ${a.b}\n"));
	EXPECT_FALSE(is_single_reference("${a}${b}"));
	EXPECT_FALSE(is_single_reference("x${a}"));
	EXPECT_FALSE(is_single_reference("$${a}"));
	EXPECT_FALSE(is_single_reference("${a} ${"));
	EXPECT_FALSE(is_single_reference(""));
	EXPECT_EQ(resolved(R"(["${parameters.limit}", " ${steps.deals.amount} ", "${parameters.none}"])"),
	          "[10,[1.50,2],null]");
}

TEST(References, InsideTextBecomeText) {
	EXPECT_EQ(
	    resolved(R"({"a": {"b": ["top ${parameters.limit}: ${steps.deals.amount}${parameters.none}!"]}})"),
	    R"({"a":{"b":["top 10: [1.50,2]!"]}})");
	EXPECT_EQ(resolved(R"(["$${parameters.limit}", "${größe}", "cost $5", 1.0, true])"),
	          R"(["${parameters.limit}","groß","cost $5",1.0,true])");
	EXPECT_EQ(resolved(R"({"${parameters.limit}": 1})"), R"({"${parameters.limit}":1})");
}

TEST(References, AreReplacedOnce) {
	EXPECT_EQ(resolved(R"("<${parameters.name}>")"), R"("<Acme \"${parameters.limit}\">")");
}

TEST(References, ReportWhatIsMissingOnce) {
	std::vector<std::string> missing;
	const Value value =
	    parse_json(R"(["${parameters.x}", "a ${parameters.x} ${steps.y.z} ${parameters.none}"])");
	EXPECT_EQ(to_json(resolve_references(value, resolve, &missing)), R"([null,"a   "])");
	EXPECT_EQ(missing, (std::vector<std::string>{"parameters.x", "steps.y.z"}));
}

TEST(References, ThatAreFaultyStayAsWritten) {
	EXPECT_EQ(resolved(R"("a ${ b ${parameters.limit}")"), R"("a ${ b 10")");
}

TEST(References, ScanHostileTextQuickly) {
	std::string text;
	for (int i = 0; i < 200000; ++i) text += "${";
	EXPECT_EQ(scan_references(text).errors.size(), 200000u);
}

} // namespace
} // namespace playbook::expression
