// Definitions as texts, YAML and JSON: read, written again, read again.
#include "definition/document.hpp"
#include "definition/export.hpp"
#include "property.hpp"
#include "value/json.hpp"

using namespace playbook;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
	const std::string_view text = fuzz::text_of(data, size);
	const definition::Document document = definition::read_document(text);
	fuzz::require(document.readable || !document.problems.empty(), "what cannot be read has a problem");
	for (const definition::Problem &problem : document.problems) {
		fuzz::require(problem.line >= 1 && problem.column >= 1, "a problem of a text has a place");
		fuzz::require(fuzz::is_server_text(problem.message), "a message is text");
	}
	if (!document.readable || !document.problems.empty()) return 0;

	const std::string json = definition::canonical_json(document.value);
	const definition::Document as_json = definition::read_document(json);
	fuzz::require(definition::canonical_json(as_json.value) == json, "JSON reads as it was written");
	fuzz::require(definition::canonical_json(parse_json(json)) == json, "both readers of JSON agree");
	const definition::Document as_yaml = definition::read_document(definition::to_yaml(document.value));
	fuzz::require(definition::canonical_json(as_yaml.value) == json, "YAML reads as it was written");
	return 0;
}
