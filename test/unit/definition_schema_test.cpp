// The published schema: complete, self-contained, and limited to what the checker knows.
#include "definition/schema.hpp"

#include <functional>
#include <set>

#include "definition_support.hpp"

namespace playbook::definition {
namespace {

constexpr StepType all_types[] = {
    StepType::Email, StepType::Meeting,   StepType::Task,   StepType::Wait,    StepType::Condition,
    StepType::Agent, StepType::Approval,  StepType::Notify, StepType::Query,   StepType::Search,
    StepType::Join,  StepType::Aggregate, StepType::Filter, StepType::Request, StepType::Diff,
    StepType::Sql,   StepType::Playbook,  StepType::Tool};

void visit(const Value &schema, const std::string &path,
           const std::function<void(const Value &, const std::string &)> &see) {
	see(schema, path);
	if (schema.is_array())
		for (std::size_t i = 0; i < schema.size(); ++i)
			visit(schema.items()[i], path + "/" + std::to_string(i), see);
	if (schema.is_object())
		for (const Member &member : schema.members()) visit(member.value, path + "/" + member.key, see);
}

TEST(Schema, DescribesEveryProperty) {
	int described_properties = 0;
	visit(definition_schema(), "", [&](const Value &schema, const std::string &path) {
		// The properties within a rule only narrow what is described elsewhere.
		const Value *properties = schema.find("properties");
		if (properties == nullptr || !properties->is_object() || path.ends_with("/properties") ||
		    path.find("/if") != path.npos || path.find("/then") != path.npos ||
		    path.find("/allOf") != path.npos || path.find("/else") != path.npos)
			return;
		for (const Member &property : properties->members()) {
			const Value *description = property.value.find("description");
			EXPECT_TRUE(description != nullptr && description->is_string() &&
			            description->string().size() > 5)
			    << path << "/" << property.key;
			++described_properties;
		}
	});
	EXPECT_GT(described_properties, 200);
}

TEST(Schema, UsesOnlyWhatTheCheckerKnows) {
	const std::set<std::string> known{
	    "$schema",  "$ref",      "$defs",     "title",      "description",
	    "default",  "type",      "enum",      "const",      "format",
	    "pattern",  "minLength", "maxLength", "minimum",    "maximum",
	    "minItems", "items",     "required",  "properties", "additionalProperties",
	    "allOf",    "anyOf",     "if",        "then",       "else"};
	const std::function<void(const Value &, const std::string &)> check = [&](const Value &schema,
	                                                                          const std::string &path) {
		if (!schema.is_object()) return;
		for (const Member &member : schema.members()) {
			EXPECT_TRUE(known.contains(member.key)) << path << " uses " << member.key;
			if (member.key == "properties" || member.key == "$defs") {
				for (const Member &part : member.value.members()) check(part.value, path + "/" + part.key);
			} else if (member.key == "allOf" || member.key == "anyOf") {
				for (const Value &part : member.value.items()) check(part, path + "/" + member.key);
			} else if (member.key == "items" || member.key == "additionalProperties" || member.key == "if" ||
			           member.key == "then" || member.key == "else") {
				check(member.value, path + "/" + member.key);
			}
		}
	};
	check(definition_schema(), "");
}

TEST(Schema, EveryReferenceLeadsSomewhere) {
	const Value &definitions = *definition_schema().find("$defs");
	std::set<std::string> used;
	visit(definition_schema(), "", [&](const Value &schema, const std::string &path) {
		const Value *reference = schema.find("$ref");
		if (reference == nullptr || !reference->is_string()) return;
		const std::string name = reference->string().substr(std::string("#/$defs/").size());
		EXPECT_NE(definitions.find(name), nullptr) << path;
		used.insert(name);
	});
	for (const Member &definition : definitions.members())
		EXPECT_TRUE(used.contains(definition.key)) << definition.key << " is not used";
}

TEST(Schema, ListsTheTypesOfTheModel) {
	const Value *types =
	    definition_schema().find("$defs")->find("step")->find("properties")->find("type")->find("enum");
	ASSERT_EQ(types->size(), std::size(all_types));
	for (const Value &type : types->items()) EXPECT_TRUE(step_type(type.string())) << type.string();
	for (const StepType type : all_types) EXPECT_EQ(step_type(to_string(type)), type);
	EXPECT_FALSE(step_type("Email"));
}

TEST(Schema, EachTypeHasASchemaOfItsOwn) {
	for (const StepType type : all_types) {
		const std::optional<Value> schema = step_schema(type);
		ASSERT_TRUE(schema);
		EXPECT_EQ(schema->find("properties")->find("type")->find("const")->string(), to_string(type));
		const Value *then = schema->find("allOf")->items()[0].find("properties");
		EXPECT_TRUE(then != nullptr || type == StepType::Query || type == StepType::Search)
		    << to_string(type);
		EXPECT_EQ(schema->find("properties")->find("then") != nullptr, type == StepType::Condition);
		const Value *definitions = schema->find("$defs");
		visit(*schema, "", [&](const Value &part, const std::string &path) {
			const Value *reference = part.find("$ref");
			if (reference == nullptr || !reference->is_string()) return;
			EXPECT_NE(definitions->find(reference->string().substr(std::string("#/$defs/").size())), nullptr)
			    << path;
		});
	}
}

TEST(Schema, AnnotatesTheTextsThatAreJudgedElsewhere) {
	const ParseResult result = parse_definition(with_steps(
	    "  - {id: e, type: email, when: customer.a, config: {to: [a, b], subject: s, body: c}}\n"));
	const SchemaFindings findings = check_schema(result.document);
	std::set<std::string> found;
	for (const Annotation &annotation : findings.annotations)
		found.insert(annotation.path + " " + annotation.format);
	EXPECT_EQ(found,
	          (std::set<std::string>{"steps[0].when condition", "steps[0].config.to[0] template",
	                                 "steps[0].config.to[1] template", "steps[0].config.subject template",
	                                 "steps[0].config.body template"}));
}

} // namespace
} // namespace playbook::definition
