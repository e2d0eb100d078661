// Templates for people's texts: scanned, parsed, checked, printed with data of every kind.
#include "expression/template.hpp"
#include "property.hpp"
#include "value/json.hpp"

using namespace playbook;

namespace {

const Value &example() {
	static const Value data = parse_json(R"({
		"customer": {"name": "Zoë <Acme>", "arr": 12345678901234567890.10, "renewal": "2026-03-05", "tags": ["a", "b"]},
		"parameters": {"limit": 3, "flag": false, "nothing": null, "text": "{{x}} ${y}"},
		"steps": {"deals": {"rows": [{"id": 1, "at": "2026-03-05T10:00:00+00:00"}, {"id": 2}], "count": 2}},
		"a": [[1, 2], {"b": {"c": "d"}}], "b": true, "n": -0.5, "index": 1, "item": {"id": "7"}})");
	return data;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
	const std::string_view text = fuzz::text_of(data, size);
	if (!fuzz::is_server_text(text)) return 0;
	const expression::Template parsed = expression::Template::parse(text);
	for (const expression::SyntaxError &error : parsed.errors())
		fuzz::require(error.offset <= size && !error.message.empty() && fuzz::is_server_text(error.message),
		              "an error lies in the text, and is text");
	for (const expression::PathUse &use : parsed.uses())
		fuzz::require(use.offset <= size && !use.path.empty(), "a use lies in the text");
	expression::RenderOptions options;
	options.max_operations = 5000;
	options.max_output = 100000;
	for (const bool escape : {false, true}) {
		options.escape_html = escape;
		try {
			const expression::Rendered rendered = parsed.render(example(), options);
			fuzz::require(rendered.text.size() <= options.max_output, "the output's limit is kept");
			fuzz::require(fuzz::is_server_text(rendered.text), "what is printed is text");
		} catch (const expression::TemplateError &error) {
			// A helper was misused, or a limit passed.
			fuzz::require(fuzz::is_server_text(error.what()), "a message is text");
		}
	}
	return 0;
}
