// References, ${…}, and what they are replaced by.
#include "expression/reference.hpp"
#include "property.hpp"

using namespace playbook;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
	const std::string_view text = fuzz::text_of(data, size);
	const expression::ReferenceScan scan = expression::scan_references(text);
	std::size_t before = 0;
	for (const expression::Reference &reference : scan.references) {
		fuzz::require(before <= reference.begin && reference.begin < reference.end && reference.end <= size,
		              "references follow each other in the text");
		fuzz::require(!reference.path.empty(), "a reference names something");
		before = reference.end;
	}
	for (const expression::SyntaxError &error : scan.errors)
		fuzz::require(error.offset <= size && !error.message.empty(), "an error lies in the text");
	const auto marker = [](const expression::Reference &reference) -> std::optional<Value> {
		if (reference.path.size() % 2 == 0) return std::nullopt;
		return Value("\x01");
	};
	std::vector<std::string> missing;
	const Value resolved = expression::resolve_references(Value(text), marker, &missing);
	const bool whole = expression::is_single_reference(text);
	fuzz::require(resolved.is_string() || (whole && resolved.is_null()), "a text stays a text");
	return 0;
}
