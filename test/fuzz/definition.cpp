// Whole definitions: schema, names, order, and the mentions in templates, queries, references and conditions.
#include "definition/diff.hpp"
#include "definition/parser.hpp"
#include "property.hpp"

using namespace playbook;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
	const definition::ParseResult parsed = definition::parse_definition(fuzz::text_of(data, size));
	bool errors = false;
	for (const definition::Problem &problem : parsed.problems) {
		fuzz::require(!problem.code.empty() && !problem.message.empty(),
		              "a problem has a code and says something");
		fuzz::require(fuzz::is_server_text(problem.message) && fuzz::is_server_text(problem.hint),
		              "what a problem says is text");
		errors = errors || problem.severity == definition::Problem::Severity::Error;
	}
	fuzz::require(errors == (parsed.definition == nullptr), "there is a definition when there is no error");
	if (errors) return 0;
	const definition::ParseResult again = definition::read_definition(parsed.document);
	fuzz::require(again.definition != nullptr, "what was accepted is accepted when it is read back");
	fuzz::require(definition::diff_definitions(parsed.document, again.document).empty(), "and is the same");
	return 0;
}
