#include "definition/parser.hpp"

#include "definition/builder.hpp"
#include "definition/document.hpp"
#include "definition/formats.hpp"
#include "definition/graph.hpp"
#include "definition/mentions.hpp"
#include "definition/names.hpp"
#include "definition/report.hpp"
#include "definition/schema.hpp"
#include "definition/validator.hpp"

namespace playbook::definition {
namespace {

bool is_deeper_than(const Value &value, std::size_t depth) {
	if (value.is_scalar()) return false;
	if (depth == 0) return true;
	if (value.is_array()) {
		for (const Value &item : value.items())
			if (is_deeper_than(item, depth - 1)) return true;
	} else {
		for (const Member &member : value.members())
			if (is_deeper_than(member.value, depth - 1)) return true;
	}
	return false;
}

ParseResult judge(Document document, const ParseLimits &limits) {
	ParseResult result;
	Report report(document);
	report.take(std::move(document.problems));
	if (document.readable) {
		SchemaFindings schema = check_schema(document.value);
		report.take(std::move(schema.problems));
		check_formats(schema.annotations, report);
		Built built = build_definition(document.value, limits);
		report.take(std::move(built.problems));
		Mentions mentions = read_mentions(built.definition, schema.annotations, document, report);
		check_names(built.definition, mentions, report);
		resolve_order(built, mentions, report);
		validate(built.definition, report);
		result.conditions = std::move(mentions.conditions);
		result.problems = report.finish();
		if (!has_errors(result.problems))
			result.definition = std::make_shared<const Definition>(std::move(built.definition));
	} else {
		result.problems = report.finish();
	}
	result.document = std::move(document.value);
	return result;
}

} // namespace

ParseResult parse_definition(std::string_view text, const ParseLimits &limits) {
	return judge(read_document(text, limits), limits);
}

ParseResult read_definition(const Value &value, const ParseLimits &limits) {
	Document document;
	const Value *inner = value.find("playbook");
	const Value &definition = value.size() == 1 && inner != nullptr && inner->is_object() ? *inner : value;
	if (is_deeper_than(definition, limits.depth)) {
		document.problems.push_back(
		    {Problem::Severity::Error, "PB005", "", 0, 0,
		     "the definition is nested deeper than " + std::to_string(limits.depth) + " levels", ""});
	} else if (!definition.is_object()) {
		document.problems.push_back({Problem::Severity::Error, "PB010", "", 0, 0,
		                             "the definition must be a mapping of keys to values", ""});
	} else {
		document.value = definition;
		document.readable = true;
	}
	return judge(std::move(document), limits);
}

} // namespace playbook::definition
