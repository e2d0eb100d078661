// What an approver may change about an action: values, not its shape.
#include <gtest/gtest.h>

#include "step/action_changes.hpp"
#include "value/json.hpp"

using namespace playbook;
using namespace playbook::step;

namespace {

std::string changed(const char *action, const char *changes) {
	return to_json(changed_action(parse_json(action), parse_json(changes)));
}
std::string refusal(const char *action, const char *changes) {
	try {
		changed(action, changes);
	} catch (const ChangeError &error) {
		return error.what();
	}
	return "accepted";
}

constexpr const char *mail =
    R"({"to":["a@x.org"],"subject":"Hi","body":"text","headers":{"X-A":"1"},"limit":3,"note":null})";

} // namespace

TEST(ActionChanges, ReplaceValues) {
	EXPECT_EQ(
	    changed(mail, R"({"subject":"Hello","limit":4.50})"),
	    R"({"to":["a@x.org"],"subject":"Hello","body":"text","headers":{"X-A":"1"},"limit":4.50,"note":null})");
	EXPECT_EQ(changed(mail, "{}"), mail);
}

TEST(ActionChanges, ReachIntoObjectsAndReplaceLists) {
	EXPECT_EQ(
	    changed(mail, R"({"headers":{"X-A":"2"},"to":["b@x.org","c@x.org"]})"),
	    R"({"to":["b@x.org","c@x.org"],"subject":"Hi","body":"text","headers":{"X-A":"2"},"limit":3,"note":null})");
	EXPECT_EQ(changed(R"({"cc":[]})", R"({"cc":["b@x.org"]})"), R"({"cc":["b@x.org"]})");
	EXPECT_EQ(changed(R"({"rows":[{"a":1},{"a":2}]})", R"({"rows":[{"a":3}]})"), R"({"rows":[{"a":3}]})");
}

TEST(ActionChanges, FillWhatWasNull) {
	EXPECT_NE(changed(mail, R"({"note":"x"})").find(R"("note":"x")"), std::string::npos);
}

TEST(ActionChanges, AddNothing) {
	EXPECT_EQ(refusal(mail, R"({"bcc":["eve@x.org"]})"), "the action has no \"bcc\"");
	EXPECT_EQ(refusal(mail, R"({"headers":{"Bcc":"eve@x.org"}})"), "the action has no \"headers.Bcc\"");
	EXPECT_EQ(refusal(R"({"rows":[{"a":1}]})", R"({"rows":[{"b":1}]})"), "the action has no \"rows[0].b\"");
}

TEST(ActionChanges, TakeNothingAway) {
	EXPECT_EQ(refusal(mail, R"({"subject":null})"), "\"subject\" cannot be taken away");
	EXPECT_EQ(refusal(mail, R"({"headers":{"X-A":null}})"), "\"headers.X-A\" cannot be taken away");
}

TEST(ActionChanges, KeepKinds) {
	EXPECT_EQ(refusal(mail, R"({"subject":7})"), "\"subject\" must be a string, not a number");
	EXPECT_EQ(refusal(mail, R"({"to":"b@x.org"})"), "\"to\" must be an array, not a string");
	EXPECT_EQ(refusal(mail, R"({"to":[1]})"), "\"to[0]\" must be a string, not a number");
	EXPECT_EQ(refusal(mail, R"({"headers":"x"})"), "\"headers\" must be an object, not a string");
	EXPECT_EQ(refusal(mail, R"("text")"), "changes must be an object, not a string");
	EXPECT_EQ(refusal(mail, R"([1])"), "changes must be an object, not an array");
}

TEST(ActionChanges, SayWhatIsKnown) {
	try {
		changed(R"({"a":1,"b":{"c":2}})", R"({"b":{"d":3}})");
		FAIL();
	} catch (const ChangeError &error) {
		EXPECT_EQ(error.path, "b.d");
		EXPECT_EQ(error.known, (std::vector<std::string>{"c"}));
	}
}

TEST(ActionChanges, OneAfterTheOtherIsTheSameAsMerged) {
	const Value action = parse_json(mail);
	const Value first = parse_json(R"({"subject":"A","headers":{"X-A":"2"}})");
	const Value second = parse_json(R"({"subject":"B","to":["z@x.org"]})");
	EXPECT_EQ(changed_action(changed_action(action, first), second),
	          changed_action(action, merged_changes(first, second)));
}

TEST(ActionChanges, LeaveSqlToItsAuthor) {
	using definition::StepType;
	const auto sql = [](StepType type, const char *action, const char *changes) {
		return changed_sql(type, parse_json(action), parse_json(changes));
	};
	const char *const query = R"({"template":"SELECT {{n}}","parameters":{"n":1}})";
	EXPECT_EQ(sql(StepType::Query, query, R"({"template":"SELECT 2"})"), "template");
	EXPECT_EQ(sql(StepType::Sql, query, R"({"template":"SELECT {{n}}","parameters":{"n":2}})"), "");
	EXPECT_EQ(sql(StepType::Filter, R"({"condition":"a"})", R"({"condition":"b"})"), "condition");
	EXPECT_EQ(sql(StepType::Filter, R"({"limit":1})", R"({"condition":"b"})"), "condition");
	EXPECT_EQ(sql(StepType::Filter, R"({"limit":1})", R"({"limit":2})"), "");
	EXPECT_EQ(sql(StepType::Aggregate, R"({"metrics":[]})", R"json({"metrics":[{"expression":"f()"}]})json"),
	          "metrics");
	EXPECT_EQ(sql(StepType::Aggregate, R"({"metrics":[]})", R"json({"having":"f()"})json"), "having");
	EXPECT_EQ(sql(StepType::Wait, R"({"event":"e","match":"a"})", R"({"match":"b"})"), "match");
	EXPECT_EQ(sql(StepType::Search, R"({"object":"deals"})", R"({"soql":"SELECT"})"), "soql");
	EXPECT_EQ(sql(StepType::Email, R"({"subject":"a"})", R"({"subject":"b"})"), "");
}
