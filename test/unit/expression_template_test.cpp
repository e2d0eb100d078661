// Templates beyond what test/handlebars compares: mistakes and their places, what is missing, which paths
// are read, limits, hostile input.
#include <gtest/gtest.h>

#include <chrono>

#include "expression/template.hpp"
#include "value/json.hpp"

namespace playbook::expression {
namespace {

const Value &sample() {
	static const Value data = parse_json(R"({
		"customer": {"name": "Acme", "none": null, "empty": "", "zero": 0, "list": [{"n": 1}, {"n": null}], "big": 12345678901234567890.1230},
		"a": [1, 2], "flag": false, "html": "<b>"})");
	return data;
}

std::string text(const std::string &source, const RenderOptions &options = {}) {
	const Template parsed = Template::parse(source);
	if (!parsed.errors().empty()) {
		EXPECT_FALSE(parsed.errors()[0].hint.empty()) << source.substr(0, 200);
		return "error@" + std::to_string(parsed.errors()[0].offset) + ": " + parsed.errors()[0].message;
	}
	try {
		return parsed.render(sample(), options).text;
	} catch (const TemplateError &error) {
		return std::string("failed: ") + error.what();
	}
}

std::string missing(const std::string &source) {
	std::string out;
	for (const std::string &name : Template::parse(source).render(sample()).missing) out += name + ";";
	return out;
}

std::string joined(const std::vector<std::string> &path) {
	std::string out;
	for (const std::string &part : path) out += (out.empty() ? "" : ".") + part;
	return out;
}

std::string paths(const std::string &source) {
	std::string out;
	for (const auto &path : Template::parse(source).paths()) out += joined(path) + ";";
	return out;
}

TEST(Template, PrintsNumbersAsTheyWereWritten) {
	EXPECT_EQ(text("{{customer.big}}"), "12345678901234567890.1230");
	EXPECT_EQ(text("{{#each a}}{{this}}{{@index}}{{/each}}"), "1021");
}

TEST(Template, EscapesOnlyWhenAsked) {
	RenderOptions html;
	html.escape_html = true;
	EXPECT_EQ(text("{{html}}{{{html}}}{{&html}}"), "<b><b><b>");
	EXPECT_EQ(text("{{html}}{{{html}}}{{&html}}", html), "&lt;b&gt;<b><b>");
	EXPECT_EQ(text("{{upper html}}{{{upper html}}}", html), "&lt;B&gt;<B>");
}

TEST(Template, SaysWhatIsWrongAndWhere) {
	EXPECT_EQ(text("ab {{x"), "error@3: \"{{\" is not closed by \"}}\"");
	EXPECT_EQ(text("a {{}}"), "error@4: empty mustache");
	EXPECT_EQ(text("a {{#if b}}c"), "error@2: block \"if\" is not closed");
	EXPECT_EQ(text("{{#if a}}{{#each b}}{{/if}}"), "error@20: \"{{/if}}\" does not close block \"each\"");
	EXPECT_EQ(text("a{{/if}}"), "error@1: a block is closed that is not open");
	EXPECT_EQ(text("a{{else}}"), "error@1: \"else\" outside a block");
	EXPECT_EQ(text("{{#if a}}{{else}}{{else}}{{/if}}"), "error@17: a second \"else\" in block \"if\"");
	EXPECT_EQ(text("{{uper customer.name}}"), "error@2: unknown helper \"uper\"");
	EXPECT_EQ(text("{{#if (foo a)}}{{/if}}"), "error@7: unknown helper \"foo\"");
	EXPECT_EQ(text("{{customer.name x}}"), "error@2: unknown helper \"customer.name\"");
	EXPECT_EQ(text("{{nope a=1}}"), "error@2: unknown helper \"nope\"");
	EXPECT_EQ(text("{{#upper a}}{{/upper}}"), "error@3: helper \"upper\" is no block");
	EXPECT_EQ(text("{{#if a b}}{{/if}}"), "error@3: \"#if\" takes one argument, not 2");
	EXPECT_EQ(text("{{if a}}"), "error@2: \"if\" is a block");
	EXPECT_EQ(text("{{upper}}"), "");
	EXPECT_EQ(text("{{upper a b}}"), "error@2: helper \"upper\" takes 1 arguments, not 2");
	EXPECT_EQ(text("{{truncate a}}"), "error@2: helper \"truncate\" takes 2 to 3 arguments, not 1");
	EXPECT_EQ(text("{{default a}}"), "error@2: helper \"default\" takes 2 or more arguments, not 1");
	EXPECT_EQ(text("{{date a format=\"x\"}}"), "error@2: helper \"date\" has no argument called \"format\"");
	EXPECT_EQ(text("{{lookup a}}"), "error@2: \"lookup\" takes two arguments, not 1");
	EXPECT_EQ(text("x {{> p}}"), "error@2: partials are not supported");
	EXPECT_EQ(text("x {{#> p}}{{/p}}"), "error@2: partials are not supported");
	EXPECT_EQ(text("{{#*inline \"p\"}}{{/inline}}"),
	          "error@0: inline partials and decorators are not supported");
	EXPECT_EQ(text("{{* d}}"), "error@0: decorators are not supported");
	EXPECT_EQ(text("{{a ; b}}"), "error@4: unexpected \";\" in a mustache");
	EXPECT_EQ(text("{{a.b ünïcode|}}").rfind("error@", 0), 0u);
	EXPECT_EQ(text("{{\"abc}}"), "error@2: quoted text is not closed");
	EXPECT_EQ(text("{{a.[b}}"), "error@4: \"[\" is not closed by \"]\"");
	EXPECT_EQ(text("{{! a"), "error@0: comment is not closed");
	EXPECT_EQ(text("{{a.this}}"), "error@4: invalid path \"a.this\"");
	EXPECT_EQ(text("{{{{a}}}} b"), "error@0: raw block is not closed");
	EXPECT_EQ(Template::parse("{{uper x}}").errors()[0].hint, "Did you mean \"upper\"?");
}

TEST(Template, ReportsAllUnknownHelpersAtOnce) {
	const Template parsed = Template::parse("{{foo a}} {{#if (bar b)}}{{baz c}}{{/if}} {{upper (qux)}}");
	ASSERT_EQ(parsed.errors().size(), 4u);
	EXPECT_TRUE(parsed.render(sample()).text.empty());
}

TEST(Template, ReportsWhatIsMissing) {
	EXPECT_EQ(missing("{{customer.name}} {{customer.zero}} {{customer.empty}} {{flag}}"), "");
	EXPECT_EQ(missing("{{customer.none}} {{customer.first_name}} {{x}} {{x}} {{{y}}}"),
	          "customer.none;customer.first_name;x;y;");
	EXPECT_EQ(missing("{{@root.customer.none}}{{../a}}{{@index}}"), "customer.none;../a;@index;");
	EXPECT_EQ(missing("{{default customer.none \"there\"}} {{default x y \"z\"}}"), "");
	EXPECT_EQ(missing("{{default x y}}"), "x;");
	EXPECT_EQ(missing("{{upper (default x \"y\")}} {{upper x}}"), "x;");
	EXPECT_EQ(missing("{{#if x}}{{y}}{{/if}}{{#unless x}}{{z}}{{/unless}}{{#if (eq x 1)}}{{/if}}{{#if (not "
	                  "x)}}{{/if}}"),
	          "z;");
	EXPECT_EQ(missing("{{#each x}}{{/each}}{{#with x}}{{/with}}{{#x}}{{/x}}"), "");
	EXPECT_EQ(missing("{{#each customer.list}}{{n}}{{/each}}{{#each customer.list as |i|}}{{i.n}}{{/each}}"),
	          "n;i.n;");
	EXPECT_EQ(missing("{{lookup customer \"nope\"}}{{date customer.none}}{{upper customer.none locale=x}}"),
	          "customer.nope;customer.none;x;");
	EXPECT_EQ(missing("{{first x}}{{join customer.none}}"), "x;customer.none;");
}

TEST(Template, KnowsThePathsItReads) {
	EXPECT_EQ(paths("text"), "");
	EXPECT_EQ(paths("{{customer.name}} {{customer.name}} {{upper csm.name}} {{#if (gt customer.arr "
	                "steps.x.output)}}{{/if}}"),
	          "customer.name;csm.name;customer.arr;steps.x.output;");
	EXPECT_EQ(paths("{{#each customer.list}}{{n}} {{@index}} {{@root.a.b}} {{../c}} {{this}} "
	                "{{customer.d}}{{/each}}"),
	          "customer.list;n;a.b;c;customer.d;");
	EXPECT_EQ(paths("{{#each customer.list as |i|}}{{i.n}}{{lookup i x}}{{/each}}"), "customer.list;x;");
	EXPECT_EQ(paths("{{date customer.d locale=customer.locale}}"), "customer.d;customer.locale;");
	EXPECT_EQ(paths("{{"), "");
	std::string uses;
	for (const PathUse &use :
	     Template::parse("{{a}}{{#each b}}{{c}}{{../d}}{{#if "
	                     "e}}{{../f}}{{../../g}}{{/if}}{{@root.h}}{{steps.i}}{{else}}{{j}}{{/each}}{{#with "
	                     "k}}{{l}}{{/with}}")
	         .uses())
		uses += joined(use.path) + std::to_string(use.offset) + (use.relative ? "r " : " ");
	EXPECT_EQ(uses, "a2 b13 c18r d23 e35r f40 g48 h66 steps.i77 j96 k116 l121r ");
}

TEST(Template, KnowsWhetherItIsConstant) {
	EXPECT_TRUE(Template().is_constant());
	EXPECT_EQ(Template().render(sample()).text, "");
	EXPECT_TRUE(Template::parse("a } { \\n").is_constant());
	EXPECT_FALSE(Template::parse("{{! c }}").is_constant());
}

TEST(Template, AcceptsAnIndexAtTheEndOfAPath) {
	EXPECT_EQ(text("{{a.0}}{{a.[1]}}{{customer.list.0.n}}{{#with a.1}}{{this}}{{/with}}"), "1212");
}

TEST(Template, TreatsANameWithoutArgumentsAsAVariable) {
	const Value data = parse_json(R"({"title": "T", "date": "D", "first": 1})");
	EXPECT_EQ(Template::parse("{{title}}{{date}}{{first}}{{now}}").render(data).text, "TD1");
}

// ---- limits and hostile input -----------------------------------------------------------------------------

std::string repeated(const std::string &part, std::size_t count) {
	std::string out;
	out.reserve(part.size() * count);
	for (std::size_t i = 0; i < count; ++i) out += part;
	return out;
}

TEST(Template, IsLimitedInDepth) {
	const std::string deep = "template is nested deeper than 64 levels";
	EXPECT_EQ(text(repeated("{{#if a}}", 64) + "x" + repeated("{{/if}}", 64)), "x");
	EXPECT_NE(text(repeated("{{#if a}}", 65) + "x" + repeated("{{/if}}", 65)).find(deep), std::string::npos);
	EXPECT_NE(text(repeated("{{#if a}}", 100000)).find(deep), std::string::npos);
	EXPECT_NE(text("{{#if a}}" + repeated("{{else if a}}", 100000) + "{{/if}}").find(deep),
	          std::string::npos);
	EXPECT_NE(text("{{upper " + repeated("(upper ", 100000) + "a" + repeated(")", 100000) + "}}").find(deep),
	          std::string::npos);
	EXPECT_NE(text(repeated("{{^a}}", 100000)).find(deep), std::string::npos);
	EXPECT_EQ(text(repeated("{{#if a}}{{/if}}", 10000) + "x"), "x");
}

TEST(Template, IsLimitedInOutputAndOperations) {
	RenderOptions options;
	options.max_output = 100;
	EXPECT_EQ(text(repeated("x", 101), options), "failed: text is longer than 100 bytes");
	EXPECT_EQ(text("{{concat \"" + repeated("x", 60) + "\" \"" + repeated("y", 60) + "\"}}", options),
	          "failed: helper \"concat\": the text would be longer than 100 bytes");
	options = {};
	options.max_operations = 1000;
	std::string loops = repeated("{{#each @root.a}}", 20) + repeated("{{/each}}", 20);
	EXPECT_EQ(text(loops, options), "failed: template takes more than 1000 operations");
	EXPECT_EQ(text(loops), "failed: template takes more than 1000000 operations");
	const std::string growth =
	    "{{#with (replace \"" + repeated("a", 5000) + "\" \"a\" \"" + repeated("b", 5000) + "\")}}{{/with}}";
	EXPECT_EQ(text(growth), "failed: helper \"replace\": the text would be longer than 8388608 bytes");
}

TEST(Template, ReadsHostileTextQuickly) {
	const auto begin = std::chrono::steady_clock::now();
	for (const char *part : {"{{",
	                         "}}",
	                         "{{{",
	                         "{{{{",
	                         "\\{{",
	                         "{{!--",
	                         "{{x \"",
	                         "{{x '\\'",
	                         "{{[",
	                         "{{a.",
	                         "{{a ",
	                         " \n",
	                         "{{~x~}} \n",
	                         "{{x}}\n",
	                         "{{#x}}{{/x}}\n",
	                         "{{!c}}\n",
	                         "{{else}}",
	                         "{{else if x}}",
	                         "{{@",
	                         "{{../",
	                         "\xff\xfe",
	                         "{{x|",
	                         "{{#each x as |",
	                         "{{{{x}}}}",
	                         "{{{{/x}}}}",
	                         "{{ else",
	                         "{{x 1.5"})
		(void) text(repeated(part, 50000));
	(void) text("{{" + repeated("../", 100000) + "x}}");
	(void) text("{{a" + repeated(".b", 100000) + "}}");
	(void) text("{{" + repeated(" ", 1000000) + "x}}" + repeated(" \n", 500000) + "{{#if a}}" +
	            repeated(" \n", 500000) + "{{/if}}");
	EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(20));
}

TEST(Template, KeepsDataOutOfItsOwnSyntax) {
	Value data = Value::object();
	for (const char *value :
	     {"{{customer.name}}", "}}", "{{#each x}}", "\\{{x}}", "${customer.name}", "{{{{", "<script>"}) {
		data.set("v", Value(value));
		EXPECT_EQ(Template::parse("[{{v}}{{upper \"a\"}}]").render(data).text,
		          std::string("[") + value + "A]");
		EXPECT_EQ(Template::parse("{{default v \"x\"}}").render(data).text, value);
	}
}

TEST(Template, SurvivesEveryPrefixAndEveryDeletion) {
	const std::string source = "a \\{{x}} {{~#each customer.list as |i k|~}} {{#if (eq i.n "
	                           "1)}}{{{i.n}}}{{else if (not k)}}\n{{!-- c --}}\n"
	                           "{{lookup ../a @index}}{{else}}{{default i.n \"q\\\"q\" [x y] "
	                           "zone='u'}}{{/if}}{{^}}{{&x}}{{/each}}{{{{raw}}}} {{{{/raw}}}}";
	for (std::size_t i = 0; i <= source.size(); ++i) (void) text(source.substr(0, i));
	for (std::size_t i = 0; i < source.size(); ++i) (void) text(source.substr(0, i) + source.substr(i + 1));
	for (std::size_t i = 0; i < source.size(); ++i)
		for (const char c : {'{', '}', '"', '\'', '\\', '#', '~', '.', '\n', '(', '|'}) {
			std::string changed = source;
			changed[i] = c;
			(void) Template::parse(changed).errors();
		}
}

} // namespace
} // namespace playbook::expression
