// JSON outside definitions: parameters, outputs, what senders report; and the types that are inferred from
// it.
#include "value/json.hpp"
#include "property.hpp"
#include "result/inference.hpp"

using namespace playbook;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
	const std::string_view given = fuzz::text_of(data, size);
	try {
		const Value value = parse_json(given);
		const std::string text = to_json(value);
		fuzz::require(to_json(parse_json(text)) == text, "JSON reads as it was written");
		(void) result::infer_columns(value.is_array() ? value.items() : std::vector<Value>{value});
	} catch (const JsonError &error) {
		fuzz::require(error.offset <= size, "an error lies in the text");
		fuzz::require(!fuzz::is_server_text(given) || fuzz::is_server_text(error.what()),
		              "a message is text");
	}
	return 0;
}
