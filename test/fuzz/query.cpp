// Statements with placeholders. A bound value never becomes text of the statement, whatever stands around it.
#include "expression/query_template.hpp"
#include "expression/sql_lexer.hpp"
#include "property.hpp"

using namespace playbook;
using expression::Argument;

namespace {

// Bytes that stand in no input, for those that contain them are passed over.
constexpr std::string_view marker = "\x02'; DROP";

std::optional<Argument> hostile(const std::string &name) {
	if (name == "unknown") return std::nullopt;
	if (name == "table") return Argument{Value("sales.accounts"), false};
	if (name == "pasted") return Argument{Value("7"), true};
	if (name == "list") return Argument{Value(Value::Array{Value(1), Value(marker), Value()}), false};
	if (name == "empty") return Argument{Value::array(), false};
	if (name == "number") return Argument{Value(Number{"12.50"}), false};
	if (name == "nothing") return Argument{Value(), false};
	return Argument{Value(marker), false};
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
	const std::string_view text = fuzz::text_of(data, size);
	if (!fuzz::is_server_text(text) || text.find('\x02') != text.npos) return 0;
	const expression::QueryTemplate query = expression::QueryTemplate::parse(text);
	for (const expression::SyntaxError &error : query.errors())
		fuzz::require(error.offset <= size && !error.message.empty(), "an error lies in the text");
	(void) query.check([](const std::string &name) { return name == "pasted"; });
	try {
		const expression::BuiltQuery built = query.build(hostile);
		const expression::SqlScan scan = expression::scan_sql(built.text, expression::SqlScanMode::Finished);
		// As a name a value may be there, inside double quotes.
		for (std::size_t at = built.text.find('\x02'); at != built.text.npos;
		     at = built.text.find('\x02', at + 1)) {
			bool quoted = false;
			for (const expression::SqlToken &token : scan.tokens)
				quoted = quoted || (token.kind == expression::SqlTokenKind::QuotedName && token.begin < at &&
				                    at < token.end);
			fuzz::require(quoted, "a bound value is not in the statement");
		}
		fuzz::require(scan.errors.empty(),
		              "a statement that could be scanned can be scanned with its values");
	} catch (const expression::QueryTemplateError &error) {
		fuzz::require(error.offset <= size, "an error lies in the text");
	}
	return 0;
}
