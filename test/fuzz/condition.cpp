// Conditions' texts as far as they are read without a server, SQL's tokens, and names that arrive at run
// time.
#include "expression/condition_names.hpp"
#include "expression/sql_lexer.hpp"
#include "expression/sql_name.hpp"
#include "property.hpp"

using namespace playbook;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
	const std::string_view text = fuzz::text_of(data, size);
	const expression::ConditionNames names = expression::read_condition_names(text);
	for (const expression::ConditionName &name : names.names)
		fuzz::require(name.offset < size && !name.path.empty(), "a name lies in the text");
	for (const expression::WordComparison &comparison : names.comparisons)
		fuzz::require(comparison.offset < size, "a comparison lies in the text");
	for (const expression::SyntaxError &error : names.errors)
		fuzz::require(error.offset <= size && !error.message.empty(), "an error lies in the text");

	for (const auto mode : {expression::SqlScanMode::Template, expression::SqlScanMode::Finished}) {
		std::size_t before = 0;
		const expression::SqlScan scan = expression::scan_sql(text, mode);
		for (const expression::SqlToken &token : scan.tokens) {
			fuzz::require(before <= token.begin && token.begin < token.end && token.end <= size,
			              "tokens follow each other in the text");
			before = token.end;
		}
	}

	std::string problem;
	const std::vector<std::string> parts = expression::split_sql_name(text, problem);
	fuzz::require(parts.empty() != problem.empty(), "a text is a name or has a problem");
	std::string quoted;
	for (const std::string &part : parts)
		quoted += (quoted.empty() ? "" : ".") + expression::quote_sql_name(part);
	if (!parts.empty()) {
		fuzz::require(expression::split_sql_name(quoted, problem) == parts, "a quoted name means the same");
		// Whatever is in a name, to the server it is one quoted name after another.
		const expression::SqlScan scan = expression::scan_sql(quoted, expression::SqlScanMode::Finished);
		fuzz::require(scan.errors.empty() && scan.tokens.size() == 2 * parts.size() - 1, "quoting holds");
	}
	return 0;
}
