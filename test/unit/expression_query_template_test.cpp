// Templates in queries: what is bound, what is pasted, what is refused, and that no value ever becomes SQL.
#include <gtest/gtest.h>

#include <map>

#include "expression/query_template.hpp"
#include "value/json.hpp"

namespace playbook::expression {
namespace {

struct Arguments {
	std::map<std::string, Argument> named;

	Arguments &bound(const std::string &name, const std::string &json) {
		named[name] = Argument{parse_json(json), false};
		return *this;
	}
	Arguments &pasted(const std::string &name, const std::string &json) {
		named[name] = Argument{parse_json(json), true};
		return *this;
	}
	ArgumentLookup lookup() const {
		return [this](const std::string &name) -> std::optional<Argument> {
			const auto found = named.find(name);
			return found == named.end() ? std::nullopt : std::optional<Argument>(found->second);
		};
	}
};

Arguments everyday() {
	return Arguments()
	    .bound("x", "\"v\"")
	    .bound("n", "5")
	    .bound("ids", "[1,2,3]")
	    .bound("none", "[]")
	    .bound("null", "null")
	    .bound("object", R"({"a":[1]})")
	    .bound("table", "\"analytics.accounts\"")
	    .bound("column", "\"arr\"")
	    .bound("customer.id", "\"C-1\"")
	    .pasted("p", "\"'At-Risk'\"")
	    .pasted("limit", "100")
	    .pasted("minus", "-5")
	    .pasted("ptable", "\"analytics.accounts\"")
	    .pasted("plist", "\"1, 2\"")
	    .pasted("yes", "true")
	    .pasted("nil", "null");
}

// The statement and its values, or the first error.
std::string built(const std::string &text, const Arguments &arguments = everyday()) {
	const QueryTemplate query = QueryTemplate::parse(text);
	if (!query.errors().empty())
		return "syntax@" + std::to_string(query.errors()[0].offset) + ": " + query.errors()[0].message;
	try {
		const BuiltQuery result = query.build(arguments.lookup());
		std::string out = result.text;
		for (const BoundValue &value : result.values)
			out += std::string(" | ") + (value.is_array ? "array " : "") + to_json(value.value);
		return out;
	} catch (const QueryTemplateError &error) {
		EXPECT_FALSE(error.hint.empty()) << error.what();
		return std::string("error: ") + error.what();
	}
}

TEST(QueryTemplate, BindsValuesInOrder) {
	EXPECT_EQ(built("SELECT 1"), "SELECT 1");
	EXPECT_EQ(built(""), "");
	EXPECT_EQ(built("WHERE a = {{x}} AND b >= {{ n }} LIMIT {{n}}"),
	          "WHERE a = $1 AND b >= $2 LIMIT $3 | \"v\" | 5 | 5");
	EXPECT_EQ(built("WHERE id = {{customer.id}}"), "WHERE id = $1 | \"C-1\"");
	EXPECT_EQ(built("SELECT {{null}}::text, {{x}}::date + {{n}}::int"),
	          "SELECT $1::text, $2::date + $3::int | null | \"v\" | 5");
	EXPECT_EQ(built("SELECT a->>{{x}}, b @> {{x}}, {{x}} || 'z'"),
	          "SELECT a->>$1, b @> $2, $3 || 'z' | \"v\" | \"v\" | \"v\"");
	EXPECT_EQ(built("SELECT extract(day FROM {{x}}::date), trim(both 'a' FROM {{x}}) FROM t"),
	          "SELECT extract(day FROM $1::date), trim(both 'a' FROM $2) FROM t | \"v\" | \"v\"");
	EXPECT_EQ(built("FROM t WHERE a IS DISTINCT FROM {{x}} AND b IS NOT DISTINCT FROM {{n}}"),
	          "FROM t WHERE a IS DISTINCT FROM $1 AND b IS NOT DISTINCT FROM $2 | \"v\" | 5");
	EXPECT_EQ(built("now() AT TIME ZONE {{x}}"), "now() AT TIME ZONE $1 | \"v\"");
	EXPECT_EQ(built("UPDATE t SET a = {{x}}, b = {{n}} WHERE c = {{x}}"),
	          "UPDATE t SET a = $1, b = $2 WHERE c = $3 | \"v\" | 5 | \"v\"");
}

TEST(QueryTemplate, PastesWhatTheAuthorWrote) {
	EXPECT_EQ(built("FROM {{ptable}} WHERE s = {{p}} LIMIT {{limit}}"),
	          "FROM analytics.accounts WHERE s = 'At-Risk' LIMIT 100");
	EXPECT_EQ(built("id IN ({{plist}}) AND NOT b IN ({{p}})"), "id IN (1, 2) AND NOT b IN ('At-Risk')");
	EXPECT_EQ(built("a -{{minus}} b{{yes}} {{nil}}"), "a - -5 btrue NULL");
	EXPECT_EQ(built("a {{minus}}- 1"), "a -5- 1");
	EXPECT_EQ(built("FROM accounts_{{limit}} ORDER BY {{ptable}} DESC, INTERVAL {{p}}"),
	          "FROM accounts_100 ORDER BY analytics.accounts DESC, INTERVAL 'At-Risk'");
	EXPECT_EQ(built("SELECT {{t}}(1), 1::{{t}}", Arguments().pasted("t", "\"int\"")),
	          "SELECT int(1), 1::int");
	EXPECT_EQ(built("a - {{s}} - 1", Arguments().pasted("s", "\"b -\"")), "a - b - - 1");
	EXPECT_EQ(built("a {{s}}- 1", Arguments().pasted("s", "\"-\"")), "a - - 1");
	// A list is bound even if the caller calls it pasted.
	EXPECT_EQ(built("IN ({{l}})", Arguments().pasted("l", "[1]")), "= ANY ($1) | array [1]");
}

TEST(QueryTemplate, BindsAListInOneArray) {
	EXPECT_EQ(built("a IN ({{ids}})"), "a = ANY ($1) | array [1,2,3]");
	EXPECT_EQ(built("a NOT IN ( {{ ids }} ) AND b"), "a <> ALL ($1) AND b | array [1,2,3]");
	EXPECT_EQ(built("a not /* c */ in({{none}})"), "a <> ALL ($1) | array []");
	EXPECT_EQ(built("a IN ({{none}})"), "a = ANY ($1) | array []");
	EXPECT_EQ(built("a IN ({{x}})"), "a IN ($1) | \"v\"");
	EXPECT_EQ(built("a NOT IN ({{null}})"), "a NOT IN ($1) | null");
	EXPECT_EQ(built("a IN ({{x}}, {{n}})"), "a IN ($1, $2) | \"v\" | 5");
	EXPECT_EQ(built("a IN ({{ids}}, {{x}}, {{none}}) OR {{n}} = 1"),
	          "a = ANY ($1) OR $2 = 1 | array [1,2,3,\"v\"] | 5");
	EXPECT_EQ(built("a IN (0, {{ids}}, {{limit}})"), "a IN (0, $1, $2, $3, 100) | 1 | 2 | 3");
	EXPECT_EQ(built("a IN ({{n}} + 1, {{n}})"), "a IN ($1 + 1, $2) | 5 | 5");
	EXPECT_EQ(built("a IN (SELECT b FROM t WHERE c IN ({{ids}}) AND d = {{x}})"),
	          "a IN (SELECT b FROM t WHERE c = ANY ($1) AND d = $2) | array [1,2,3] | \"v\"");
	EXPECT_EQ(built("a = ANY ({{ids}}) OR a = any({{n}}) OR a <> ALL ({{none}}) OR a ILIKE ANY ({{ids}})"),
	          "a = ANY ($1) OR a = any($2) OR a <> ALL ($3) OR a ILIKE ANY ($4)"
	          " | array [1,2,3] | array [5] | array [] | array [1,2,3]");
	EXPECT_EQ(built("FROM unnest({{ids}}::int[]) AS u"), "FROM unnest($1::int[]) AS u | array [1,2,3]");
	EXPECT_EQ(built("SELECT {{ids}}::int[], cast({{ids}} AS numeric(10, 2)[]), {{none}}::int ARRAY"),
	          "SELECT $1::int[], cast($2 AS numeric(10, 2)[]), $3::int ARRAY | array [1,2,3] | array [1,2,3] "
	          "| array []");
	EXPECT_EQ(built("SELECT ARRAY[{{ids}}], f({{ids}}, {{x}})"),
	          "SELECT ARRAY[$1, $2, $3], f($4, $5, $6, $7) | 1 | 2 | 3 | 1 | 2 | 3 | \"v\"");
	EXPECT_EQ(built("a = ANY ({{null}})"), "a = ANY ($1) | array null");
}

TEST(QueryTemplate, AcceptsAHundredThousandElements) {
	std::string list = "[";
	for (int i = 0; i < 100000; ++i) list += (i ? "," : "") + std::to_string(i);
	const Arguments arguments = Arguments().bound("ids", list + "]");
	const BuiltQuery query = QueryTemplate::parse("a IN ({{ids}})").build(arguments.lookup());
	EXPECT_EQ(query.text, "a = ANY ($1)");
	ASSERT_EQ(query.values.size(), 1u);
	EXPECT_EQ(query.values[0].value.size(), 100000u);
	EXPECT_EQ(built("f({{ids}})", arguments),
	          "error: placeholder \"{{ids}}\" is a list of 100000 values where at most 1000 are allowed");
}

TEST(QueryTemplate, IsSafeForNullTests) {
	EXPECT_EQ(built("({{x}} IS NULL OR a = {{x}})"), "($1::text IS NULL OR a = $2) | \"v\" | \"v\"");
	EXPECT_EQ(built("({{null}}) is not null"), "($1::text) is not null | null");
	EXPECT_EQ(built("{{ids}} IS NULL OR {{n}} NOTNULL"),
	          "$1::text[] IS NULL OR $2::text NOTNULL | array [1,2,3] | 5");
	EXPECT_EQ(built("{{x}}::int IS NULL"), "$1::int IS NULL | \"v\"");
	EXPECT_EQ(built("{{x}} IS TRUE"), "$1 IS TRUE | \"v\"");
}

TEST(QueryTemplate, QuotesNames) {
	const std::string name = "\"analytics\".\"accounts\"";
	for (const std::string before :
	     {"FROM ", "from\n", "JOIN ", "INSERT INTO ", "UPDATE ", "TABLE ", "FROM only ",
	      "DELETE FROM a USING ", "SELECT * FROM a, ", "FROM a JOIN b ON a.x = b.y, ",
	      "DROP TABLE IF EXISTS ", "CREATE TABLE IF NOT EXISTS ", "SELECT 1 AS ", "FROM a FOR UPDATE OF ",
	      "FROM /* here */ -- there\n"})
		EXPECT_EQ(built(before + "{{table}} x"), before + name + " x");
	EXPECT_EQ(built("INSERT INTO {{table}} (a) VALUES ({{x}})"),
	          "INSERT INTO " + name + " (a) VALUES ($1) | \"v\"");
	EXPECT_EQ(built("INSERT INTO s.{{column}} (a)"), "INSERT INTO s.\"arr\" (a)");
	EXPECT_EQ(built("SELECT {{table}}.{{column}}, (r).{{column}}, {{x}}.* FROM {{x}}.{{column}}"),
	          "SELECT " + name + ".\"arr\", (r).\"arr\", \"v\".* FROM \"v\".\"arr\"");
	EXPECT_EQ(built("SELECT (SELECT max(a) FROM {{table}}) FROM b, {{table}}"),
	          "SELECT (SELECT max(a) FROM " + name + ") FROM b, " + name);
	EXPECT_EQ(built("ORDER BY t.{{column}} DESC"), "ORDER BY t.\"arr\" DESC");
}

TEST(QueryTemplate, RefusesWhatIsNoName) {
	const auto refused = [](const std::string &json) {
		const std::string result = built("FROM {{t}} WHERE a", Arguments().bound("t", json));
		EXPECT_EQ(result.find("error: placeholder \"{{t}}\" stands for a name"), 0u) << result;
	};
	for (const char *json : {"null",
	                         "5",
	                         "true",
	                         "[\"a\"]",
	                         "\"\"",
	                         "\".\"",
	                         "\"a.\"",
	                         "\".a\"",
	                         "\"a..b\"",
	                         "\"a b\"",
	                         "\"a;drop table b\"",
	                         "\"a'b\"",
	                         "\"a/*\"",
	                         "\"(select 1)\"",
	                         "\"a\\\"b\"",
	                         "\"\\\"a\"",
	                         "\"\\\"\\\"\"",
	                         "\"\\\"a\\\"b\"",
	                         "\"a.b.c.d.e\"",
	                         "\"a\\nb\"",
	                         "\"a\\\\b\"",
	                         "\"\\\"a\\nb\\\"\""})
		refused(json);
	refused("\"" + std::string(64, 'a') + "\"");
	EXPECT_EQ(built("FROM {{t}}", Arguments().bound("t", "{}")),
	          "error: placeholder \"{{t}}\" stands for a name, but its value is of type object");
	// Odd, but safe once quoted.
	EXPECT_EQ(built("FROM {{t}} x", Arguments().bound("t", "\"a--\"")), "FROM \"a--\" x");
	EXPECT_EQ(built("FROM {{t}} x", Arguments().bound("t", R"("\"My \"\"odd\"\" ';--\".Größe")")),
	          "FROM \"My \"\"odd\"\" ';--\".\"Größe\" x");
	EXPECT_EQ(built("FROM {{t}} x", Arguments().bound("t", "\"Select.FROM.my-project.$x\"")),
	          "FROM \"Select\".\"FROM\".\"my-project\".\"$x\" x");
}

TEST(QueryTemplate, RefusesABoundValueWhereNoneCanStand) {
	const auto refused = [](const std::string &text, const std::string &what) {
		EXPECT_EQ(built(text), "error: placeholder \"{{x}}\" " + what) << text;
		const QueryTemplate query = QueryTemplate::parse(text);
		EXPECT_EQ(query.check([](const std::string &) { return false; }).size(), 1u) << text;
		EXPECT_TRUE(query.check([](const std::string &) { return true; }).empty()) << text;
	};
	const std::string sort = "is a whole sort or group key, which a bound value would make a constant";
	for (const char *text :
	     {"ORDER BY {{x}}", "ORDER BY {{x}} DESC LIMIT 5", "ORDER BY a, {{x}}", "GROUP BY {{x}}",
	      "ORDER BY {{x}}, b", "(PARTITION BY {{x}})", "ORDER BY {{x}}::int", "GROUP BY a, {{x}} HAVING b"})
		refused(text, sort);
	EXPECT_EQ(built("ORDER BY a * {{n}}, abs({{n}}), CASE WHEN {{x}} = 'arr' THEN arr END, {{n}} - a"),
	          "ORDER BY a * $1, abs($2), CASE WHEN $3 = 'arr' THEN arr END, $4 - a | 5 | 5 | \"v\" | 5");
	refused("now() - INTERVAL {{x}}", "follows a type's name, where only a literal can stand");
	refused("a > date {{x}}", "follows a type's name, where only a literal can stand");
	refused("timestamp with time zone {{x}}", "follows a type's name, where only a literal can stand");
	refused("FROM unnest({{x}})", "needs a type inside unnest");
	refused("SELECT {{x}}(1)", "stands where a function is called");
	refused("SELECT * FROM {{x}}(1)", "stands where a function is called");
	refused("SELECT s.{{x}}(1)", "stands where a function is called");
	refused("SELECT a::{{x}}", "stands where a type is expected");
	refused("SELECT cast(a AS {{x}})", "stands where a type is expected");
	refused("UPDATE t SET {{x}} = 1", "stands where a column is assigned");
	for (const char *text : {"a{{x}}", "{{x}}a", "{{x}}5", "1{{x}}", "t_{{x}}.b", "FROM {{x}}_old"})
		refused(text, "stands directly against other text");
	EXPECT_EQ(built("{{x}}{{n}}"), "error: placeholder \"{{x}}\" stands directly against other text");
	EXPECT_EQ(built("a = {{unknown}}"), "error: placeholder \"{{unknown}}\" has no value");
	EXPECT_EQ(built("f({{none}})"),
	          "error: placeholder \"{{none}}\" is an empty list where single values are expected");
	EXPECT_EQ(built("a = {{object}}"), "error: placeholder \"{{object}}\" is an object");
	EXPECT_EQ(built("a IN ({{rows}})", Arguments().bound("rows", R"([{"a":1}])")),
	          "error: placeholder \"{{rows}}\" has an object among its elements");
	EXPECT_EQ(built("SELECT {{object}}::jsonb, cast({{ids}} AS json), {{x}}::jsonb"),
	          "SELECT $1::jsonb, cast($2 AS json), $3::jsonb | \"{\\\"a\\\":[1]}\" | \"[1,2,3]\" | \"v\"");
}

TEST(QueryTemplate, RefusesPlaceholdersInsideQuotes) {
	EXPECT_EQ(built("WHERE a = '{{x}}'"), "syntax@11: placeholder \"{{x}}\" inside a quoted literal");
	EXPECT_EQ(built("a LIKE '%{{ x }}%'"), "syntax@9: placeholder \"{{x}}\" inside a quoted literal");
	EXPECT_EQ(built("a = E'\\'{{x}}'"), "syntax@8: placeholder \"{{x}}\" inside a quoted literal");
	EXPECT_EQ(built("a = U&'{{x}}'"), "syntax@7: placeholder \"{{x}}\" inside a quoted literal");
	EXPECT_EQ(built("a = 'it''s {{x}}'"), "syntax@11: placeholder \"{{x}}\" inside a quoted literal");
	EXPECT_EQ(built("FROM \"{{x}}\""), "syntax@6: placeholder \"{{x}}\" inside a quoted name");
	EXPECT_EQ(built("a -- {{x}}\n"), "syntax@5: placeholder \"{{x}}\" inside a comment");
	EXPECT_EQ(built("a /* b /* {{x}} */ */"), "syntax@10: placeholder \"{{x}}\" inside a comment");
	EXPECT_EQ(built("DO $$ {{x}} $$"), "syntax@6: placeholder \"{{x}}\" inside a dollar quote");
	EXPECT_EQ(built("DO $q$ $$ {{x}} $q$"), "syntax@10: placeholder \"{{x}}\" inside a dollar quote");
	EXPECT_EQ(built("a = '{{#if x}}'"), "syntax@5: placeholder \"{{#if x}}\" inside a quoted literal");
	// Braces that mean themselves.
	EXPECT_EQ(built("'{{1,2},{3,4}}'::int[]"), "'{{1,2},{3,4}}'::int[]");
	EXPECT_EQ(built(R"('{"a":{"b":{"c":1}}}'::jsonb)"), R"('{"a":{"b":{"c":1}}}'::jsonb)");
	EXPECT_EQ(built("$${\"a\":1}$$"), "$${\"a\":1}$$");
}

TEST(QueryTemplate, KnowsWhereQuotesEnd) {
	EXPECT_EQ(built("'\\' || {{x}}"), "'\\' || $1 | \"v\"");
	EXPECT_EQ(built("E'\\\\' || {{x}}"), "E'\\\\' || $1 | \"v\"");
	EXPECT_EQ(built("e'\\'' || {{x}}"), "e'\\'' || $1 | \"v\"");
	EXPECT_EQ(built("E'a' -- c\n '\\'' || {{x}}"), "E'a' -- c\n '\\'' || $1 | \"v\"");
	EXPECT_EQ(built("E'a' '\\' || {{x}}"), "E'a' '\\' || $1 | \"v\"");
	EXPECT_EQ(built("name'\\' || {{x}}"), "name'\\' || $1 | \"v\"");
	EXPECT_EQ(built("a$$b || {{x}}"), "a$$b || $1 | \"v\"");
	EXPECT_EQ(built("$a$ $b$ ' $a$ || {{x}}"), "$a$ $b$ ' $a$ || $1 | \"v\"");
	EXPECT_EQ(built("\"a\"\"'\" = {{x}}"), "\"a\"\"'\" = $1 | \"v\"");
	EXPECT_EQ(built("/* ' /* \" */ -- */ {{x}} --'\n"), "/* ' /* \" */ -- */ $1 --'\n | \"v\"");
	EXPECT_EQ(built("a *-- '\n{{x}}"), "a *-- '\n$1 | \"v\"");
	EXPECT_EQ(built("-- a\r{{x}}"), "-- a\r$1 | \"v\"");
	EXPECT_EQ(built("'open"), "syntax@0: quoted literal is not closed");
	EXPECT_EQ(built("a \"open"), "syntax@2: quoted name is not closed");
	EXPECT_EQ(built("a E'open\\"), "syntax@3: quoted literal is not closed");
	EXPECT_EQ(built("/* /* */"), "syntax@0: comment is not closed");
	EXPECT_EQ(built("$x$ $X$"), "syntax@0: dollar quote $x$ is not closed");
}

TEST(QueryTemplate, RefusesOtherBraces) {
	EXPECT_EQ(built("a {{x"), "syntax@2: \"{{\" is not closed by \"}}\"");
	EXPECT_EQ(built("{{#if x}} a {{/if}}"), "syntax@0: block \"{{#if x}}\" in a query");
	EXPECT_EQ(built("{{^}}"), "syntax@0: block \"{{^}}\" in a query");
	EXPECT_EQ(built("{{else}}"), "syntax@0: block \"{{else}}\" in a query");
	EXPECT_EQ(built("{{{x}}}"), "syntax@0: \"{{{x}}\" is no placeholder of a query");
	EXPECT_EQ(built("{{&x}}"), "syntax@0: \"{{&x}}\" is no placeholder of a query");
	for (const char *text :
	     {"{{}}", "{{ }}", "{{x y}}", "{{x.}}", "{{.x}}", "{{1}}", "{{default x 1}}", "{{!x}}", "{{x}}}",
	      "{{\"x\"}}", "{{a..b}}", "{{../a}}", "{{@root.a}}", "{{> p}}", "{{~x~}}"})
		EXPECT_NE(built(text).find("syntax@0"), std::string::npos) << text << " gave " << built(text);
	EXPECT_EQ(built("a = $1"), "syntax@4: positional parameter \"$1\" in a query");
	EXPECT_EQ(built("a = ${parameters.x}"), "syntax@4: reference \"${parameters.x}\" in the text of a query");
	EXPECT_EQ(built("a = '${parameters.x}'"),
	          "syntax@5: reference \"${parameters.x}\" inside a quoted literal");
	EXPECT_EQ(built("${{x}}$"), "syntax@0: \"${\" in the text of a query");
	EXPECT_EQ(built("a = ${"), "syntax@4: \"${\" in the text of a query");
	EXPECT_EQ(built(std::string("a\0b", 3)), "syntax@1: zero byte in a query");
	for (const SyntaxError &error : QueryTemplate::parse("{{x ' {{#if}} $1").errors())
		EXPECT_FALSE(error.hint.empty());
}

TEST(QueryTemplate, ReportsEveryError) {
	const QueryTemplate query = QueryTemplate::parse("a = '{{x}}' AND b = $1 AND c = {{#if}} -- {{y}}");
	std::vector<std::size_t> offsets;
	for (const SyntaxError &error : query.errors()) offsets.push_back(error.offset);
	EXPECT_EQ(offsets, (std::vector<std::size_t>{5, 20, 31, 42}));
}

TEST(QueryTemplate, DescribesItsPlaceholders) {
	const QueryTemplate query = QueryTemplate::parse(
	    "FROM {{t}} WHERE a IN ({{l}}) AND b NOT IN ({{m}}) AND c = ANY({{n}}) LIMIT {{o}}");
	std::string forms;
	for (const Placeholder &p : query.placeholders())
		forms += p.name + std::to_string(p.offset) + ":" + std::to_string(static_cast<int>(p.form)) + " ";
	EXPECT_EQ(forms, "t5:4 l23:1 m44:2 n63:3 o76:0 ");
}

// Whatever a value is, the finished text is the same, or is refused: nothing of a value reaches it.
TEST(QueryTemplate, LetsNoValueReachTheText) {
	const std::vector<std::string> hostile = {"'; drop table accounts; --",
	                                          "' OR '1'='1",
	                                          "\\'; drop table a; --",
	                                          "$$; drop table a; $$",
	                                          "{{x}}",
	                                          "${x}",
	                                          "$1",
	                                          "1); drop table a; --",
	                                          "/*",
	                                          "*/",
	                                          "--",
	                                          "\"; drop table a; --",
	                                          "E'\\''",
	                                          "\xc3\x28",
	                                          "\xbf'",
	                                          "null",
	                                          "",
	                                          " ",
	                                          "%_\\",
	                                          "a' || (select passwd from pg_shadow) || '",
	                                          "'\n; drop table a",
	                                          "U&'\\0027'",
	                                          "]]",
	                                          ")",
	                                          "\x01"};
	const std::vector<std::string> shapes = {"a = {{x}}",    "a IN ({{x}})", "a NOT IN ({{x}}, {{x}})",
	                                         "= ANY({{x}})", "f({{x}})",     "{{x}} IS NULL",
	                                         "{{x}}::int",   "{{x}}::jsonb", "-{{x}}",
	                                         "LIMIT {{x}}",  "ARRAY[{{x}}]", "'a' || {{x}} || E'\\''"};
	for (const std::string &shape : shapes) {
		const QueryTemplate query = QueryTemplate::parse(shape);
		ASSERT_TRUE(query.errors().empty()) << shape;
		for (const bool as_array : {false, true}) {
			std::string expected;
			for (const std::string &value : hostile) {
				const ArgumentLookup lookup = [&](const std::string &) {
					return Argument{as_array ? Value(Value::Array{Value(value)}) : Value(value), false};
				};
				const BuiltQuery built = query.build(lookup);
				if (expected.empty()) expected = built.text;
				EXPECT_EQ(built.text, expected) << shape << " with " << value;
			}
		}
	}
	// Where a name stands, the value is inside one pair of double quotes or refused.
	for (const std::string &value : hostile) {
		try {
			const BuiltQuery built =
			    QueryTemplate::parse("SELECT 1 FROM {{x}}").build([&](const std::string &) {
				    return Argument{Value(value), false};
			    });
			EXPECT_EQ(built.text, "SELECT 1 FROM \"" + value + "\"");
			EXPECT_EQ(value.find_first_of("'\"; /*()\\"), std::string::npos);
		} catch (const QueryTemplateError &) {}
	}
}

// A pasted text that opens a quote must not put a name or a parameter inside it.
TEST(QueryTemplate, RefusesPastedTextThatSwallowsWhatFollows) {
	const auto result = [](const std::string &text, const std::string &pasted,
	                       const std::string &name = "t") {
		return built(
		    text,
		    Arguments().pasted("p", to_json(Value(pasted))).bound("t", "\"" + name + "\"").bound("x", "1"));
	};
	for (const char *pasted : {"'", "\"", "/*", "--", "$$", "E'", "1 -- c", "'a''", "$a$"}) {
		EXPECT_EQ(result("SELECT {{p}} FROM {{t}}", pasted),
		          "error: placeholder \"{{t}}\" does not stand on its own in the finished query")
		    << pasted;
		EXPECT_EQ(result("SELECT {{p}} = {{x}}", pasted),
		          "error: placeholder \"{{x}}\" does not stand on its own in the finished query")
		    << pasted;
	}
	EXPECT_EQ(result("SELECT {{x}} = {{p}}", "'").find("error: a pasted value leaves the query incomplete"),
	          0u);
	EXPECT_EQ(result("SELECT {{p}} FROM {{t}}", "$1"),
	          "error: a pasted value contains the positional parameter \"$1\"");
	EXPECT_EQ(result("SELECT {{p}} FROM {{t}}", "'a' -- c\n"), "SELECT 'a' -- c\n FROM \"t\"");
	EXPECT_EQ(result("SELECT {{p}}'\\' || {{x}} || ''", "E"),
	          "error: placeholder \"{{x}}\" does not stand on its own in the finished query");
}

TEST(QueryTemplate, ReadsHostileTextQuickly) {
	std::string braces, quotes, opens;
	for (int i = 0; i < 100000; ++i) {
		braces += "{{";
		quotes += "'{{'";
		opens += "IN (";
	}
	EXPECT_FALSE(QueryTemplate::parse(braces + "}}").errors().empty());
	EXPECT_TRUE(QueryTemplate::parse(quotes).errors().empty());
	EXPECT_FALSE(QueryTemplate::parse("'" + braces + "}} '" + quotes + "'").errors().empty());
	EXPECT_TRUE(QueryTemplate::parse(opens).errors().empty());
	EXPECT_TRUE(QueryTemplate::parse(opens + "{{x}}").errors().empty());
}

TEST(QueryTemplate, BuildsTheRequirementsQueries) {
	EXPECT_EQ(built("SELECT account_id, name, health_score\nFROM {{table}}\nWHERE health_status = "
	                "{{status}}\nLIMIT {{limit}}\n",
	                Arguments()
	                    .pasted("table", "\"analytics.accounts\"")
	                    .pasted("status", "\"'At-Risk'\"")
	                    .pasted("limit", "100")),
	          "SELECT account_id, name, health_score\nFROM analytics.accounts\nWHERE health_status = "
	          "'At-Risk'\nLIMIT 100\n");
	EXPECT_EQ(
	    built("FROM {{accounts_table}}\nWHERE account_id IN ({{account_ids}})\n",
	          Arguments().pasted("accounts_table", "\"analytics.accounts\"").bound("account_ids", "[7,8]")),
	    "FROM analytics.accounts\nWHERE account_id = ANY ($1)\n | array [7,8]");
}

} // namespace
} // namespace playbook::expression
